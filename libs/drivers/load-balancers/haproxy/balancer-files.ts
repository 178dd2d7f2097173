/**
 * What the driver remembers, a file per load balancer. HAProxy's configuration is rendered from all of them, so that a
 * reload or a restart has the same members as the running process.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isUuid, type Listener, type Member } from '@baykeeper/domain';
import type { HaproxyPaths } from './haproxy.config.js';

export interface BalancerRecord {
  readonly id: string;
  readonly installation: string;
  readonly bayId: string;
  readonly address: string;
  readonly listeners: readonly Listener[];
  readonly members: Readonly<Record<string, readonly Member[]>>;
}

export async function prepareDirectories(paths: HaproxyPaths): Promise<void> {
  await mkdir(paths.balancers, { recursive: true, mode: 0o700 });
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
  const read = await Promise.all(ids.sort().map((id) => readBalancer(paths, id)));
  return read.filter((record) => record !== null);
}

/** The file appears whole or not at all. */
export async function writeBalancer(paths: HaproxyPaths, record: BalancerRecord): Promise<void> {
  const path = join(paths.balancers, `${record.id}.json`);
  await writeFile(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
  await rename(`${path}.new`, path);
}

export async function deleteBalancer(paths: HaproxyPaths, id: string): Promise<void> {
  await rm(join(paths.balancers, `${id}.json`), { force: true });
}
