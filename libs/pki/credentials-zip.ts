/** The zip that a tenant downloads: one folder, in which files with secrets are for their owner's eyes alone. */
import { zipSync, type Zippable } from 'fflate';

export interface BundleFile {
  readonly name: string;
  readonly content: string;
  /** Holds a private key or a token: unpacked with mode 0600, others with 0644. */
  readonly secret: boolean;
}

/** "Version made by": Unix, so that unpackers honour the modes (APPNOTE 4.4.2). */
const UNIX = 3;
const REGULAR_FILE = 0o100_000;
const FOLDER = 0o040_000;
/** MS-DOS's mark of a folder, beside the Unix mode (APPNOTE 4.4.15). */
const DOS_FOLDER = 0x10;

const SAFE_NAME = /^(?!\.{1,2}$)[A-Za-z0-9._-]+$/;

/**
 * @param folder the folder that everything unpacks to: one path segment
 * @throws RangeError for names that are no plain file names
 */
export function credentialsZip(folder: string, files: readonly BundleFile[]): Uint8Array {
  for (const name of [folder, ...files.map((file) => file.name)]) {
    if (!SAFE_NAME.test(name)) throw new RangeError(`not a plain file name: ${JSON.stringify(name)}`);
  }
  const entries: Zippable = {
    [`${folder}/`]: [new Uint8Array(), { os: UNIX, attrs: unixMode(FOLDER | 0o700) + DOS_FOLDER }],
  };
  for (const file of files) {
    const mode = unixMode(REGULAR_FILE | (file.secret ? 0o600 : 0o644));
    entries[`${folder}/${file.name}`] = [new TextEncoder().encode(file.content), { os: UNIX, attrs: mode }];
  }
  return zipSync(entries);
}

/** The high half of the external attributes, unsigned. */
function unixMode(mode: number): number {
  return mode * 0x1_0000;
}
