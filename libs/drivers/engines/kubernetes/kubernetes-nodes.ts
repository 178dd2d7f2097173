/** Changes of single nodes in a running cluster. Each may be asked for again at any time. */
import { BaykeeperError, type Node } from '@baykeeper/domain';
import type { EngineContext, NodeGroupMarks } from '../../contracts/engine.js';
import { mapAtOnce } from './at-once.js';
import { isEtcdHealthy, withEtcd, type EtcdCluster } from './etcd-cluster.js';
import {
  mastersOf,
  withCluster,
  type ClusterNode,
  type DisruptionBudget,
  type KubernetesCluster,
  type NodeTaint,
  type Pod,
} from './kubernetes-cluster.js';
import { matchesLabels } from './match-labels.js';

/** Evictions that are asked for at a time. */
const AT_ONCE = 20;
/** A kubelet's own picture of a file on its disk: nobody can evict it. */
const MIRROR = 'kubernetes.io/config.mirror';

/** Gives the node the labels by which tenants and Magnum's clients find it, and its group's labels and taints. */
export async function configureNode(context: EngineContext, node: Node, group: NodeGroupMarks): Promise<void> {
  const wanted = {
    ...group.nodeLabels,
    'magnum.openstack.org/role': node.role,
    'magnum.openstack.org/nodegroup': group.name,
    ...(node.role === 'worker' && { 'node-role.kubernetes.io/worker': '' }),
  };
  await withCluster(context, async (cluster) => {
    const known = await cluster.findNode(node.name);
    if (!known) return;
    const labels = known.metadata.labels ?? {};
    const missing = group.nodeTaints.filter((taint) => !known.spec.taints?.some((own) => isSameTaint(own, taint)));
    if (missing.length === 0 && Object.entries(wanted).every(([name, value]) => labels[name] === value)) return;
    const keep = (known.spec.taints ?? []).filter(
      ({ key, effect }) => !missing.some((taint) => taint.key === key && taint.effect === effect),
    );
    await cluster.changeNode(node.name, {
      metadata: { labels: wanted, resourceVersion: known.metadata.resourceVersion },
      ...(missing.length > 0 && { spec: { taints: [...keep, ...missing] } }),
    });
  });
}

function isSameTaint(own: NodeTaint, wanted: NodeGroupMarks['nodeTaints'][number]): boolean {
  return own.key === wanted.key && own.effect === wanted.effect && (own.value ?? '') === (wanted.value ?? '');
}

/**
 * Drained: the cluster gives the node nothing new, and what could run elsewhere does. Pods of a DaemonSet belong to the node
 * and go with it.
 */
export async function drainNode(
  context: EngineContext,
  node: Node,
): Promise<{ readonly drained: boolean; readonly detail: string }> {
  return withCluster(
    context,
    async (cluster) => {
      const known = await cluster.findNode(node.name);
      if (!known) return { drained: true, detail: 'the cluster does not know it' };
      if (known.spec.unschedulable !== true) await cluster.changeNode(node.name, { spec: { unschedulable: true } });
      // Its kubelet can't say that a pod ended. Once the node is out of the cluster, that replaces them.
      if (!isNodeReady(known)) return { drained: true, detail: 'its kubelet does not answer' };
      const left = (await cluster.listPodsOn(node.name)).filter(isMovable);
      if (left.length === 0) return { drained: true, detail: 'no pod runs on it that could run elsewhere' };
      const blocked = await mapAtOnce(left, AT_ONCE, (pod) => evict(cluster, pod));
      const names = await blockingBudgets(
        cluster,
        left.filter((_, index) => blocked[index]),
      );
      const pods = left.length === 1 ? '1 pod still runs' : `${String(left.length)} pods still run`;
      const why = names.length === 0 ? '' : `, held by the disruption budget ${names.join(', ')}`;
      return { drained: false, detail: `${pods} on it${why}` };
    },
    node,
  );
}

function isMovable({ metadata, status }: Pod): boolean {
  if (status.phase === 'Succeeded' || status.phase === 'Failed') return false;
  if (metadata.annotations?.[MIRROR] !== undefined) return false;
  return !metadata.ownerReferences?.some(({ kind }) => kind === 'DaemonSet');
}

/** @returns whether a disruption budget forbids it for now */
async function evict(cluster: KubernetesCluster, pod: Pod): Promise<boolean> {
  try {
    await cluster.evict(pod);
    return false;
  } catch (error) {
    if (!(error instanceof BaykeeperError)) throw error;
    if (error.code === 'too-many-requests') return true;
    if (error.code === 'not-found' || error.code === 'conflict') return false;
    throw error;
  }
}

/** Names of the budgets that allow nothing more to be taken away, as `namespace/name`. */
async function blockingBudgets(cluster: KubernetesCluster, blocked: readonly Pod[]): Promise<readonly string[]> {
  const names = new Set<string>();
  for (const namespace of new Set(blocked.map((pod) => pod.metadata.namespace))) {
    const pods = blocked.filter((pod) => pod.metadata.namespace === namespace);
    for (const budget of await cluster.listBudgets(namespace))
      if (holdsAny(budget, pods)) names.add(`${namespace}/${budget.metadata.name}`);
  }
  return [...names].sort();
}

function holdsAny({ spec, status }: DisruptionBudget, pods: readonly Pod[]): boolean {
  if ((status?.disruptionsAllowed ?? 0) > 0) return false;
  return pods.some((pod) => matchesLabels(spec.selector, pod.metadata.labels ?? {}));
}

/**
 * Takes the node out of the cluster: a master's part of etcd first, and only while the others have a majority without it.
 * Asked of the other masters: the node itself need not answer.
 * @throws BaykeeperError `conflict` when the others would have no majority, `provider-unavailable` (ask again).
 */
export async function removeNode(context: EngineContext, node: Node): Promise<void> {
  // Before there is a cluster there is nothing to leave, and nobody who could be asked.
  if (context.bay.foundedAt === null) return;
  if (node.role === 'master') await withEtcd(context, (etcd) => leaveEtcd(context, etcd, node), node);
  await withCluster(
    context,
    async (cluster) => {
      try {
        await cluster.removeNode(node.name);
      } catch (error) {
        if (!(error instanceof BaykeeperError) || error.code !== 'not-found') throw error;
      }
    },
    node,
  );
}

async function leaveEtcd(context: EngineContext, etcd: EtcdCluster, node: Node): Promise<void> {
  const own = etcd.members.filter((member) => isMemberOf(member, node));
  if (own.length === 0) return;
  const others = etcd.members.filter((member) => !own.includes(member));
  if (others.length === 0) {
    throw new BaykeeperError({
      code: 'conflict',
      publicMessage: `${node.name} is the cluster's last master and can't leave. Delete the bay instead.`,
    });
  }
  const masters = mastersOf(context).filter((master) => others.some((member) => isMemberOf(member, master)));
  const healthy = await Promise.all(masters.map((master) => isEtcdHealthy(context, master)));
  if (healthy.filter(Boolean).length <= others.length / 2) {
    throw new BaykeeperError({
      code: 'conflict',
      publicMessage: `${node.name} can't leave now: the other masters would have no majority in etcd. Bring them back first.`,
    });
  }
  for (const member of own) await etcd.remove(member);
}

/** One that was announced and never started has no name: it is known by where it would have been. */
export function isMemberOf(
  { name, peerURLs }: Pick<EtcdCluster['members'][number], 'name' | 'peerURLs'>,
  node: Pick<Node, 'name' | 'address'>,
): boolean {
  return name === node.name || (node.address !== null && peerURLs.includes(`https://${node.address}:2380`));
}

export function isNodeReady({ status }: ClusterNode): boolean {
  return status.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
}
