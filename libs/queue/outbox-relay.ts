/**
 * Moves outbox rows to the queue. A row is written in the transaction that changed a wish, and removed only after the
 * job was queued: so a wish can be relayed twice, which is harmless, but never be forgotten.
 */
import type { BayId } from '@baykeeper/domain';
import { parseTraceparent, type SpanContext } from '@baykeeper/platform/tracing/trace-context.js';
import { inSpan, type SpanFacts } from '@baykeeper/platform/tracing/tracing.js';
import type { Database } from '@baykeeper/storage';
import { BAYS_QUEUE, type BayQueue } from './bay-queue.js';

/** Rows of one round; the next round follows at once when it was full. */
const BATCH = 200;

/** @returns how many rows were moved. */
export async function relayOutbox(database: Database, queue: BayQueue): Promise<number> {
  let moved = 0;
  for (;;) {
    const count = await database.transaction(async (stores) => {
      const rows = await stores.outbox.take(BATCH);
      // The latest reason of each bay.
      const byBay = new Map(rows.map((row) => [row.bayId, row]));
      await Promise.all(
        [...byBay.values()].map(({ bayId, projectId, traceparent }) => {
          const bay = { id: bayId, projectId };
          const parent = parseTraceparent(traceparent);
          if (parent === null) return queue.enqueueReconcile(bay);
          return inSpan(
            () => spanOf(bayId, parent),
            () => queue.enqueueReconcile(bay),
          );
        }),
      );
      await stores.outbox.remove(rows.map((row) => row.id));
      return rows.length;
    });
    moved += count;
    if (count < BATCH) return moved;
  }
}

function spanOf(bayId: BayId, parent: SpanContext): SpanFacts {
  const attributes = { 'baykeeper.bay_id': bayId, 'messaging.destination.name': BAYS_QUEUE };
  return { name: 'relay outbox', kind: 'producer', parent, attributes };
}
