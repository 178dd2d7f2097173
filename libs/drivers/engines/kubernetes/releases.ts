/** Which Kubernetes a bay runs, and what of it the mirror holds. */
import type { Bay, Labels, NodeRole } from '@baykeeper/domain';
import { BaykeeperError } from '@baykeeper/domain';
import type { MachineFile } from '../../contracts/compute.js';
import type { Problem } from '../../contracts/engine.js';
import { NETWORK_PARTS } from '../../artifacts/network-parts.js';
import { networkDriverOf, type NetworkDriver, type NetworkWish } from './bay-network.js';

/** A file of a release in the artifact mirror. */
export interface ReleaseArtifact {
  readonly kind: 'binary' | 'image' | 'manifest';
  /** `kubelet`, `kube-proxy`, `pause`, `coredns`. */
  readonly name: string;
  /** Of an image: as containerd knows it, `registry.k8s.io/pause:3.10`. */
  readonly reference: string | null;
}

/** All that one version of Kubernetes needs. */
export interface Release {
  /** `v1.32.13`. */
  readonly version: string;
  readonly artifacts: readonly ReleaseArtifact[];
  /** All of it is in the mirror. */
  readonly isComplete: boolean;
}

/** Where nodes get Kubernetes from. */
export interface Releases {
  /** The newest first. */
  versions(): readonly Release[];
  /** Fetches what of it is missing; an import has all of it. */
  ensure(version: string): Promise<void>;
  /** What makes a node fetch and check what it needs. */
  nodeFiles(version: string, role: NodeRole, network: NetworkDriver): readonly MachineFile[];
}

/** Magnum's name for the version. */
const VERSION_LABEL = 'kube_tag';

export function releaseProblems(releases: Releases, labels: Labels): readonly Problem[] {
  const offered = releases.versions().map(({ version }) => version);
  if (offered.length === 0)
    return ['No Kubernetes is in the artifact mirror: ask the operator to import one (bay artifacts import).'];
  const wanted = labels[VERSION_LABEL]?.trim();
  if (wanted === undefined || wanted === '' || offered.includes(withV(wanted))) return [];
  return [`Label ${VERSION_LABEL} names a version that is not offered: give one of ${offered.join(', ')}.`];
}

/**
 * A bay stays with the version that its cluster runs; before that it gets the one it asked for, or else the newest.
 * @throws BaykeeperError `provider-unavailable` when the mirror lost it
 */
export function releaseOf(releases: Releases, bay: Pick<Bay, 'labels' | 'coeVersion'>): Release {
  const offered = releases.versions();
  const wanted = [bay.coeVersion, bay.labels[VERSION_LABEL]?.trim()].filter(
    (version): version is string => version !== null && version !== undefined && /^v?\d/.test(version),
  );
  const found =
    wanted.length === 0
      ? (offered.find(({ isComplete }) => isComplete) ?? offered[0])
      : wanted.flatMap((version) => offered.find((release) => release.version === withV(version)) ?? [])[0];
  if (found) return found;
  throw new BaykeeperError({
    code: 'provider-unavailable',
    publicMessage: `Kubernetes ${wanted.join(' or ')} is not in the artifact mirror any more: ask the operator to import it again.`,
  });
}

/** Whether the release has what the bay's network is made of. */
export function networkPartProblems(releases: Releases, wish: NetworkWish): readonly Problem[] {
  if (releaseProblems(releases, wish.labels).length > 0) return [];
  const { version, artifacts } = releaseOf(releases, { labels: wish.labels, coeVersion: null });
  const driver = networkDriverOf(wish);
  const missing = NETWORK_PARTS[driver].filter((part) => !artifacts.some((artifact) => part.is(artifact)));
  if (missing.length === 0) return [];
  return [
    `Kubernetes ${version} was imported without all of ${driver}, so its nodes would not reach each other: ask the operator to import it with ${missing.map(({ title }) => title).join(' and ')}.`,
  ];
}

/** An image of the release as containerd knows it; null: the release has none of that name. */
export function imageOf(release: Release, name: string): string | null {
  return release.artifacts.find((file) => file.kind === 'image' && file.name === name)?.reference ?? null;
}

/** The part of a reference before the image's own name, where kubeadm looks for the images of the control plane. */
export function imageRepositoryOf(release: Release): string {
  return imageOf(release, 'kube-apiserver')?.replace(/\/[^/]*$/, '') ?? 'registry.k8s.io';
}

/** `[1, 32, 13]` of `v1.32.13`. */
export function versionParts(version: string): readonly [number, number, number] {
  const [, major, minor, patch] = /^v?(\d+)\.(\d+)(?:\.(\d+))?/.exec(version) ?? [];
  return [Number(major ?? 0), Number(minor ?? 0), Number(patch ?? 0)];
}

/** Whether a version is this minor or a later one; Kubernetes has been at major 1 all its life. */
export function isAtLeast(version: string, minor: number): boolean {
  const [major, own] = versionParts(version);
  return major > 1 || (major === 1 && own >= minor);
}

function withV(version: string): string {
  return version.startsWith('v') ? version : `v${version}`;
}
