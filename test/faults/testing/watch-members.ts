import { setTimeout as sleep } from 'node:timers/promises';
import type { Installation } from './installation.js';
import { loadLoadBalancers, loadMachines, loadNodes } from './stores.js';

const LOOK_MS = 100;

/**
 * What must hold at every moment: no member that was never ready, none whose machine is gone. Places are read one after
 * the other, so what could have changed between two looks is no breach.
 * @returns each breach once, when it is told to stop
 */
export async function watchMembers(installation: Installation, signal: AbortSignal): Promise<readonly string[]> {
  const breaches = new Set<string>();
  while (!signal.aborted) {
    // The database may be what is away.
    for (const breach of await look(installation).catch(() => [])) breaches.add(breach);
    await sleep(LOOK_MS);
  }
  return [...breaches];
}

async function look(installation: Installation): Promise<readonly string[]> {
  const before = new Set((await loadMachines(installation)).map(({ id }) => id));
  const balancers = await loadLoadBalancers(installation);
  const nodes = new Map((await loadNodes(installation)).map((node) => [node.id, node]));
  return balancers.flatMap(({ members }) =>
    Object.values(members)
      .flat()
      .flatMap(({ nodeId, name }) => {
        const node = nodes.get(nodeId);
        // Of a bay that went between the two looks, nothing is known any more.
        if (node === undefined) return [];
        if (node.ready_at === null) return [`${name} is a member and was never ready`];
        if (!before.has(nodeId) && node.machine_removed_at !== null)
          return [`${name} is a member and its machine is gone`];
        return [];
      }),
  );
}
