import type { ProjectId } from '@baykeeper/domain';
import type { AuditEntry, Stores } from '@baykeeper/storage';
import type { Caller } from '../caller.js';

export interface AuditedAction {
  /** An access rule's name. */
  readonly action: string;
  readonly target: {
    readonly kind: string;
    readonly id: string;
    readonly name?: string;
    /** Whose it is, when it may be another project's than the caller's: that project's admin reads of it. */
    readonly projectId?: ProjectId;
  };
  /** A sentence without secrets. */
  readonly detail?: string;
}

/** Writes who did it beside the change itself: pass the stores of the transaction that makes the change. */
export function recordAudit(stores: Pick<Stores, 'audit'>, caller: Caller, action: AuditedAction): Promise<void> {
  return append(stores, caller, action, 'success');
}

/** Writes what somebody was kept from, where nothing is changed. */
export function recordRefusal(stores: Pick<Stores, 'audit'>, caller: Caller, action: AuditedAction): Promise<void> {
  return append(stores, caller, action, 'refused');
}

async function append(
  { audit }: Pick<Stores, 'audit'>,
  caller: Caller,
  { action, target, detail }: AuditedAction,
  outcome: AuditEntry['outcome'],
): Promise<void> {
  const { userId, userName, requestId, address } = caller;
  const projectId = target.projectId ?? caller.projectId;
  await audit.append({
    ...{ projectId, userId, userName, requestId, address, action },
    ...{ outcome, targetKind: target.kind, targetId: target.id, targetName: target.name ?? null },
    detail: detail ?? null,
  });
}
