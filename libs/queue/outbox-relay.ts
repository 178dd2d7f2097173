/**
 * Moves outbox rows to the queue. A row is written in the transaction that changed a wish, and removed only after the
 * job was queued: so a wish can be relayed twice, which is harmless, but never be forgotten.
 */
import type { Database } from '@baykeeper/storage';
import type { BayQueue } from './bay-queue.js';

/** Rows of one round; the next round follows at once when it was full. */
const BATCH = 200;

/** @returns how many rows were moved. */
export async function relayOutbox(database: Database, queue: BayQueue): Promise<number> {
  let moved = 0;
  for (;;) {
    const count = await database.transaction(async (stores) => {
      const rows = await stores.outbox.take(BATCH);
      for (const bayId of new Set(rows.map((row) => row.bayId))) await queue.enqueueReconcile(bayId);
      await stores.outbox.remove(rows.map((row) => row.id));
      return rows.length;
    });
    moved += count;
    if (count < BATCH) return moved;
  }
}
