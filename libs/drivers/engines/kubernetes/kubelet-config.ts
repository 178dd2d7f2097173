/** The kubelet's configuration: on masters a part of kubeadm's, on workers a file. */
import type { Bay } from '@baykeeper/domain';
import { addressIn, bayNetworkOf } from './bay-network.js';
import {
  CLUSTER_DOMAIN,
  CONTAINERD_SOCKET,
  KUBELET_CERTIFICATE,
  KUBELET_KEY,
  PKI_DIRECTORY,
} from './kubernetes.config.js';
import { isAtLeast } from './releases.js';

/** kubelet.config.k8s.io/v1beta1, which every version since 1.11 takes. */
export function kubeletConfiguration(
  bay: Pick<Bay, 'labels' | 'networkDriver'>,
  version: string,
): Record<string, unknown> {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: `${PKI_DIRECTORY}/ca.crt` },
    },
    authorization: { mode: 'Webhook' },
    cgroupDriver: 'systemd',
    clusterDNS: [addressIn(bayNetworkOf(bay).serviceSubnet, 10)],
    clusterDomain: CLUSTER_DOMAIN,
    ...(isAtLeast(version, 27) && { containerRuntimeEndpoint: CONTAINERD_SOCKET }),
    failSwapOn: false,
    healthzBindAddress: '127.0.0.1',
    healthzPort: 10248,
    // Certificates come from the control plane, for names that it decided: nothing is asked for within the cluster.
    rotateCertificates: false,
    serverTLSBootstrap: false,
    tlsCertFile: KUBELET_CERTIFICATE,
    tlsPrivateKeyFile: KUBELET_KEY,
    shutdownGracePeriod: '0s',
    staticPodPath: '/etc/kubernetes/manifests',
  };
}
