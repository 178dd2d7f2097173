/**
 * Many bays of ten nodes that many tenants ask for at once, beside one who has asked for a very large bay before, and one who
 * has asked for very many bays: how even are the times, does anybody starve, and what do more workers bring.
 */
import type { BenchmarkResult } from './result.js';
import { median } from './result.js';
import type { ScaleOptions } from './scale-options.js';
import { startSimulated } from './scale-service.js';
import { openTenant, type Tenant } from './scale-tenant.js';
import { measureWork, report } from './scale-work.js';

const NODES_OF_A_BAY = 10;
/** Requests that one tenant has under way at once. */
const ASKED_AT_ONCE = 20;

export async function measureManyBays(options: ScaleOptions, workers: number): Promise<readonly BenchmarkResult[]> {
  const service = await startSimulated(options, workers);
  try {
    const token = await service.token();
    const open = (name: string): Promise<Tenant> => openTenant(service, token, name);
    const tenants: Tenant[] = [];
    // Few people at a time may have their password hashed.
    while (tenants.length < options.tenants) tenants.push(await open(`tenant-${String(tenants.length)}`));
    const perTenant = Math.max(1, Math.floor(options.bays / options.tenants));
    if (options.crowd > 0) await (await open('crowd')).createBay('crowd', options.crowd - 1);
    const greedy = options.many > 0 ? await open('greedy') : null;
    if (greedy !== null) await askFor(greedy, options.many);
    const work = await measureWork(service, () =>
      Promise.all(
        tenants.map(async (tenant) => {
          const start = performance.now();
          const settled = await tenant.settledAt(await askFor(tenant, perTenant));
          return settled.map((at) => (at - start) / 1_000);
        }),
      ),
    );
    const of = `${String(options.bays)} bays of ${String(NODES_OF_A_BAY)} nodes, ${String(workers)} workers`;
    const results = report(`scale: ${of}`, work.nodes, work);
    const asked = perTenant * tenants.length * NODES_OF_A_BAY;
    const others = `${String(work.nodes - asked)} nodes beside them were the crowd's and the greedy one's`;
    const ofGreedy = greedy === null ? '' : ` (${String(await greedy.complete())} of whose bays are complete)`;
    const firsts = work.value.map((seconds) => Math.min(...seconds));
    const medians = work.value.map(median);
    const value = Math.max(...medians) / Math.min(...medians);
    console.log(`    ${others}${ofGreedy}`);
    console.log(`    first bay of a tenant: ${rangeOf(firsts)}; half of a tenant's bays: ${rangeOf(medians)}`);
    console.log(`    slowest tenant's median over the fastest's: ${value.toFixed(2)}`);
    return [...results, { name: `scale: unfairness, ${of}`, unit: 'x', value, samples: medians }];
  } finally {
    await service.close();
  }
}

async function askFor(tenant: Tenant, bays: number): Promise<readonly string[]> {
  const uuids: string[] = [];
  for (let from = 0; from < bays; from += ASKED_AT_ONCE) {
    const names = Array.from({ length: Math.min(ASKED_AT_ONCE, bays - from) }, (_, index) => String(from + index));
    uuids.push(...(await Promise.all(names.map((name) => tenant.createBay(`bay-${name}`, NODES_OF_A_BAY - 1)))));
  }
  return uuids;
}

const rangeOf = (seconds: readonly number[]): string =>
  `${Math.min(...seconds).toFixed(1)} to ${Math.max(...seconds).toFixed(1)} s`;
