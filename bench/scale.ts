/**
 * What nodes cost on their way from the wish to ready, over real PostgreSQL and Redis and simulated machines without
 * latency: each node makes a key, gets its certificate, waits for its turn, joins, tells of itself, and becomes a member of
 * the load balancer. The simulated nodes run inside the worker, so their part is in its figure.
 *
 * Processor time is what counts: it is the same on a machine that does other things as well, wall time is not.
 */
import { measureManyBays } from './scale-many.js';
import { median, type BenchmarkResult } from './result.js';
import type { ScaleOptions } from './scale-options.js';
import { measureWork, report } from './scale-work.js';
import { openTenant, untilAll } from './scale-tenant.js';
import { startSimulated } from './scale-service.js';

/** How often one more is asked for: the first may still wait until the bay has rested from its growth. */
const MORE = 7;
/** Looking more often would cost more than what is looked for. */
const EXACTLY_MS = 10;

export async function benchScale(options: ScaleOptions): Promise<readonly BenchmarkResult[]> {
  const results: BenchmarkResult[] = [];
  for (const nodes of options.nodes) results.push(...(await measureOneBay(options, nodes)));
  if (options.bays > 0)
    for (const workers of options.workers) results.push(...(await measureManyBays(options, workers)));
  return results;
}

async function measureOneBay(options: ScaleOptions, nodes: number): Promise<readonly BenchmarkResult[]> {
  const service = await startSimulated(options, 1);
  try {
    const tenant = await openTenant(service, await service.token(), null);
    const warm = await tenant.createBay('warm', 1);
    await untilAll([tenant.status(warm)]);
    const grown = await measureWork(service, async () => {
      const uuid = await tenant.createBay('large', nodes - MORE);
      await untilAll([tenant.status(uuid)]);
      return uuid;
    });
    const title = `scale: bay of ${String(nodes)} nodes`;
    const results = report(title, nodes, grown);
    const times: number[] = [];
    const more = await measureWork(service, async () => {
      for (let count = MORE - 1; count >= 0; count -= 1) {
        const start = performance.now();
        await tenant.resize(grown.value, nodes - count);
        const [end = Number.NaN] = await tenant.settledAt([grown.value], EXACTLY_MS);
        times.push(end - start);
      }
    });
    const name = `scale: one more node on ${String(nodes)}`;
    console.log(`  ${name}: ${median(times).toFixed(0)} ms as the median of ${String(MORE)}`);
    return [
      ...results,
      ...report(`${name}, all ${String(MORE)}`, MORE, more),
      { name, unit: 'ms', value: median(times), samples: times },
    ];
  } finally {
    await service.close();
  }
}
