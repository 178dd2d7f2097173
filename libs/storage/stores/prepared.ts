/**
 * Statements that are asked thousands of times a second: the database parses and plans each once per connection, and the
 * object mapper, which would build the statement and its result anew each time, is left out.
 */
import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { DataSource, EntityManager, EntityMetadata, EntityTarget, ObjectLiteral } from 'typeorm';
import type { NewAuditEntry } from '../contracts/audit.js';
import type { PoolState } from '../contracts/stores.js';
import { appendAudit } from './append-audit.js';

/** The mapper's driver for PostgreSQL keeps its pool here. */
interface PoolOfDriver {
  readonly master: pg.Pool;
}

export function poolState({ driver }: DataSource): PoolState {
  const { totalCount, idleCount, waitingCount } = (driver as unknown as PoolOfDriver).master;
  return { open: totalCount, idle: idleCount, waiting: waitingCount };
}

/**
 * @param name stands for the text for ever: never two texts under one name
 * @returns rows as the driver reads them; times are `Date`, JSON is parsed
 */
export async function selectPrepared<Row>(
  manager: EntityManager,
  name: string,
  text: string,
  values: readonly unknown[],
): Promise<readonly Row[]> {
  const runner = manager.queryRunner;
  const source: Pick<pg.Pool, 'query'> = runner
    ? ((await runner.connect()) as pg.PoolClient)
    : (manager.dataSource.driver as unknown as PoolOfDriver).master;
  const { rows } = await source.query({ name, text, values: [...values] });
  return rows as Row[];
}

/** A name for a text that is put together: of the length that the database keeps. */
export function nameOf(title: string, text: string): string {
  return `${title.slice(0, 40)}-${createHash('sha1').update(text).digest('hex').slice(0, 16)}`;
}

/** Stores are made anew for every transaction; what they select is not. */
const knownColumns = new WeakMap<EntityMetadata, Map<string, string>>();

/** What a SELECT or RETURNING names for rows as the mapper would give them. @param table its name or alias in front of each */
export function columnsOf(manager: EntityManager, target: EntityTarget<ObjectLiteral>, table = ''): string {
  const metadata = manager.dataSource.getMetadata(target);
  const byTable = knownColumns.get(metadata) ?? new Map<string, string>();
  knownColumns.set(metadata, byTable);
  let text = byTable.get(table);
  if (text === undefined) {
    text = metadata.columns
      .filter((column) => column.isSelect)
      .map((column) => `${table === '' ? '' : `${table}.`}${column.databaseName} AS "${column.propertyName}"`)
      .join(', ');
    byTable.set(table, text);
  }
  return text;
}

/**
 * Inserts one row and gives it back as it is stored.
 * @param parts its values by property, the first part that has one counts (they are not put together: a copy of an object with
 *   many properties is a table, ten times as large); what is undefined gets the column's default
 * @param audit who made it, written by the same statement
 */
export async function insertPrepared<Entity extends ObjectLiteral>(
  manager: EntityManager,
  target: EntityTarget<Entity>,
  parts: readonly Readonly<Partial<Record<string, unknown>>>[],
  audit?: NewAuditEntry,
): Promise<Entity> {
  const { tableName: table, columns } = manager.dataSource.getMetadata(target);
  const given = columns
    .map((column) => ({
      column,
      value: parts.find((part) => part[column.propertyName] !== undefined)?.[column.propertyName],
    }))
    .filter(({ value }) => value !== undefined);
  const places = given.map((_, index) => `$${String(index + 1)}`);
  const noted = audit === undefined ? '' : `WITH noted AS (${appendAudit(`$${String(given.length + 1)}`)}) `;
  const text = `${noted}INSERT INTO ${table} (${given.map(({ column }) => column.databaseName).join(', ')})
    VALUES (${places.join(', ')}) RETURNING ${columnsOf(manager, target)}`;
  const rows = await selectPrepared<Entity>(
    manager,
    // Which columns are given decides the text.
    nameOf(`insert-${table}`, text),
    text,
    [
      ...given.map(({ column, value }) => (column.type === 'jsonb' && value !== null ? JSON.stringify(value) : value)),
      ...(audit === undefined ? [] : [JSON.stringify([audit])]),
    ],
  );
  const [row] = rows;
  if (row === undefined) throw new Error(`inserting into ${table} gave no row`);
  return row;
}
