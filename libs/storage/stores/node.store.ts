import { isUuid, type BayId, type Node, type NodeId } from '@baykeeper/domain';
import type { EntityManager, SelectQueryBuilder } from 'typeorm';
import type { NewNode, NodeFacts, NodeStore } from '../contracts/nodes.js';
import { NodeCredentialEntity } from '../entities/node-credential.entity.js';
import { NodeEntity } from '../entities/node.entity.js';
import type { Scope } from '../scope.js';
import { restrictToScope } from './scoping.js';
import { assignmentsOf, changeRows, inTransaction, selectRows, setListOf } from './sql.js';

/** Whether a fact is written once for ever; the others follow the latest word. */
const WRITTEN_ONCE: Readonly<Record<keyof NodeFacts, boolean>> = {
  address: false,
  engineState: false,
  machineRequestedAt: true,
  machineCreatedAt: true,
  bootedAt: true,
  certifiedAt: true,
  joinGrantedAt: true,
  joinedAt: true,
  readyAt: true,
  registeredAt: true,
  failedAt: true,
  failure: true,
  removalRequestedAt: true,
  removalReason: true,
  deregisteredAt: true,
  drainedAt: true,
  leftAt: true,
  machineRemovedAt: true,
};
const FACT_NAMES = Object.keys(WRITTEN_ONCE) as (keyof NodeFacts)[];

export class PostgresNodeStore implements NodeStore {
  constructor(private readonly manager: EntityManager) {}

  listByBay(scope: Scope, bayId: BayId): Promise<readonly Node[]> {
    return this.listByBays(scope, [bayId]);
  }

  listByBays(scope: Scope, bayIds: readonly BayId[]): Promise<readonly Node[]> {
    // "master" comes before "worker" by the alphabet, too.
    return this.visible(scope)
      .andWhere('node.bayId = ANY(:bayIds)', { bayIds })
      .orderBy('node.role')
      .addOrderBy('node.sequence')
      .getMany();
  }

  find(scope: Scope, id: NodeId): Promise<Node | null> {
    return this.visible(scope).andWhere('node.id = :id', { id }).getOne();
  }

  async insertMany(nodes: readonly NewNode[]): Promise<void> {
    if (nodes.length === 0) return;
    const rows = nodes.map((node, position) => ({
      position,
      id: node.id,
      bay_id: node.bayId,
      project_id: node.projectId,
      node_group_id: node.nodeGroupId,
      role: node.role,
      ordinal: node.ordinal,
      name: node.name,
      created_at: node.createdAt,
    }));
    // One parameter for any number of nodes: a statement takes 65,535 at most.
    await selectRows(
      this.manager,
      `INSERT INTO nodes (id, bay_id, project_id, node_group_id, role, ordinal, name, created_at)
       SELECT id, bay_id, project_id, node_group_id, role, ordinal, name, created_at
       FROM jsonb_to_recordset($1::jsonb) AS given (position integer, id uuid, bay_id uuid, project_id text,
         node_group_id uuid, role text, ordinal integer, name text, created_at timestamptz)
       ORDER BY position
       ON CONFLICT DO NOTHING`,
      [JSON.stringify(rows)],
    );
  }

  async recordFacts(id: NodeId, facts: Partial<NodeFacts>): Promise<void> {
    const assignments = assignmentsOf(this.manager, NodeEntity, facts, FACT_NAMES);
    if (assignments.length === 0) return;
    await changeRows(this.manager, `UPDATE nodes SET ${setListOf(assignments, 2, WRITTEN_ONCE)} WHERE id = $1`, [
      id,
      ...assignments.map(({ value }) => value),
    ]);
  }

  async recordEngineStates(states: ReadonlyMap<NodeId, Node['engineState']>): Promise<void> {
    if (states.size === 0) return;
    const rows = [...states].map(([id, state]) => ({ id, state }));
    await changeRows(
      this.manager,
      `UPDATE nodes SET engine_state = given.state
       FROM jsonb_to_recordset($1::jsonb) AS given (id uuid, state text) WHERE nodes.id = given.id`,
      [JSON.stringify(rows)],
    );
  }

  async recordEngineStart(id: NodeId): Promise<boolean> {
    const { count } = await changeRows(
      this.manager,
      'UPDATE node_credentials SET engine_started_at = now() WHERE node_id = $1 AND engine_started_at IS NULL',
      [id],
    );
    return count === 1;
  }

  remove(id: NodeId): Promise<void> {
    return inTransaction(this.manager, async (manager) => {
      await changeRows(manager, 'DELETE FROM operations WHERE node_id = $1', [id]);
      await changeRows(manager, 'DELETE FROM nodes WHERE id = $1', [id]);
    });
  }

  async existingIds(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await selectRows<{ id: string }>(
      this.manager,
      'SELECT id FROM nodes WHERE id = ANY($1::uuid[]) AND machine_removed_at IS NULL',
      [ids.filter(isUuid)],
    );
    return new Set(rows.map(({ id }) => id));
  }

  async setEnrolmentToken(id: NodeId, tokenHash: string): Promise<void> {
    await selectRows(
      this.manager,
      `INSERT INTO node_credentials (node_id, enrolment_token_hash) VALUES ($1, $2)
       ON CONFLICT (node_id) DO UPDATE SET enrolment_token_hash = excluded.enrolment_token_hash,
         public_key_hash = NULL, session_token_hash = NULL, bound_at = NULL
       WHERE node_credentials.enrolment_token_hash <> excluded.enrolment_token_hash`,
      [id, tokenHash],
    );
  }

  async bindEnrolment(
    id: NodeId,
    tokenHash: string,
    publicKeyHash: string,
    sessionTokenHash: string,
  ): Promise<boolean> {
    const { count } = await changeRows(
      this.manager,
      `UPDATE node_credentials
       SET public_key_hash = $3, session_token_hash = $4, bound_at = coalesce(bound_at, now())
       WHERE node_id = $1 AND enrolment_token_hash = $2 AND (public_key_hash IS NULL OR public_key_hash = $3)`,
      [id, tokenHash, publicKeyHash, sessionTokenHash],
    );
    return count === 1;
  }

  findByEnrolmentToken(tokenHash: string): Promise<Node | null> {
    return this.byCredential('credential.enrolmentTokenHash = :tokenHash', tokenHash);
  }

  findBySessionToken(tokenHash: string): Promise<Node | null> {
    return this.byCredential('credential.sessionTokenHash = :tokenHash', tokenHash);
  }

  private byCredential(condition: string, tokenHash: string): Promise<Node | null> {
    return this.manager
      .createQueryBuilder(NodeEntity, 'node')
      .innerJoin(NodeCredentialEntity, 'credential', 'credential.nodeId = node.id')
      .where(condition, { tokenHash })
      .getOne();
  }

  private visible(scope: Scope): SelectQueryBuilder<NodeEntity> {
    return restrictToScope(this.manager.createQueryBuilder(NodeEntity, 'node'), scope);
  }
}
