/** Brings the configuration on disk in line with the records: the head for all, and a part for each load balancer. */
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BalancerRecord } from './balancer-files.js';
import type { HaproxyPaths } from './haproxy.config.js';
import { renderBalancer, renderHead } from './render-configuration.js';

/** Debian's package makes this account. */
const ACCOUNT = 'haproxy';

/** Parts of load balancers that are on no record are removed. */
export async function writeConfiguration(paths: HaproxyPaths, records: readonly BalancerRecord[]): Promise<void> {
  await writeIfChanged(paths.configuration, renderHead(paths, await accountOf()));
  const wanted = new Set(records.map((record) => `${record.id}.cfg`));
  for (const name of await readdir(paths.balancers))
    if (name.endsWith('.cfg') && !wanted.has(name)) await rm(join(paths.balancers, name), { force: true });
  for (const record of records) await writeBalancerPart(paths, record);
}

export async function writeBalancerPart(paths: HaproxyPaths, record: BalancerRecord): Promise<void> {
  await writeIfChanged(join(paths.balancers, `${record.id}.cfg`), renderBalancer(record));
}

/** Not synced to the disk: it is rendered again from the records before every start and reload. */
async function writeIfChanged(path: string, text: string): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => null)) === text) return;
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** HAProxy started by root becomes its own user after it has bound its ports. */
async function accountOf(): Promise<string | null> {
  if (process.getuid?.() !== 0) return null;
  const accounts = await readFile('/etc/passwd', 'utf8').catch(() => '');
  return accounts.split('\n').some((line) => line.startsWith(`${ACCOUNT}:`)) ? ACCOUNT : null;
}
