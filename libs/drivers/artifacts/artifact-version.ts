/**
 * What a version of Kubernetes is made of: the programs that a node installs, the images that its containers run and the
 * manifests that its cluster begins with, each
 * known by the checksum of what nodes get. Two sources say so: the catalogue that is shipped (`templates/kubernetes/versions.yaml`)
 * and what the mirror keeps, which wins.
 */
import { z } from 'zod';

export const ARTIFACT_KINDS = ['binary', 'image', 'manifest'] as const;
export type ArtifactKind = (typeof ARTIFACT_KINDS)[number];

export interface Artifact {
  readonly kind: ArtifactKind;
  /** The program's or the manifest's, or the last part of the image's. */
  readonly name: string;
  /** What pods call the image, with its tag; null for what is no image. */
  readonly reference: string | null;
  /** SHA-256 in hexadecimal of the file that nodes get; null while the image was not fetched. */
  readonly sha256: string | null;
  /** Bytes; null while it was not fetched. */
  readonly size: number | null;
}

export interface ArtifactVersion {
  /** As the label `kube_tag` names it: `v1.32.13`. */
  readonly version: string;
  readonly artifacts: readonly Artifact[];
  /** Whether the mirror keeps all of it, so that nodes can come up with no internet. */
  readonly isComplete: boolean;
  readonly source: 'imported' | 'fetched' | 'catalogue';
}

export const VERSION_PATTERN = /^v\d{1,3}\.\d{1,3}\.\d{1,3}(-[0-9A-Za-z.-]{1,40})?$/;
export const SHA256_PATTERN = /^[0-9a-f]{64}$/;
export const NAME_PATTERN = /^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$/;
/** `registry.example:5000/path/name:tag`: with a registry and a tag, so that nothing is left to a default. */
export const REFERENCE_PATTERN = /^[a-z0-9.-]+(:\d{1,5})?(\/[a-z0-9._-]+)+:[\w][\w.-]{0,127}$/;
const MOST_BYTES = 8 * 1024 ** 3;

const name = z.string().regex(NAME_PATTERN);
const sha256 = z.string().regex(SHA256_PATTERN);

/** The mirror's own word about a version: `versions/<version>.json`. */
export const keptVersionSchema = z.strictObject({
  version: z.string().regex(VERSION_PATTERN),
  source: z.enum(['imported', 'fetched']),
  artifacts: z
    .array(
      z.discriminatedUnion('kind', [
        z.strictObject({
          ...{ kind: z.literal('binary'), name, reference: z.null(), sha256 },
          size: z.int().min(1).max(MOST_BYTES),
        }),
        z.strictObject({
          ...{ kind: z.literal('manifest'), name, reference: z.null(), sha256 },
          size: z.int().min(1).max(MOST_BYTES),
        }),
        z.strictObject({
          ...{ kind: z.literal('image'), name, reference: z.string().max(512).regex(REFERENCE_PATTERN), sha256 },
          size: z.int().min(1).max(MOST_BYTES),
        }),
      ]),
    )
    .min(1)
    .max(256),
});
export type KeptVersion = z.infer<typeof keptVersionSchema>;

const file = z.strictObject({ name, url: z.url({ protocol: /^https$/ }), sha256 });

/** The catalogue that is shipped. */
export const catalogueSchema = z.strictObject({
  versions: z.array(
    z.strictObject({
      version: z.string().regex(VERSION_PATTERN),
      binaries: z.array(file),
      manifests: z.array(file).default([]),
      images: z.array(
        z.strictObject({
          name,
          reference: z.string().regex(REFERENCE_PATTERN),
          /** Of the image's manifest, or of the list of manifests for each kind of machine. */
          digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
        }),
      ),
    }),
  ),
});
export type CatalogueVersion = z.infer<typeof catalogueSchema>['versions'][number];

/** Newest first; a release comes before its own candidates. */
export function compareVersions(left: string, right: string): number {
  const [a, b] = [partsOf(left), partsOf(right)];
  for (const index of [0, 1, 2] as const) {
    const difference = b.numbers[index] - a.numbers[index];
    if (difference !== 0) return difference;
  }
  if (a.candidate === b.candidate) return 0;
  if (a.candidate === '' || b.candidate === '') return a.candidate === '' ? -1 : 1;
  return b.candidate.localeCompare(a.candidate, 'en', { numeric: true });
}

function partsOf(version: string): { numbers: readonly [number, number, number]; candidate: string } {
  const [, major, minor, patch, candidate] = /^v(\d+)\.(\d+)\.(\d+)(?:-(.*))?$/.exec(version) ?? [];
  return { numbers: [Number(major ?? 0), Number(minor ?? 0), Number(patch ?? 0)], candidate: candidate ?? '' };
}
