/**
 * The one HAProxy of an installation, in master-worker mode and in a session of its own: it outlives the server, so that
 * bays stay reachable while Baykeeper is restarted or upgraded.
 *
 * Commands go through the master's socket. On the stats socket the worker before a reload and the one after it listen
 * both for a moment, and a member added to the old one would be lost.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HaproxyConfig, HaproxyPaths } from './haproxy.config.js';
import { findHaproxyProcesses, isHaproxy } from './find-processes.js';
import { refused, unavailable } from './haproxy.errors.js';
import { runProgram } from './run-program.js';
import { parseProcesses, type Processes } from './runtime-answers.js';
import { askSocket, joinCommands } from './runtime-socket.js';

/** A worker that cannot bind tries for a second before it gives up. */
const READY_MS = 10_000;
const ASK_AGAIN_MS = 10;
/** A stopping master only has to end its workers. */
const STOP_MS = 5_000;

export interface HaproxyProcess {
  /** Whether a master answers and has a worker. */
  isRunning(): Promise<boolean>;
  /** Starts it with the configuration on disk. Whatever is left of one before is ended first. */
  start(): Promise<void>;
  /**
   * Takes over the configuration on disk; established connections stay.
   * @throws BaykeeperError `provider-refused` when HAProxy does not take it; the old worker then goes on.
   */
  reload(): Promise<void>;
  /** @param worker pid of a worker before a reload; the current one unless given. @returns all answers as one text. */
  ask(commands: readonly string[], worker?: number): Promise<string>;
  /** Pids of workers that reloads have replaced and that still carry connections. */
  oldWorkers(): Promise<readonly number[]>;
  /** Ends it and every worker. Not running is success. */
  stop(): Promise<void>;
}

export function openHaproxyProcess(config: Pick<HaproxyConfig, 'haproxyBinary'>, paths: HaproxyPaths): HaproxyProcess {
  const binary = config.haproxyBinary ?? 'haproxy';
  // A directory stands for all `.cfg` files in it.
  const files = ['-f', paths.configuration, '-f', paths.balancers];

  async function observe(): Promise<Processes | null> {
    const answer = await askSocket(paths.masterSocket, 'show proc').catch(() => '');
    return parseProcesses(answer);
  }

  async function until(accepts: (processes: Processes) => boolean): Promise<Processes> {
    const end = Date.now() + READY_MS;
    for (;;) {
      // The master does not answer while it replaces itself.
      const processes = await observe();
      if (processes && accepts(processes)) return processes;
      if (Date.now() > end)
        throw unavailable(
          'HAProxy is not ready. It is tried again.',
          new Error(`no worker: ${JSON.stringify(processes)}`),
        );
      await sleep(ASK_AGAIN_MS);
    }
  }

  async function checkConfiguration(): Promise<void> {
    const result = await runProgram(binary, ['-c', '-q', ...files]);
    if (result.isMissing)
      throw unavailable('HAProxy is not installed on this machine. Run script/install.', new Error(binary));
    if (result.exitCode !== 0)
      throw refused(
        'The load balancer refused the new configuration; the old one stays in use. Tell the operator.',
        `${result.stderr}${result.stdout}`.slice(0, 2_000),
      );
  }

  async function ask(commands: readonly string[], worker?: number): Promise<string> {
    const answers: string[] = [];
    for (const line of joinCommands(worker === undefined ? '@1' : `@!${String(worker)}`, commands))
      answers.push(await askSocket(paths.masterSocket, line));
    return answers.join('\n');
  }

  async function stop(): Promise<void> {
    const master = await readMaster(paths);
    // First of all: from here on nobody takes it for one that has to be started again.
    await rm(paths.pidFile, { force: true });
    if (master !== null) signal(master, 'SIGTERM');
    const end = Date.now() + STOP_MS;
    for (;;) {
      const left = await findHaproxyProcesses(paths.configuration);
      if (left.length === 0) break;
      // Also workers whose master was killed: they would go on with members of the past.
      if (master === null || Date.now() > end) for (const pid of left) signal(pid, 'SIGKILL');
      if (Date.now() > end + STOP_MS)
        throw unavailable('HAProxy does not end. It is tried again.', new Error(left.join(' ')));
      await sleep(ASK_AGAIN_MS);
    }
    const sockets = [paths.statsSocket, paths.masterSocket, paths.idleSocket];
    await Promise.all([...sockets, paths.serverState].map((path) => rm(path, { force: true })));
  }

  return {
    async isRunning() {
      const master = await readMaster(paths);
      return master !== null && ((await observe())?.worker ?? null) !== null;
    },
    async start() {
      await stop();
      await checkConfiguration();
      // -D leaves our session and process group by itself; -W keeps a master that reloads on SIGUSR2.
      const master = `${paths.masterSocket},mode,600`;
      const { exitCode, stderr } = await runProgram(binary, ['-W', '-D', '-S', master, ...files, '-p', paths.pidFile]);
      if (exitCode !== 0) throw unavailable('HAProxy did not start. It is tried again.', new Error(stderr));
      await until((processes) => processes.worker !== null);
    },
    async reload() {
      await checkConfiguration();
      const master = await readMaster(paths);
      const before = await observe();
      if (master === null || !before)
        throw unavailable('HAProxy has just ended. It is tried again.', new Error('no master'));
      // So that a member that is down stays down, instead of getting connections until a check fails again.
      await writeFile(paths.serverState, `${await ask(['show servers state'])}\n`, { mode: 0o600 });
      signal(master, 'SIGUSR2');
      const after = await until(
        (processes) =>
          processes.reloads > before.reloads &&
          (processes.failedReloads > 0 || (processes.worker !== null && processes.worker !== before.worker)),
      );
      if (after.failedReloads > 0)
        throw refused(
          'The load balancer could not listen where it was asked to; what it had stays in use. Tell the operator.',
          `${String(after.failedReloads)} failed reloads`,
        );
    },
    ask,
    oldWorkers: async () => (await observe())?.oldWorkers ?? [],
    stop,
  };
}

/** Whether HAProxy is meant to run: it was started and nobody has stopped it. */
export async function isMeantToRun(paths: HaproxyPaths): Promise<boolean> {
  return (await readPid(paths)) !== null;
}

async function readMaster(paths: HaproxyPaths): Promise<number | null> {
  const pid = await readPid(paths);
  return pid !== null && (await isHaproxy(pid, paths.configuration, paths.balancers)) ? pid : null;
}

async function readPid(paths: HaproxyPaths): Promise<number | null> {
  const text = await readFile(paths.pidFile, 'utf8').catch(() => '');
  const pid = Number(text.split('\n')[0]);
  return Number.isInteger(pid) && pid > 1 ? pid : null;
}

function signal(pid: number, name: 'SIGTERM' | 'SIGKILL' | 'SIGUSR2'): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // Gone already.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
