/**
 * kubeadm's configuration for one master. Its form follows the version: v1beta4 since 1.31 (arguments are lists), v1beta3
 * since 1.22, v1beta2 before. Pure: the same bay and node give the same text.
 */
import { stringify } from 'yaml';
import type { Bay, Node } from '@baykeeper/domain';
import { bayNetworkOf } from './bay-network.js';
import { kubeletConfiguration } from './kubelet-config.js';
import { API_PORT, CLUSTER_DOMAIN, CONTAINERD_SOCKET, PKI_DIRECTORY } from './kubernetes.config.js';
import { imageOf, imageRepositoryOf, isAtLeast, type Release } from './releases.js';

export interface MasterInput {
  readonly bay: Bay;
  readonly node: Pick<Node, 'name'>;
  /** The node's own. */
  readonly address: string;
  readonly release: Release;
}

/** For the master that founds the cluster. @param clientAddress what all other nodes and clients use */
export function initConfiguration(input: MasterInput & { readonly clientAddress: string }): string {
  const { bay, release, address } = input;
  return documents([
    {
      ...head(release, 'InitConfiguration'),
      localAPIEndpoint: endpointOf(address),
      nodeRegistration: registration(input),
    },
    clusterConfiguration(input),
    kubeletConfiguration(bay, release.version),
  ]);
}

/** For each further master, which finds the cluster with the credentials in `kubeConfigPath`. */
export function joinConfiguration(input: MasterInput & { readonly kubeConfigPath: string }): string {
  const { release, address } = input;
  return documents([
    {
      ...head(release, 'JoinConfiguration'),
      discovery: { file: { kubeConfigPath: input.kubeConfigPath } },
      controlPlane: { localAPIEndpoint: endpointOf(address) },
      nodeRegistration: registration(input),
    },
  ]);
}

function head({ version }: Release, kind: string): Record<string, unknown> {
  const form = isAtLeast(version, 31) ? 'v1beta4' : isAtLeast(version, 22) ? 'v1beta3' : 'v1beta2';
  return { apiVersion: `kubeadm.k8s.io/${form}`, kind };
}

function endpointOf(address: string): Record<string, unknown> {
  return { advertiseAddress: address, bindPort: API_PORT };
}

function registration({ node, address, release: { version } }: MasterInput): Record<string, unknown> {
  return {
    name: node.name,
    criSocket: CONTAINERD_SOCKET,
    // The mirror has put them there; a registry may be far away.
    ...(isAtLeast(version, 22) && { imagePullPolicy: 'IfNotPresent' }),
    kubeletExtraArgs: argumentsOf(version, { 'node-ip': address }),
  };
}

function clusterConfiguration({
  bay,
  release,
  clientAddress,
}: MasterInput & { readonly clientAddress: string }): Record<string, unknown> {
  const { version } = release;
  const network = bayNetworkOf(bay);
  const etcdTag = imageOf(release, 'etcd')?.split(':')[1];
  return {
    ...head(release, 'ClusterConfiguration'),
    kubernetesVersion: version,
    clusterName: bay.name,
    controlPlaneEndpoint: `${clientAddress}:${String(API_PORT)}`,
    certificatesDir: PKI_DIRECTORY,
    imageRepository: imageRepositoryOf(release),
    networking: { dnsDomain: CLUSTER_DOMAIN, podSubnet: network.podSubnet, serviceSubnet: network.serviceSubnet },
    apiServer: {
      // So that nobody can pass for a kubelet: their certificates are of the bay's authority.
      extraArgs: argumentsOf(version, {
        'kubelet-certificate-authority': `${PKI_DIRECTORY}/ca.crt`,
        profiling: 'false',
      }),
    },
    controllerManager: {
      extraArgs: argumentsOf(version, { 'node-cidr-mask-size': String(network.nodeMask), profiling: 'false' }),
    },
    scheduler: { extraArgs: argumentsOf(version, { profiling: 'false' }) },
    etcd: { local: { dataDir: '/var/lib/etcd', ...(etcdTag !== undefined && { imageTag: etcdTag }) } },
  };
}

/** A list of names and values since 1.31, a map before. */
function argumentsOf(version: string, values: Readonly<Record<string, string>>): unknown {
  return isAtLeast(version, 31) ? Object.entries(values).map(([name, value]) => ({ name, value })) : values;
}

function documents(parts: readonly Record<string, unknown>[]): string {
  return parts.map((part) => stringify(part, { lineWidth: 0 })).join('---\n');
}
