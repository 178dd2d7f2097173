/** What a network between pods is made of, besides Kubernetes itself. A node installs those of its bay's network alone. */
import type { Artifact } from './artifact-version.js';

type Known = Pick<Artifact, 'kind' | 'name' | 'reference'>;

interface NetworkPart {
  /** For who has to provide it. */
  readonly title: string;
  is(artifact: Known): boolean;
}

export const NETWORK_PARTS = {
  /** Its manifest is our own. */
  flannel: [named('flannel'), named('flannel-cni-plugin')],
  /** Its manifest is a hundred kilobytes of definitions, which belong to its version: one more artifact. */
  calico: [
    { title: 'manifests/calico.yaml', is: ({ kind, name }) => kind === 'manifest' && name === 'calico' },
    ...['cni', 'node', 'kube-controllers'].map(ofCalico),
  ],
} as const satisfies Readonly<Record<string, readonly NetworkPart[]>>;
export type NetworkName = keyof typeof NETWORK_PARTS;

/** The network that an artifact is for; null: for every bay. */
export function networkOf(artifact: Known): NetworkName | null {
  const names = Object.keys(NETWORK_PARTS) as NetworkName[];
  return names.find((name) => NETWORK_PARTS[name].some((part) => part.is(artifact))) ?? null;
}

function named(image: string): NetworkPart {
  return { title: `an image ${image}`, is: ({ kind, name }) => kind === 'image' && name === image };
}

/** Their own names say little: what counts is that they are calico's. */
function ofCalico(image: string): NetworkPart {
  return {
    title: `an image calico/${image}`,
    is: ({ kind, reference }) => kind === 'image' && (reference?.includes(`/calico/${image}:`) ?? false),
  };
}
