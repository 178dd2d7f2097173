/** What the cluster says of itself: Node conditions, and of each master its API server's and its etcd member's own word. */
import { BaykeeperError, type Listener, type Node } from '@baykeeper/domain';
import type { EngineContext, EngineNodeView, EngineObservation } from '../../contracts/engine.js';
import { isEtcdHealthy } from './etcd-cluster.js';
import { isNodeReady } from './kubernetes-nodes.js';
import { serveServices, wronglyAnnounced } from './load-balancer-services.js';
import { mastersOf, unreadiness, withCluster, type ClusterNode } from './kubernetes-cluster.js';

/** Conditions that a tenant wants to hear of although the node goes on (Kubernetes, node conditions). */
const PRESSURES: readonly string[] = ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'NetworkUnavailable'];

/** @param own the bay's own listeners */
export async function observeCluster(
  context: EngineContext,
  own: readonly Listener[] = [],
): Promise<EngineObservation> {
  try {
    const [seen, masters] = await Promise.all([
      withCluster(context, async (cluster) => {
        const [nodes, version, hasDns, services] = await Promise.all([
          cluster.listNodes(),
          cluster.version(),
          cluster.hasService('kube-system', 'kube-dns'),
          cluster.listLoadBalancerServices(),
        ]);
        return { nodes, version, hasDns, services };
      }),
      checkMasters(context),
    ]);
    const { listeners, notes, served } = serveServices(seen.services, own, context.bay.masterLbEnabled);
    const runtime = seen.nodes.map(({ status }) => status.nodeInfo?.containerRuntimeVersion).find(Boolean);
    return {
      reachable: true,
      nodes: seen.nodes.map((node) => viewOf(node, masters.get(node.metadata.name) ?? null)),
      engineVersion: seen.version,
      containerVersion: runtime?.replace(/^containerd:\/\//, '') ?? 'unknown',
      notes: { ...notesOf(seen.nodes, seen.hasDns, masters), ...notes },
      listeners,
      isUnannounced: wronglyAnnounced(seen.services, served, context.clientAddress ?? '').length > 0,
    };
  } catch (error) {
    return {
      reachable: false,
      reason: error instanceof BaykeeperError ? error.publicMessage : 'The cluster could not be asked.',
    };
  }
}

/** What is wrong with each master, by its name; null: nothing. */
async function checkMasters(context: EngineContext): Promise<ReadonlyMap<string, string | null>> {
  const check = async (master: Node): Promise<readonly [string, string | null]> => {
    const [api, etcd] = await Promise.all([unreadiness(master, context.identity), isEtcdHealthy(context, master)]);
    return [master.name, api ?? (etcd ? null : 'its member of etcd is not well')];
  };
  return new Map(await Promise.all(mastersOf(context).map(check)));
}

function viewOf(node: ClusterNode, problem: string | null): EngineNodeView {
  const { name } = node.metadata;
  const condition = node.status.conditions?.find(({ type }) => type === 'Ready');
  if (isNodeReady(node)) return { name, state: problem === null ? 'ready' : 'down', detail: problem ?? 'ready' };
  return { name, state: 'down', detail: condition?.message ?? 'its kubelet has not reported yet' };
}

function notesOf(
  nodes: readonly ClusterNode[],
  hasDns: boolean,
  masters: ReadonlyMap<string, string | null>,
): Readonly<Record<string, string>> {
  const notes: Record<string, string> = {
    dns: hasDns ? 'ok' : 'absent: this Kubernetes was imported without CoreDNS, so Services have no names',
  };
  for (const [name, problem] of masters) if (problem !== null) notes[`${name}.reason`] = problem;
  for (const { metadata, status } of nodes) {
    for (const { type, status: value, message } of status.conditions ?? []) {
      if (PRESSURES.includes(type) && value === 'True') notes[`${metadata.name}.${type}`] = message ?? 'True';
      if (type === 'Ready' && value !== 'True') notes[`${metadata.name}.reason`] ??= message ?? 'not ready';
    }
  }
  return notes;
}

/**
 * Tells each Service of type LoadBalancer where it is served, or that it is not.
 * @param refusedPorts those that the balancer could not open, whoever asks for them
 */
export async function announceListeners(
  context: EngineContext,
  address: string,
  own: readonly Listener[],
  refusedPorts: ReadonlySet<number> = new Set(),
): Promise<void> {
  await withCluster(context, async (cluster) => {
    const services = await cluster.listLoadBalancerServices();
    const { served: wanted } = serveServices(services, own, context.bay.masterLbEnabled);
    const without = services.filter(({ ports }) => ports.some(({ port }) => refusedPorts.has(port)));
    const refused = new Set(without.map(({ namespace, name }) => `${namespace}/${name}`));
    const served = new Set([...wanted].filter((name) => !refused.has(name)));
    for (const service of wronglyAnnounced(services, served, address))
      await cluster.announce(service, served.has(`${service.namespace}/${service.name}`) ? [address] : []);
  });
}
