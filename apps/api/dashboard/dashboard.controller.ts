/** One call that draws the dashboard's first page. */
import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Bays, Dashboard, parseQuery } from '@baykeeper/services';
import { callerOf } from '../access/caller-of.js';
import { ApiSettings } from '../api-settings.js';
import { MISSING, REFUSED } from '../http/answers.js';
import { answerWithTag } from '../http/entity-tag.js';
import { Operation } from '../http/operation.decorator.js';
import { dashboardAnswer, dashboardBody } from './dashboard.answers.js';

/** Bays of a page, at most and unless told. */
const MOST_BAYS = 200;
const BAYS = 50;
const LIMIT_ADVICE = `give a whole number from 1 to ${String(MOST_BAYS)}`;

const dashboardQuery = z.strictObject({
  limit: z
    .string({ error: LIMIT_ADVICE })
    .regex(/^\d{1,4}$/, { error: LIMIT_ADVICE })
    .transform(Number)
    .refine((number) => number >= 1 && number <= MOST_BAYS, { error: LIMIT_ADVICE })
    .meta({ type: 'integer', minimum: 1, maximum: MOST_BAYS })
    .optional(),
  marker: z.string().max(255).optional(),
});

@Controller('v1/dashboard')
export class DashboardController {
  constructor(
    private readonly dashboard: Dashboard,
    private readonly bays: Bays,
    private readonly settings: ApiSettings,
  ) {}

  @Get()
  @Operation({
    access: 'dashboard:show',
    summary: 'All that the first page of a dashboard shows of the own project',
    description:
      'Bays by name, each with how far its nodes are; the quota and what is used of it; the latest events; certificates ' +
      'that end soon. With `If-None-Match` the answer is 304 while nothing changed.',
    query: dashboardQuery,
    answers: {
      200: { description: 'The page', schema: dashboardAnswer },
      304: { description: 'Nothing changed since the answer with the given ETag' },
      ...REFUSED,
      ...MISSING,
    },
  })
  async show(@Req() request: FastifyRequest, @Query() query: unknown, @Res({ passthrough: true }) reply: FastifyReply) {
    const caller = callerOf(request);
    const { limit = BAYS, marker } = parseQuery(dashboardQuery, query);
    const last = marker === undefined ? null : await this.bays.findOwn(caller, marker);
    const view = await this.dashboard.overview(caller, { limit, after: last?.id ?? null });
    const end = view.cards.length === limit ? view.cards.at(-1) : undefined;
    const next =
      end === undefined ? null : `${this.settings.baseUrl}/v1/dashboard?limit=${String(limit)}&marker=${end.id}`;
    return answerWithTag(request, reply, dashboardBody(caller, view, next));
  }
}
