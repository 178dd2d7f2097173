/** Starting, stopping and seeing LXC containers. A container is a daemon of its own: it outlives the server. */
import { mkdir, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BaykeeperError } from '@baykeeper/domain';
import type { LocalPaths } from './local.config.js';
import { withHostLock } from './host-lock.js';
import { machinePaths } from './machine-record.js';
import { requireProgram, runProgram } from './run-program.js';
import { absentAsUndefined } from './write-atomically.js';

/** Booting is not waited for: this is the time for mounts, network and the first process. */
const START_TIMEOUT_MS = 60_000;
/** A node's processes are killed at once; taking down its mounts and network takes a moment on a busy host. */
const STOP_TIMEOUT_MS = 20_000;
const STOP_AGAIN_MS = 50;

/**
 * One start at a time per machine, also one whose server was killed: `flock` goes on holding the lock until `lxc-start`
 * is done, so a removal waits for a start that nobody remembers instead of missing its container.
 */
function startLock(paths: LocalPaths, id: string): string {
  return join(paths.locks, `start-${id.slice(0, 2)}.lock`);
}

/** One that runs already is success. @throws BaykeeperError `provider-unavailable` when the container does not start */
export async function startContainer(paths: LocalPaths, id: string): Promise<void> {
  const machine = machinePaths(paths, id);
  await mkdir(paths.locks, { recursive: true, mode: 0o700 });
  const result = await runProgram(
    'flock',
    [
      ...['--exclusive', '--close', startLock(paths, id)],
      ...['lxc-start', '--name', id, '--lxcpath', paths.machines, '--daemon'],
      ...['--logfile', machine.lxcLog, '--logpriority', 'WARN'],
    ],
    { timeoutMs: START_TIMEOUT_MS },
  );
  if (result.exitCode === 0 || (await isContainerRunning(paths, id))) return;
  const log = (await absentAsUndefined(readFile(machine.lxcLog, 'utf8'))) ?? '';
  throw new BaykeeperError({
    code: 'provider-unavailable',
    publicMessage: 'The system container of the machine did not start.',
    detail: `lxc-start exited with ${result.exitCode}: ${result.stderr.trim()} ${log.slice(-2000)}`,
  });
}

/** Ends the container and everything in it at once. One that does not run is success. */
export function ensureContainerStopped(paths: LocalPaths, id: string): Promise<void> {
  return withHostLock(startLock(paths, id), async () => {
    const end = Date.now() + STOP_TIMEOUT_MS;
    while ((await observeContainers(paths)).has(id)) {
      // Refused while the container is going down already, for example by a server that was killed since: asked again.
      const result = await runProgram('lxc-stop', ['--name', id, '--lxcpath', paths.machines, '--kill']);
      if (!(await observeContainers(paths)).has(id)) return;
      if (Date.now() > end) {
        throw new BaykeeperError({
          code: 'provider-unavailable',
          publicMessage: 'The system container of the machine could not be stopped yet. It will be tried again.',
          detail: `lxc-stop exited with ${result.exitCode}: ${result.stderr.trim()}`,
        });
      }
      await sleep(STOP_AGAIN_MS);
    }
  });
}

export async function isContainerRunning(paths: LocalPaths, id: string): Promise<boolean> {
  const result = await runProgram('lxc-info', ['--name', id, '--lxcpath', paths.machines, '--state', '--no-humanize']);
  return result.exitCode === 0 && result.stdout.trim() === 'RUNNING';
}

/**
 * The ids of all containers of this installation that have a process, read from the titles of LXC's monitors: one pass
 * without a child process, and it also finds containers whose directory is gone.
 */
export async function observeContainers(paths: Pick<LocalPaths, 'machines'>): Promise<ReadonlySet<string>> {
  const title = `[lxc monitor] ${paths.machines} `;
  const running = new Set<string>();
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    // A process that ends while we look is not an error; reading its files then fails in more than one way.
    const line = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
    if (line.startsWith(title))
      running.add(
        line
          .slice(title.length)
          .replace(/\0[\s\S]*$/, '')
          .trim(),
      );
  }
  return running;
}

/** Deletes a tree, but never crosses into something that is mounted in it. */
export async function removeTree(directory: string): Promise<void> {
  await requireProgram('rm', ['-rf', '--one-file-system', '--', directory], { timeoutMs: 600_000 });
}
