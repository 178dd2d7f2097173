import { z } from 'zod';
import { BAY_STATUSES, HEALTH_STATUSES } from '@baykeeper/domain';
import type { DashboardView, Caller } from '@baykeeper/services';
import { QUOTA_RESOURCES, type BayCard } from '@baykeeper/storage';
import { timeSchema } from '../http/answers.js';
import { timestamp } from '../http/timestamp.js';

const text = z.string().nullable();

const card = z
  .strictObject({
    uuid: z.uuid(),
    name: z.string(),
    coe: z.string(),
    coe_version: text,
    status: z.enum(BAY_STATUSES),
    status_reason: text,
    health_status: z.enum(HEALTH_STATUSES).nullable(),
    api_address: text,
    master_count: z.int(),
    node_count: z.int(),
    nodes: z
      .strictObject({ present: z.int(), ready: z.int(), failed: z.int(), leaving: z.int() })
      .describe('Masters and workers: those that are to stay, of them the ready and the failed ones; those that go'),
    created_at: timeSchema,
    updated_at: timeSchema.nullable(),
  })
  .meta({ id: 'DashboardBay' });

export const dashboardAnswer = z
  .strictObject({
    project: z.strictObject({ id: z.string(), name: z.string() }),
    user: z.strictObject({
      id: z.string(),
      name: z.string(),
      roles: z.array(z.string()),
      is_system_admin: z.boolean(),
    }),
    bay_counts: z.strictObject({ total: z.int(), in_progress: z.int(), failed: z.int() }),
    bays: z.array(card),
    next: z.string().optional(),
    quotas: z.array(z.strictObject({ resource: z.enum(QUOTA_RESOURCES), hard_limit: z.int(), in_use: z.int() })),
    events: z.array(
      z.strictObject({
        sequence: z.int(),
        bay_uuid: z.uuid(),
        bay_name: z.string(),
        node: text,
        kind: z.string(),
        level: z.enum(['info', 'warning', 'error']),
        message: z.string(),
        at: timeSchema,
      }),
    ),
    certificates: z
      .array(
        z.strictObject({
          bay_uuid: z.uuid(),
          bay_name: z.string(),
          subject: z.string(),
          serial: z.string(),
          not_after: timeSchema,
        }),
      )
      .describe('Certificates of people and programs that end within 30 days'),
  })
  .meta({ id: 'Dashboard' });

export function dashboardBody(caller: Caller, view: DashboardView, next: string | null) {
  const ending = (suffix: string): number =>
    [...view.counts].reduce((sum, [status, count]) => (status.endsWith(suffix) ? sum + count : sum), 0);
  return {
    project: view.project,
    user: {
      ...{ id: caller.userId, name: caller.userName, roles: caller.roles },
      is_system_admin: caller.isSystemAdmin,
    },
    bay_counts: { total: ending(''), in_progress: ending('_IN_PROGRESS'), failed: ending('_FAILED') },
    bays: view.cards.map(cardBody),
    ...(next !== null && { next }),
    quotas: view.usage.map(({ resource, hardLimit, inUse }) => ({
      ...{ resource, hard_limit: hardLimit, in_use: inUse },
    })),
    events: view.events.map((event) => ({
      ...{ sequence: event.sequence, bay_uuid: event.bayId, bay_name: event.bayName, node: event.nodeName },
      ...{ kind: event.kind, level: event.level, message: event.message, at: timestamp(event.at) },
    })),
    certificates: view.certificates.map(({ bayId, bayName, subject, serial, notAfter }) => ({
      ...{ bay_uuid: bayId, bay_name: bayName, subject, serial, not_after: timestamp(notAfter) },
    })),
  };
}

function cardBody(bay: BayCard) {
  return {
    ...{ uuid: bay.id, name: bay.name, coe: bay.engine, coe_version: bay.coeVersion },
    ...{ status: bay.status, status_reason: bay.statusReason, health_status: bay.healthStatus },
    ...{ api_address: bay.apiAddress, master_count: bay.masters, node_count: bay.workers, nodes: bay.nodes },
    ...{ created_at: timestamp(bay.createdAt), updated_at: timestamp(bay.updatedAt) },
  };
}
