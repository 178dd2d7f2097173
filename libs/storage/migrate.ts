import type { DatabaseSettings } from './contracts/stores.js';
import { createDataSource } from './data-source.js';

/** Any number, the same in every process of every version: it stands for "the schema of Baykeeper". */
const MIGRATION_LOCK = 0x62_61_79_6b;

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
      await locked.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
      return done.map(({ name }) => name);
    } finally {
      await locked.release();
    }
  } finally {
    await source.destroy();
  }
}
