import { BaykeeperError, type Bay, type BayFacts, type BayId, type ProjectId } from '@baykeeper/domain';
import { currentTraceparent } from '@baykeeper/platform/tracing/trace-context.js';
import type { EntityManager, SelectQueryBuilder } from 'typeorm';
import type { BayStore, Lease, NewBay, NewNodeGroup, WishChange } from '../contracts/bays.js';
import { BayEntity } from '../entities/bay.entity.js';
import { NodeGroupEntity } from '../entities/node-group.entity.js';
import { OutboxEntity } from '../entities/outbox.entity.js';
import { SYSTEM, type Scope } from '../scope.js';
import { FACT_NAMES, SPEC_NAMES, WISH_NAMES } from './bay-columns.js';
import { gatherById, type FindById } from './gather-by-id.js';
import { columnsOf } from './prepared.js';
import { checkInsideScope, findByIdent, identKind, notFound, projectOf, restrictToScope } from './scoping.js';
import { assignmentsOf, changeRows, inTransaction, isInTransaction, pick, selectRows, setListOf } from './sql.js';

/** Whoever let go of a lease is fenced off like one that lost it. */
const HELD = 'lease_token = $2 AND lease_expires_at IS NOT NULL';

export class PostgresBayStore implements BayStore {
  private readonly findById: FindById<Bay>;
  private readonly findForNode: FindById<Bay>;

  constructor(private readonly manager: EntityManager) {
    const columns = columnsOf(manager, BayEntity, 'bays');
    this.findById = gatherById(manager, 'bays', columns);
    this.findForNode = gatherById(manager, 'bays', columns.replace('bays.health_status_reason AS', "'{}'::jsonb AS"));
  }

  insert(scope: Scope, bay: NewBay, groups: readonly NewNodeGroup[]): Promise<Bay> {
    return inTransaction(this.manager, async (manager) => {
      for (const row of [bay, ...groups]) checkInsideScope(scope, row);
      await manager
        .createQueryBuilder()
        .insert()
        .into(BayEntity)
        .values({
          ...pick(bay, SPEC_NAMES),
          ...bay.refs,
          healthStatus: bay.healthStatus ?? null,
          healthStatusReason: bay.healthStatusReason ?? {},
          generation: 1,
          generationAt: () => 'now()',
          status: 'CREATE_IN_PROGRESS',
          settledGeneration: 0,
        })
        .execute();
      for (const group of groups) await manager.insert(NodeGroupEntity, { ...pick(group, GROUP_NAMES), ...group.refs });
      await manager.insert(OutboxEntity, { bayId: bay.id, traceparent: currentTraceparent() });
      return manager.findOneByOrFail(BayEntity, { id: bay.id });
    });
  }

  async find(scope: Scope, ident: string): Promise<Bay> {
    if (identKind('Cluster', ident) === 'name') return findByIdent(this.visible(scope), 'Cluster', ident);
    const bay = await this.findById(scope, ident);
    if (bay === null) throw notFound('Cluster', ident);
    return bay;
  }

  changeWish(scope: Scope, id: BayId, change: WishChange): Promise<Bay> {
    return inTransaction(this.manager, async (manager) => {
      // The bay's row first: every transaction locks in this order.
      const { affected } = await manager
        .createQueryBuilder()
        .update(BayEntity)
        .set({ ...pick(change.fields ?? {}, WISH_NAMES), ...NEW_WISH })
        .where(`${IN_SCOPE} AND deletion_requested_at IS NULL`, { id, own: projectOf(scope) })
        .execute();
      if (affected !== 1) await this.refuseWish(scope, id);
      for (const { nodeGroupId, nodeCount } of change.nodeCounts ?? []) {
        const updated = await manager
          .createQueryBuilder()
          .update(NodeGroupEntity)
          .set({ nodeCount, updatedAt: () => 'now()' })
          .where({ id: nodeGroupId, bayId: id })
          .execute();
        if (updated.affected !== 1) throw notFound('Node group', nodeGroupId);
      }
      await manager.insert(OutboxEntity, { bayId: id, traceparent: currentTraceparent() });
      return manager.findOneByOrFail(BayEntity, { id });
    });
  }

  private async refuseWish(scope: Scope, id: BayId): Promise<never> {
    await this.find(scope, id);
    throw new BaykeeperError({
      code: 'conflict',
      publicMessage: 'The bay is being deleted and can not be changed any more.',
    });
  }

  requestDeletion(scope: Scope, id: BayId): Promise<Bay> {
    return inTransaction(this.manager, async (manager) => {
      const { affected } = await manager
        .createQueryBuilder()
        .update(BayEntity)
        .set({
          ...NEW_WISH,
          status: 'DELETE_IN_PROGRESS',
          deletionRequestedAt: () => 'coalesce(deletion_requested_at, now())',
        })
        .where(IN_SCOPE, { id, own: projectOf(scope) })
        .execute();
      if (affected !== 1) throw notFound('Cluster', id);
      await manager.insert(OutboxEntity, { bayId: id, traceparent: currentTraceparent() });
      return manager.findOneByOrFail(BayEntity, { id });
    });
  }

  countByProject(projectId: ProjectId): Promise<number> {
    return this.manager.countBy(BayEntity, { projectId });
  }

  get(id: BayId): Promise<Bay | null> {
    return this.findById(SYSTEM, id);
  }

  getForNode(id: BayId): Promise<Bay | null> {
    return this.findForNode(SYSTEM, id);
  }

  async acquireLease(id: BayId, holder: string, ttlSeconds: number): Promise<Lease | null> {
    const { rows } = await changeRows<{ token: string }>(
      this.manager,
      `UPDATE bays SET lease_holder = $2, lease_token = lease_token + 1, reconciled_at = clock_timestamp(),
         lease_expires_at = clock_timestamp() + make_interval(secs => $3)
       WHERE id = $1 AND (lease_expires_at IS NULL OR lease_expires_at <= clock_timestamp())
       RETURNING lease_token AS token`,
      [id, holder, ttlSeconds],
    );
    const [row] = rows;
    return row ? { token: Number(row.token) } : null;
  }

  async renewLease(id: BayId, token: number, ttlSeconds: number): Promise<boolean> {
    const { count } = await changeRows(
      this.manager,
      `UPDATE bays SET lease_expires_at = clock_timestamp() + make_interval(secs => $3) WHERE id = $1 AND ${HELD}`,
      [id, token, ttlSeconds],
    );
    return count === 1;
  }

  async releaseLease(id: BayId, token: number): Promise<boolean> {
    const { count } = await changeRows(
      this.manager,
      `UPDATE bays SET lease_holder = NULL, lease_expires_at = NULL WHERE id = $1 AND ${HELD}`,
      [id, token],
    );
    return count === 1;
  }

  async holdsLease(id: BayId, token: number): Promise<boolean> {
    const lock = isInTransaction(this.manager) ? 'FOR NO KEY UPDATE' : '';
    const rows = await selectRows(this.manager, `SELECT 1 FROM bays WHERE id = $1 AND ${HELD} ${lock}`, [id, token]);
    return rows.length === 1;
  }

  async saveFacts(id: BayId, token: number, facts: Partial<BayFacts>): Promise<boolean> {
    const assignments = assignmentsOf(this.manager, BayEntity, facts, FACT_NAMES);
    if (assignments.length === 0) return this.holdsLease(id, token);
    const changed = assignments.map(({ column, type }, index) => `${column} IS DISTINCT FROM $${index + 3}::${type}`);
    // Saving what is known already is no change that a tenant should see.
    const { count } = await changeRows(
      this.manager,
      `UPDATE bays SET ${setListOf(assignments, 3)},
         updated_at = CASE WHEN ${changed.join(' OR ')} THEN now() ELSE updated_at END
       WHERE id = $1 AND ${HELD}`,
      [id, token, ...assignments.map(({ value }) => value)],
    );
    return count === 1;
  }

  async remove(id: BayId, token: number): Promise<boolean> {
    // What hangs on the bay goes by the foreign keys' cascades.
    const { count } = await changeRows(this.manager, `DELETE FROM bays WHERE id = $1 AND ${HELD}`, [id, token]);
    return count === 1;
  }

  listToSweep(sweep: {
    settledOlderThanSeconds: number;
    limit: number;
  }): Promise<readonly Pick<Bay, 'id' | 'projectId'>[]> {
    return selectRows(
      this.manager,
      `SELECT id, project_id AS "projectId" FROM (
         (SELECT id, project_id, reconciled_at FROM bays
          WHERE settled_generation < generation OR deletion_requested_at IS NOT NULL
          ORDER BY reconciled_at NULLS FIRST LIMIT $2)
         UNION
         (SELECT id, project_id, reconciled_at FROM bays WHERE reconciled_at < now() - make_interval(secs => $1)
          ORDER BY reconciled_at LIMIT $2)
         UNION
         (SELECT id, project_id, reconciled_at FROM bays WHERE reconciled_at IS NULL LIMIT $2)
       ) AS due ORDER BY reconciled_at NULLS FIRST LIMIT $2`,
      [sweep.settledOlderThanSeconds, sweep.limit],
    );
  }

  private visible(scope: Scope): SelectQueryBuilder<BayEntity> {
    return restrictToScope(this.manager.createQueryBuilder(BayEntity, 'bay'), scope);
  }
}

const IN_SCOPE = 'id = :id AND (:own::text IS NULL OR project_id = :own::text)';
/**
 * A new wish makes what was said of the old one untrue at once. The words are what the derivation of the status would say
 * of it (it is not settled and not late); the reconciler's next pass says them again.
 */
const NEW_WISH = {
  status: () => `CASE WHEN settled_generation = 0 THEN 'CREATE_IN_PROGRESS' ELSE 'UPDATE_IN_PROGRESS' END`,
  statusReason: () => 'NULL',
  generation: () => 'generation + 1',
  generationAt: () => 'now()',
  updatedAt: () => 'now()',
};
export const GROUP_NAMES = [
  'id',
  'bayId',
  'projectId',
  'name',
  'role',
  'roleName',
  'isDefault',
  'nodeCount',
  'minNodeCount',
  'maxNodeCount',
  'flavorId',
  'imageId',
  'labels',
  'dockerVolumeSize',
  'nodeLabels',
  'nodeTaints',
] as const satisfies readonly (keyof NewNodeGroup)[];
