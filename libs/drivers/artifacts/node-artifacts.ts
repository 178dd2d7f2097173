/** Which artifacts a node installs, as its script reads them. Pure. */
import { BaykeeperError, type NodeRole } from '@baykeeper/domain';
import type { Artifact, ArtifactVersion } from './artifact-version.js';
import { networkOf, type NetworkName } from './network-parts.js';

/** Programs by the roles that run them. What else a version has is for images: no node installs it. */
const PROGRAMS: Readonly<Record<string, readonly NodeRole[]>> = {
  kubelet: ['master', 'worker'],
  'kube-proxy': ['master', 'worker'],
  kubeadm: ['master'],
  kubectl: ['master'],
};
/** Everything else runs on every node. */
const MASTER_IMAGES = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'etcd'];

/**
 * One line an artifact: kind, name, checksum. Lines that begin with `mirror` name where to ask before the control plane.
 * @throws BaykeeperError `provider-unavailable` for a version that was not fetched
 */
export function renderArtifactList(
  version: ArtifactVersion,
  role: NodeRole,
  network: NetworkName,
  mirrorUrl: string | null,
): string {
  const wanted = version.artifacts.filter(
    (artifact) => isFor(artifact, role) && [null, network].includes(networkOf(artifact)),
  );
  const lines = wanted.map(({ kind, name, sha256 }) => {
    if (sha256 === null) throw notFetched(version.version);
    return `${kind} ${name} ${sha256}\n`;
  });
  return [...(mirrorUrl === null ? [] : [`mirror ${mirrorUrl} -\n`]), ...lines].join('');
}

function isFor({ kind, name }: Artifact, role: NodeRole): boolean {
  if (kind === 'binary') return PROGRAMS[name]?.includes(role) ?? false;
  // Applied once, by the master that founds the cluster.
  if (kind === 'manifest') return role === 'master';
  return role === 'master' || !MASTER_IMAGES.includes(name);
}

function notFetched(version: string): BaykeeperError {
  return new BaykeeperError({
    code: 'provider-unavailable',
    publicMessage: `Kubernetes ${version} is not in the artifact mirror yet: it is being fetched, or has to be imported.`,
  });
}
