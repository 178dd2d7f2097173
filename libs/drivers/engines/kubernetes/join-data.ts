/**
 * What a node is told when it is its turn. The founder gets kubeadm's `init`, further masters `join` with a master that
 * answers, workers the address that clients use. A master that failed on its way may have left a member of etcd that never
 * came to life: such are taken out before the next one joins, because they count for the majority.
 */
import { BaykeeperError, isPresent, type Node } from '@baykeeper/domain';
import type { BayKeys, EngineContext } from '../../contracts/engine.js';
import { bayNetworkOf, isInside, type NetworkWish } from './bay-network.js';
import { withEtcd } from './etcd-cluster.js';
import { initConfiguration, joinConfiguration } from './kubeadm-config.js';
import { API_PORT, CONTAINERD_SOCKET } from './kubernetes.config.js';
import { isMemberOf } from './kubernetes-nodes.js';
import { withCluster } from './kubernetes-cluster.js';
import { imageOf, isAtLeast, releaseOf, type Release, type Releases } from './releases.js';

export type JoinData = Readonly<Record<string, string>>;

/** As kubeadm's file is called on the node. */
const ADMIN_CONFIG = '/etc/kubernetes/admin.conf';

export async function kubernetesJoinData(
  releases: Releases,
  context: EngineContext,
  node: Node,
  keys: BayKeys,
): Promise<JoinData | null> {
  const { bay, clientAddress } = context;
  if (node.address === null || clientAddress === null) return null;
  refuseOwnNetworks(bay, node);
  const release = releaseOf(releases, bay);
  const input = { bay, node, address: node.address, release };
  if (!bay.foundedAt) {
    if (bay.foundingNodeId !== node.id) return null;
    const config = initConfiguration({ ...input, clientAddress });
    return {
      ...master(node.address, await keys.serviceAccountKey()),
      ...kubeadm('init', node.address, config, release),
    };
  }
  if (node.role === 'worker') {
    return {
      K8S_ACTION: 'start',
      K8S_SERVER: serverAt(clientAddress),
      K8S_KUBELET_ARGUMENTS: kubeletArguments(node.address, node, release),
    };
  }
  if (context.nodes.some((other) => isLeavingMaster(other))) return null;
  const asked = await withCluster(context, (cluster) => Promise.resolve(cluster.master.address ?? ''), node);
  await removeGhosts(context, node);
  const config = joinConfiguration({ ...input, kubeConfigPath: ADMIN_CONFIG });
  return { ...master(node.address, await keys.serviceAccountKey()), ...kubeadm('join', asked, config, release) };
}

/** Nobody knows a machine's address before it is made; one within the cluster's own networks is reached by no pod. */
function refuseOwnNetworks(bay: NetworkWish, { name, address }: Node): void {
  const { podLabel, podSubnet, serviceSubnet } = bayNetworkOf(bay);
  for (const [label, subnet] of [
    [podLabel, podSubnet],
    ['service_cluster_ip_range', serviceSubnet],
  ] as const) {
    if (address === null || !isInside(address, subnet)) continue;
    throw new BaykeeperError({
      code: 'conflict',
      publicMessage: `${name} has the address ${address}, which lies in ${subnet}: make the bay anew with another ${label}.`,
    });
  }
}

/**
 * kubeadm asks every member of etcd whether it is well, for minutes when one is silent; and one that is silent goes in
 * seconds, when its removal has begun.
 */
function isLeavingMaster({ role, joinedAt, removalRequestedAt, leftAt }: Node): boolean {
  return role === 'master' && joinedAt !== null && removalRequestedAt !== null && leftAt === null;
}

function master(address: string, serviceAccountKey: string): JoinData {
  return { K8S_OWN_SERVER: serverAt(address), K8S_SERVICE_ACCOUNT_KEY: serviceAccountKey };
}

function kubeadm(action: 'init' | 'join', server: string, config: string, release: Release): JoinData {
  // No token opens this cluster, so nothing that has to do with them is made; kube-proxy is a service of each node.
  const phases = [
    'bootstrap-token',
    'addon/kube-proxy',
    ...(isAtLeast(release.version, 26) ? ['show-join-command'] : []),
    ...(imageOf(release, 'coredns') === null ? ['addon/coredns'] : []),
  ];
  return {
    K8S_ACTION: action,
    K8S_SERVER: serverAt(server),
    K8S_KUBEADM_CONFIG: config,
    K8S_SKIP_PHASES: action === 'init' ? phases.join(',') : '',
  };
}

function kubeletArguments(address: string, node: Node, release: Release): string {
  const pause = imageOf(release, 'pause');
  return [
    `--node-ip=${address}`,
    `--hostname-override=${node.name}`,
    ...(isAtLeast(release.version, 27) ? [] : [`--container-runtime-endpoint=${CONTAINERD_SOCKET}`]),
    ...(isAtLeast(release.version, 24) ? [] : ['--container-runtime=remote']),
    ...(pause === null || isAtLeast(release.version, 35) ? [] : [`--pod-infra-container-image=${pause}`]),
  ].join(' ');
}

/** Members of etcd that belong to no master that joined: one at a time joins, so nobody's is on its way. */
async function removeGhosts(context: EngineContext, joining: Node): Promise<void> {
  const masters = context.nodes.filter(
    (node) => node.role === 'master' && node.joinedAt && isPresent(node) && node.id !== joining.id,
  );
  await withEtcd(context, async (etcd) => {
    for (const member of etcd.members) {
      if (!masters.some((master) => isMemberOf(member, master))) await etcd.remove(member);
    }
  });
}

function serverAt(address: string): string {
  return `https://${address}:${String(API_PORT)}`;
}
