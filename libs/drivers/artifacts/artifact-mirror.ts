/**
 * The artifact mirror: a directory from which nodes get Kubernetes, filled once, by the control plane from where the
 * catalogue says or by an operator from a folder. Any number of processes read and write it; what is on disk decides.
 *
 *     blobs/<sha256>            the files
 *     versions/<version>.json   what a version is made of
 */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import type { ReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { BaykeeperError, type NodeRole } from '@baykeeper/domain';
import { parse } from 'yaml';
import { z } from 'zod';
import { readTemplate } from '../bootstrap/templates.js';
import type { MachineFile } from '../contracts/compute.js';
import { withProcessLock } from '../locking/process-lock.js';
import { isMissing, openArtifactBlobs } from './artifact-blobs.js';
import {
  VERSION_PATTERN,
  catalogueSchema,
  compareVersions,
  keptVersionSchema,
  type Artifact,
  type ArtifactVersion,
  type CatalogueVersion,
  type KeptVersion,
} from './artifact-version.js';
import { createArtifactFetcher, type FetchArtifact } from './fetch-artifact.js';
import { renderArtifactList } from './node-artifacts.js';
import type { NetworkName } from './network-parts.js';

export interface ArtifactMirrorConfig {
  readonly directory: string;
  readonly templatesDirectory: string;
  /** A mirror of the mirror that nodes ask first, by HTTP; null: none. */
  readonly mirrorUrl: string | null;
  /** For tests. */
  readonly fetchArtifact?: FetchArtifact;
}

/** What was found to be wrong with a kept artifact. */
export interface ArtifactProblem {
  readonly name: string;
  /** A sentence. */
  readonly problem: string;
}

export interface ArtifactMirror {
  /** Known versions, newest first: what is kept, and what the catalogue would fetch. */
  versions(): readonly ArtifactVersion[];
  /**
   * What a node needs to install a version: the list of its artifacts and the script functions that install them.
   * @throws BaykeeperError `invalid-input` for an unknown version; `provider-unavailable` for one that was not fetched
   */
  nodeFiles(version: string, role: NodeRole, network: NetworkName): readonly MachineFile[];
  /**
   * Fetches what the mirror does not keep yet of a version. Of callers at the same time one fetches.
   * @throws BaykeeperError `invalid-input` for an unknown version; `provider-unavailable` when it cannot be had now;
   *   `provider-refused` when what came is not what the catalogue says
   */
  ensure(version: string): Promise<void>;
  /** Makes a version of what is kept, in place of what it was. @returns checksums that are missing; any: nothing was done */
  keep(version: KeptVersion): Promise<readonly string[]>;
  sizeOf(sha256: string): Promise<number | null>;
  read(sha256: string): ReadStream;
  write(sha256: string, content: Readable): Promise<number>;
  /** Reads all files of a version again. Null: the mirror keeps no such version. */
  verify(version: string): Promise<readonly ArtifactProblem[] | null>;
}

const LONGEST_FETCH_MS = 30 * 60_000;
const CLOCK_TICK_MS = 1_000;

export function openArtifactMirror(config: ArtifactMirrorConfig): ArtifactMirror {
  const { directory, templatesDirectory } = config;
  const blobs = openArtifactBlobs(directory);
  const fetchArtifact = config.fetchArtifact ?? createArtifactFetcher(blobs);
  const versionsDirectory = join(directory, 'versions');
  const shipped = loadCatalogue(join(templatesDirectory, 'kubernetes/versions.yaml'));
  const kept = createKeptReader(versionsDirectory);

  function versions(): readonly ArtifactVersion[] {
    const known = kept.read();
    const names = new Set(known.map(({ version }) => version));
    return [...known.map(ofKept), ...shipped.filter(({ version }) => !names.has(version)).map(ofCatalogue)].sort(
      (a, b) => compareVersions(a.version, b.version),
    );
  }

  async function keep(entry: KeptVersion): Promise<readonly string[]> {
    const sizes = await Promise.all(entry.artifacts.map(({ sha256 }) => blobs.sizeOf(sha256)));
    const missing = entry.artifacts.filter((artifact, index) => sizes[index] !== artifact.size);
    if (missing.length > 0) return [...new Set(missing.map(({ sha256 }) => sha256))];
    await mkdir(versionsDirectory, { recursive: true, mode: 0o755 });
    const temporary = join(versionsDirectory, `.${randomUUID()}.tmp`);
    await writeFile(temporary, `${JSON.stringify(entry, null, 2)}\n`, { mode: 0o644, flag: 'wx' });
    await rename(temporary, join(versionsDirectory, `${entry.version}.json`));
    return [];
  }

  async function fetchVersion(entry: CatalogueVersion): Promise<void> {
    const artifacts: KeptVersion['artifacts'] = [];
    for (const binary of entry.binaries) artifacts.push(await fetchArtifact.file('binary', binary));
    for (const manifest of entry.manifests) artifacts.push(await fetchArtifact.file('manifest', manifest));
    for (const image of entry.images) artifacts.push(await fetchArtifact.image(image));
    const missing = await keep({ version: entry.version, source: 'fetched', artifacts });
    if (missing.length > 0) throw new Error(`the mirror lost ${missing.join(', ')} while it was filled`);
  }

  return {
    versions,
    nodeFiles(version, role, network) {
      const found = versions().find((known) => known.version === version);
      if (found === undefined) throw unknownVersion(version, versions());
      return [
        {
          path: '/etc/baykeeper/artifacts',
          mode: 0o644,
          content: renderArtifactList(found, role, network, config.mirrorUrl),
        },
        {
          path: '/usr/lib/baykeeper/artifacts.sh',
          mode: 0o644,
          content: readTemplate(templatesDirectory, 'kubernetes/artifacts.sh'),
        },
      ];
    },
    async ensure(version) {
      const found = versions().find((known) => known.version === version);
      if (found === undefined) throw unknownVersion(version, versions());
      if (found.isComplete) return;
      const work = async (): Promise<void> => {
        const entry = shipped.find((known) => known.version === version);
        if (entry === undefined || kept.read().some((known) => known.version === version)) return;
        await fetchVersion(entry);
      };
      await withProcessLock(`artifacts ${directory} ${version}`, work, LONGEST_FETCH_MS);
    },
    keep,
    sizeOf: (sha256) => blobs.sizeOf(sha256),
    read: (sha256) => blobs.read(sha256),
    write: (sha256, content) => blobs.write(sha256, content),
    async verify(version) {
      const entry = kept.read().find((known) => known.version === version);
      if (entry === undefined) return null;
      const problems: ArtifactProblem[] = [];
      for (const { name, sha256 } of entry.artifacts) {
        const actual = await blobs.measure(sha256);
        if (actual === null) problems.push({ name, problem: `${name} is missing from the mirror.` });
        else if (actual !== sha256)
          problems.push({
            name,
            problem: `The checksum of ${name} does not match: expected ${sha256}, got ${actual}.`,
          });
      }
      return problems;
    },
  };
}

function ofKept({ version, source, artifacts }: KeptVersion): ArtifactVersion {
  return { version, source, artifacts, isComplete: true };
}

function ofCatalogue({ version, binaries, manifests, images }: CatalogueVersion): ArtifactVersion {
  const artifacts: readonly Artifact[] = [
    ...binaries.map(({ name, sha256 }) => ({ kind: 'binary' as const, name, reference: null, sha256, size: null })),
    ...manifests.map(({ name, sha256 }) => ({ kind: 'manifest' as const, name, reference: null, sha256, size: null })),
    ...images.map(({ name, reference }) => ({ kind: 'image' as const, name, reference, sha256: null, size: null })),
  ];
  return { version, artifacts, isComplete: false, source: 'catalogue' };
}

function unknownVersion(version: string, known: readonly ArtifactVersion[]): BaykeeperError {
  const names = known.map((each) => each.version).join(', ');
  return new BaykeeperError({
    code: 'invalid-input',
    publicMessage: `Kubernetes ${version} is not in the artifact mirror: ${names === '' ? 'an operator has to import a version' : `there are ${names}`}.`,
  });
}

/** @throws with the file and what is wrong in it; a missing file is an empty catalogue */
function loadCatalogue(file: string): readonly CatalogueVersion[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
  const parsed = catalogueSchema.safeParse(parse(text));
  if (parsed.success) return parsed.data.versions;
  throw new Error(`The catalogue ${file} is not valid: ${z.prettifyError(parsed.error)}`);
}

/**
 * Versions are asked for while requests are answered, so their files are read again only when the directory changed: it
 * does whenever one of them is replaced, because that is a rename.
 */
function createKeptReader(directory: string): { read(): readonly KeptVersion[] } {
  let known: { readonly changed: number; readonly versions: readonly KeptVersion[] } | null = null;
  return {
    read() {
      let changed: number;
      try {
        changed = statSync(directory).mtimeMs;
      } catch (error) {
        if (isMissing(error)) return [];
        throw error;
      }
      if (known?.changed === changed) return known.versions;
      const versions = readdirSync(directory)
        .filter((file) => file.endsWith('.json') && VERSION_PATTERN.test(file.slice(0, -'.json'.length)))
        .map((file) => keptVersionSchema.safeParse(readJson(join(directory, file))))
        // One that somebody edited into nonsense is as if it were not there.
        .flatMap((parsed) => (parsed.success ? [parsed.data] : []));
      // Two renames within one tick of the file system's clock leave the same time.
      known = Date.now() - changed > CLOCK_TICK_MS ? { changed, versions } : null;
      return versions;
    },
  };
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}
