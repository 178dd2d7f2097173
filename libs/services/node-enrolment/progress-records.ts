/**
 * How far nodes came, written down. Thousands may come up at once: what several say at the same moment is one transaction,
 * and the bay is woken once for all of them.
 */
import type { BayEvent, Node } from '@baykeeper/domain';
import { OUTBOX_TOPIC, bayTopic, type Signals } from '@baykeeper/queue';
import { currentTraceparent } from '@baykeeper/platform/tracing/trace-context.js';
import { gather, type Database, type NewCertificate, type NodeFacts } from '@baykeeper/storage';

export interface Progress {
  readonly node: Node;
  /** Facts are a reason to look at the bay again. */
  readonly facts: Partial<NodeFacts> | null;
  readonly event: Pick<BayEvent, 'kind' | 'message' | 'level'> | null;
  readonly certificates: readonly NewCertificate[];
}

/** Two transactions, so that one is written while the other waits for the disk. */
const BATCHES = { atOnce: 2, most: 200, separately: true } as const;

/** @returns writes one; false: its certificates could not be recorded, because the bay is gone or the node is to go */
export function openProgressRecords({
  database,
  signals,
}: {
  readonly database: Database;
  readonly signals: Pick<Signals, 'publish'>;
}): (progress: Progress) => Promise<boolean> {
  const record = gather(async (all: readonly (Progress & { readonly traceparent: string | null })[]) => {
    const signed = all.flatMap(({ certificates }) => certificates);
    const woken = all.flatMap(({ node: { bayId }, facts, traceparent }) => (facts ? [{ bayId, traceparent }] : []));
    const written = await database.transaction(async (stores) => {
      // Events first: they take the bay's turn before any row of a node is locked, as the reconciler does.
      await stores.events.appendMany(
        all.flatMap(({ node: { bayId, projectId, id }, event }) =>
          event === null ? [] : [{ bayId, projectId, nodeId: id, ...event }],
        ),
      );
      const serials = signed.length > 0 ? await stores.certificates.insertMany(signed) : new Set<string>();
      await stores.nodes.recordFactsOfMany(all.flatMap(({ node, facts }) => (facts ? [{ id: node.id, facts }] : [])));
      if (woken.length > 0) await stores.outbox.appendMany(woken);
      return serials;
    });
    // Signals only hasten what sweeps would find anyway: no node waits for Redis, or fails without it.
    const topics = new Set(all.map(({ node }) => bayTopic(node.bayId)));
    if (woken.length > 0) topics.add(OUTBOX_TOPIC);
    for (const topic of topics) signals.publish(topic).catch(() => undefined);
    return all.map(({ certificates }) => certificates.every(({ serial }) => written.has(serial)));
  }, BATCHES);
  return (progress) => record({ ...progress, traceparent: currentTraceparent() });
}
