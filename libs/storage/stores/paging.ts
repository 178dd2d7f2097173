/**
 * Pages by marker ("keyset"): the next page begins after the row that the marker names, whatever was added or removed
 * meanwhile. The comparison is made inside the database on the marker's own row, so no value loses precision on the way.
 */
import { BaykeeperError, isUuid } from '@baykeeper/domain';
import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import type { Page } from '../page.js';

/** Names on the wire to properties. What is not here can't be sorted by. */
export type SortKeys<Entity> = Readonly<Record<string, keyof Entity & string>>;

/**
 * @param visible selects everything the caller may see
 * @throws BaykeeperError `invalid-input` for an unknown sort key; `not-found` for a marker the caller can't see
 */
export async function listPage<Entity extends ObjectLiteral>(
  visible: SelectQueryBuilder<Entity>,
  page: Page,
  sortKeys: SortKeys<Entity>,
): Promise<Entity[]> {
  const property = sortPropertyOf(page, sortKeys);
  const { alias } = visible;
  const [direction, after] = page.sortDir === 'asc' ? (['ASC', '>'] as const) : (['DESC', '<'] as const);
  const query = visible.clone();
  if (page.marker !== null) {
    await checkMarker(visible.clone(), page.marker);
    const { tableName } = visible.expressionMap.mainAlias?.metadata ?? {};
    const columnOf = (name: string): string =>
      visible.expressionMap.mainAlias?.metadata.findColumnWithPropertyName(name)?.databaseName ?? name;
    const markers = (name: string): string =>
      `(SELECT marked.${columnOf(name)} FROM ${tableName ?? ''} marked WHERE marked.id = :marker)`;
    const tie = `${alias}.sequence ${after} ${markers('sequence')}`;
    const value = `${alias}.${property}`;
    const mark = markers(property);
    // PostgreSQL sorts NULL as if it were larger than everything.
    const beyond =
      page.sortDir === 'asc'
        ? `${value} > ${mark} OR (${value} IS NULL AND ${mark} IS NOT NULL)`
        : `${value} < ${mark} OR (${value} IS NOT NULL AND ${mark} IS NULL)`;
    query.andWhere(
      property === 'sequence' ? tie : `(${beyond} OR (${value} IS NOT DISTINCT FROM ${mark} AND ${tie}))`,
      { marker: page.marker },
    );
  }
  query.orderBy(`${alias}.${property}`, direction);
  if (property !== 'sequence') query.addOrderBy(`${alias}.sequence`, direction);
  return query.limit(page.limit).getMany();
}

async function checkMarker<Entity extends ObjectLiteral>(
  visible: SelectQueryBuilder<Entity>,
  marker: string,
): Promise<void> {
  const known = isUuid(marker) && (await visible.andWhere(`${visible.alias}.id = :marker`, { marker }).getExists());
  if (!known) throw new BaykeeperError({ code: 'not-found', publicMessage: 'The marker could not be found.' });
}

/** @throws BaykeeperError `invalid-input` for an unknown sort key */
export function sortPropertyOf<Entity>(page: Page, sortKeys: SortKeys<Entity>): keyof Entity & string {
  const property = Object.hasOwn(sortKeys, page.sortKey) ? sortKeys[page.sortKey] : undefined;
  if (property !== undefined) return property;
  throw new BaykeeperError({
    code: 'invalid-input',
    publicMessage: `sort_key must be one of ${Object.keys(sortKeys).join(', ')}.`,
  });
}
