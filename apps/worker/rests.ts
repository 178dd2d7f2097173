/**
 * While the nodes of a large bay come up there is always a reason for the next pass, and each reads all of them. So a bay
 * rests after a pass for a multiple of the time that the pass took: what its passes cost stays a fraction of a processor
 * however large it is, more news are dealt with at once, and a small bay does not notice.
 */
import type { BayId } from '@baykeeper/domain';

/** Passes take at most a third of the time. */
const REST_PER_PASS = 2;
/** A pass that waited for a driver must not put its bay off for long. */
const LONGEST_REST_MS = 2_000;
/** Not worth a detour through Redis. */
const SHORTEST_REST_MS = 20;

export interface Rests {
  /** Milliseconds that the bay has still to rest. */
  leftFor(bayId: BayId): number;
  /** Does a pass; then the bay rests. */
  after<T>(bayId: BayId, pass: () => Promise<T>): Promise<T>;
}

export function openRests(now: () => number = () => performance.now()): Rests {
  const until = new Map<BayId, number>();
  return {
    leftFor(bayId) {
      const left = (until.get(bayId) ?? 0) - now();
      if (left <= 0) until.delete(bayId);
      return Math.max(0, Math.ceil(left));
    },
    async after(bayId, pass) {
      const start = now();
      try {
        return await pass();
      } finally {
        const end = now();
        const rest = Math.min((end - start) * REST_PER_PASS, LONGEST_REST_MS);
        for (const [id, at] of until) if (at <= end) until.delete(id);
        if (rest >= SHORTEST_REST_MS) until.set(bayId, end + rest);
      }
    },
  };
}
