/**
 * kube-proxy as a service of the node, not as a pod: it then needs no privileged container, and on a master it talks to that
 * master's own API server. As a pod it would go by the balancer, behind which a founder comes only when it is ready, for
 * which it needs kube-proxy.
 */
import type { Bay, Node } from '@baykeeper/domain';
import { bayNetworkOf } from './bay-network.js';

/** kubeproxy.config.k8s.io/v1alpha1, which every version takes. */
export function proxyConfiguration(
  bay: Pick<Bay, 'labels' | 'networkDriver'>,
  node: Pick<Node, 'name'>,
): Record<string, unknown> {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig: '/etc/kubernetes/kube-proxy.conf' },
    clusterCIDR: bayNetworkOf(bay).podSubnet,
    // Limits of connection tracking are the host's business, and a node may be a container that can't set them.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    healthzBindAddress: '0.0.0.0:10256',
    hostnameOverride: node.name,
    iptables: { localhostNodePorts: false },
    metricsBindAddress: '127.0.0.1:10249',
    mode: 'iptables',
  };
}
