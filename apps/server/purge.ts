/** Removes everything that a stopped server made on this machine: what its drivers made, then its data directory. */
import { spawn } from 'node:child_process';
import { access, lstat, readdir, readFile, realpath, rm } from 'node:fs/promises';
import path from 'node:path';
import { BaykeeperError } from '@baykeeper/domain';

/** What only a data directory of ours holds; a mistyped `BAYKEEPER_DATA` must not cost anybody their files. */
const MARKS = ['admin-openrc', 'postgresql', 'redis', 'images'];

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
  await removeContents(own);
  console.log(`Removed ${dataDirectory} and everything in it.`);
}

async function checkOurs(directory: string): Promise<void> {
  const names = await readdir(directory);
  if (names.length === 0 || names.some((name) => MARKS.includes(name))) return;
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

/** The directory itself goes too, unless it is a mount point that an operator made. */
async function removeContents(directory: string): Promise<void> {
  for (const name of await readdir(directory)) await rm(path.join(directory, name), { recursive: true, force: true });
  const [facts, parent] = await Promise.all([lstat(directory), lstat(path.dirname(directory))]);
  if (facts.dev === parent.dev) await rm(directory, { recursive: true, force: true });
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
