/** Changes of single nodes in a running swarm. Each may be asked for again at any time. */
import { BaykeeperError, isRetryable, type Labels, type Node } from '@baykeeper/domain';
import type { EngineContext, NodeGroupMarks } from '../../contracts/engine.js';
import { isReady, withCluster, type SwarmCluster, type SwarmNode } from './swarm-cluster.js';

/** A manager hands over its vote (and a leader its office first) within moments; what takes longer is asked for again. */
const DEMOTION_TIMEOUT_MS = 10_000;
const LOOK_AGAIN_MS = 100;

/** Gives the node its labels `bay` and `nodegroup` and its group's; others, which tenants may have made, stay. */
export async function configureNode(context: EngineContext, node: Node, group: NodeGroupMarks): Promise<void> {
  const wanted: Labels = { ...group.nodeLabels, bay: context.bay.name, nodegroup: group.name };
  await withCluster(context, async (cluster) => {
    for (const known of await cluster.findNodes(node.name)) {
      const labels = known.Spec.Labels ?? {};
      if (Object.entries(wanted).every(([name, value]) => labels[name] === value)) continue;
      await cluster.updateNode(known, { Labels: { ...labels, ...wanted } });
    }
  });
}

/** Drained: the swarm gives the node nothing new, and everything it gave has ended there or runs elsewhere. */
export async function drainNode(
  context: EngineContext,
  node: Node,
): Promise<{ readonly drained: boolean; readonly detail: string }> {
  return withCluster(
    context,
    async (cluster) => {
      let left = 0;
      for (const known of await cluster.findNodes(node.name)) {
        if (known.Spec.Availability !== 'drain') await cluster.updateNode(known, { Availability: 'drain' });
        // A node that is down can't say that its tasks ended, and the swarm has replaced them already.
        if (known.Status.State === 'ready') left += await cluster.countTasks(known.ID);
      }
      const tasks = left === 1 ? '1 task still runs' : `${String(left)} tasks still run`;
      return { drained: left === 0, detail: left === 0 ? 'no task runs on it' : `${tasks} on it` };
    },
    node,
  );
}

/**
 * Takes the node out of the swarm, with everything that is left of it from earlier times. A manager gives up its vote
 * first. Asked of the other managers: the node itself need not answer.
 * @throws BaykeeperError `conflict` when the others would have no majority, `provider-unavailable` (ask again).
 */
export async function removeNode(context: EngineContext, node: Node): Promise<void> {
  // Before there is a swarm there is nothing to leave, and nobody who could be asked.
  if (context.bay.foundedAt === null) return;
  await withCluster(
    context,
    async (cluster) => {
      for (const known of await cluster.findNodes(node.name)) {
        // A cluster that was restored by hand still lists lost managers as such, and can't demote who has no vote.
        if (known.ManagerStatus) {
          if (known.Spec.Role === 'manager') await demote(cluster, known, node);
          await untilNoManager(cluster, known.ID, node);
        }
        await removeEntry(cluster, known.ID);
      }
    },
    node,
  );
}

async function demote(cluster: SwarmCluster, known: SwarmNode, node: Node): Promise<void> {
  const managers = await cluster.listManagers();
  const others = managers.filter((entry) => entry.ID !== known.ID && entry.ManagerStatus);
  if (others.length === 0) {
    throw new BaykeeperError({
      code: 'conflict',
      publicMessage: `${node.name} is the swarm's last manager and can't leave. Delete the bay instead.`,
    });
  }
  if (others.filter(isReady).length <= others.length / 2) {
    throw new BaykeeperError({
      code: 'conflict',
      publicMessage: `${node.name} can't leave now: the other managers would have no majority. Bring them back first.`,
    });
  }
  await cluster.updateNode(known, { Role: 'worker' });
}

/** While a leader is demoted there is none for a moment, and questions fail: they are asked again. */
async function untilNoManager(cluster: SwarmCluster, id: string, node: Node): Promise<void> {
  const end = performance.now() + DEMOTION_TIMEOUT_MS;
  for (;;) {
    try {
      const known = (await cluster.findNodes(node.name)).find((entry) => entry.ID === id);
      if (!known?.ManagerStatus) return;
    } catch (error) {
      if (!(error instanceof BaykeeperError) || !isRetryable(error.code)) throw error;
    }
    if (performance.now() > end) {
      throw new BaykeeperError({
        code: 'provider-unavailable',
        publicMessage: `${node.name} is still giving up its vote as a manager. It is tried again.`,
      });
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

async function removeEntry(cluster: SwarmCluster, id: string): Promise<void> {
  try {
    await cluster.removeNode(id);
  } catch (error) {
    if (!(error instanceof BaykeeperError) || error.code !== 'not-found') throw error;
  }
}
