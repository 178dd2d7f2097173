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
  /** HTTP status of the answer; null for a change, which is written before it is answered. */
  readonly status: number | null;
  /** How many equal ones this entry stands for; what it tells besides is of the last one. */
  readonly count: number;
  readonly at: Date;
}

/** Of a change, beside which it is written. */
export type NewAuditEntry = Omit<AuditEntry, 'sequence' | 'at' | 'status' | 'count'>;

/** Of what is written later, in a batch. */
export type CollectedAuditEntry = Omit<AuditEntry, 'sequence'>;

/** All that are given must hold. */
export interface AuditFilters {
  /** Id or name. */
  readonly user?: string | undefined;
  readonly action?: string | undefined;
  /** Id or name. */
  readonly target?: string | undefined;
  readonly outcome?: AuditEntry['outcome'] | undefined;
  readonly address?: string | undefined;
  /** Inclusive. */
  readonly since?: Date | undefined;
  /** Exclusive. */
  readonly until?: Date | undefined;
}

export interface AuditStore {
  append(entry: NewAuditEntry): Promise<void>;
  /** In their order. */
  appendMany(entries: readonly (NewAuditEntry | CollectedAuditEntry)[]): Promise<void>;
  /**
   * The latest first.
   * @param projectId null: of all projects, and those that belong to none
   * @param question.before only entries with a smaller sequence; null: from the latest on
   */
  list(
    projectId: ProjectId | null,
    question: AuditFilters & { readonly limit: number; readonly before: number | null },
  ): Promise<readonly AuditEntry[]>;
  /** Removes at most `limit` entries that are older. @returns how many went */
  removeOlderThan(days: number, limit: number): Promise<number>;
}
