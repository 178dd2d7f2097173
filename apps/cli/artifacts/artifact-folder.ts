/** A folder with what a version of Kubernetes is made of: programs in `bin/`, archives of images in `images/`. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CommandFailure } from '../failure.js';
import { readImageReference } from './image-archive.js';

export interface FolderArtifact {
  readonly kind: 'binary' | 'image';
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
const IMAGES = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy', 'etcd', 'pause'];

/** @throws CommandFailure naming what is missing or cannot be used */
export async function readArtifactFolder(folder: string): Promise<ArtifactFolder> {
  const [programs, archives] = [await filesOf(join(folder, 'bin')), await filesOf(join(folder, 'images'))];
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
  const has = (names: readonly string[], found: readonly FolderArtifact[]): readonly string[] =>
    names.filter((name) => !found.some((artifact) => artifact.name === name));
  const missing = [
    ...has(PROGRAMS, binaries).map((name) => `bin/${name}`),
    ...has(IMAGES, images).map((name) => `an image ${name}`),
  ];
  if (missing.length > 0) {
    throw new CommandFailure('usage', `${folder} lacks ${missing.join(', ')}. A folder holds all of one version.`);
  }
  return {
    version: tagOf(images.find(({ name }) => name === 'kube-apiserver')?.reference ?? ''),
    artifacts: [...binaries, ...images],
    leftOut: programs.filter((file) => !wanted.includes(file)).map((file) => basename(file)),
  };
}

async function filesOf(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
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
