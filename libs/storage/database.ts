import type { Database, DatabaseSettings } from './contracts/stores.js';

/** @throws BaykeeperError `provider-unavailable` when the database can't be reached. */
export function openDatabase(settings: DatabaseSettings): Promise<Database> {
  return Promise.reject(new Error(`opening ${settings.applicationName ?? 'a database'} is not possible yet`));
}

/** Brings the schema up to date; two servers may start at once. @returns the names of the migrations that were run. */
export function runMigrations(database: Database): Promise<readonly string[]> {
  return database.migrate();
}
