import type { BayId, NodeGroup, NodeGroupId } from '@baykeeper/domain';
import type { EntityManager, SelectQueryBuilder } from 'typeorm';
import type { BayStore, NewNodeGroup, NodeGroupChange, NodeGroupStore, NodeGroupView } from '../contracts/bays.js';
import { NodeGroupEntity } from '../entities/node-group.entity.js';
import type { Scope } from '../scope.js';
import { GROUP_NAMES } from './bay.store.js';
import { columnsOf, selectPrepared } from './prepared.js';
import { checkInsideScope, findByIdent, notFound, projectOf, restrictToScope } from './scoping.js';
import { assignmentsOf, changeRows, inTransaction, pick, setListOf } from './sql.js';

/** Magnum takes an ident of digits alone for the group's number. */
const NUMBER = /^\d{1,15}$/;

const CHANGEABLE = ['minNodeCount', 'maxNodeCount', 'nodeLabels', 'nodeTaints'] as const;
type NodeFigures = Omit<NodeGroupView, 'group'>;

export class PostgresNodeGroupStore implements NodeGroupStore {
  constructor(
    private readonly manager: EntityManager,
    private readonly bays: Pick<BayStore, 'changeWish'>,
  ) {}

  listByBay(scope: Scope, bayId: BayId): Promise<readonly NodeGroup[]> {
    return this.listByBays(scope, [bayId]);
  }

  listByBays(scope: Scope, bayIds: readonly BayId[]): Promise<readonly NodeGroup[]> {
    const text = `SELECT ${columnsOf(this.manager, NodeGroupEntity)} FROM node_groups
      WHERE bay_id = ANY($1::uuid[]) AND ($2::text IS NULL OR project_id = $2) ORDER BY sequence`;
    return selectPrepared<NodeGroup>(this.manager, 'node-groups-by-bays', text, [bayIds, projectOf(scope)]);
  }

  async find(scope: Scope, bayId: BayId, ident: string): Promise<NodeGroup> {
    const query = this.visible(scope).andWhere('node_group.bayId = :bayId', { bayId });
    if (!NUMBER.test(ident)) return findByIdent(query, 'Node group', ident);
    const group = await query.andWhere('node_group.sequence = :number', { number: ident }).getOne();
    if (!group) throw notFound('Node group', ident);
    return group;
  }

  async setNodeCount(scope: Scope, id: NodeGroupId, nodeCount: number): Promise<NodeGroup> {
    const group = await this.byId(scope, id);
    await this.bays.changeWish(scope, group.bayId, { nodeCounts: [{ nodeGroupId: id, nodeCount }] });
    return this.byId(scope, id);
  }

  async insert(scope: Scope, group: NewNodeGroup): Promise<void> {
    await inTransaction(this.manager, async (manager) => {
      checkInsideScope(scope, group);
      await this.bays.changeWish(scope, group.bayId, {});
      await manager.insert(NodeGroupEntity, { ...pick(group, GROUP_NAMES), ...group.refs });
    });
  }

  async update(scope: Scope, id: NodeGroupId, change: NodeGroupChange): Promise<void> {
    const assignments = assignmentsOf(this.manager, NodeGroupEntity, change, CHANGEABLE);
    if (assignments.length === 0) return;
    const { count } = await changeRows(
      this.manager,
      `UPDATE node_groups SET ${setListOf(assignments, 3)}, updated_at = now()
       WHERE id = $1 AND ($2::text IS NULL OR project_id = $2)`,
      [id, projectOf(scope), ...assignments.map(({ value }) => value)],
    );
    if (count !== 1) throw notFound('Node group', id);
  }

  async requestDeletion(scope: Scope, id: NodeGroupId): Promise<void> {
    const group = await this.byId(scope, id);
    await inTransaction(this.manager, async () => {
      await this.bays.changeWish(scope, group.bayId, { nodeCounts: [{ nodeGroupId: id, nodeCount: 0 }] });
      await changeRows(
        this.manager,
        `UPDATE node_groups SET deletion_requested_at = coalesce(deletion_requested_at, now()), min_node_count = 0
         WHERE id = $1`,
        [id],
      );
    });
  }

  async remove(id: NodeGroupId): Promise<void> {
    await changeRows(this.manager, 'DELETE FROM node_groups WHERE id = $1 AND NOT is_default', [id]);
  }

  async views(scope: Scope, bayId: BayId): Promise<readonly NodeGroupView[]> {
    const columns = this.manager.dataSource
      .getMetadata(NodeGroupEntity)
      .columns.filter((column) => column.isSelect)
      .map((column) => `node_groups.${column.databaseName} AS "${column.propertyName}"`);
    const rows = await selectPrepared<NodeGroup & NodeFigures>(
      this.manager,
      'node-group-views',
      `SELECT ${columns.join(', ')}, node_groups.sequence::integer AS number, figures.*
       FROM node_groups, LATERAL (
         SELECT count(*) FILTER (WHERE removal_requested_at IS NULL)::integer AS staying,
           count(*) FILTER (WHERE removal_requested_at IS NULL AND ready_at IS NOT NULL AND failed_at IS NULL)::integer
             AS ready,
           count(*) FILTER (WHERE machine_removed_at IS NULL)::integer AS present,
           coalesce(json_agg(address ORDER BY sequence) FILTER (WHERE removal_requested_at IS NULL AND address IS NOT NULL),
             '[]') AS addresses
         FROM nodes WHERE nodes.node_group_id = node_groups.id AND nodes.bay_id = node_groups.bay_id) AS figures
       WHERE node_groups.bay_id = $1 AND ($2::text IS NULL OR node_groups.project_id = $2) ORDER BY node_groups.sequence`,
      [bayId, projectOf(scope)],
    );
    return rows.map(({ number, staying, ready, present, addresses, ...group }) => ({
      ...{ group, number, staying, ready, present, addresses },
    }));
  }

  async takeOrdinals(id: NodeGroupId, count: number): Promise<number> {
    const { rows } = await changeRows<{ first: number }>(
      this.manager,
      'UPDATE node_groups SET next_ordinal = next_ordinal + $2 WHERE id = $1 RETURNING next_ordinal - $2 AS first',
      [id, count],
    );
    const [row] = rows;
    if (!row) throw notFound('Node group', id);
    return row.first;
  }

  async reserveOrdinals(id: NodeGroupId, next: number): Promise<void> {
    await changeRows(this.manager, 'UPDATE node_groups SET next_ordinal = greatest(next_ordinal, $2) WHERE id = $1', [
      id,
      next,
    ]);
  }

  private async byId(scope: Scope, id: NodeGroupId): Promise<NodeGroup> {
    const group = await this.visible(scope).andWhere('node_group.id = :id', { id }).getOne();
    if (!group) throw notFound('Node group', id);
    return group;
  }

  private visible(scope: Scope): SelectQueryBuilder<NodeGroupEntity> {
    return restrictToScope(this.manager.createQueryBuilder(NodeGroupEntity, 'node_group'), scope);
  }
}
