import type { BayId, NodeGroup, NodeGroupId } from '@baykeeper/domain';
import type { EntityManager, SelectQueryBuilder } from 'typeorm';
import type { BayStore, NodeGroupStore } from '../contracts/bays.js';
import { NodeGroupEntity } from '../entities/node-group.entity.js';
import type { Scope } from '../scope.js';
import { findByIdent, notFound, restrictToScope } from './scoping.js';
import { changeRows } from './sql.js';

/** Magnum takes an ident of digits alone for the group's number. */
const NUMBER = /^\d{1,15}$/;

export class PostgresNodeGroupStore implements NodeGroupStore {
  constructor(
    private readonly manager: EntityManager,
    private readonly bays: Pick<BayStore, 'changeWish'>,
  ) {}

  listByBay(scope: Scope, bayId: BayId): Promise<readonly NodeGroup[]> {
    return this.listByBays(scope, [bayId]);
  }

  listByBays(scope: Scope, bayIds: readonly BayId[]): Promise<readonly NodeGroup[]> {
    return this.visible(scope)
      .andWhere('node_group.bayId = ANY(:bayIds)', { bayIds })
      .orderBy('node_group.sequence')
      .getMany();
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
