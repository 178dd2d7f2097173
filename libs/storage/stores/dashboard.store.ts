import type { BayId, BayStatus, Node, NodeGroupId } from '@baykeeper/domain';
import type { EntityManager } from 'typeorm';
import type {
  BayCard,
  DashboardStore,
  ExpiringCertificate,
  GroupPicture,
  NodeCounts,
  ProjectEvent,
} from '../contracts/dashboards.js';
import { BayEventEntity } from '../entities/bay-event.entity.js';
import { NodeEntity } from '../entities/node.entity.js';
import type { Scope } from '../scope.js';
import { columnsOf, selectPrepared } from './prepared.js';
import { projectOf } from './scoping.js';

type CardRow = Omit<BayCard, 'nodes'> & NodeCounts;

const counted = (role: string): string =>
  `(SELECT coalesce(sum(node_count), 0)::integer FROM node_groups
    WHERE bay_id = bays.id AND role = '${role}' AND deletion_requested_at IS NULL)`;

const NODE_COUNTS = `(count(*) FILTER (WHERE removal_requested_at IS NULL))::integer AS present,
  (count(*) FILTER (WHERE removal_requested_at IS NULL AND failed_at IS NULL AND ready_at IS NOT NULL))::integer AS ready,
  (count(*) FILTER (WHERE removal_requested_at IS NULL AND failed_at IS NOT NULL))::integer AS failed,
  (count(*) FILTER (WHERE removal_requested_at IS NOT NULL))::integer AS leaving`;

/** The page is chosen first, so nodes are counted of its bays only. */
const CARDS = `WITH bays AS (SELECT * FROM bays WHERE ($1::text IS NULL OR project_id = $1)
    AND ($3::uuid IS NULL OR (name, id) > (SELECT name, id FROM bays WHERE id = $3 AND ($1::text IS NULL OR project_id = $1)))
    ORDER BY name, id LIMIT $2)
  SELECT bays.id, bays.name, engine, status, status_reason AS "statusReason", health_status AS "healthStatus",
    api_address AS "apiAddress", coe_version AS "coeVersion", bays.created_at AS "createdAt",
    bays.updated_at AS "updatedAt", ${counted('master')} AS masters, ${counted('worker')} AS workers,
    coalesce(present, 0) AS present, coalesce(ready, 0) AS ready, coalesce(failed, 0) AS failed,
    coalesce(leaving, 0) AS leaving
  FROM bays LEFT JOIN LATERAL (SELECT ${NODE_COUNTS}
    FROM nodes WHERE nodes.bay_id = bays.id) AS nodes ON true
  ORDER BY bays.name, bays.id`;

export class PostgresDashboardStore implements DashboardStore {
  constructor(private readonly manager: EntityManager) {}

  async countByStatus(scope: Scope): Promise<ReadonlyMap<BayStatus, number>> {
    const rows = await selectPrepared<{ readonly status: BayStatus; readonly count: number }>(
      this.manager,
      'dashboard-statuses',
      `SELECT status, count(*)::integer AS count FROM bays WHERE ($1::text IS NULL OR project_id = $1) GROUP BY status`,
      [projectOf(scope)],
    );
    return new Map(rows.map(({ status, count }) => [status, count]));
  }

  async listCards(
    scope: Scope,
    { limit, after }: { readonly limit: number; readonly after: BayId | null },
  ): Promise<readonly BayCard[]> {
    const values = [projectOf(scope), limit, after];
    const rows = await selectPrepared<CardRow>(this.manager, 'dashboard-cards', CARDS, values);
    return rows.map(({ present, ready, failed, leaving, ...bay }) => ({
      ...bay,
      nodes: { present, ready, failed, leaving },
    }));
  }

  async drawGroups(scope: Scope, bayId: BayId, most: number): Promise<readonly GroupPicture[]> {
    const ofBay = 'FROM nodes WHERE bay_id = $1 AND ($2::text IS NULL OR project_id = $2)';
    const values = [bayId, projectOf(scope)];
    const [counts, nodes] = await Promise.all([
      selectPrepared<NodeCounts & { readonly nodeGroupId: NodeGroupId }>(
        this.manager,
        'dashboard-groups',
        `SELECT node_group_id AS "nodeGroupId", ${NODE_COUNTS} ${ofBay} GROUP BY node_group_id`,
        values,
      ),
      selectPrepared<Node>(
        this.manager,
        'dashboard-nodes',
        `SELECT ${columnsOf(this.manager, NodeEntity, 'ranked')} FROM (SELECT nodes.*, row_number() OVER (
           PARTITION BY node_group_id
           ORDER BY ready_at IS NOT NULL AND failed_at IS NULL AND removal_requested_at IS NULL, sequence) AS place
         ${ofBay}) AS ranked WHERE place <= $3 ORDER BY place`,
        [...values, most],
      ),
    ]);
    return counts.map(({ nodeGroupId, ...of }) => ({
      ...{ nodeGroupId, counts: of },
      nodes: nodes.filter((node) => node.nodeGroupId === nodeGroupId),
    }));
  }

  listEvents(scope: Scope, limit: number): Promise<readonly ProjectEvent[]> {
    return selectPrepared<ProjectEvent>(
      this.manager,
      'dashboard-events',
      `WITH latest AS (SELECT * FROM bay_events WHERE ($1::text IS NULL OR project_id = $1)
         ORDER BY transaction_id DESC, sequence DESC LIMIT $2)
       SELECT ${columnsOf(this.manager, BayEventEntity, 'latest')}, latest.sequence::float8 AS sequence,
         bays.name AS "bayName", nodes.name AS "nodeName"
       FROM latest JOIN bays ON bays.id = latest.bay_id LEFT JOIN nodes ON nodes.id = latest.node_id
       ORDER BY latest.transaction_id DESC, latest.sequence DESC`,
      [projectOf(scope), limit],
    );
  }

  listExpiring(scope: Scope, before: Date, limit: number): Promise<readonly ExpiringCertificate[]> {
    return selectPrepared<ExpiringCertificate>(
      this.manager,
      'dashboard-expiring',
      `SELECT bays.id AS "bayId", bays.name AS "bayName", subject, serial, not_after AS "notAfter"
       FROM certificates JOIN bays ON bays.id = certificates.bay_id AND bays.project_id = certificates.project_id
       WHERE ($1::text IS NULL OR certificates.project_id = $1) AND kind = 'client' AND revoked_at IS NULL
         AND not_after > now() AND not_after < $2
       ORDER BY not_after LIMIT $3`,
      [projectOf(scope), before, limit],
    );
  }
}
