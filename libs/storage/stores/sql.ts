import type { EntityManager, EntityMetadata, EntityTarget, ObjectLiteral } from 'typeorm';

/** Rows of a SELECT or of an INSERT … RETURNING. */
export async function selectRows<Row>(
  manager: EntityManager,
  sql: string,
  parameters: readonly unknown[],
): Promise<readonly Row[]> {
  return manager.query<readonly Row[]>(sql, [...parameters]);
}

export interface Changed<Row> {
  readonly rows: readonly Row[];
  readonly count: number;
}

/** Rows of an UPDATE or DELETE … RETURNING: the mapper answers these with rows and their number. */
export async function changeRows<Row>(
  manager: EntityManager,
  sql: string,
  parameters: readonly unknown[],
): Promise<Changed<Row>> {
  const [rows, count] = await manager.query<[readonly Row[], number]>(sql, [...parameters]);
  return { rows, count };
}

/** Takes part in the transaction that is open, or makes one. */
export function inTransaction<T>(manager: EntityManager, work: (manager: EntityManager) => Promise<T>): Promise<T> {
  return isInTransaction(manager) ? work(manager) : manager.transaction(work);
}

export function isInTransaction(manager: EntityManager): boolean {
  return manager.queryRunner?.isTransactionActive ?? false;
}

export interface Assignment {
  readonly property: string;
  readonly column: string;
  /** For a cast, so that a parameter's type never depends on where it stands. */
  readonly type: string;
  readonly value: unknown;
}

/** What to write for the given values: columns of the entity, without those that are undefined. */
export function assignmentsOf<Entity extends ObjectLiteral>(
  manager: EntityManager,
  target: EntityTarget<Entity>,
  values: object,
  properties: readonly (keyof Entity & string)[],
): readonly Assignment[] {
  const metadata: EntityMetadata = manager.dataSource.getMetadata(target);
  const given = new Map(Object.entries(values));
  return properties.flatMap((property) => {
    const value: unknown = given.get(property);
    const column = metadata.findColumnWithPropertyName(property);
    if (value === undefined || !column) return [];
    const type = manager.dataSource.driver.normalizeType(column);
    const stored = type === 'jsonb' && value !== null ? JSON.stringify(value) : value;
    return [{ property, column: column.databaseName, type, value: stored }];
  });
}

/**
 * The SET list of an UPDATE, its values beginning at parameter `from`.
 * @param writtenOnce properties whose first value stays
 */
export function setListOf(
  assignments: readonly Assignment[],
  from: number,
  writtenOnce: Readonly<Record<string, boolean>> = {},
): string {
  return assignments
    .map(({ property, column, type }, index) => {
      const value = `$${from + index}::${type}`;
      return `${column} = ${writtenOnce[property] ? `coalesce(${column}, ${value})` : value}`;
    })
    .join(', ');
}

/** Only the named properties, and of these only what is given: a superset of a record writes nothing else. */
export function pick<Source extends object, Key extends keyof Source & string>(
  source: Source,
  keys: readonly Key[],
): Partial<Pick<Source, Key>> {
  const picked: Partial<Pick<Source, Key>> = {};
  for (const key of keys) if (source[key] !== undefined) picked[key] = source[key];
  return picked;
}
