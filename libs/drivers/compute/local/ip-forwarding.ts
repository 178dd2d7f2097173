/**
 * The host's IPv4 forwarding switch, shared by all installations on one host: whoever comes first notes how it was, the
 * last one to leave puts it back. The notes live in /run, because the switch itself does not survive a reboot either.
 */
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withHostLock } from './host-lock.js';
import { absentAsUndefined } from './write-atomically.js';

const SWITCH = '/proc/sys/net/ipv4/ip_forward';
const NOTES = '/run/baykeeper-local';
const USERS = join(NOTES, 'users');
const BEFORE = join(NOTES, 'ip-forward-before');
const LOCK = join(NOTES, 'lock');

export async function ensureForwarding(bridge: string): Promise<void> {
  const noted = await absentAsUndefined(readFile(join(USERS, bridge)));
  if (noted !== undefined && (await isForwarding())) return;
  await withHostLock(LOCK, async () => {
    await mkdir(USERS, { recursive: true, mode: 0o700 });
    const forwarding = await isForwarding();
    if ((await absentAsUndefined(readFile(BEFORE))) === undefined) await writeFile(BEFORE, forwarding ? '1' : '0');
    await writeFile(join(USERS, bridge), '');
    if (!forwarding) await writeFile(SWITCH, '1');
  });
}

export async function removeForwarding(bridge: string): Promise<void> {
  // Somebody else's notes can't be read, and hold nothing of ours.
  const notes = await readdir(NOTES).catch((error: unknown) => {
    if (['ENOENT', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  });
  if (notes === undefined) return;
  await withHostLock(LOCK, async () => {
    await rm(join(USERS, bridge), { force: true });
    const users = (await absentAsUndefined(readdir(USERS))) ?? [];
    if (users.length > 0) return;
    if ((await absentAsUndefined(readFile(BEFORE, 'utf8'))) === '0') await writeFile(SWITCH, '0');
    await rm(NOTES, { recursive: true, force: true });
  });
}

async function isForwarding(): Promise<boolean> {
  return (await readFile(SWITCH, 'utf8')).trim() === '1';
}
