/**
 * What the driver remembers, a file per load balancer. HAProxy's configuration is rendered from all of them, so that a
 * reload or a restart has the same members as the running process.
 */
import { lstat, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isUuid, type Listener, type Member } from '@baykeeper/domain';
import type { HaproxyPaths } from './haproxy.config.js';
import { unavailable } from './haproxy.errors.js';

export interface BalancerRecord {
  readonly id: string;
  readonly installation: string;
  readonly bayId: string;
  readonly address: string;
  readonly listeners: readonly Listener[];
  readonly members: Readonly<Record<string, readonly Member[]>>;
}

/** Files open at once while all are read: far below any limit on open files. */
const READ_AT_ONCE = 64;

export async function prepareDirectories(paths: HaproxyPaths): Promise<void> {
  for (const directory of [paths.directory, paths.balancers, paths.addresses, paths.sockets])
    await mkdir(directory, { recursive: true, mode: 0o700 });
  // The short directory for sockets lies where everybody may write: it must be ours and closed to all others.
  const facts = await lstat(paths.sockets);
  if (!facts.isDirectory() || facts.uid !== process.getuid?.() || (facts.mode & 0o022) !== 0)
    throw unavailable(
      'The directory for the sockets of the load balancer belongs to somebody else. Tell the operator.',
      new Error(paths.sockets),
    );
}

export async function readBalancer(paths: HaproxyPaths, id: string): Promise<BalancerRecord | null> {
  if (!isUuid(id)) return null;
  try {
    return JSON.parse(await readFile(join(paths.balancers, `${id}.json`), 'utf8')) as BalancerRecord;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

export async function readBalancers(paths: HaproxyPaths): Promise<readonly BalancerRecord[]> {
  const names = await readdir(paths.balancers).catch(() => []);
  const ids = names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));
  ids.sort();
  const records: BalancerRecord[] = [];
  for (let from = 0; from < ids.length; from += READ_AT_ONCE) {
    const read = await Promise.all(ids.slice(from, from + READ_AT_ONCE).map((id) => readBalancer(paths, id)));
    records.push(...read.filter((record) => record !== null));
  }
  return records;
}

export async function writeBalancer(paths: HaproxyPaths, record: BalancerRecord): Promise<void> {
  await writeWhole(join(paths.balancers, `${record.id}.json`), JSON.stringify(record));
}

/** The record and its part of the configuration. An id that is none has neither, whatever path it would lead to. */
export async function deleteBalancer(paths: HaproxyPaths, id: string): Promise<void> {
  if (!isUuid(id)) return;
  await rm(join(paths.balancers, `${id}.json`), { force: true });
  await rm(join(paths.balancers, `${id}.cfg`), { force: true });
}

/** The file appears whole or not at all, also when the machine loses power: nobody else remembers what is in it. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.new`;
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
}
