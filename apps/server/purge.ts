/** Removes everything that a stopped server made on this machine: what its drivers made, then its data directory. */
import { spawn } from 'node:child_process';
import { access, lstat, readdir, readFile, realpath, rm } from 'node:fs/promises';
import path from 'node:path';
import { BaykeeperError } from '@baykeeper/domain';

/** Only a server of ours writes it; a mistyped `BAYKEEPER_DATA` must not cost anybody their files. */
const MARK = 'admin-openrc';
/** What a server, its drivers and the scripts keep in a data directory. Nothing else is removed. */
const OURS = new Set([
  MARK,
  'addresses',
  'artifacts',
  'demo-credentials',
  'haproxy',
  'images',
  'local-network.json',
  'locks',
  'log',
  'machines',
  'master.key',
  'postgresql',
  'redis',
  'removed',
  'server.pid',
  'simulated-compute',
  'simulated-load-balancers',
]);

function isOurs(name: string): boolean {
  return OURS.has(name.replace(/\.new$/, '')) || /^probe-[A-Za-z0-9]+$/.test(name);
}

/** @param driversPurge path of the program that removes machines, networks and balancers; not there: there are none. */
export async function purgeData(dataDirectory: string, driversPurge: string): Promise<void> {
  const exists = await access(dataDirectory).then(
    () => true,
    () => false,
  );
  if (!exists) {
    console.log(`There is no data directory ${dataDirectory}.`);
    return;
  }
  const own = await realpath(dataDirectory);
  await checkOurs(own);
  const hasPurge = await access(driversPurge).then(
    () => true,
    () => false,
  );
  if (hasPurge) await runProgram(process.execPath, [driversPurge, '--data', dataDirectory]);
  await unmountBelow(own);
  const left = await removeContents(own);
  if (left.length === 0) console.log(`Removed ${dataDirectory} and everything in it.`);
  else console.log(`Removed what Baykeeper made in ${dataDirectory}. Kept what it did not make: ${left.join(', ')}.`);
}

async function checkOurs(directory: string): Promise<void> {
  const names = await readdir(directory);
  if (names.includes(MARK) || names.every(isOurs)) return;
  throw new BaykeeperError({
    code: 'invalid-input',
    publicMessage: `${directory} does not look like a data directory of Baykeeper, so nothing was removed. Check BAYKEEPER_DATA.`,
  });
}

/** A mount may show files that are not ours to remove, so none may be left when removing begins. */
async function unmountBelow(directory: string): Promise<void> {
  // The latest first: mounts may lie on mounts.
  for (const mount of (await mountsBelow(directory)).reverse()) await runProgram('umount', ['-l', mount]);
  const left = await mountsBelow(directory);
  if (left.length === 0) return;
  throw new BaykeeperError({
    code: 'conflict',
    publicMessage: `${left.join(', ')} can't be unmounted, so nothing was removed. Unmount it and try again.`,
  });
}

async function mountsBelow(directory: string): Promise<string[]> {
  const text = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  // proc(5): the fifth field is the mount point, with space, tab, newline and backslash as octal escapes.
  return text
    .split('\n')
    .map((line) =>
      (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, octal: string) =>
        String.fromCharCode(parseInt(octal, 8)),
      ),
    )
    .filter((mount) => mount.startsWith(`${directory}/`));
}

/**
 * The directory itself goes too, unless it is a mount point that an operator made or holds what is not ours.
 * @returns the names of what was left
 */
async function removeContents(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory);
  for (const name of names.filter(isOurs)) await rm(path.join(directory, name), { recursive: true, force: true });
  const left = names.filter((name) => !isOurs(name));
  if (left.length > 0) return left;
  const [facts, parent] = await Promise.all([lstat(directory), lstat(path.dirname(directory))]);
  if (facts.dev === parent.dev) await rm(directory, { recursive: true, force: true });
  return [];
}

async function runProgram(file: string, parameters: readonly string[]): Promise<void> {
  const code = await new Promise<number | null>((resolve, reject) => {
    const child = spawn(file, parameters, { stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', reject);
    child.once('exit', resolve);
  });
  if (code === 0) return;
  throw new BaykeeperError({
    code: 'internal',
    publicMessage: `${path.basename(parameters[0] ?? file)} failed, so the data directory was kept. Its lines above say why; then try again.`,
  });
}
