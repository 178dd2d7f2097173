/**
 * The account that an embedded service runs as. PostgreSQL refuses root, and a database has no business with root's
 * rights; so as root each service gets an unprivileged account and a directory of its own, which nobody else may enter.
 */
import { chown, lstat, mkdir, readFile, stat, chmod } from 'node:fs/promises';
import path from 'node:path';
import { BaykeeperError } from '@baykeeper/domain';
import { isErrorCode } from './process-tools.js';

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** Debian's number for `nobody` and `nogroup`; the account of last resort. */
const NOBODY: Account = { uid: 65_534, gid: 65_534 };

/**
 * Null when this process is not root: then everything runs as the user that it is. As root: the owner of `directory` if
 * it exists (data that was made by one account stays with it), else the first of `preferred` that exists, else nobody.
 */
export async function chooseAccount(directory: string, preferred: readonly string[]): Promise<Account | null> {
  if (process.getuid?.() !== 0) return null;
  const owner = await stat(directory).catch(() => null);
  if (owner !== null && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  const accounts = await readAccounts();
  return preferred.map((name) => accounts.get(name)).find((account) => account !== undefined) ?? NOBODY;
}

async function readAccounts(): Promise<ReadonlyMap<string, Account>> {
  const text = await readFile('/etc/passwd', 'utf8').catch(() => '');
  return new Map(
    text.split('\n').flatMap((line) => {
      const [name, , uid, gid] = line.split(':');
      return name === undefined || uid === undefined || gid === undefined || uid === '0'
        ? []
        : [[name, { uid: Number(uid), gid: Number(gid) }] as const];
    }),
  );
}

/**
 * Makes the directory of all state: others may pass through it (the services' accounts must reach their own directories),
 * but not list it; every file in it that holds a secret is 0600 by itself.
 * @throws BaykeeperError `invalid-input` when it can't be made or is no directory.
 */
export async function ensureDataDirectory(directory: string): Promise<void> {
  const asRoot = process.getuid?.() === 0;
  try {
    const firstMade = await mkdir(directory, { recursive: true, mode: 0o755 });
    // A strict umask would lock the services out of parents that were made just now.
    if (asRoot && firstMade !== undefined) {
      for (let made = path.dirname(directory); made.startsWith(firstMade); made = path.dirname(made)) {
        await chmod(made, 0o755);
      }
    }
    if (firstMade !== undefined) await chmod(directory, asRoot ? 0o711 : 0o700);
    else if (asRoot) await chmod(directory, ((await stat(directory)).mode & 0o7777) | 0o011);
  } catch (error) {
    throw new BaykeeperError({
      code: 'invalid-input',
      publicMessage: `The data directory ${directory} can't be made or used. Set BAYKEEPER_DATA to a directory that this user may write to.`,
      cause: error,
    });
  }
}

/** Makes a directory that belongs to the account, closed to everybody else. Idempotent. */
export async function ensurePrivateDirectory(directory: string, account: Account | null): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const facts = await lstat(directory);
  if (!facts.isDirectory()) throw new Error(`${directory} is no directory`);
  await chmod(directory, 0o700);
  if (account !== null && facts.uid !== account.uid) await chown(directory, account.uid, account.gid);
}

/**
 * @throws BaykeeperError `invalid-input` when a directory above `directory` shuts the account out. Opening it is for its
 * owner to decide, so it is not done here.
 */
export async function checkAccountReaches(directory: string, account: Account | null): Promise<void> {
  const closed = await findClosedParent(directory, account);
  if (closed === null) return;
  throw new BaykeeperError({
    code: 'invalid-input',
    publicMessage: `The embedded databases run without root's rights and can't pass through ${closed}. Set BAYKEEPER_DATA to a place outside of it (the default is /var/lib/baykeeper), or run: chmod o+x ${closed}`,
  });
}

/** The highest directory above `directory` that the account may not pass; null when it may pass all of them. */
export async function findClosedParent(directory: string, account: Account | null): Promise<string | null> {
  if (account === null) return null;
  const parents: string[] = [];
  for (let parent = path.dirname(directory); ; parent = path.dirname(parent)) {
    parents.unshift(parent);
    if (parent === path.dirname(parent)) break;
  }
  for (const parent of parents) {
    const facts = await stat(parent).catch((error: unknown) => {
      if (isErrorCode(error, 'ENOENT')) return null;
      throw error;
    });
    if (facts === null) continue;
    const bit = facts.uid === account.uid ? 0o100 : facts.gid === account.gid ? 0o010 : 0o001;
    if ((facts.mode & bit) === 0) return parent;
  }
  return null;
}
