/**
 * While the nodes of a large bay come up there is always a reason for the next pass, and each looks at all of them. So a bay
 * owes a multiple of the time that its passes take, and rests while it owes more than a moment's worth: what its passes cost
 * stays a fraction of a processor however large it is, and more news are dealt with at once. The few passes of a small change
 * follow each other at once, on a large bay too: what a bay owed for a wish is forgiven when that has come true.
 */
import type { BayId } from '@baykeeper/domain';

/** In the long run passes take at most a third of the time. */
const REST_PER_PASS = 2;
/** What a bay may owe before it rests: some passes over ten thousand nodes. */
const CREDIT_MS = 600;
/** A pass that waited for a driver must not put its bay off for long. */
const LONGEST_REST_MS = 2_000;
/** Not worth a detour through Redis. */
const SHORTEST_REST_MS = 20;

export interface Rests {
  /** Milliseconds that the bay has still to rest. */
  leftFor(bayId: BayId): number;
  /** Does a pass; the bay owes for it then, unless its wish came true with it. */
  after(bayId: BayId, pass: () => Promise<{ readonly cameTrue: boolean }>): Promise<void>;
}

export function openRests(now: () => number = () => performance.now()): Rests {
  /** When each bay will owe nothing any more. */
  const paidAt = new Map<BayId, number>();
  return {
    leftFor(bayId) {
      const left = Math.ceil((paidAt.get(bayId) ?? 0) - now() - CREDIT_MS);
      return left >= SHORTEST_REST_MS ? left : 0;
    },
    async after(bayId, pass) {
      const start = now();
      const owed = Math.max(0, (paidAt.get(bayId) ?? 0) - start);
      let cameTrue = false;
      try {
        ({ cameTrue } = await pass());
      } finally {
        const end = now();
        for (const [id, at] of paidAt) if (at <= end) paidAt.delete(id);
        if (cameTrue) paidAt.delete(bayId);
        else paidAt.set(bayId, end + Math.min(owed + (end - start) * REST_PER_PASS, CREDIT_MS + LONGEST_REST_MS));
      }
    },
  };
}
