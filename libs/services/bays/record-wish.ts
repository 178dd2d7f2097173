import type { Bay, BayId, EventKind } from '@baykeeper/domain';
import { OUTBOX_TOPIC, bayTopic, type Signals } from '@baykeeper/queue';
import type { Stores } from '@baykeeper/storage';
import { recordAudit } from '../audit/record-audit.js';
import type { Caller } from '../caller.js';

export interface RecordedWish {
  /** An access rule's name. */
  readonly action: string;
  readonly kind: EventKind;
  readonly message: string;
}

/** The event that the bay's project reads, and who did it: in the transaction that writes the wish. */
export async function recordWish(
  stores: Stores,
  caller: Caller,
  bay: Pick<Bay, 'id' | 'name' | 'projectId'>,
  { action, kind, message }: RecordedWish,
): Promise<void> {
  await stores.events.append({ bayId: bay.id, projectId: bay.projectId, nodeId: null, kind, level: 'info', message });
  await recordAudit(stores, caller, {
    action,
    target: { kind: 'cluster', id: bay.id, name: bay.name, projectId: bay.projectId },
    detail: message,
  });
}

/** Signals only hasten what sweeps would find anyway: no request waits for Redis, or fails without it. */
export function wakeReconciler(signals: Pick<Signals, 'publish'>, bayId: BayId): void {
  for (const topic of [OUTBOX_TOPIC, bayTopic(bayId)]) signals.publish(topic).catch(() => undefined);
}
