import type { Stores } from '@baykeeper/storage';
import type { Caller } from '../caller.js';

export interface AuditedAction {
  /** An access rule's name. */
  readonly action: string;
  readonly target: { readonly kind: string; readonly id: string; readonly name?: string };
  /** A sentence without secrets. */
  readonly detail?: string;
}

/** Writes who did it beside the change itself: pass the stores of the transaction that makes the change. */
export async function recordAudit(
  { audit }: Pick<Stores, 'audit'>,
  caller: Caller,
  { action, target, detail }: AuditedAction,
): Promise<void> {
  const { projectId, userId, userName, requestId, address } = caller;
  await audit.append({
    ...{ projectId, userId, userName, requestId, address, action },
    ...{ outcome: 'success', targetKind: target.kind, targetId: target.id, targetName: target.name ?? null },
    detail: detail ?? null,
  });
}
