/**
 * The master key: from `BAYKEEPER_MASTER_KEY`, else from a file that is made at the first start. Whoever has it and the
 * database has every bay's authority, and without it they are lost: it belongs in a backup, apart from the database's.
 */
import { randomBytes } from 'node:crypto';
import { link, open, readFile, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BaykeeperError } from '@baykeeper/domain';
import { MASTER_KEY_BYTES } from './key-vault.js';

/**
 * @param configured base64 of 32 octets; undefined: the file is used
 * @param file absolute path; its folder exists. Made when it is missing; any number of processes may try at once and all
 *   get the same key.
 * @throws BaykeeperError `invalid-input` with what the operator has to correct
 */
export async function loadMasterKey(configured: string | undefined, file: string): Promise<Buffer> {
  if (configured !== undefined) {
    return decodeKey(
      configured,
      'BAYKEEPER_MASTER_KEY must be base64 of 32 random octets ("openssl rand -base64 32").',
    );
  }
  return (await readKeyFile(file)) ?? (await makeKeyFile(file));
}

async function readKeyFile(file: string): Promise<Buffer | null> {
  let mode: number;
  let text: string;
  try {
    ({ mode } = await stat(file));
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw invalid(`The master key ${file} can't be read. Let the server's user read it.`, error);
  }
  if ((mode & 0o077) !== 0) {
    throw invalid(`The master key ${file} can be read by other users. Run: chmod 600 ${file}`);
  }
  return decodeKey(
    text,
    `The master key ${file} is damaged: it must hold base64 of 32 octets. Restore it from a backup.`,
  );
}

/** Written completely under a name of its own, then linked: the key file appears whole, and only once. */
async function makeKeyFile(file: string): Promise<Buffer> {
  const draft = `${file}.${randomBytes(8).toString('hex')}`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    try {
      await handle.writeFile(`${randomBytes(MASTER_KEY_BYTES).toString('base64')}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    try {
      await link(draft, file);
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
  } finally {
    await unlink(draft);
  }
  await syncFolder(dirname(file));
  const key = await readKeyFile(file);
  if (key === null) throw invalid(`The master key ${file} disappeared while it was made. Start again.`);
  return key;
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function decodeKey(text: string, complaint: string): Buffer {
  const trimmed = text.trim();
  const key = Buffer.from(trimmed, 'base64');
  if (key.length !== MASTER_KEY_BYTES || !/^[A-Za-z0-9+/]{43}=?$/.test(trimmed)) throw invalid(complaint);
  return key;
}

const isMissing = (error: unknown): boolean => hasCode(error, 'ENOENT');

function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}

function invalid(publicMessage: string, cause?: unknown): BaykeeperError {
  return new BaykeeperError({ code: 'invalid-input', publicMessage, cause });
}
