/** What a node of a Kubernetes bay is given beside the common files. */
import { stringify } from 'yaml';
import type { MachineFile } from '../../contracts/compute.js';
import type { NodeFiles, NodeFilesInput } from '../../contracts/engine.js';
import { systemdProxyLines } from '../../bootstrap/proxy-files.js';
import { readTemplate } from '../../bootstrap/templates.js';
import { networkDriverOf } from './bay-network.js';
import { flannelManifest } from './flannel.js';
import { proxyConfiguration } from './kube-proxy-config.js';
import { kubeletConfiguration } from './kubelet-config.js';
import { NODE_DIRECTORY } from './kubernetes.config.js';
import { registryFiles } from './registries.js';
import { imageOf, releaseOf, type Releases } from './releases.js';

/** A kubelet that ends is started again, also before its configuration is there: kubeadm expects that. */
const KUBELET_UNIT = `[Unit]
Description=Kubernetes node agent
Documentation=https://kubernetes.io/docs/
Wants=containerd.service
After=containerd.service

[Service]
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-${NODE_DIRECTORY}/kubelet.env
ExecStart=/usr/local/bin/kubelet --kubeconfig=/etc/kubernetes/kubelet.conf --config=/var/lib/kubelet/config.yaml $KUBELET_KUBEADM_ARGS $BAYKEEPER_KUBELET_ARGS
Restart=always
RestartSec=2
StartLimitInterval=0
KillMode=process

[Install]
WantedBy=multi-user.target
`;

const PROXY_UNIT = `[Unit]
Description=Kubernetes network proxy
Documentation=https://kubernetes.io/docs/
After=network.target

[Service]
ExecStart=/usr/local/bin/kube-proxy --config=${NODE_DIRECTORY}/kube-proxy.yaml
Restart=always
RestartSec=2
StartLimitInterval=0

[Install]
WantedBy=multi-user.target
`;

export function kubernetesNodeFiles(
  { bay, node, nodeTaints = [] }: NodeFilesInput,
  releases: Releases,
  templatesDirectory: string,
): NodeFiles {
  const release = releaseOf(releases, bay);
  const driver = networkDriverOf(bay);
  const file = (path: string, content: string): MachineFile => ({ path, mode: 0o644, content });
  const taints = nodeTaints.map(({ key, value, effect }) => `${key}=${value ?? ''}:${effect}`).join(',');
  const registration = taints === '' ? '' : `--register-with-taints=${taints}`;
  const proxies = systemdProxyLines(bay);
  return {
    environment: {},
    files: [
      file('/usr/lib/baykeeper/engine.sh', readTemplate(templatesDirectory, 'kubernetes/engine.sh')),
      ...releases.nodeFiles(release.version, node.role, driver),
      file('/etc/containerd/config.toml', containerdConfiguration(imageOf(release, 'pause'))),
      ...registryFiles(bay),
      ...(proxies === ''
        ? []
        : [file('/etc/systemd/system/containerd.service.d/baykeeper.conf', `[Service]\n${proxies}`)]),
      file('/etc/systemd/system/kubelet.service', KUBELET_UNIT),
      file('/etc/systemd/system/kube-proxy.service', PROXY_UNIT),
      file(`${NODE_DIRECTORY}/kube-proxy.yaml`, stringify(proxyConfiguration(bay, node))),
      file(`${NODE_DIRECTORY}/kubelet.env`, `BAYKEEPER_KUBELET_ARGS="${registration}"\n`),
      ...(node.role === 'worker'
        ? [file(`${NODE_DIRECTORY}/kubelet.yaml`, stringify(kubeletConfiguration(bay, release.version)))]
        : [
            file(`${NODE_DIRECTORY}/manifests/access.yaml`, readTemplate(templatesDirectory, 'kubernetes/access.yaml')),
            // Calico's own is an artifact.
            ...(driver === 'flannel'
              ? [file(`${NODE_DIRECTORY}/manifests/flannel.yaml`, flannelManifest(release, bay))]
              : []),
          ]),
    ],
  };
}

/**
 * For containerd 1.6 and 1.7 (configuration version 2). A container's wish for a lower chance to be killed is not always
 * the host's to grant (CAP_SYS_RESOURCE): containerd then does without.
 */
function containerdConfiguration(pause: string | null): string {
  return `version = 2

[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
${pause === null ? '' : `  sandbox_image = ${JSON.stringify(pause)}\n`}
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "/etc/cni/net.d"

[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "overlayfs"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  SystemdCgroup = true

[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "/etc/containerd/certs.d"
`;
}
