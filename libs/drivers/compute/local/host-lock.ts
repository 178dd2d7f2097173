/**
 * Locks between processes of one host that a program of the host takes too, or that are held for minutes; what is done in
 * a moment takes its lock without a child, see `local-locks.ts`.
 *
 * A child (`flock`) holds the lock for as long as our end of its pipe is open, so a lock cannot outlive a process that was
 * killed, and cannot be taken from one that is merely slow: lock files with a time or a process id fail at one of the two.
 * Lock files are never deleted while the installation lives: deleting one that another process waits for would split the
 * lock in two.
 */
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BaykeeperError } from '@baykeeper/domain';
import { CLEAN_ENVIRONMENT, missingProgram } from './run-program.js';

/** Within one process work queues here, so that a hundred waiting machines are not a hundred waiting children. */
const queues = new Map<string, Promise<unknown>>();

/** Runs `work` while holding the lock, alone among all processes of this host. Not reentrant. */
export function withHostLock<Result>(file: string, work: () => Promise<Result>): Promise<Result> {
  const previous = queues.get(file) ?? Promise.resolve();
  const mine = previous.then(
    () => holdLock(file, work),
    () => holdLock(file, work),
  );
  queues.set(file, mine);
  const forget = (): void => {
    if (queues.get(file) === mine) queues.delete(file);
  };
  mine.then(forget, forget);
  return mine;
}

async function holdLock<Result>(file: string, work: () => Promise<Result>): Promise<Result> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const release = await takeLock(file);
  try {
    return await work();
  } finally {
    await release();
  }
}

function takeLock(file: string): Promise<() => Promise<void>> {
  return new Promise((resolve, reject) => {
    // Detached: Ctrl+C in a terminal signals the whole foreground group, and must not free a lock whose work goes on.
    const holder = spawn('flock', ['--exclusive', file, 'sh', '-c', 'echo held; exec cat >/dev/null'], {
      env: CLEAN_ENVIRONMENT,
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const ended = new Promise<void>((done) => {
      holder.once('close', () => {
        done();
      });
    });
    holder.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'ENOENT' ? missingProgram('flock') : error);
    });
    holder.once('exit', (code) => {
      reject(
        new BaykeeperError({
          code: 'provider-unavailable',
          publicMessage: 'The local driver could not take a lock in its data directory. Check that it is writable.',
          detail: `flock ${file} exited with ${code ?? 'a signal'}`,
        }),
      );
    });
    holder.stdin.on('error', () => undefined);
    holder.stdout.once('data', () => {
      resolve(() => {
        holder.stdin.end();
        return ended;
      });
    });
  });
}
