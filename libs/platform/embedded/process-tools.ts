/** Small facts about processes of this machine, and ways to end one that is certainly ours. */
import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const POLL_MILLISECONDS = 20;

export function isErrorCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Asks again and again until the answer is true; false when the time is over. */
export async function waitUntil(question: () => boolean | Promise<boolean>, milliseconds: number): Promise<boolean> {
  const end = performance.now() + milliseconds;
  for (;;) {
    if (await question()) return true;
    if (performance.now() >= end) return false;
    await pause(POLL_MILLISECONDS);
  }
}

/** A process that has ended but was not yet reaped by its parent does not count as alive. */
export async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return isErrorCode(error, 'EPERM');
  }
  if (process.platform !== 'linux') return true;
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return !/^\d+ \(.*\) [ZX]/s.test(status) && status !== '';
}

export interface OwnProcesses {
  /** The program's processes that work in the directory. */
  readonly all: readonly number[];
  /** The one that the pid file names, if it is among them. */
  readonly main: number | null;
}

/**
 * The processes of an embedded service, started by whatever life of the server. On Linux: those that run the program with
 * the directory as their working directory. A pid file alone proves nothing, since numbers of processes are used again,
 * and it knows nothing of children that outlived their parent.
 */
export async function findOwnProcesses(facts: {
  readonly program: string;
  readonly directory: string;
  readonly pidFile: string;
}): Promise<OwnProcesses> {
  const named = Number.parseInt(await readFile(facts.pidFile, 'utf8').catch(() => ''), 10);
  if (process.platform !== 'linux') {
    const own = named > 1 && (await isAlive(named)) && (await commandNames(named, facts.program));
    return own ? { all: [named], main: named } : { all: [], main: null };
  }
  const directory = await stat(facts.directory).catch(() => null);
  const all: number[] = [];
  for (const entry of directory === null ? [] : await readdir('/proc')) {
    const pid = Number(entry);
    if (!(pid > 1)) continue;
    const command = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
    if (command.trim() !== facts.program || !(await isAlive(pid))) continue;
    // By device and inode: a path means something else in the mount namespace of a container.
    const cwd = await stat(`/proc/${pid}/cwd`).catch(() => null);
    if (cwd !== null && cwd.dev === directory?.dev && cwd.ino === directory.ino) all.push(pid);
  }
  return { all, main: all.includes(named) ? named : null };
}

async function commandNames(pid: number, program: string): Promise<boolean> {
  const { stdout } = await run('ps', ['-ww', '-o', 'args=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  return stdout.includes(program);
}

/** Sends each signal in turn and gives the process its time; resolves when it is gone. @throws when it stays. */
export async function endProcess(
  pid: number,
  steps: readonly (readonly [signal: NodeJS.Signals, milliseconds: number])[],
): Promise<void> {
  for (const [signal, milliseconds] of steps) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (isErrorCode(error, 'ESRCH')) return;
      throw error;
    }
    if (await waitUntil(async () => !(await isAlive(pid)), milliseconds)) return;
  }
  throw new Error(`process ${pid} does not end`);
}
