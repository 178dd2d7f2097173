/** A mirror for tests that holds one or more whole releases. */
import type { Release, Releases } from '../releases.js';

export interface ReleaseOptions {
  readonly coreDns?: boolean;
  readonly isComplete?: boolean;
  readonly etcd?: string;
}

export function makeRelease(version: string, options: ReleaseOptions = {}): Release {
  const image = (name: string, reference: string) => ({ kind: 'image' as const, name, reference });
  const binary = (name: string) => ({ kind: 'binary' as const, name, reference: null });
  return {
    version,
    isComplete: options.isComplete ?? true,
    artifacts: [
      ...['kubeadm', 'kubelet', 'kubectl'].map(binary),
      ...['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy'].map((name) =>
        image(name, `registry.k8s.io/${name}:${version}`),
      ),
      image('etcd', `registry.k8s.io/etcd:${options.etcd ?? '3.5.16-0'}`),
      image('pause', 'registry.k8s.io/pause:3.10'),
      image('flannel', 'ghcr.io/flannel-io/flannel:v0.26.7'),
      image('flannel-cni-plugin', 'ghcr.io/flannel-io/flannel-cni-plugin:v1.6.2-flannel1'),
      { kind: 'manifest', name: 'calico', reference: null },
      ...['cni', 'node', 'kube-controllers'].map((name) => image(name, `quay.io/calico/${name}:v3.32.1`)),
      ...(options.coreDns === false ? [] : [image('coredns', 'registry.k8s.io/coredns/coredns:v1.11.3')]),
    ],
  };
}

export function makeReleases(...versions: readonly Release[]): Releases {
  return {
    versions: () => versions,
    ensure: () => Promise.resolve(),
    nodeFiles: (version, role, network) => [
      { path: '/etc/baykeeper/artifacts', mode: 0o644, content: `# ${version} for a ${role} on ${network}\n` },
    ],
  };
}
