import { unzipSync } from 'fflate';
import { CommandFailure } from '../failure.js';

export interface BundleFile {
  readonly name: string;
  readonly content: Uint8Array;
}

/** A bundle is eight files of a few KiB; what unpacks to more than this, in bytes, is not one. */
const MOST_BYTES = 4 * 1024 * 1024;
const MOST_FILES = 64;

/**
 * Plain names alone: letters, digits, dots, dashes, underscores, not starting with a dot. So nothing in a zip can reach
 * another folder, hide itself, or name a device of Windows by a colon.
 */
const PLAIN_NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/** The files of a credentials zip, without the folder they are in. Throws when it holds anything but plain files. */
export function unpackBundle(zip: Uint8Array): readonly BundleFile[] {
  let total = 0;
  let entries: Record<string, Uint8Array>;
  try {
    entries = unzipSync(zip, {
      filter: (entry) => {
        total += entry.originalSize;
        if (total > MOST_BYTES) throw new Error('it unpacks to more than a bundle can hold');
        return !entry.name.endsWith('/');
      },
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandFailure('unexpected', {
      message: `The credentials can't be unpacked: ${why}. Try again.`,
      cause: error,
    });
  }
  const files = Object.entries(entries).map(([path, content]) => ({ name: plainNameOf(path), content }));
  if (files.length === 0 || files.length > MOST_FILES || new Set(files.map((file) => file.name)).size < files.length) {
    throw new CommandFailure('unexpected', 'The credentials are not a bundle of files. Ask the operator.');
  }
  return files;
}

function plainNameOf(path: string): string {
  const [folderOrName = '', name, ...deeper] = path.split('/');
  const plain = name ?? folderOrName;
  const folderFits = name === undefined || (folderOrName !== '' && folderOrName !== '.' && folderOrName !== '..');
  if (deeper.length > 0 || !folderFits || !PLAIN_NAME.test(plain)) {
    throw new CommandFailure(
      'unexpected',
      `The credentials hold a file "${path}" that belongs nowhere. Nothing was written.`,
    );
  }
  return plain;
}
