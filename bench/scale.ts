/**
 * What nodes cost on their way from the wish to ready, over real PostgreSQL and Redis and simulated machines without
 * latency: each node makes a key, gets its certificate, waits for its turn, joins, tells of itself, and becomes a member of
 * the load balancer. The simulated nodes run inside the worker, so their part is in its figure.
 *
 * Processor time is what counts: it is the same on a machine that does other things as well, wall time is not.
 */
import { measureManyBays } from './scale-many.js';
import type { BenchmarkResult } from './result.js';
import type { ScaleOptions } from './scale-options.js';
import { measureWork, report } from './scale-work.js';
import { openTenant, untilAll } from './scale-tenant.js';
import { startSimulated } from './scale-service.js';

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
      const uuid = await tenant.createBay('large', nodes - 1);
      await untilAll([tenant.status(uuid)]);
      return uuid;
    });
    const title = `scale: bay of ${String(nodes)} nodes`;
    const results = report(title, nodes, grown);
    const more = await measureWork(service, async () => {
      await tenant.resize(grown.value, nodes);
      await untilAll([tenant.status(grown.value)]);
    });
    return [...results, ...report(`scale: one more node on ${String(nodes)}`, 1, more)];
  } finally {
    await service.close();
  }
}
