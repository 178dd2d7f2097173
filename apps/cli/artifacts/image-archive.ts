/**
 * Which image a tar archive holds, by its own word: the form of `docker save` says it in `manifest.json`, an OCI image
 * layout in `index.json`. Members that are not asked for are stepped over, so the size of an archive does not matter.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { CommandFailure } from '../failure.js';
import { isJsonObject } from '../api/json-reader.js';

const BLOCK = 512;
/** Both files name a few images. */
const MOST_BYTES = 1024 * 1024;

/** @throws CommandFailure when the file is no archive of one image with a name */
export async function readImageReference(file: string): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const texts = await readMembers(handle, ['manifest.json', 'index.json']);
    const references = texts.flatMap((text) => referencesIn(text));
    const [reference, ...others] = new Set(references);
    if (reference !== undefined && others.length === 0) return reference;
  } finally {
    await handle.close();
  }
  throw new CommandFailure(
    'usage',
    `${file} is no archive of one image with its name. Make it with: docker save, or ctr images export`,
  );
}

async function readMembers(handle: FileHandle, names: readonly string[]): Promise<readonly string[]> {
  const header = Buffer.alloc(BLOCK);
  const texts: string[] = [];
  let position = 0;
  for (;;) {
    const { bytesRead } = await handle.read(header, 0, BLOCK, position);
    // Two empty blocks end an archive; a file that is none has no magic word (POSIX.1-1988).
    if (bytesRead < BLOCK || header.toString('latin1', 257, 262) !== 'ustar') return texts;
    const name = header.toString('utf8', 0, 100).replace(/\0.*$/s, '').replace(/^\.\//, '');
    const size = Number.parseInt(header.toString('latin1', 124, 136).replace(/[\0 ].*$/s, ''), 8);
    if (!Number.isSafeInteger(size) || size < 0) return texts;
    if (names.includes(name) && size <= MOST_BYTES) {
      const content = Buffer.alloc(size);
      await handle.read(content, 0, size, position + BLOCK);
      texts.push(content.toString('utf8'));
    }
    position += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
}

function referencesIn(text: string): readonly string[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [];
  }
  // docker save
  if (Array.isArray(value)) return value.flatMap((entry: unknown) => textsOf(isJsonObject(entry) && entry['RepoTags']));
  // OCI image layout
  const manifests: unknown = isJsonObject(value) ? value['manifests'] : [];
  if (!Array.isArray(manifests)) return [];
  return manifests.flatMap((entry: unknown) => {
    const annotations = isJsonObject(entry) ? entry['annotations'] : null;
    const name = isJsonObject(annotations) ? annotations['io.containerd.image.name'] : null;
    return typeof name === 'string' ? [name] : [];
  });
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}
