import type { ProjectId, UserId } from '@baykeeper/domain';

/** Who did what to what, from where, in which request. */
export interface AuditEntry {
  readonly sequence: number;
  /** Null for what belongs to no project, such as a login without one. */
  readonly projectId: ProjectId | null;
  readonly userId: UserId | null;
  readonly userName: string | null;
  /** An access rule, such as `cluster:create`. */
  readonly action: string;
  readonly outcome: 'success' | 'refused';
  readonly targetKind: string | null;
  readonly targetId: string | null;
  readonly targetName: string | null;
  /** What changed, or why it was refused: a sentence without secrets. */
  readonly detail: string | null;
  readonly requestId: string | null;
  /** The address from which the request came. */
  readonly address: string | null;
  readonly at: Date;
}

export interface AuditStore {
  append(entry: Omit<AuditEntry, 'sequence' | 'at'>): Promise<void>;
}
