/** Who did what: for a project's admin, and for whoever runs the installation. */
import { Controller, Get, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AuditTrail, flag, parseQuery } from '@baykeeper/services';
import type { AuditEntry } from '@baykeeper/storage';
import { callerOf } from '../access/caller-of.js';
import { ApiSettings } from '../api-settings.js';
import { REFUSED, timeSchema } from '../http/answers.js';
import { Operation } from '../http/operation.decorator.js';
import { pageQuery } from '../http/pages.js';
import { timestamp } from '../http/timestamp.js';

const NUMBER_ADVICE = 'give the sequence of the last entry of the page before';
const TIME_ADVICE = 'give a time such as 2026-01-02T03:04:05Z';
const time = z.iso.datetime({ offset: true, error: TIME_ADVICE }).transform((text) => new Date(text));
const WORD_ADVICE = 'give text of 1 to 255 characters';
const word = z
  .string({ error: WORD_ADVICE })
  .min(1, { error: WORD_ADVICE })
  .max(255, { error: WORD_ADVICE })
  .optional();

const auditQuery = z.strictObject({
  limit: pageQuery.shape.limit,
  marker: z
    .string({ error: NUMBER_ADVICE })
    .regex(/^\d{1,15}$/, { error: NUMBER_ADVICE })
    .optional(),
  all_tenants: flag().optional(),
  project_id: word,
  user: word,
  action: word,
  target: word,
  outcome: z.enum(['success', 'refused'], { error: 'give success or refused' }).optional(),
  address: word,
  since: time.optional().meta({ type: 'string', format: 'date-time' }),
  until: time.optional().meta({ type: 'string', format: 'date-time' }),
});

const text = z.string().nullable();
const auditAnswer = z
  .strictObject({
    audit: z.array(
      z
        .strictObject({
          sequence: z.int(),
          at: timeSchema,
          project_id: text,
          user_id: text,
          user_name: text,
          action: z.string(),
          outcome: z.enum(['success', 'refused']),
          target: z.strictObject({ kind: text, id: text, name: text }),
          detail: text,
          request_id: text,
          address: text,
          status: z.int().nullable(),
          count: z.int(),
        })
        .meta({ id: 'AuditEntry' }),
    ),
    next: z.string().optional(),
  })
  .meta({ id: 'Audit' });

@Controller('v1/audit')
export class AuditController {
  constructor(
    private readonly trail: AuditTrail,
    private readonly settings: ApiSettings,
  ) {}

  @Get()
  @Operation({
    access: 'audit:get_all',
    summary: 'Who did what to what, the latest first',
    description:
      'Every change; and, a moment later, every login and every request that was answered with 401, 403 or 429. ' +
      'An entry stands for count equal ones, and tells of the last of them; status is that of the answer, null for a ' +
      'change. Of the own project. An administrator of the installation may name another project, or ask for all with ' +
      'all_tenants, those of no project included. user and target are ids or names, action is the name of a rule such ' +
      'as cluster:create, outcome=refused leaves out what was done.',
    query: auditQuery,
    answers: { 200: { description: 'A page of entries', schema: auditAnswer }, ...REFUSED },
  })
  async list(@Req() request: FastifyRequest, @Query() query: unknown) {
    const {
      limit,
      marker,
      all_tenants: all = false,
      project_id: projectId,
      ...filters
    } = parseQuery(auditQuery, query);
    const entries = await this.trail.list(callerOf(request), {
      ...filters,
      ...{ limit, before: marker === undefined ? null : Number(marker) },
      ...{ allProjects: all, projectId: projectId ?? null },
    });
    const last = entries.at(-1);
    if (last === undefined || entries.length < limit) return { audit: entries.map(entryBody) };
    const next = new URL(`${this.settings.baseUrl}/v1/audit`);
    for (const [name, value] of Object.entries(query as Record<string, string>)) next.searchParams.set(name, value);
    next.searchParams.set('limit', String(limit));
    next.searchParams.set('marker', String(last.sequence));
    return { audit: entries.map(entryBody), next: next.href };
  }
}

function entryBody(entry: AuditEntry) {
  return {
    ...{ sequence: entry.sequence, at: timestamp(entry.at) },
    ...{ project_id: entry.projectId, user_id: entry.userId, user_name: entry.userName },
    ...{ action: entry.action, outcome: entry.outcome },
    target: { kind: entry.targetKind, id: entry.targetId, name: entry.targetName },
    ...{ detail: entry.detail, request_id: entry.requestId, address: entry.address },
    ...{ status: entry.status, count: entry.count },
  };
}
