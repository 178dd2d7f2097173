import { setTimeout as sleep } from 'node:timers/promises';
import type { Installation } from './installation.js';
import { loadMachines, loadNodes } from './stores.js';

const LOOK_MS = 200;

export interface Limits {
  readonly bays: number;
  readonly masters: number;
  readonly workers: number;
}

/**
 * What must hold at every moment: nobody is granted more than the quota, and of the masters that are in a cluster more than
 * half have their machine.
 * @returns each breach once, when it is told to stop
 */
export async function watchLimits(
  installation: Installation,
  limits: Limits,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const breaches = new Set<string>();
  while (!signal.aborted) {
    // The database may be what is away.
    for (const breach of await lookAtQuota(installation, limits).catch(() => [])) breaches.add(breach);
    for (const breach of await lookAtQuorums(installation).catch(() => [])) breaches.add(breach);
    await sleep(LOOK_MS);
  }
  return [...breaches];
}

async function lookAtQuota(installation: Installation, limits: Limits): Promise<readonly string[]> {
  const [used] = await installation.query<{ bays: string; masters: string; workers: string }>(
    `SELECT count(DISTINCT bays.id) AS bays,
       coalesce(sum(node_count) FILTER (WHERE role = 'master'), 0) AS masters,
       coalesce(sum(node_count) FILTER (WHERE role = 'worker'), 0) AS workers
     FROM bays JOIN node_groups ON bay_id = bays.id WHERE bays.deletion_requested_at IS NULL`,
  );
  return (['bays', 'masters', 'workers'] as const)
    .filter((what) => Number(used?.[what]) > limits[what])
    .map((what) => `${used?.[what] ?? ''} ${what} were granted of ${String(limits[what])}`);
}

async function lookAtQuorums(installation: Installation): Promise<readonly string[]> {
  const before = new Set((await loadMachines(installation)).map(({ id }) => id));
  const nodes = await loadNodes(installation);
  const after = new Set((await loadMachines(installation)).map(({ id }) => id));
  // Read last: what goes away, or is gone by now, needs no quorum.
  const rows = await installation.query<{ id: string }>('SELECT id FROM bays WHERE deletion_requested_at IS NULL');
  const staying = new Set(rows.map(({ id }) => id));
  const breaches: string[] = [];
  for (const bayId of new Set(nodes.map((node) => node.bay_id))) {
    if (!staying.has(bayId)) continue;
    const inCluster = nodes.filter(
      (node) => node.bay_id === bayId && node.role === 'master' && node.ready_at !== null && node.left_at === null,
    );
    const alive = inCluster.filter(({ id }) => before.has(id) || after.has(id));
    if (alive.length * 2 <= inCluster.length && inCluster.length > 0)
      breaches.push(`of ${inCluster.map(({ name }) => name).join(', ')} only ${String(alive.length)} are left`);
  }
  return breaches;
}
