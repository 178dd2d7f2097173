/**
 * One server per data directory. On Linux the lock is an abstract Unix socket (unix(7)) named after the directory: the
 * kernel gives it to one process of the network namespace and takes it back at whatever end of that process, so it is
 * never stale. `server.pid` beside the data is for people; elsewhere than on Linux it is the lock.
 */
import { createHash } from 'node:crypto';
import { readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import path from 'node:path';
import { BaykeeperError } from '@baykeeper/domain';

const ASK_MILLISECONDS = 2_000;

export interface DataDirectoryLock {
  release(): Promise<void>;
}

function pidFileOf(dataDirectory: string): string {
  return path.join(dataDirectory, 'server.pid');
}

/** How often the server replaced its processes since it started. */
export interface Rolls {
  readonly done: number;
  readonly failed: number;
}

/** The process of the server that runs with the directory now; null when none does. */
export async function findServer(dataDirectory: string): Promise<number | null> {
  if (process.platform === 'linux') return (await askLockSocket(dataDirectory))?.pid ?? null;
  const pid = await readPidFile(dataDirectory);
  return pid !== null && isRunning(pid) ? pid : null;
}

/** Null when no server runs with the directory, or it can't be asked (elsewhere than on Linux). */
export async function readRolls(dataDirectory: string): Promise<Rolls | null> {
  return process.platform === 'linux' ? ((await askLockSocket(dataDirectory))?.rolls ?? null) : null;
}

/**
 * @param rolls told to whoever asks
 * @throws BaykeeperError `conflict` when a server runs with the directory.
 */
export async function lockDataDirectory(dataDirectory: string, rolls: () => Rolls): Promise<DataDirectoryLock> {
  const socket = await holdLockSocket(dataDirectory, rolls);
  const file = pidFileOf(dataDirectory);
  await writeFile(`${file}.new`, `${process.pid}\n`, { mode: 0o644 });
  await rename(`${file}.new`, file);
  return {
    async release() {
      if ((await readPidFile(dataDirectory)) === process.pid) await rm(file, { force: true });
      await new Promise<void>((resolve) => {
        if (socket === null) resolve();
        else
          socket.close(() => {
            resolve();
          });
      });
    },
  };
}

async function holdLockSocket(dataDirectory: string, rolls: () => Rolls): Promise<Server | null> {
  if (process.platform !== 'linux') {
    const pid = await findServer(dataDirectory);
    if (pid !== null && pid !== process.pid) throw alreadyRuns(dataDirectory, pid);
    return null;
  }
  // Whoever asks is told the number: unlike the one in the file it can't be that of an earlier server.
  const server = createServer((connection) => {
    const { done, failed } = rolls();
    connection.end(`${process.pid} ${done} ${failed}\n`);
  });
  server.unref();
  const name = await lockSocketName(dataDirectory);
  const failure = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
    server.once('error', resolve);
    server.listen({ path: name }, () => {
      resolve(null);
    });
  });
  if (failure === null) return server;
  if (failure.code === 'EADDRINUSE')
    throw alreadyRuns(dataDirectory, (await askLockSocket(dataDirectory))?.pid ?? null);
  throw failure;
}

async function askLockSocket(dataDirectory: string): Promise<{ readonly pid: number; readonly rolls: Rolls } | null> {
  const name = await lockSocketName(dataDirectory);
  const answer = await new Promise<string>((resolve) => {
    let text = '';
    const connection = connect({ path: name, timeout: ASK_MILLISECONDS });
    connection.on('data', (chunk) => (text += chunk.toString()));
    connection.on('timeout', () => connection.destroy());
    // Refused: nobody holds it.
    connection.on('error', () => undefined);
    connection.on('close', () => {
      resolve(text);
    });
  });
  const [pid = 0, done = 0, failed = 0] = answer.trim().split(' ').map(Number);
  return pid > 1 ? { pid, rolls: { done, failed } } : null;
}

async function lockSocketName(dataDirectory: string): Promise<string> {
  const own = await realpath(dataDirectory).catch(() => path.resolve(dataDirectory));
  return `\0baykeeper-${createHash('sha256').update(own).digest('hex')}`;
}

function alreadyRuns(dataDirectory: string, pid: number | null): BaykeeperError {
  return new BaykeeperError({
    code: 'conflict',
    publicMessage: `A server${pid === null ? '' : ` (process ${pid})`} already runs with the data directory ${dataDirectory}. Stop it with script/stop, or set BAYKEEPER_DATA and the ports to run a second one.`,
  });
}

async function readPidFile(dataDirectory: string): Promise<number | null> {
  const pid = Number.parseInt(await readFile(pidFileOf(dataDirectory), 'utf8').catch(() => ''), 10);
  return pid > 1 ? pid : null;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: unknown }).code === 'EPERM';
  }
}
