import { BaykeeperError, isUuid } from '@baykeeper/domain';
import type { EntityManager, EntityTarget, ObjectLiteral } from 'typeorm';
import type { Page } from '../page.js';
import type { Scope } from '../scope.js';
import { sortPropertyOf, type SortKeys } from './paging.js';
import { selectPrepared } from './prepared.js';
import { projectOf } from './scoping.js';

interface PageQuestion<Entity extends ObjectLiteral> {
  readonly entity: EntityTarget<Entity>;
  /** What to select, with the table's name before each column. */
  readonly columns: string;
  readonly scope: Scope;
  readonly sortKeys: SortKeys<Entity>;
  readonly page: Page;
}

/**
 * A page by marker, like `listPage`, by a statement that stays prepared: its text depends on the order and on whether
 * one project is looked at, never on a value, and each such text can use the index that is made for it.
 * @throws BaykeeperError `invalid-input` for an unknown sort key; `not-found` for a marker that can't be seen
 */
export async function selectPage<Row, Entity extends ObjectLiteral>(
  manager: EntityManager,
  { entity, columns, scope, sortKeys, page }: PageQuestion<Entity>,
): Promise<readonly Row[]> {
  const property = sortPropertyOf(page, sortKeys);
  const { tableName: table, ...metadata } = manager.dataSource.getMetadata(entity);
  const column = `${table}.${metadata.columns.find((known) => known.propertyName === property)?.databaseName ?? ''}`;
  const project = projectOf(scope);
  const visible = project === null ? '$1::text IS NULL' : `${table}.project_id = $1`;
  const kind = `${table}-${project === null ? 'all' : 'own'}`;
  const values: unknown[] = [project];
  if (page.marker !== null) {
    const text = `SELECT 1 FROM ${table} WHERE ${visible} AND ${table}.id = $2`;
    const known =
      isUuid(page.marker) && (await selectPrepared(manager, `marker-${kind}`, text, [project, page.marker]));
    if (known === false || known.length === 0)
      throw new BaykeeperError({ code: 'not-found', publicMessage: 'The marker could not be found.' });
    values.push(page.marker);
  }
  const isAscending = page.sortDir === 'asc';
  const direction = isAscending ? 'ASC' : 'DESC';
  const beyond = page.marker === null ? 'true' : `(${afterMarker(table, column, isAscending)})`;
  const sequence = `${table}.sequence`;
  const order = column === sequence ? `${sequence} ${direction}` : `${column} ${direction}, ${sequence} ${direction}`;
  values.push(page.limit);
  const name = `page-${kind}-${property}-${direction}${page.marker === null ? '' : '-marker'}`;
  const text = `SELECT ${columns} FROM ${table} WHERE ${visible} AND ${beyond} ORDER BY ${order} LIMIT $${values.length}`;
  return selectPrepared<Row>(manager, name, text, values);
}

/** Compared on the marker's own row, so that no value loses precision on the way. PostgreSQL sorts NULL as the largest. */
function afterMarker(table: string, column: string, isAscending: boolean): string {
  const markers = (name: string): string =>
    `(SELECT marked.${name.slice(table.length + 1)} FROM ${table} marked WHERE marked.id = $2)`;
  const sequence = `${table}.sequence`;
  const tie = `${sequence} ${isAscending ? '>' : '<'} ${markers(sequence)}`;
  if (column === sequence) return tie;
  const mark = markers(column);
  const further = isAscending
    ? `${column} > ${mark} OR (${column} IS NULL AND ${mark} IS NOT NULL)`
    : `${column} < ${mark} OR (${column} IS NOT NULL AND ${mark} IS NULL)`;
  return `${further} OR (${column} IS NOT DISTINCT FROM ${mark} AND ${tie})`;
}
