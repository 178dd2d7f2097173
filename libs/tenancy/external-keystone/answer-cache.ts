/**
 * Remembers for a bounded time what the Keystone said about a token, so that a burst of requests asks it once. Refusals
 * are remembered apart: whoever sends invented tokens pushes out no good one.
 */
import type { Principal } from '../principal.js';
import { KeystoneFailure } from './keystone-failure.js';

const MOST_KEPT = 10_000;
/** Questions under way; more than that only wait for each other. */
const MOST_FLIGHTS = 1_000;

export interface AnswerCache {
  /**
   * @param load asks the Keystone; null is a refusal
   * @throws KeystoneFailure `unreachable` while too many questions are under way; whatever `load` throws
   */
  get(key: string, load: () => Promise<Principal | null>): Promise<Principal | null>;
  /** What was said of it counts no longer. */
  forget(key: string): void;
}

interface Kept {
  readonly until: number;
  readonly principal: Principal | null;
}

export function openAnswerCache(keptMs: number, now: () => number): AnswerCache {
  const accepted = new Map<string, Kept>();
  const refused = new Map<string, Kept>();
  const flights = new Map<string, Promise<Principal | null>>();

  async function ask(key: string, load: () => Promise<Principal | null>): Promise<Principal | null> {
    // The time of the question counts: what is revoked while the answer is on its way is noticed in time, too.
    const asked = now();
    const answer = await load();
    const expiresAt = answer?.expiresAt.getTime() ?? Infinity;
    const principal = expiresAt > now() ? answer : null;
    const until = Math.min(asked + keptMs, expiresAt);
    if (until > now()) keep(principal === null ? refused : accepted, key, { until, principal });
    return principal;
  }

  return {
    async get(key, load) {
      const known = accepted.get(key) ?? refused.get(key);
      if (known && now() < known.until) return known.principal;
      accepted.delete(key);
      refused.delete(key);
      const underWay = flights.get(key);
      if (underWay) return underWay;
      if (flights.size >= MOST_FLIGHTS)
        throw new KeystoneFailure('unreachable', 'too many tokens wait for the Keystone');
      const flight = ask(key, load).finally(() => flights.delete(key));
      flights.set(key, flight);
      return flight;
    },
    forget(key) {
      accepted.delete(key);
    },
  };
}

function keep(map: Map<string, Kept>, key: string, kept: Kept): void {
  map.delete(key);
  map.set(key, kept);
  for (const oldest of map.keys()) {
    if (map.size <= MOST_KEPT) break;
    map.delete(oldest);
  }
}
