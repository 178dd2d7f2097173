import type { ProjectId } from '@baykeeper/domain';
import type { EntityManager } from 'typeorm';
import type { AuditEntry, AuditFilters, AuditStore, CollectedAuditEntry, NewAuditEntry } from '../contracts/audit.js';
import { AuditEntryEntity } from '../entities/audit-entry.entity.js';
import { appendAudit } from './append-audit.js';
import { isStorableName } from './list-by-name.js';
import { selectPrepared } from './prepared.js';
import { changeRows } from './sql.js';

export class PostgresAuditStore implements AuditStore {
  constructor(private readonly manager: EntityManager) {}

  append(entry: NewAuditEntry): Promise<void> {
    return this.appendMany([entry]);
  }

  async appendMany(entries: readonly (NewAuditEntry | CollectedAuditEntry)[]): Promise<void> {
    if (entries.length === 0) return;
    await selectPrepared(this.manager, 'append-audit', appendAudit('$1'), [JSON.stringify(entries)]);
  }

  async list(
    projectId: ProjectId | null,
    {
      limit,
      before,
      user,
      action,
      target,
      outcome,
      address,
      since,
      until,
    }: AuditFilters & { limit: number; before: number | null },
  ): Promise<readonly AuditEntry[]> {
    if ([user, action, target, address].some((word) => word !== undefined && !isStorableName(word))) return [];
    const query = this.manager.createQueryBuilder(AuditEntryEntity, 'entry');
    if (projectId !== null) query.andWhere('entry.projectId = :projectId', { projectId });
    if (before !== null) query.andWhere('entry.sequence < :before', { before });
    if (user !== undefined) query.andWhere('(entry.userId = :user OR entry.userName = :user)', { user });
    if (action !== undefined) query.andWhere('entry.action = :action', { action });
    if (target !== undefined) query.andWhere('(entry.targetId = :target OR entry.targetName = :target)', { target });
    if (outcome !== undefined) query.andWhere('entry.outcome = :outcome', { outcome });
    if (address !== undefined) query.andWhere('entry.address = :address', { address });
    if (since !== undefined) query.andWhere('entry.at >= :since', { since });
    if (until !== undefined) query.andWhere('entry.at < :until', { until });
    return query.orderBy('entry.sequence', 'DESC').limit(limit).getMany();
  }

  async removeOlderThan(days: number, limit: number): Promise<number> {
    const { count } = await changeRows(
      this.manager,
      // Entries are as old as their numbers say, so the first ones are enough to look at.
      `WITH first AS (SELECT sequence, at FROM audit_entries ORDER BY sequence LIMIT $2)
       DELETE FROM audit_entries WHERE sequence IN
         (SELECT sequence FROM first WHERE at < now() - make_interval(days => $1))`,
      [days, limit],
    );
    return count;
  }
}
