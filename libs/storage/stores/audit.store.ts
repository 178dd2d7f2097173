import type { ProjectId } from '@baykeeper/domain';
import type { EntityManager } from 'typeorm';
import type { AuditEntry, AuditFilters, AuditStore, CollectedAuditEntry, NewAuditEntry } from '../contracts/audit.js';
import { AuditEntryEntity } from '../entities/audit-entry.entity.js';
import { isStorableName } from './list-by-name.js';
import { selectPrepared } from './prepared.js';
import { changeRows } from './sql.js';

export class PostgresAuditStore implements AuditStore {
  constructor(private readonly manager: EntityManager) {}

  async append(entry: NewAuditEntry): Promise<void> {
    const { projectId, userId, userName, action, outcome, targetKind, targetId, targetName } = entry;
    const { detail, requestId, address } = entry;
    await selectPrepared(
      this.manager,
      'append-audit',
      `INSERT INTO audit_entries (project_id, user_id, user_name, action, outcome, target_kind, target_id, target_name,
         detail, request_id, address) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
      [
        ...[projectId, userId, userName, action, outcome, targetKind, targetId, targetName],
        ...[detail, requestId, address],
      ],
    );
  }

  async appendMany(entries: readonly CollectedAuditEntry[]): Promise<void> {
    if (entries.length > 0) await this.manager.insert(AuditEntryEntity, [...entries]);
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
