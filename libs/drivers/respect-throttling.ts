/**
 * Who was told to come back later comes back later, with all its questions: a provider that answered "too many requests"
 * is asked nothing more by this process until its time has passed, whatever the next question is about.
 */
import { BaykeeperError } from '@baykeeper/domain';
import type { AroundCall } from './watch-calls.js';

/** When a provider does not say how long. */
const USUAL_REST_SECONDS = 5;
/** A provider that says more is asked again after this: bays have deadlines, and a wrong answer must not stop all. */
const LONGEST_REST_SECONDS = 300;

/** Give it to `watchCalls`. Calls that are not made fail as `too-many-requests`, with the time that is left. */
export function respectThrottling(now: () => number = () => performance.now()): AroundCall {
  const restUntil = new Map<string, number>();
  return async ({ kind, driver }, work) => {
    const provider = `${kind} ${driver}`;
    const leftMs = (restUntil.get(provider) ?? 0) - now();
    if (leftMs > 0) {
      throw new BaykeeperError({
        code: 'too-many-requests',
        publicMessage: 'The provider was asked too often and wants a pause. It is tried again after that.',
        retryAfterSeconds: leftMs / 1_000,
      });
    }
    try {
      return await work();
    } catch (error) {
      if (error instanceof BaykeeperError && error.code === 'too-many-requests') {
        const rest = Math.min(error.retryAfterSeconds ?? USUAL_REST_SECONDS, LONGEST_REST_SECONDS);
        restUntil.set(provider, Math.max(restUntil.get(provider) ?? 0, now() + rest * 1_000));
      }
      throw error;
    }
  };
}
