/** The child's side of the supervision: ready, a graceful end, and never living on without the server. */
import { BaykeeperError, detailOf, type ErrorCode, type Log } from '@baykeeper/domain';
import { processEnvironment } from '../config/environment.js';
import { isOurMessage, type ChildMessage } from './messages.js';

/** Requests and jobs under way get this long when the server stops. The supervisor waits somewhat longer, then kills. */
const CLOSE_MILLISECONDS = 20_000;
/** Without a supervisor there may be no database any more, so waiting for long is of no use. */
const ORPHAN_CLOSE_MILLISECONDS = 3_000;

/** Whether this process was started by the server's supervisor (else: on its own, by an operator's service manager). */
export function isSupervised(): boolean {
  return process.send !== undefined;
}

/** Tells the supervisor that this process does its work now. Without a supervisor it does nothing. */
export function reportReady(): void {
  sendToSupervisor({ baykeeper: 'ready' });
}

export function sendToSupervisor(message: ChildMessage): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

/** What a process ends with that would be refused again: somebody has to change a setting first (`EX_CONFIG` of BSD). */
export const REFUSED_EXIT_CODE = 78;
const REFUSALS: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['invalid-input', 'conflict']);

/** Ends a process that could not start, with the reason in one line. */
export function exitWithReason(error: unknown): never {
  process.stderr.write(`${detailOf(error)}\n`);
  // One with a cause comes from outside, a database for one, and may be gone the next time.
  const isRefusal = error instanceof BaykeeperError && REFUSALS.has(error.code) && error.cause === undefined;
  process.exit(isRefusal ? REFUSED_EXIT_CODE : 1);
}

/**
 * How a process is to end. `replaced`: another one has taken its ports. `terminated`: it is on its own, and others may run
 * elsewhere. `stopped`: the whole server ends.
 */
export type Ending = 'replaced' | 'terminated' | 'stopped';

/**
 * Ends this process gracefully on SIGTERM (and, when nobody supervises it, on SIGINT), and when the supervisor is gone.
 * A supervised process ignores SIGINT: Ctrl-C reaches every process of the terminal at once, and it is the supervisor
 * that knows the order. Call it once, early.
 * @param close stops taking work, waits for what is under way, closes connections; a failure ends the process with 1.
 * @param extraMilliseconds what `close` may take beyond the usual
 */
export function exitWithSupervisor(close: (ending: Ending) => Promise<void>, log: Log, extraMilliseconds = 0): void {
  let closing = false;
  const closeAndExit = (reason: string, ending: Ending, milliseconds: number) => {
    if (closing) return;
    closing = true;
    log.info({ reason }, 'stopping');
    const timer = setTimeout(() => {
      log.warn({ reason }, 'stopping took too long, ending with work under way');
      process.exit(1);
    }, milliseconds);
    close(ending).then(
      () => {
        clearTimeout(timer);
        process.exit(0);
      },
      (error: unknown) => {
        log.error({ err: error }, 'stopping failed');
        process.exit(1);
      },
    );
  };
  const supervised = isSupervised();
  process.on('SIGTERM', () => {
    closeAndExit('SIGTERM', supervised ? 'stopped' : 'terminated', CLOSE_MILLISECONDS + extraMilliseconds);
  });
  process.on('SIGINT', () => {
    if (!supervised) closeAndExit('SIGINT', 'stopped', CLOSE_MILLISECONDS + extraMilliseconds);
  });
  if (!supervised) return;
  process.on('message', (message: unknown) => {
    if (isOurMessage(message) && message.baykeeper === 'retire')
      closeAndExit('another process took its place', 'replaced', CLOSE_MILLISECONDS);
  });
  process.on('disconnect', () => {
    closeAndExit('the supervisor is gone', 'stopped', ORPHAN_CLOSE_MILLISECONDS);
  });
  if (!process.connected) closeAndExit('the supervisor is gone', 'stopped', ORPHAN_CLOSE_MILLISECONDS);
}

/** In the environment of a child: its number among the children of its kind, from 0, the same after each start. */
export const SLOT_VARIABLE = 'PROCESS_SLOT';

/** 0 for a process that no supervisor started. */
export function processSlot(): number {
  return Number(processEnvironment()[SLOT_VARIABLE] ?? 0);
}
