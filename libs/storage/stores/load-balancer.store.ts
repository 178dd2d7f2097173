import { isUuid, type BayId, type LoadBalancer, type LoadBalancerId, type Member } from '@baykeeper/domain';
import type { EntityManager } from 'typeorm';
import type { LoadBalancerFacts, LoadBalancerStore, NewLoadBalancer } from '../contracts/nodes.js';
import { LoadBalancerEntity } from '../entities/load-balancer.entity.js';
import type { Scope } from '../scope.js';
import { columnsOf, selectPrepared } from './prepared.js';
import { projectOf } from './scoping.js';
import { assignmentsOf, changeRows, selectRows, setListOf } from './sql.js';

const WRITTEN_ONCE: Readonly<Record<keyof LoadBalancerFacts, boolean>> = {
  address: false,
  listeners: false,
  requestedAt: true,
  createdAt: true,
  removedAt: true,
};
const FACT_NAMES = Object.keys(WRITTEN_ONCE) as (keyof LoadBalancerFacts)[];

export class PostgresLoadBalancerStore implements LoadBalancerStore {
  constructor(private readonly manager: EntityManager) {}

  async findByBay(scope: Scope, bayId: BayId): Promise<LoadBalancer | null> {
    const text = `SELECT ${columnsOf(this.manager, LoadBalancerEntity)} FROM load_balancers
      WHERE bay_id = $1 AND ($2::text IS NULL OR project_id = $2)`;
    const values = [bayId, projectOf(scope)];
    const rows = await selectPrepared<LoadBalancer>(this.manager, 'load-balancer-by-bay', text, values);
    return rows[0] ?? null;
  }

  async insert(loadBalancer: NewLoadBalancer): Promise<LoadBalancer> {
    const { id, bayId, projectId, listeners, requestedAt } = loadBalancer;
    await selectRows(
      this.manager,
      `INSERT INTO load_balancers (id, bay_id, project_id, listeners, requested_at, members)
       VALUES ($1, $2, $3, $4, $5, '{}') ON CONFLICT (bay_id) DO NOTHING`,
      [id, bayId, projectId, JSON.stringify(listeners), requestedAt],
    );
    return this.manager.findOneByOrFail(LoadBalancerEntity, { bayId });
  }

  async recordFacts(id: LoadBalancerId, facts: Partial<LoadBalancerFacts>): Promise<void> {
    const assignments = assignmentsOf(this.manager, LoadBalancerEntity, facts, FACT_NAMES);
    if (assignments.length === 0) return;
    await changeRows(
      this.manager,
      `UPDATE load_balancers SET ${setListOf(assignments, 2, WRITTEN_ONCE)} WHERE id = $1`,
      [id, ...assignments.map(({ value }) => value)],
    );
  }

  async setMembers(id: LoadBalancerId, members: Readonly<Record<string, readonly Member[]>>): Promise<void> {
    await changeRows(this.manager, 'UPDATE load_balancers SET members = $2::jsonb WHERE id = $1', [
      id,
      JSON.stringify(members),
    ]);
  }

  listAll(): Promise<readonly LoadBalancer[]> {
    return this.manager.find(LoadBalancerEntity, { order: { id: 'ASC' } });
  }

  async existingIds(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await selectRows<{ id: string }>(
      this.manager,
      'SELECT id FROM load_balancers WHERE id = ANY($1::uuid[]) AND removed_at IS NULL',
      [ids.filter(isUuid)],
    );
    return new Set(rows.map(({ id }) => id));
  }
}
