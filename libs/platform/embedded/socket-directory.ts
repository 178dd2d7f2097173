/**
 * Where an embedded service puts its Unix socket. The kernel takes at most 107 bytes for a socket's path (unix(7): `sun_path`
 * is 108 with its final NUL; 104 on macOS), so below a long data directory the socket moves to a short directory of its own,
 * which is written down beside the data.
 */
import { lstat, mkdtemp, readFile, rm, access, constants, chown } from 'node:fs/promises';
import path from 'node:path';
import { ensurePrivateDirectory, type Account } from './account.js';
import { writeOwned } from './service-log.js';

const LONGEST_PATH_BYTES = process.platform === 'linux' ? 107 : 103;
const RECORD = 'socket-directory';
const NAME = 'baykeeper-';

/** @param home directory of the service @param socketName name of the socket's file within the directory */
export async function ensureSocketDirectory(
  home: string,
  socketName: string,
  account: Account | null,
): Promise<string> {
  const own = path.join(home, 'run');
  if (Buffer.byteLength(path.join(own, socketName)) <= LONGEST_PATH_BYTES) {
    await ensurePrivateDirectory(own, account);
    return own;
  }
  const recorded = await recordedSocketDirectory(home, account);
  if (recorded !== null) return recorded;
  // A random name that did not exist before: nobody can have prepared it for us in a directory open to all.
  const made = await mkdtemp(path.join(await shortParent(), NAME));
  if (account !== null) await chown(made, account.uid, account.gid);
  await writeOwned(path.join(home, RECORD), `${made}\n`, account);
  return made;
}

/** Removes the short directory, if there is one. */
export async function removeSocketDirectory(home: string, account: Account | null): Promise<void> {
  const recorded = await recordedSocketDirectory(home, account);
  if (recorded !== null) await rm(recorded, { recursive: true, force: true });
  await rm(path.join(home, RECORD), { force: true });
}

/** The directory on record, if it is still there and still only ours. */
async function recordedSocketDirectory(home: string, account: Account | null): Promise<string | null> {
  const recorded = (await readFile(path.join(home, RECORD), 'utf8').catch(() => '')).trim();
  if (!path.basename(recorded).startsWith(NAME)) return null;
  const facts = await lstat(recorded).catch(() => null);
  const owner = account?.uid ?? process.getuid?.();
  return facts?.isDirectory() === true && facts.uid === owner && (facts.mode & 0o077) === 0 ? recorded : null;
}

async function shortParent(): Promise<string> {
  const writable = await access('/run', constants.W_OK).then(
    () => true,
    () => false,
  );
  return writable ? '/run' : '/tmp';
}
