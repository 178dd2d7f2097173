/**
 * Two sweeps. The first wakes bays by time, so that a lost job or signal only costs a little patience. The second lists
 * what carries our mark at the drivers and removes what no record owns, after a grace period.
 */
import { detailOf } from '@baykeeper/domain';
import type { ReconcilerDependencies } from './dependencies.js';
import { withPatience } from './with-patience.js';

export interface SweepSettings {
  readonly settledAfterSeconds: number;
}

/** Most bays one sweep wakes: the next one goes on. */
const MOST_AT_ONCE = 500;

/** @returns how many bays were woken. */
export async function sweepBays({ database, queue }: ReconcilerDependencies, settings: SweepSettings): Promise<number> {
  await database.stores.operations.finishForgotten({
    error: 'The worker ended before it could say how this went. The bay was looked at again since.',
  });
  const bays = await database.stores.bays.listToSweep({
    settledOlderThanSeconds: settings.settledAfterSeconds,
    limit: MOST_AT_ONCE,
  });
  await Promise.all(bays.map((bay) => queue.enqueueReconcile(bay)));
  return bays.length;
}

export interface OrphanSweep {
  /** @returns the ids of what was removed. */
  run(): Promise<readonly string[]>;
}

/** Remembers since when an orphan is known: only one that stays an orphan for the whole grace period is removed. */
export function openOrphanSweep(dependencies: ReconcilerDependencies): OrphanSweep {
  const { database, drivers, installation, now, orphanGraceMs, log, driverPatienceMs } = dependencies;
  const patiently = <T>(work: () => Promise<T>): Promise<T> => withPatience(work, driverPatienceMs);
  const seenSince = new Map<string, Date>();

  const removeOrphans = async (
    kind: string,
    listed: readonly string[],
    owned: ReadonlySet<string>,
    remove: (id: string) => Promise<void>,
  ): Promise<string[]> => {
    const removed: string[] = [];
    for (const id of listed) {
      const key = `${kind} ${id}`;
      if (owned.has(id)) {
        seenSince.delete(key);
        continue;
      }
      const since = seenSince.get(key) ?? now();
      seenSince.set(key, since);
      if (now().getTime() - since.getTime() < orphanGraceMs) continue;
      log.warn({ kind, id }, 'removing an orphan');
      await patiently(() => remove(id));
      seenSince.delete(key);
      removed.push(id);
    }
    return removed;
  };

  return {
    async run() {
      try {
        // Records are read after the listings: what was recorded and made in between is not an orphan.
        const [machines, loadBalancers] = await Promise.all([
          patiently(() => drivers.compute.listMachines(installation)),
          patiently(() => drivers.loadBalancer.list(installation)),
        ]);
        const machineIds = machines.map((machine) => machine.id);
        const loadBalancerIds = loadBalancers.map((balancer) => balancer.id);
        const [ownedMachines, ownedLoadBalancers] = await Promise.all([
          database.stores.nodes.existingIds(machineIds),
          database.stores.loadBalancers.existingIds(loadBalancerIds),
        ]);
        return [
          ...(await removeOrphans('machine', machineIds, ownedMachines, (id) => drivers.compute.removeMachine(id))),
          ...(await removeOrphans('load-balancer', loadBalancerIds, ownedLoadBalancers, (id) =>
            drivers.loadBalancer.removeLoadBalancer(id),
          )),
        ];
      } catch (error) {
        log.warn({ error: detailOf(error) }, 'looking for orphans failed');
        return [];
      }
    },
  };
}
