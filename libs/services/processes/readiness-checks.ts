/** What has to be there for a process of ours to be ready. */
import { BaykeeperError } from '@baykeeper/domain';
import type { ReadinessCheck } from '@baykeeper/platform';
import type { Database } from '@baykeeper/storage';
import { REPORT_EVERY_MS } from './heartbeat.js';

/** One report may be late; two are not. */
const SILENT_SECONDS = (REPORT_EVERY_MS / 1_000) * 2.5;

export interface ReadinessDependencies {
  readonly database: Pick<Database, 'stores' | 'ping' | 'pendingMigrations'>;
  readonly redis: { ping(): Promise<unknown> };
}

/**
 * Without Redis requests are still answered, but nothing that is wished begins: whoever watches has to see that. A process
 * is ready although no worker lives, because it loses no wish, and to keep requests away from it would make an outage of
 * a delay.
 */
export function readinessChecks({ database, redis }: ReadinessDependencies): Readonly<Record<string, ReadinessCheck>> {
  return {
    database: { ask: () => database.ping(), sentence: 'The database does not answer.' },
    redis: { ask: () => redis.ping(), sentence: 'Redis does not answer.' },
    schema: { ask: () => checkSchema(database), sentence: 'The database does not say which schema it has.' },
    worker: {
      ask: () => checkWorkers(database),
      sentence: 'No worker was heard of lately, so wishes are kept and wait.',
      isOnlyTold: true,
    },
  };
}

async function checkSchema(database: Pick<Database, 'pendingMigrations'>): Promise<void> {
  const pending = await database.pendingMigrations();
  if (pending.length === 0) return;
  throw new BaykeeperError({
    code: 'conflict',
    publicMessage: `The schema of the database is older than this process: ${pending.join(', ')} did not run. Start any process of this version again, which runs what is missing.`,
  });
}

async function checkWorkers({ stores }: Pick<Database, 'stores'>): Promise<void> {
  if (!(await stores.processes.isAnyUp('worker', SILENT_SECONDS))) throw new Error('no worker reports');
}
