/**
 * Remembers for a moment whom a token stands for, so that a burst of requests asks the database once. The moment is the
 * longest time for which another process still takes a token that was revoked here.
 */
import type { Principal } from './principal.js';

const KEPT_MS = 5_000;
const MOST_KEPT = 10_000;

export interface TokenCache {
  /** @param load asks the database; null is not remembered */
  get(tokenHash: string, load: () => Promise<Principal | null>): Promise<Principal | null>;
  forget(tokenHash: string): void;
  /** When more than one token may have changed. */
  forgetAll(): void;
}

export function openTokenCache(now: () => Date): TokenCache {
  const kept = new Map<string, { readonly until: number; readonly principal: Principal }>();
  // An answer that was on its way while something was forgotten is not remembered: it may be what was to be forgotten.
  let changes = 0;

  return {
    async get(tokenHash, load) {
      const time = now().getTime();
      const known = kept.get(tokenHash);
      if (known && time < known.until) return known.principal;
      kept.delete(tokenHash);
      const before = changes;
      const principal = await load();
      if (!principal || changes !== before) return principal;
      kept.set(tokenHash, { until: Math.min(time + KEPT_MS, principal.expiresAt.getTime()), principal });
      for (const oldest of kept.keys()) {
        if (kept.size <= MOST_KEPT) break;
        kept.delete(oldest);
      }
      return principal;
    },
    forget(tokenHash) {
      changes += 1;
      kept.delete(tokenHash);
    },
    forgetAll() {
      changes += 1;
      kept.clear();
    },
  };
}
