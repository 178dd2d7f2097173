/**
 * The files of the artifact mirror, each under its own checksum: `blobs/<sha256>`. What is there is whole and was right when
 * it was written, because it gets its name only then.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, type ReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BaykeeperError } from '@baykeeper/domain';
import { SHA256_PATTERN } from './artifact-version.js';

/** What was left by a process that died while it wrote. */
const INCOMING = '.incoming-';
const LEFTOVER_AFTER_MS = 24 * 3_600_000;

export interface ArtifactBlobs {
  /** Bytes of it; null: it is not kept. */
  sizeOf(sha256: string): Promise<number | null>;
  read(sha256: string): ReadStream;
  /**
   * Keeps a stream under its checksum; one that is there already is not written again.
   * @throws BaykeeperError `invalid-input` when what came has another checksum: nothing is kept
   */
  write(sha256: string, content: Readable): Promise<number>;
  /** Keeps a stream whose checksum nobody knows before it is through. */
  add(content: Readable): Promise<{ readonly sha256: string; readonly size: number }>;
  /** The checksum of what is there now; null: it is not there. */
  measure(sha256: string): Promise<string | null>;
}

export function openArtifactBlobs(directory: string): ArtifactBlobs {
  const blobs = join(directory, 'blobs');
  const pathOf = (sha256: string): string => {
    // It becomes a path.
    if (!SHA256_PATTERN.test(sha256)) throw new Error('a checksum is 64 hexadecimal digits');
    return join(blobs, sha256);
  };

  async function sizeOf(sha256: string): Promise<number | null> {
    try {
      return (await stat(pathOf(sha256))).size;
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  /** Keeps it under its name when `name` finds that it is what it should be. */
  async function receive(
    content: Readable,
    name: (actual: string) => string,
  ): Promise<{ sha256: string; size: number }> {
    await mkdir(blobs, { recursive: true, mode: 0o755 });
    await removeLeftovers(blobs);
    const incoming = join(blobs, `${INCOMING}${randomUUID()}`);
    try {
      const { size, actual } = await store(incoming, content);
      const sha256 = name(actual);
      await rename(incoming, pathOf(sha256));
      return { sha256, size };
    } finally {
      await rm(incoming, { force: true });
    }
  }

  return {
    sizeOf,
    add: (content) => receive(content, (actual) => actual),
    read: (sha256) => createReadStream(pathOf(sha256)),
    async write(sha256, content) {
      const known = await sizeOf(sha256);
      if (known !== null) {
        content.resume();
        return known;
      }
      const { size } = await receive(content, (actual) => {
        if (actual !== sha256) throw wrongChecksum('what came', sha256, actual);
        return actual;
      });
      return size;
    },
    async measure(sha256) {
      const hash = createHash('sha256');
      try {
        await pipeline(createReadStream(pathOf(sha256)), hash);
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
      return hash.digest('hex');
    },
  };
}

export function wrongChecksum(what: string, expected: string, actual: string): BaykeeperError {
  return new BaykeeperError({
    code: 'invalid-input',
    publicMessage: `The checksum of ${what} does not match: expected ${expected}, got ${actual}.`,
  });
}

/**
 * Written through to the disk: a name that says what is in it must not stand for less after a power cut. Programs run from
 * the mirror itself where nodes see it.
 */
async function store(path: string, content: Readable): Promise<{ size: number; actual: string }> {
  const hash = createHash('sha256');
  let size = 0;
  const handle = await open(path, 'wx', 0o755);
  try {
    for await (const chunk of content as AsyncIterable<Buffer>) {
      hash.update(chunk);
      size += chunk.length;
      await handle.writeFile(chunk);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { size, actual: hash.digest('hex') };
}

async function removeLeftovers(blobs: string): Promise<void> {
  for (const name of await readdir(blobs)) {
    if (!name.startsWith(INCOMING)) continue;
    const path = join(blobs, name);
    const facts = await stat(path).catch(() => null);
    if (facts !== null && Date.now() - facts.mtimeMs > LEFTOVER_AFTER_MS) await rm(path, { force: true });
  }
}

export function isMissing(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
}
