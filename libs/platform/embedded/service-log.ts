/** What an embedded service prints goes to a file of its own beside its data. */
import { constants, open, readFile, rename, stat, type FileHandle } from 'node:fs/promises';
import type { Account } from './account.js';

/** Enough for months of an ordinary service's lines; at most two files of it are kept. */
const LARGEST_BYTES = 10 * 1024 * 1024;

/** Opens for appending, mode 0600; a large one is moved to `.1` first. The caller closes it. */
export async function openServiceLog(file: string, account: Account | null): Promise<FileHandle> {
  const facts = await stat(file).catch(() => null);
  if (facts !== null && facts.size > LARGEST_BYTES) await rename(file, `${file}.1`);
  return openOwned(file, constants.O_APPEND, account);
}

/** The last lines, in one. */
export async function tailOfServiceLog(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-5).join(' | ');
}

/**
 * Opens (or makes) a file in a directory that belongs to the account, as root: a symbolic link there is not followed, so
 * that whoever has the account can't have root write elsewhere.
 */
export async function openOwned(file: string, flags: number, account: Account | null): Promise<FileHandle> {
  const handle = await open(file, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW | flags, 0o600);
  if (account !== null) await handle.chown(account.uid, account.gid);
  return handle;
}

/** Writes a whole file, mode 0600, owned by the account. */
export async function writeOwned(file: string, text: string, account: Account | null): Promise<void> {
  const handle = await openOwned(file, constants.O_TRUNC, account);
  try {
    await handle.writeFile(text);
  } finally {
    await handle.close();
  }
}
