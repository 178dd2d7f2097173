/**
 * A folder with what a version of Kubernetes is made of: programs in `bin/`, archives of images in `images/`, and in
 * `manifests/` what a cluster's network begins with, where that is not Baykeeper's own.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CommandFailure } from '../failure.js';
import { isMissing } from '../session/private-file.js';
import { readImageReference } from './image-archive.js';

export interface FolderArtifact {
  readonly kind: 'binary' | 'image' | 'manifest';
  readonly name: string;
  readonly reference: string | null;
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  readonly file: string;
}

export interface ArtifactFolder {
  /** As the image of the API server is tagged. */
  readonly version: string;
  readonly artifacts: readonly FolderArtifact[];
  /** Programs that no node installs: they are in images. */
  readonly leftOut: readonly string[];
}

/** What nodes install; the other programs of Kubernetes run from images. */
const PROGRAMS = ['kubeadm', 'kubelet', 'kubectl'];
/** Nodes take it out of its image where there is no other. */
const MAY_BE_MISSING = ['kube-proxy'];
/** Each a network of that name. */
const MANIFESTS = ['calico.yaml'];
const IMAGES = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy', 'etcd', 'pause'];

/** @throws CommandFailure naming what is missing or cannot be used */
export async function readArtifactFolder(folder: string): Promise<ArtifactFolder> {
  const [programs, archives] = [await filesOf(join(folder, 'bin')), await filesOf(join(folder, 'images'))];
  const texts = (await filesOf(join(folder, 'manifests'), 'may be missing')).filter((file) =>
    MANIFESTS.includes(basename(file)),
  );
  const wanted = programs.filter((file) => [...PROGRAMS, ...MAY_BE_MISSING].includes(basename(file)));
  const binaries = await eachOf(wanted, async (file) => ({
    ...{ kind: 'binary' as const, name: basename(file), reference: null },
    ...(await measure(file)),
  }));
  const images = await eachOf(
    archives.filter((file) => file.endsWith('.tar')),
    async (file) => {
      const reference = await readImageReference(file);
      return { kind: 'image' as const, name: nameOf(reference), reference, ...(await measure(file)) };
    },
  );
  const manifests = await eachOf(texts, async (file) => ({
    ...{ kind: 'manifest' as const, name: basename(file, '.yaml'), reference: null },
    ...(await measure(file)),
  }));
  const has = (names: readonly string[], found: readonly FolderArtifact[]): readonly string[] =>
    names.filter((name) => !found.some((artifact) => artifact.name === name));
  const missing = [
    ...has(PROGRAMS, binaries).map((name) => `bin/${name}`),
    ...has(IMAGES, images).map((name) => `an image ${name}`),
    ...(await absentImages(texts, images)),
  ];
  if (missing.length > 0) {
    throw new CommandFailure('usage', `${folder} lacks ${missing.join(', ')}. A folder holds all of one version.`);
  }
  return {
    version: tagOf(images.find(({ name }) => name === 'kube-apiserver')?.reference ?? ''),
    artifacts: [...binaries, ...images, ...manifests],
    leftOut: programs.filter((file) => !wanted.includes(file)).map((file) => basename(file)),
  };
}

/** Images that a manifest names: its nodes have no registry to ask. */
async function absentImages(
  manifests: readonly string[],
  images: readonly FolderArtifact[],
): Promise<readonly string[]> {
  const known = new Set(images.map(({ reference }) => reference));
  const absent = await eachOf(manifests, async (file) => {
    const named = [...(await readFile(file, 'utf8')).matchAll(/^\s*(?:- )?image: *["']?([^\s"']+)/gm)];
    return [...new Set(named.map(([, reference = '']) => reference))]
      .filter((reference) => !known.has(reference))
      .map((reference) => `the image ${reference}, which manifests/${basename(file)} names`);
  });
  return absent.flat();
}

async function filesOf(directory: string, absence?: 'may be missing'): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    if (absence !== undefined && isMissing(error)) return [];
    throw new CommandFailure('usage', {
      message: `${directory} cannot be read. A folder of artifacts has bin/ and images/.`,
      cause: error,
    });
  });
  const files = entries.filter((entry) => entry.isFile() || entry.isSymbolicLink());
  return files.map((entry) => join(directory, entry.name)).sort();
}

/** One after the other: it is the disk that takes the time. */
async function eachOf<Item>(files: readonly string[], read: (file: string) => Promise<Item>): Promise<readonly Item[]> {
  const items: Item[] = [];
  for (const file of files) items.push(await read(file));
  return items;
}

async function measure(file: string): Promise<{ sha256: string; size: number; file: string }> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return { sha256: hash.digest('hex'), size: (await stat(file)).size, file };
}

function nameOf(reference: string): string {
  const path = reference.slice(0, reference.lastIndexOf(':'));
  return path.slice(path.lastIndexOf('/') + 1);
}

function tagOf(reference: string): string {
  return reference.slice(reference.lastIndexOf(':') + 1);
}
