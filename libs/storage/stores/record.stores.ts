import { BaykeeperError, type BayEvent, type BayId } from '@baykeeper/domain';
import { currentTraceparent } from '@baykeeper/platform/tracing/trace-context.js';
import type { EntityManager } from 'typeorm';
import type {
  EventPosition,
  EventStore,
  NewEvent,
  NewOutboxRow,
  OpenOperation,
  Operation,
  OperationStore,
  OutboxStore,
  PlacedEvent,
  SettingStore,
  TakenOutboxRow,
} from '../contracts/records.js';
import { BayEventEntity } from '../entities/bay-event.entity.js';
import { OperationEntity } from '../entities/operation.entity.js';
import { SettingEntity } from '../entities/setting.entity.js';
import { gather, type GatherOptions } from '../gather.js';
import type { Scope } from '../scope.js';
import { appendEvents } from './append-events.js';
import { columnsOf, selectPrepared } from './prepared.js';
import { notFound, projectOf, restrictToScope } from './scoping.js';
import { changeRows, isInTransaction, selectRows } from './sql.js';

export class PostgresSettingStore implements SettingStore {
  constructor(private readonly manager: EntityManager) {}

  async ensure(key: string, make: () => string | Promise<string>): Promise<string> {
    const known = await this.manager.findOneBy(SettingEntity, { key });
    if (known) return known.value;
    await selectRows(this.manager, 'INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING', [
      key,
      await make(),
    ]);
    return (await this.manager.findOneByOrFail(SettingEntity, { key })).value;
  }
}

/** The oldest transaction that may still write something, as the statement sees it. */
const OLDEST_OPEN = 'pg_snapshot_xmin(pg_current_snapshot())::text::bigint';

export class PostgresEventStore implements EventStore {
  // One batch at a time: events of a bay wait for each other anyway.
  private readonly appendGathered = gather(
    async (events: readonly NewEvent[]) => {
      await this.appendMany(events);
      return events.map(() => undefined);
    },
    { atOnce: 1, most: 500, separately: true },
  );

  constructor(private readonly manager: EntityManager) {}

  append(event: NewEvent): Promise<void> {
    return this.appendGathered(event);
  }

  async appendMany(events: readonly NewEvent[]): Promise<void> {
    const parts = appendEvents('$1');
    const text = `WITH ${parts.with} ${parts.insert}`;
    await selectPrepared(this.manager, 'append-events', text, [JSON.stringify(events)]);
  }

  list(
    scope: Scope,
    bayId: BayId,
    range: { readonly after: number; readonly limit: number },
  ): Promise<readonly BayEvent[]> {
    return restrictToScope(this.manager.createQueryBuilder(BayEventEntity, 'event'), scope)
      .andWhere('event.bayId = :bayId AND event.sequence > :after', { bayId, after: range.after })
      .orderBy('event.sequence')
      .limit(range.limit)
      .getMany();
  }

  listOfProject(
    scope: Scope,
    { after, limit }: { readonly after: EventPosition; readonly limit: number },
  ): Promise<readonly PlacedEvent[]> {
    return selectPrepared<PlacedEvent>(
      this.manager,
      'events-of-project',
      `WITH page AS MATERIALIZED (SELECT * FROM bay_events WHERE project_id = $1 AND (transaction_id, sequence) > ($2, $3)
         AND transaction_id < ${OLDEST_OPEN} ORDER BY transaction_id, sequence LIMIT $4)
       SELECT ${columnsOf(this.manager, BayEventEntity, 'page')}, page.sequence::float8 AS sequence,
         page.transaction_id::float8 AS transaction,
         bays.name AS "bayName", nodes.name AS "nodeName"
       FROM page JOIN bays ON bays.id = page.bay_id LEFT JOIN nodes ON nodes.id = page.node_id
       ORDER BY page.transaction_id, page.sequence`,
      [projectOf(scope), after.transaction, after.sequence, limit],
    );
  }

  async latestPosition(): Promise<EventPosition> {
    const [row] = await selectPrepared<{ readonly open: number }>(
      this.manager,
      'latest-position-of-events',
      `SELECT (${OLDEST_OPEN})::float8 AS open`,
      [],
    );
    return { transaction: (row?.open ?? 0) - 1, sequence: Number.MAX_SAFE_INTEGER };
  }
}

export class PostgresOutboxStore implements OutboxStore {
  constructor(private readonly manager: EntityManager) {}

  append(bayId: BayId): Promise<void> {
    return this.appendMany([{ bayId, traceparent: currentTraceparent() }]);
  }

  async appendMany(rows: readonly NewOutboxRow[]): Promise<void> {
    const text = `INSERT INTO outbox (bay_id, traceparent)
      SELECT bay_id, traceparent FROM unnest($1::uuid[], $2::text[]) AS given (bay_id, traceparent)`;
    const latest = [...new Map(rows.map((row) => [row.bayId, row])).values()];
    await selectPrepared(this.manager, 'append-outbox', text, [
      latest.map(({ bayId }) => bayId),
      latest.map(({ traceparent }) => traceparent),
    ]);
  }

  async take(limit: number): Promise<readonly TakenOutboxRow[]> {
    if (!isInTransaction(this.manager)) {
      throw new BaykeeperError({
        code: 'internal',
        publicMessage: 'Something went wrong on our side. Try again later.',
        detail: 'rows of the outbox can be taken inside a transaction only',
      });
    }
    const text = `SELECT outbox.id::float8 AS id, outbox.bay_id AS "bayId", outbox.traceparent, bays.project_id AS "projectId"
      FROM outbox LEFT JOIN bays ON bays.id = outbox.bay_id
      ORDER BY outbox.id LIMIT $1 FOR UPDATE OF outbox SKIP LOCKED`;
    return selectPrepared<TakenOutboxRow>(this.manager, 'take-outbox', text, [limit]);
  }

  async remove(ids: readonly number[]): Promise<void> {
    if (ids.length > 0) await changeRows(this.manager, 'DELETE FROM outbox WHERE id = ANY($1::bigint[])', [ids]);
  }
}

/** Operations come in crowds, as nodes do. */
const CROWD: GatherOptions = { atOnce: 2, most: 200, separately: true };

interface Finish {
  readonly id: string;
  readonly error: string | null;
}

export class PostgresOperationStore implements OperationStore {
  private readonly beginGathered = gather((operations: readonly Operation[]) => this.beginMany(operations), CROWD);
  private readonly finishGathered = gather((finished: readonly Finish[]) => this.finishMany(finished), CROWD);

  constructor(private readonly manager: EntityManager) {}

  async begin(operation: Operation): Promise<void> {
    if (!(await this.beginGathered(operation))) throw notFound('Cluster', operation.bayId);
  }

  async finish(id: string, outcome: { readonly error: string | null }): Promise<void> {
    await this.finishGathered({ id, error: outcome.error });
  }

  private async beginMany(operations: readonly Operation[]): Promise<readonly boolean[]> {
    const different = new Map(operations.map((operation) => [operation.id, operation]));
    const rows = await selectPrepared<{ readonly id: string }>(
      this.manager,
      'begin-operations',
      `INSERT INTO operations (id, bay_id, node_id, kind, attempts, started_at)
       SELECT given.id, bays.id, "nodeId", kind, 1, clock_timestamp()
       FROM jsonb_to_recordset($1) AS given (id text, "bayId" uuid, "nodeId" uuid, kind text)
       JOIN bays ON bays.id = "bayId" ORDER BY given.id
       ON CONFLICT (id) DO UPDATE SET attempts = operations.attempts + 1, started_at = excluded.started_at,
         finished_at = NULL, error = NULL
       RETURNING id`,
      [JSON.stringify([...different.values()])],
    );
    const begun = new Set(rows.map(({ id }) => id));
    return operations.map(({ id }) => begun.has(id));
  }

  private async finishMany(finished: readonly Finish[]): Promise<readonly undefined[]> {
    const last = [...new Map(finished.map((finish) => [finish.id, finish])).values()];
    await selectPrepared(
      this.manager,
      'finish-operations',
      `WITH given AS (SELECT * FROM unnest($1::text[], $2::text[]) AS given (id, error)),
         locked AS MATERIALIZED (SELECT id FROM operations WHERE id = ANY($1::text[]) ORDER BY id
           FOR NO KEY UPDATE)
       UPDATE operations SET finished_at = clock_timestamp(), error = given.error
       FROM given JOIN locked ON locked.id = given.id
       WHERE operations.id = ANY($1::text[]) AND operations.id = given.id`,
      [last.map(({ id }) => id), last.map(({ error }) => error)],
    );
    return finished.map(() => undefined);
  }

  async finishForgotten({ error }: { readonly error: string }): Promise<number> {
    const { count } = await changeRows(
      this.manager,
      `UPDATE operations SET finished_at = clock_timestamp(), error = $1 FROM bays
       WHERE operations.finished_at IS NULL AND bays.id = operations.bay_id AND bays.deletion_requested_at IS NULL
         AND bays.settled_generation = bays.generation AND bays.lease_expires_at IS NULL
         AND bays.reconciled_at > operations.started_at`,
      [error],
    );
    return count;
  }

  async lastErrors(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const rows = await selectRows<{ readonly id: string; readonly error: string }>(
      this.manager,
      'SELECT id, error FROM operations WHERE id = ANY($1) AND error IS NOT NULL',
      [ids],
    );
    return new Map(rows.map(({ id, error }) => [id, error]));
  }

  async listOpen(bayId: BayId): Promise<readonly OpenOperation[]> {
    return this.manager
      .createQueryBuilder(OperationEntity, 'operation')
      .select(['id', 'bayId', 'nodeId', 'kind', 'startedAt', 'attempts'].map((name) => `operation.${name}`))
      .where('operation.bayId = :bayId AND operation.finishedAt IS NULL', { bayId })
      .orderBy('operation.startedAt')
      .getMany();
  }
}
