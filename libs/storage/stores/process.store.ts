import type { EntityManager } from 'typeorm';
import type { ProcessKind, ProcessPlace, ProcessRecord, ProcessStore } from '../contracts/processes.js';
import { changeRows, selectRows } from './sql.js';

/** Seconds of silence after which a process counts as down (Magnum's conductors: the same). */
export const SILENT_SECONDS = 180;
/** Seconds after which a process that is down is not shown any more. */
const FORGOTTEN_SECONDS = 24 * 3_600;

const HEARD = 'greatest(last_seen_at, started_at)';

export class PostgresProcessStore implements ProcessStore {
  constructor(private readonly manager: EntityManager) {}

  async report(
    { host, kind, slot }: ProcessPlace,
    { version, isFirst }: { readonly version: string; readonly isFirst: boolean },
  ): Promise<Date> {
    const [row] = await selectRows<{ startedAt: Date }>(
      this.manager,
      `INSERT INTO processes (host, kind, slot, version, report_count, started_at, last_seen_at, member_rows_since)
       VALUES ($1, $2, $3, $4, 1, now(), now(), now())
       ON CONFLICT (host, kind, slot) DO UPDATE SET
         version = excluded.version,
         report_count = processes.report_count + 1,
         started_at = CASE WHEN $5 THEN now() ELSE processes.started_at END,
         member_rows_since = CASE WHEN $5 THEN now() ELSE processes.started_at END,
         last_seen_at = now(),
         stopped_at = NULL
       RETURNING started_at AS "startedAt"`,
      [host, kind, slot, version, isFirst],
    );
    if (row === undefined) throw new Error('an upsert gave no row');
    return row.startedAt;
  }

  async isAnyUp(kind: ProcessKind, withinSeconds: number): Promise<boolean> {
    const rows = await selectRows(
      this.manager,
      `SELECT 1 FROM processes
       WHERE kind = $1 AND stopped_at IS NULL AND ${HEARD} > now() - make_interval(secs => $2) LIMIT 1`,
      [kind, withinSeconds],
    );
    return rows.length === 1;
  }

  async reportStopped({ host, kind, slot }: ProcessPlace, startedAt: Date): Promise<void> {
    await changeRows(
      this.manager,
      'UPDATE processes SET stopped_at = now() WHERE host = $1 AND kind = $2 AND slot = $3 AND started_at = $4',
      [host, kind, slot, startedAt],
    );
  }

  list(): Promise<readonly ProcessRecord[]> {
    return selectRows<ProcessRecord>(
      this.manager,
      `SELECT id, host, kind, slot, version, report_count AS "reportCount", started_at AS "startedAt",
         last_seen_at AS "lastSeenAt", stopped_at AS "stoppedAt", created_at AS "createdAt",
         stopped_at IS NULL AND ${HEARD} > now() - make_interval(secs => $1) AS "isUp"
       FROM processes WHERE ${HEARD} > now() - make_interval(secs => $2) ORDER BY id`,
      [SILENT_SECONDS, FORGOTTEN_SECONDS],
    );
  }

  async removeForgotten(): Promise<number> {
    const { count } = await changeRows(
      this.manager,
      `DELETE FROM processes WHERE ${HEARD} <= now() - make_interval(secs => $1)`,
      [FORGOTTEN_SECONDS],
    );
    return count;
  }
}
