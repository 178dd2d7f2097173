/**
 * Locks between processes of one host, held by the kernel.
 *
 * A child (`flock`) holds the lock for as long as our end of its pipe is open, so a lock cannot outlive a process that was
 * killed, and cannot be taken from one that is merely slow: lock files with a time or a process id fail at one of the two.
 * Lock files are never deleted while the installation lives (deleting one that another process waits for would split the
 * lock in two); machines therefore share a fixed number of them.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BaykeeperError } from '@baykeeper/domain';
import { CLEAN_ENVIRONMENT, missingProgram } from './run-program.js';

/** Large enough that machines made at the same time rarely wait for one another, small enough to list. */
const MACHINE_LOCKS = 256;

export function machineLockFile(locksDirectory: string, machineId: string): string {
  const slot = createHash('sha256').update(machineId).digest().readUInt16BE(0) % MACHINE_LOCKS;
  return join(locksDirectory, `machine-${slot.toString().padStart(3, '0')}.lock`);
}

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
