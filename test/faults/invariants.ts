/** What must hold, while everything dies and after it has settled. Each breach is a sentence. */
import type { World } from './world.js';
import type { Wish } from './tenant.js';

/**
 * While it goes on: no member that was never ready, and none whose machine is gone.
 * The places are read one after the other, so what could have changed between two looks is no breach.
 */
export async function breachesMeanwhile(world: World): Promise<readonly string[]> {
  const before = new Set((await world.machines()).map(({ id }) => id));
  const balancers = await world.balancers();
  const nodes = new Map((await world.nodes()).map((node) => [node.id, node]));
  return balancers.flatMap(({ bayId, memberIds }) =>
    memberIds.flatMap((id) => {
      const node = nodes.get(id);
      // Of a bay that went between the two looks, nothing is known any more.
      if (node === undefined) return [];
      if (!node.isReady) return [`bay ${bayId}: node ${id} is a member and was never ready`];
      if (!before.has(id) && !node.hasMachine) return [`bay ${bayId}: node ${id} is a member and has no machine`];
      return [];
    }),
  );
}

/** After it has settled: what was wished, and nothing besides, agrees in all places. */
export async function breachesAfter(world: World, wishes: readonly Wish[]): Promise<readonly string[]> {
  const [machines, balancers, nodes, addresses] = await Promise.all([
    ...([world.machines(), world.balancers(), world.nodes(), world.addresses()] as const),
  ]);
  const living = wishes.filter(({ nodes: count }) => count !== null);
  const bays = new Set(living.map(({ id }) => id));
  const machineIds = new Set(machines.map(({ id }) => id));
  const breaches: string[] = [];

  for (const { id, bayId } of machines) if (!bays.has(bayId)) breaches.push(`machine ${id} belongs to no bay`);
  for (const [address, holder] of addresses)
    if (!machineIds.has(holder)) breaches.push(`address ${address} is held by ${holder}, which is no machine`);
  for (const { id, bayId } of balancers) if (!bays.has(bayId)) breaches.push(`load balancer ${id} belongs to no bay`);
  for (const node of nodes) {
    if (node.hasMachine !== machineIds.has(node.id)) breaches.push(`node ${node.id} and its machine do not agree`);
  }
  for (const wish of living) {
    const own = nodes.filter(({ bayId, isLeaving }) => bayId === wish.id && !isLeaving);
    const ready = (role: string): number => own.filter((node) => node.role === role && node.isReady).length;
    if (ready('worker') !== wish.nodes || ready('master') !== 1 || own.length !== wish.nodes + 1)
      breaches.push(
        `bay ${wish.name} has ${String(own.length)} nodes, ${String(ready('worker'))} workers ready of ${String(wish.nodes)}`,
      );
    const members = balancers.filter(({ bayId }) => bayId === wish.id).flatMap(({ memberIds }) => memberIds);
    const registered = own.filter(({ isRegistered }) => isRegistered).map(({ id }) => id);
    if (members.sort().join() !== registered.sort().join() || members.length !== own.length)
      breaches.push(`bay ${wish.name} has the members ${members.join()} and the registered nodes ${registered.join()}`);
  }
  const counts: readonly (readonly [string, string])[] = [
    ['writes that began and never ended', 'operations WHERE finished_at IS NULL'],
    ['wishes that nobody was told of', 'outbox'],
    [
      'nodes without a certificate',
      `nodes WHERE ready_at IS NOT NULL AND machine_removed_at IS NULL AND NOT EXISTS
         (SELECT FROM certificates WHERE certificates.node_id = nodes.id AND revoked_at IS NULL)`,
    ],
    [
      'certificates of nodes that are gone',
      `certificates WHERE kind = 'node' AND revoked_at IS NULL AND EXISTS
         (SELECT FROM bays WHERE bays.id = certificates.bay_id) AND NOT EXISTS
         (SELECT FROM nodes WHERE nodes.id = certificates.node_id AND machine_removed_at IS NULL)`,
    ],
  ];
  for (const [what, sql] of counts) {
    const count = await world.count(sql);
    if (count !== 0) breaches.push(`${String(count)} ${what}`);
  }
  return breaches;
}
