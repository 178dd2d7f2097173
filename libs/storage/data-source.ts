import { MIGRATIONS } from '@baykeeper/migrations';
import { DataSource, type DataSourceOptions } from 'typeorm';
import type { DatabaseSettings } from './contracts/stores.js';
import { ENTITIES } from './entities/index.js';
import { SnakeCaseNames } from './entities/snake-case-names.js';
import { SilentLogger } from './silent-logger.js';

export const MIGRATIONS_TABLE = 'migrations';
/**
 * For a server that answers, and for a connection that is free: a crowd of requests on busy processors waits for some seconds,
 * which is better for each than a refusal. A server that is not there refuses at once.
 */
const CONNECT_TIMEOUT_MS = 20_000;
/** Longer than any statement of ours takes by far; a server that hangs must not hold a request for ever. */
const STATEMENT_TIMEOUT_MS = 30_000;
/** A transaction whose process is stuck holds rows: the database ends it. */
const IDLE_TRANSACTION_TIMEOUT_MS = 60_000;

export interface DataSourceChanges {
  readonly poolSize?: number;
  /** 0: none. */
  readonly statementTimeoutMs?: number;
}

/** The connection pool with our entities and migrations; not connected yet. */
export function createDataSource(settings: DatabaseSettings, changes: DataSourceChanges = {}): DataSource {
  const options: DataSourceOptions = {
    type: 'postgres',
    entities: ENTITIES,
    migrations: MIGRATIONS,
    migrationsTableName: MIGRATIONS_TABLE,
    namingStrategy: new SnakeCaseNames(),
    synchronize: false,
    logger: new SilentLogger(),
    installExtensions: false,
    poolSize: changes.poolSize ?? settings.poolSize ?? 10,
    applicationName: settings.applicationName ?? 'baykeeper',
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    // An idle connection that broke is replaced when the next one is needed; whoever needs it hears of trouble then.
    poolErrorHandler: () => undefined,
    extra: {
      // Given to the driver as it is: the mapper's own reading of URLs knows no socket directories.
      connectionString: settings.url,
      keepAlive: true,
      statement_timeout: changes.statementTimeoutMs ?? settings.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS,
      idle_in_transaction_session_timeout: IDLE_TRANSACTION_TIMEOUT_MS,
    },
  };
  return new DataSource(options);
}
