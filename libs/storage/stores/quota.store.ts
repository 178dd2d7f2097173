import { BaykeeperError, type ProjectId } from '@baykeeper/domain';
import type { EntityManager } from 'typeorm';
import type { ProjectUsage, QuotaPage, QuotaRecord, QuotaResource, QuotaStore, Usage } from '../contracts/quotas.js';
import { QuotaEntity } from '../entities/quota.entity.js';
import { sortPropertyOf, type SortKeys } from './paging.js';
import { selectPrepared } from './prepared.js';
import { changeRows, isInTransaction, selectRows } from './sql.js';

/** Names our kind of advisory lock among others (its second number is the project). */
const QUOTA_LOCK = 1_702_259;

const SORT_KEYS: SortKeys<QuotaEntity> = {
  id: 'id',
  project_id: 'projectId',
  resource: 'resource',
  hard_limit: 'hardLimit',
  created_at: 'createdAt',
  updated_at: 'updatedAt',
};

interface UsageRow {
  readonly bays: number;
  readonly workers: number;
  readonly masters: number;
  readonly templates: number;
  readonly limits: Readonly<Partial<Record<QuotaResource, number>>> | null;
}

const USAGE = `SELECT
  (SELECT count(*)::integer FROM bays WHERE project_id = $1) AS bays,
  (SELECT coalesce(sum(node_count), 0)::integer FROM node_groups WHERE project_id = $1 AND role <> 'master') AS workers,
  (SELECT coalesce(sum(node_count), 0)::integer FROM node_groups WHERE project_id = $1 AND role = 'master') AS masters,
  (SELECT count(*)::integer FROM baymodels WHERE project_id = $1) AS templates,
  (SELECT json_object_agg(resource, hard_limit) FROM quotas WHERE project_id = $1) AS limits`;

export class PostgresQuotaStore implements QuotaStore {
  constructor(private readonly manager: EntityManager) {}

  async insert(quota: Pick<QuotaRecord, 'projectId' | 'resource' | 'hardLimit'>): Promise<QuotaRecord> {
    const { identifiers } = await this.manager.insert(QuotaEntity, quota);
    return this.manager.findOneByOrFail(QuotaEntity, { id: identifiers[0]?.['id'] as number });
  }

  find(projectId: ProjectId, resource: QuotaResource): Promise<QuotaRecord | null> {
    return this.manager.findOneBy(QuotaEntity, { projectId, resource });
  }

  async list(projectId: ProjectId | null, page: QuotaPage): Promise<readonly QuotaRecord[]> {
    const property = sortPropertyOf({ ...page, marker: null }, SORT_KEYS);
    const direction = page.sortDir === 'asc' ? 'ASC' : 'DESC';
    const query = this.manager.createQueryBuilder(QuotaEntity, 'quota');
    if (projectId !== null) query.andWhere('quota.projectId = :projectId', { projectId });
    if (page.marker !== null) {
      const marked = await query.clone().andWhere('quota.id = :marker', { marker: page.marker }).getOne();
      if (!marked) throw new BaykeeperError({ code: 'not-found', publicMessage: 'The marker could not be found.' });
      const after = page.sortDir === 'asc' ? '>' : '<';
      const value = `(SELECT marked.${columnOf(property)} FROM quotas marked WHERE marked.id = :marker)`;
      query.andWhere(`(quota.${property}, quota.id) ${after} (${value}, :marker)`, { marker: page.marker });
    }
    return query.orderBy(`quota.${property}`, direction).addOrderBy('quota.id', direction).limit(page.limit).getMany();
  }

  async setLimit(projectId: ProjectId, resource: QuotaResource, hardLimit: number): Promise<QuotaRecord | null> {
    const { count } = await changeRows(
      this.manager,
      'UPDATE quotas SET hard_limit = $3, updated_at = now() WHERE project_id = $1 AND resource = $2',
      [projectId, resource, hardLimit],
    );
    return count === 0 ? null : this.find(projectId, resource);
  }

  async remove(projectId: ProjectId, resource: QuotaResource): Promise<boolean> {
    const { affected } = await this.manager.delete(QuotaEntity, { projectId, resource });
    return affected === 1;
  }

  async usage(projectId: ProjectId): Promise<ProjectUsage> {
    const [row] = await selectPrepared<UsageRow>(this.manager, 'project-usage', USAGE, [projectId]);
    if (row === undefined) throw new Error('counting gave no row');
    const { bays, workers, masters, templates } = row;
    const inUse: Usage = { Cluster: bays, Node: workers, Master: masters, ClusterTemplate: templates };
    return { inUse, limits: row.limits ?? {} };
  }

  async takeTurn(projectId: ProjectId): Promise<void> {
    if (!isInTransaction(this.manager)) throw new Error('a turn is taken in a transaction');
    // A statement of its own: one that counts and waits would count what was there before it waited.
    await selectRows(this.manager, 'SELECT pg_advisory_xact_lock($1, hashtext($2))', [QUOTA_LOCK, projectId]);
  }

  async countBays(projectId: ProjectId | null): Promise<{ readonly bays: number; readonly nodes: number }> {
    const where = projectId === null ? '$1::text IS NULL' : 'project_id = $1';
    const [row] = await selectPrepared<{ readonly bays: number; readonly nodes: number }>(
      this.manager,
      projectId === null ? 'count-all-bays' : 'count-bays',
      `SELECT (SELECT count(*)::integer FROM bays WHERE ${where}) AS bays,
         (SELECT coalesce(sum(node_count), 0)::integer FROM node_groups WHERE ${where}) AS nodes`,
      [projectId],
    );
    return row ?? { bays: 0, nodes: 0 };
  }
}

function columnOf(property: string): string {
  return property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
