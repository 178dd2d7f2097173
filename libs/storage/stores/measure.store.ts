import type { EntityManager } from 'typeorm';
import type { InstallationMeasures, MeasureStore, SoonestExpiry } from '../contracts/measures.js';
import { SILENT_SECONDS } from './process.store.js';
import { selectPrepared } from './prepared.js';

interface Row {
  readonly outboxRows: number;
  readonly outboxOldest: number;
  readonly leasesHeld: number;
  readonly leasesExpired: number;
  readonly baysByStatus: Readonly<Record<string, number>>;
  readonly oldestWish: number;
  readonly processes: Readonly<Partial<Record<'api' | 'worker', number>>>;
}

const secondsSince = (column: string): string =>
  `coalesce(extract(epoch FROM clock_timestamp() - min(${column})), 0)::float8`;

const READ = `
  SELECT outbox.*, bays.*, wishes.*,
    (SELECT coalesce(jsonb_object_agg(status, total), '{}')
       FROM (SELECT status, count(*) AS total FROM bays GROUP BY status) AS counted) AS "baysByStatus",
    (SELECT coalesce(jsonb_object_agg(kind, total), '{}')
       FROM (SELECT kind, count(*) AS total FROM processes
             WHERE stopped_at IS NULL AND greatest(last_seen_at, started_at) > now() - make_interval(secs => $1)
             GROUP BY kind) AS counted) AS processes
  FROM
    (SELECT count(*)::integer AS "outboxRows", ${secondsSince('created_at')} AS "outboxOldest" FROM outbox) AS outbox,
    (SELECT count(*) FILTER (WHERE lease_expires_at > clock_timestamp())::integer AS "leasesHeld",
       count(*) FILTER (WHERE lease_expires_at <= clock_timestamp())::integer AS "leasesExpired"
     FROM bays WHERE lease_expires_at IS NOT NULL) AS bays,
    (SELECT ${secondsSince('generation_at')} AS "oldestWish" FROM bays
     WHERE settled_generation < generation OR deletion_requested_at IS NOT NULL) AS wishes`;

/** A node that was given a newer certificate lives by that one. */
const READ_EXPIRY = `
  SELECT
    (SELECT certificates.not_after FROM certificates JOIN nodes ON nodes.id = certificates.node_id
     WHERE certificates.revoked_at IS NULL AND NOT EXISTS (
       SELECT 1 FROM certificates AS newer
       WHERE newer.node_id = certificates.node_id AND newer.not_after > certificates.not_after)
     ORDER BY certificates.not_after LIMIT 1) AS node,
    (SELECT min(created_at) FROM certificate_authorities) AS "oldestAuthorityMadeAt"`;

export class PostgresMeasureStore implements MeasureStore {
  constructor(private readonly manager: EntityManager) {}

  async read(): Promise<InstallationMeasures> {
    const [row] = await selectPrepared<Row>(this.manager, 'measures', READ, [SILENT_SECONDS]);
    if (row === undefined) throw new Error('a query without tables gave no row');
    return {
      outbox: { rows: row.outboxRows, oldestSeconds: row.outboxOldest },
      leases: { held: row.leasesHeld, expired: row.leasesExpired },
      baysByStatus: row.baysByStatus,
      oldestWishSeconds: row.oldestWish,
      processesUp: { api: row.processes.api ?? 0, worker: row.processes.worker ?? 0 },
    };
  }

  async readExpiry(): Promise<SoonestExpiry> {
    const [row] = await selectPrepared<SoonestExpiry>(this.manager, 'soonest-expiry', READ_EXPIRY, []);
    return row ?? { node: null, oldestAuthorityMadeAt: null };
  }
}
