import { realpath } from 'node:fs/promises';
import { withProcessLock } from '../../locking/process-lock.js';
import { prepareDirectories } from './balancer-files.js';
import type { HaproxyPaths } from './haproxy.config.js';
import { unavailable } from './haproxy.errors.js';

/** One process at a time changes anything below a data directory. */
export async function withHaproxyLock(paths: HaproxyPaths, work: () => Promise<void>): Promise<void> {
  try {
    await prepareDirectories(paths);
    // However it is written, it is the same directory.
    await withProcessLock(`haproxy ${await realpath(paths.directory)}`, work);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw unavailable('The files of the load balancer cannot be written. It is tried again.', error);
  }
}
