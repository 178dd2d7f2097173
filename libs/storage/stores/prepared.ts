/**
 * Statements that are asked thousands of times a second: the database parses and plans each once per connection, and the
 * object mapper, which would build the statement and its result anew each time, is left out.
 */
import type pg from 'pg';
import type { EntityManager } from 'typeorm';

/** The mapper's driver for PostgreSQL keeps its pool here. */
interface PoolOfDriver {
  readonly master: pg.Pool;
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
