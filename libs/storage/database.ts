import { MIGRATIONS } from '@baykeeper/migrations';
import type { DataSource } from 'typeorm';
import type { Database, DatabaseSettings, PoolState, Stores } from './contracts/stores.js';
import { MIGRATIONS_TABLE, createDataSource } from './data-source.js';
import { migrate } from './migrate.js';
import { createStores } from './stores/create-stores.js';
import { poolState } from './stores/prepared.js';
import { translateError } from './translate-errors.js';

/** @throws BaykeeperError `provider-unavailable` when the database can't be reached. */
export async function openDatabase(settings: DatabaseSettings): Promise<Database> {
  const source = createDataSource(settings);
  await translated(async () => source.initialize());
  return new PostgresDatabase(source, settings);
}

/** Brings the schema up to date; two servers may start at once. @returns the names of the migrations that were run. */
export function runMigrations(database: Database): Promise<readonly string[]> {
  return database.migrate();
}

class PostgresDatabase implements Database {
  readonly stores: Stores;

  constructor(
    private readonly source: DataSource,
    private readonly settings: DatabaseSettings,
  ) {
    this.stores = createStores(source.manager);
  }

  pool = (): PoolState => poolState(this.source);

  transaction<T>(work: (stores: Stores) => Promise<T>): Promise<T> {
    return translated(() => this.source.transaction((manager) => work(createStores(manager))));
  }

  async ping(): Promise<void> {
    await translated(() => this.source.query('SELECT 1'));
  }

  pendingMigrations(): Promise<readonly string[]> {
    return translated(async () => {
      const rows = await this.source.query<{ name: string }[]>(`SELECT name FROM ${MIGRATIONS_TABLE}`);
      const done = new Set(rows.map(({ name }) => name));
      return MIGRATIONS.map(({ name }) => name).filter((name) => !done.has(name));
    });
  }

  migrate(): Promise<readonly string[]> {
    return translated(() => migrate(this.settings));
  }

  async close(): Promise<void> {
    if (this.source.isInitialized) await this.source.destroy();
  }
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translateError(error);
  }
}
