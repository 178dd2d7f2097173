/** Locks of one installation's local driver, among all processes that use its data directory. */
import { withProcessLock } from '../../locking/process-lock.js';
import type { LocalPaths } from './local.config.js';

/** One bridge per data directory, so its name stands for that. */
type Installation = Pick<LocalPaths, 'bridge'>;

/** Orders what is done to one machine. */
export function withMachineLock<Result>(
  { bridge }: Installation,
  machineId: string,
  work: () => Promise<Result>,
): Promise<Result> {
  return withProcessLock(`local ${bridge} machine ${machineId}`, work);
}

export function withAddressesLock<Result>({ bridge }: Installation, work: () => Promise<Result>): Promise<Result> {
  return withProcessLock(`local ${bridge} addresses`, work);
}

export function withNetworkLock<Result>({ bridge }: Installation, work: () => Promise<Result>): Promise<Result> {
  return withProcessLock(`local ${bridge} network`, work);
}
