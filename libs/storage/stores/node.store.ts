import { isUuid, type BayId, type Node, type NodeHealth, type NodeId } from '@baykeeper/domain';
import type { EntityManager } from 'typeorm';
import type { EnrolmentBinding, NewNode, NodeChange, NodeFacts, NodeStore } from '../contracts/nodes.js';
import { NodeEntity } from '../entities/node.entity.js';
import { gather, type GatherOptions } from '../gather.js';
import type { Scope } from '../scope.js';
import { gatherById, type FindById } from './gather-by-id.js';
import { NodeSnapshots } from './node-snapshots.js';
import { columnsOf, selectPrepared } from './prepared.js';
import { projectOf } from './scoping.js';
import { changeRows, inTransaction, selectRows } from './sql.js';

/** Whether a fact is written once for ever; the others follow the latest word. */
const WRITTEN_ONCE: Readonly<Record<keyof NodeFacts, boolean>> = {
  address: false,
  engineState: false,
  unreadySince: false,
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
const COLUMN_TYPES: Readonly<Partial<Record<keyof NodeFacts, string>>> = {
  address: 'text',
  engineState: 'text',
  failure: 'jsonb',
  removalReason: 'text',
};
const RECORD_FACTS = recordFactsText();

/** Nodes come in crowds: what several ask or say at the same moment goes in one statement. */
const CROWD: GatherOptions = { atOnce: 2, most: 200, separately: true };

export class PostgresNodeStore implements NodeStore {
  private readonly columns: string;
  private readonly findById: FindById<Node>;
  private readonly snapshots: NodeSnapshots;
  private readonly recordGathered = gather(async (changes: readonly NodeChange[]) => {
    await this.recordFactsOfMany(changes);
    return changes.map(() => undefined);
  }, CROWD);
  private readonly setTokenGathered = gather(
    async (tokens: readonly { readonly id: NodeId; readonly tokenHash: string }[]) => {
      await this.setEnrolmentTokens(tokens);
      return tokens.map(() => undefined);
    },
    CROWD,
  );
  private readonly bindGathered = gather(
    (bindings: readonly EnrolmentBinding[]) => this.bindEnrolments(bindings),
    CROWD,
  );
  private readonly byEnrolment = gather((hashes: readonly string[]) => this.byCredentials('enrolment', hashes), CROWD);
  private readonly bySession = gather((hashes: readonly string[]) => this.byCredentials('session', hashes), CROWD);

  constructor(private readonly manager: EntityManager) {
    this.columns = columnsOf(manager, NodeEntity, 'nodes');
    this.findById = gatherById(manager, 'nodes', this.columns);
    this.snapshots = new NodeSnapshots(manager, this.columns);
  }

  pageByBay(
    scope: Scope,
    bayId: BayId,
    { limit, after }: { readonly limit: number; readonly after: NodeId | null },
  ): Promise<readonly Node[]> {
    const text = `SELECT ${this.columns} FROM nodes WHERE bay_id = $1 AND ($2::text IS NULL OR project_id = $2)
      AND ($3::uuid IS NULL OR (role, sequence) > (SELECT role, sequence FROM nodes WHERE id = $3 AND bay_id = $1))
      ORDER BY role, sequence LIMIT $4`;
    return selectPrepared<Node>(this.manager, 'nodes-page', text, [bayId, projectOf(scope), after, limit]);
  }

  listByBay(scope: Scope, bayId: BayId): Promise<readonly Node[]> {
    return this.listByBays(scope, [bayId]);
  }

  listByBays(scope: Scope, bayIds: readonly BayId[]): Promise<readonly Node[]> {
    // "master" comes before "worker" by the alphabet, too.
    const text = `SELECT ${this.columns} FROM nodes WHERE bay_id = ANY($1::uuid[])
      AND ($2::text IS NULL OR project_id = $2) ORDER BY role, sequence`;
    return selectPrepared<Node>(this.manager, 'nodes-by-bays', text, [bayIds, projectOf(scope)]);
  }

  readByBay(bayId: BayId): Promise<readonly Node[]> {
    return this.snapshots.read(bayId);
  }

  listMasters(scope: Scope, bayId: BayId): Promise<readonly Node[]> {
    const text = `SELECT ${this.columns} FROM nodes WHERE bay_id = $1 AND role = 'master'
      AND ($2::text IS NULL OR project_id = $2) ORDER BY sequence`;
    return selectPrepared<Node>(this.manager, 'masters-by-bay', text, [bayId, projectOf(scope)]);
  }

  async find(scope: Scope, id: NodeId): Promise<Node | null> {
    return this.findById(scope, id);
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

  recordFacts(id: NodeId, facts: Partial<NodeFacts>): Promise<void> {
    return this.recordGathered({ id, facts });
  }

  async recordFactsOfMany(changes: readonly NodeChange[]): Promise<void> {
    const rows = new Map<NodeId, Record<string, unknown>>();
    for (const { id, facts } of changes) {
      const row = rows.get(id) ?? { id };
      for (const name of FACT_NAMES) {
        const value = facts[name];
        if (value === undefined) continue;
        if (!WRITTEN_ONCE[name]) Object.assign(row, { [name]: value, [`${name}Said`]: true });
        else row[name] ??= value;
      }
      if (Object.keys(row).length > 1) rows.set(id, row);
    }
    if (rows.size === 0) return;
    await selectPrepared(this.manager, 'record-node-facts', RECORD_FACTS, [
      JSON.stringify([...rows.values()]),
      [...rows.keys()],
    ]);
  }

  async recordEngineStates(states: ReadonlyMap<NodeId, NodeHealth>): Promise<void> {
    if (states.size === 0) return;
    const rows = [...states].map(([id, word]) => ({ id, state: word.engineState, since: word.unreadySince }));
    await changeRows(
      this.manager,
      `UPDATE nodes SET engine_state = given.state, unready_since = given.since
       FROM jsonb_to_recordset($1::jsonb) AS given (id uuid, state text, since timestamptz)
       WHERE nodes.id = given.id`,
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
    return this.removeMany([id]);
  }

  removeMany(ids: readonly NodeId[]): Promise<void> {
    return inTransaction(this.manager, async (manager) => {
      // One that never joined never left: its certificate is taken back here at the latest.
      await changeRows(
        manager,
        'UPDATE certificates SET revoked_at = now() WHERE node_id = ANY($1::uuid[]) AND revoked_at IS NULL',
        [ids],
      );
      await changeRows(manager, 'DELETE FROM operations WHERE node_id = ANY($1::uuid[])', [ids]);
      await changeRows(manager, 'DELETE FROM nodes WHERE id = ANY($1::uuid[])', [ids]);
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

  setEnrolmentToken(id: NodeId, tokenHash: string): Promise<void> {
    return this.setTokenGathered({ id, tokenHash });
  }

  bindEnrolment(id: NodeId, tokenHash: string, publicKeyHash: string, sessionTokenHash: string): Promise<boolean> {
    return this.bindGathered({ id, tokenHash, publicKeyHash, sessionTokenHash });
  }

  findByEnrolmentToken(tokenHash: string): Promise<Node | null> {
    return this.byEnrolment(tokenHash);
  }

  findBySessionToken(tokenHash: string): Promise<Node | null> {
    return this.bySession(tokenHash);
  }

  private async setEnrolmentTokens(
    tokens: readonly { readonly id: NodeId; readonly tokenHash: string }[],
  ): Promise<void> {
    // A statement may touch a row once: the last word about a node counts.
    const last = new Map(tokens.map(({ id, tokenHash }) => [id, tokenHash]));
    await selectPrepared(
      this.manager,
      'set-enrolment-tokens',
      `INSERT INTO node_credentials (node_id, enrolment_token_hash)
       SELECT node_id, token_hash FROM unnest($1::uuid[], $2::text[]) AS given (node_id, token_hash) ORDER BY node_id
       ON CONFLICT (node_id) DO UPDATE SET enrolment_token_hash = excluded.enrolment_token_hash,
         public_key_hash = NULL, session_token_hash = NULL, bound_at = NULL
       WHERE node_credentials.enrolment_token_hash <> excluded.enrolment_token_hash`,
      [[...last.keys()], [...last.values()]],
    );
  }

  /** Two keys for one token in one moment: the first has it, and the other is refused as if it had come later. */
  private async bindEnrolments(bindings: readonly EnrolmentBinding[]): Promise<readonly boolean[]> {
    const first = new Map<NodeId, EnrolmentBinding>();
    for (const binding of bindings) if (!first.has(binding.id)) first.set(binding.id, binding);
    const taken = [...first.values()];
    const rows = await selectPrepared<{ readonly id: NodeId }>(
      this.manager,
      'bind-enrolments',
      `WITH given AS (SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[])
           AS given (id, token, key, session)),
         locked AS MATERIALIZED (SELECT node_id FROM node_credentials WHERE node_id = ANY($1::uuid[])
           ORDER BY node_id FOR NO KEY UPDATE)
       UPDATE node_credentials
       SET public_key_hash = given.key, session_token_hash = given.session, bound_at = coalesce(bound_at, now())
       FROM given JOIN locked ON locked.node_id = given.id
       WHERE node_credentials.node_id = ANY($1::uuid[]) AND node_credentials.node_id = given.id
         AND enrolment_token_hash = given.token
         AND (public_key_hash IS NULL OR public_key_hash = given.key)
       RETURNING node_credentials.node_id AS id`,
      [
        taken.map(({ id }) => id),
        taken.map(({ tokenHash }) => tokenHash),
        taken.map(({ publicKeyHash }) => publicKeyHash),
        taken.map(({ sessionTokenHash }) => sessionTokenHash),
      ],
    );
    const bound = new Set(rows.map(({ id }) => id));
    return bindings.map((binding) => {
      const winner = first.get(binding.id);
      const isTheSame =
        winner?.tokenHash === binding.tokenHash &&
        winner.publicKeyHash === binding.publicKeyHash &&
        winner.sessionTokenHash === binding.sessionTokenHash;
      return isTheSame && bound.has(binding.id);
    });
  }

  private async byCredentials(
    kind: 'enrolment' | 'session',
    hashes: readonly string[],
  ): Promise<readonly (Node | null)[]> {
    const rows = await selectPrepared<Node & { readonly askedHash: string }>(
      this.manager,
      `nodes-by-${kind}`,
      `SELECT ${kind}_token_hash AS "askedHash", ${this.columns}
       FROM node_credentials JOIN nodes ON nodes.id = node_credentials.node_id
       WHERE ${kind}_token_hash = ANY($1::text[])`,
      [hashes],
    );
    const found = new Map<string, Node>(rows.map(({ askedHash, ...node }) => [askedHash, node]));
    return hashes.map((hash) => found.get(hash) ?? null);
  }
}

/**
 * Rows are locked in one order, so that two crowds never wait for each other in a circle. Values that are there stay where a
 * fact is written once. The ids are given twice, because the planner takes what it knows no number of for a hundred rows and
 * reads the whole table for them: that, for the nodes of a bay of 5,000, was two thirds of the database's time.
 */
function recordFactsText(): string {
  const columnOf = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const given = FACT_NAMES.map((name) => {
    const column = `"${name}" ${COLUMN_TYPES[name] ?? 'timestamptz'}`;
    return WRITTEN_ONCE[name] ? column : `${column}, "${name}Said" boolean`;
  });
  const assignments = FACT_NAMES.map((name) => {
    const column = columnOf(name);
    return WRITTEN_ONCE[name]
      ? `${column} = coalesce(nodes.${column}, given."${name}")`
      : `${column} = CASE WHEN given."${name}Said" THEN given."${name}" ELSE nodes.${column} END`;
  });
  return `WITH given AS MATERIALIZED (SELECT * FROM jsonb_to_recordset($1::jsonb) AS given (id uuid, ${given.join(', ')})),
      locked AS MATERIALIZED (SELECT id FROM nodes WHERE id = ANY($2::uuid[]) ORDER BY id FOR NO KEY UPDATE)
    UPDATE nodes SET ${assignments.join(', ')}
    FROM given JOIN locked ON locked.id = given.id WHERE nodes.id = ANY($2::uuid[]) AND nodes.id = given.id`;
}
