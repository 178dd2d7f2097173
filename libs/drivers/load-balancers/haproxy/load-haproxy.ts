/** Makes HAProxy run with what is on record. */
import type { AddressPool } from './address-pool.js';
import { readBalancers, type BalancerRecord } from './balancer-files.js';
import { writeConfiguration } from './haproxy-files.js';
import type { HaproxyProcess } from './haproxy-process.js';
import type { HaproxyPaths } from './haproxy.config.js';
import { tryBind } from './host-addresses.js';
import { frontendName } from './render-configuration.js';
import { parseStatistics } from './runtime-answers.js';

export interface LoadSurroundings {
  readonly paths: HaproxyPaths;
  readonly haproxy: HaproxyProcess;
  readonly pool: AddressPool;
}

/** Starts it when it does not run; otherwise reloads it if asked to. Call it under the lock. */
export async function loadHaproxy({ paths, haproxy, pool }: LoadSurroundings, reload: boolean): Promise<void> {
  const isRunning = await haproxy.isRunning();
  if (isRunning && !reload) return;
  const records = await readBalancers(paths);
  if (isRunning) {
    const statistics = parseStatistics(await haproxy.ask(['show stat -1 1 -1']));
    await writeConfiguration(paths, await selectLoadable(pool, records, new Set(statistics.map(({ proxy }) => proxy))));
    await haproxy.reload();
    return;
  }
  // Nothing to balance: nothing to run.
  if (records.length === 0) return;
  // What is left of one that was killed still listens where the new one has to.
  await haproxy.stop();
  await writeConfiguration(paths, await selectLoadable(pool, records, new Set()));
  await haproxy.start();
}

/**
 * HAProxy takes all listeners or none. A load balancer whose port another program took while HAProxy was down is left out,
 * so that the others come back and go on changing; its own next change says what is wrong.
 * @param live names of frontends that HAProxy listens on already.
 */
async function selectLoadable(
  pool: AddressPool,
  records: readonly BalancerRecord[],
  live: ReadonlySet<string>,
): Promise<readonly BalancerRecord[]> {
  const loadable: BalancerRecord[] = [];
  for (const record of records) {
    const missing = record.listeners.filter((listener) => !live.has(frontendName(record.id, listener)));
    // After a reboot of the host the addresses are gone.
    if (missing.length > 0 && !(await pool.ensureAssigned(record.address))) continue;
    const results = await Promise.all(missing.map(({ port }) => tryBind(record.address, port)));
    if (results.every((result) => result === 'free')) loadable.push(record);
  }
  return loadable;
}
