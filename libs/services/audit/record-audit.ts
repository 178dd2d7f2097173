import type { ProjectId } from '@baykeeper/domain';
import type { AuditEntry, NewAuditEntry, Stores } from '@baykeeper/storage';
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
  return stores.audit.append(auditEntry(caller, action));
}

/** Writes what somebody was kept from, where nothing is changed. */
export function recordRefusal(stores: Pick<Stores, 'audit'>, caller: Caller, action: AuditedAction): Promise<void> {
  return stores.audit.append(auditEntry(caller, action, 'refused'));
}

/** The entry for what somebody did, for those who write many at once. */
export function auditEntry(
  caller: Caller,
  { action, target, detail }: AuditedAction,
  outcome: AuditEntry['outcome'] = 'success',
): NewAuditEntry {
  const { userId, userName, requestId, address } = caller;
  const projectId = target.projectId ?? caller.projectId;
  return {
    ...{ projectId, userId, userName, requestId, address, action },
    ...{ outcome, targetKind: target.kind, targetId: target.id, targetName: target.name ?? null },
    detail: detail ?? null,
  };
}
