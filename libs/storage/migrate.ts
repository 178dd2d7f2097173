import type { DataSource } from 'typeorm';
import type { DatabaseSettings } from './contracts/stores.js';
import { createDataSource } from './data-source.js';

/** Any number, the same in every process of every version: it stands for "the schema of Baykeeper". */
const MIGRATION_LOCK = 0x62_61_79_6b;

/**
 * A database that was restored elsewhere counts its transactions from the beginning: rows dated by the old count would seem
 * to be of the future, and be read anew every time. Writing them dates them anew.
 */
const REDATE = 'UPDATE nodes SET revision = 0 WHERE revision > pg_current_xact_id()::text::bigint';

/**
 * Runs what has not been run, in one transaction: all or nothing. A second process waits, however long that takes, and
 * then finds nothing to do. The lock goes with its connection, so a process that dies leaves none behind.
 */
export async function migrate(settings: DatabaseSettings): Promise<readonly string[]> {
  // Connections of its own: one for the lock, one to work, and no limit to how long a large change may take.
  const source = createDataSource(settings, { poolSize: 2, statementTimeoutMs: 0 });
  await source.initialize();
  try {
    const locked = source.createQueryRunner();
    try {
      await locked.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
      const done = await source.runMigrations({ transaction: 'all' });
      await source.query(REDATE);
      await orderRestoredEvents(source);
      await locked.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
      return done.map(({ name }) => name);
    } finally {
      await locked.release();
    }
  } finally {
    await source.destroy();
  }
}

/** Of the latest events so many are looked at: they are those with the highest numbers. */
const LOOKED_AT = 1000;

/**
 * A dump that is restored brings numbers of another database's transactions, which may be ahead of this one's. Then they are
 * taken for one transaction, the oldest, so that what is written from now on comes after them.
 */
async function orderRestoredEvents(source: DataSource): Promise<void> {
  await source.query(
    `UPDATE bay_events SET transaction_id = 0 WHERE transaction_id <> 0 AND EXISTS (
       SELECT FROM (SELECT transaction_id FROM bay_events ORDER BY sequence DESC LIMIT $1) AS latest
       WHERE latest.transaction_id >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint)`,
    [LOOKED_AT],
  );
}
