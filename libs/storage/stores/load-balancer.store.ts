import { isUuid, type BayId, type KnownMembers, type LoadBalancer, type LoadBalancerId } from '@baykeeper/domain';
import type { EntityManager } from 'typeorm';
import type { ListedMember, LoadBalancerFacts, LoadBalancerStore, NewLoadBalancer } from '../contracts/nodes.js';
import { LoadBalancerEntity } from '../entities/load-balancer.entity.js';
import { SYSTEM, type Scope } from '../scope.js';
import { MemberSnapshots, type ChangesByListener } from './member-snapshots.js';
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

const GIVEN = `jsonb_to_recordset($2::jsonb)
          AS given (listener text, node_id uuid, name text, address text, port integer)`;
const COUNT_UP =
  'UPDATE load_balancers SET members_version = members_version + 1 WHERE id = $1 RETURNING members_version AS version';

export class PostgresLoadBalancerStore implements LoadBalancerStore {
  private readonly members: MemberSnapshots;

  constructor(private readonly manager: EntityManager) {
    this.members = new MemberSnapshots(manager);
  }

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
    const row = await this.findByBay(SYSTEM, bayId);
    if (row === null) throw new Error('a load balancer that was inserted is not there');
    return row;
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

  async listMembers(scope: Scope, id: LoadBalancerId): Promise<readonly ListedMember[]> {
    const text = `SELECT listener, node_id AS "nodeId", load_balancer_members.name, load_balancer_members.address,
        load_balancer_members.port
      FROM load_balancer_members JOIN load_balancers ON load_balancers.id = load_balancer_id
      WHERE load_balancer_id = $1 AND ($2::text IS NULL OR project_id = $2)
      ORDER BY listener, load_balancer_members.name COLLATE "C"`;
    return selectPrepared<ListedMember>(this.manager, 'list-members', text, [id, projectOf(scope)]);
  }

  readMembers(id: LoadBalancerId): Promise<KnownMembers> {
    return this.members.read(id);
  }

  async beginMembers(id: LoadBalancerId, changes: ChangesByListener): Promise<void> {
    const text = `WITH written AS (
        INSERT INTO load_balancer_members (load_balancer_id, listener, node_id, name, address, port, confirmed)
        SELECT $1, listener, node_id, name, address, port, false FROM ${GIVEN}
        ON CONFLICT (load_balancer_id, listener, node_id) DO UPDATE
        SET name = excluded.name, address = excluded.address, port = excluded.port, confirmed = false)
      ${COUNT_UP}`;
    await this.changeMembers('begin-members', text, id, [putOf(changes)], changes, 'begun');
  }

  async confirmMembers(id: LoadBalancerId, changes: ChangesByListener): Promise<void> {
    const put = Object.entries(changes).flatMap(([listener, given]) =>
      given.put.map(({ nodeId }) => [listener, nodeId] as const),
    );
    const removed = Object.entries(changes).flatMap(([listener, { remove }]) =>
      remove.map((nodeId) => [listener, nodeId] as const),
    );
    // Of arrays few rows are expected, so that the primary key is used; of JSON so many that all members would be read.
    const text = `WITH confirmed AS (
        UPDATE load_balancer_members SET confirmed = true
        FROM unnest($2::text[], $3::uuid[]) AS given (listener, node_id)
        WHERE load_balancer_id = $1 AND load_balancer_members.listener = given.listener
          AND load_balancer_members.node_id = given.node_id),
      removed AS (
        DELETE FROM load_balancer_members USING unnest($4::text[], $5::uuid[]) AS going (listener, node_id)
        WHERE load_balancer_id = $1 AND load_balancer_members.listener = going.listener
          AND load_balancer_members.node_id = going.node_id)
      ${COUNT_UP}`;
    const values = [put, removed].flatMap((pairs) => [
      pairs.map(([listener]) => listener),
      pairs.map(([, nodeId]) => nodeId),
    ]);
    await this.changeMembers('confirm-members', text, id, values, changes, 'confirmed');
  }

  private async changeMembers(
    name: string,
    text: string,
    id: LoadBalancerId,
    values: readonly (string | readonly string[])[],
    changes: ChangesByListener,
    step: 'begun' | 'confirmed',
  ): Promise<void> {
    const [row] = await selectPrepared<{ readonly version: string }>(this.manager, name, text, [id, ...values]);
    if (row !== undefined) this.members.follow(id, Number(row.version), changes, step);
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

function putOf(changes: ChangesByListener): string {
  const rows = Object.entries(changes).flatMap(([listener, { put }]) =>
    put.map(({ nodeId, name, address, port }) => ({ listener, node_id: nodeId, name, address, port })),
  );
  return JSON.stringify(rows);
}
