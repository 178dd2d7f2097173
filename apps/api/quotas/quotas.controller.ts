/** Magnum's quotas and statistics, and what a project uses of them. */
import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { flag, parseBody, parseQuery, quotaChangeSchema, quotaSchema, Quotas } from '@baykeeper/services';
import { QUOTA_RESOURCES, type QuotaRecord } from '@baykeeper/storage';
import { callerOf } from '../access/caller-of.js';
import { ApiSettings } from '../api-settings.js';
import { MISSING, REFUSED, timeSchema } from '../http/answers.js';
import { Operation } from '../http/operation.decorator.js';
import { nextLink, pageQuery } from '../http/pages.js';
import { timestamp } from '../http/timestamp.js';

const ID_ADVICE = 'give the id of the last quota of the page before';
const quotaQuery = pageQuery.extend({
  marker: z
    .string({ error: ID_ADVICE })
    .regex(/^\d{1,9}$/, { error: ID_ADVICE })
    .optional(),
  all_tenants: flag().optional(),
});
const projectQuery = z.strictObject({ project_id: z.string().max(255).optional() });
const statsQuery = projectQuery.extend({ type: z.string().max(64).optional() });

const quotaAnswer = z
  .strictObject({
    id: z.int().optional(),
    project_id: z.string(),
    resource: z.enum(QUOTA_RESOURCES),
    hard_limit: z.int(),
    created_at: timeSchema.optional(),
    updated_at: timeSchema.nullable().optional(),
  })
  .meta({ id: 'Quota' });
const quotasAnswer = z
  .strictObject({ quotas: z.array(quotaAnswer), next: z.string().optional() })
  .meta({ id: 'Quotas' });
const usageAnswer = z
  .strictObject({
    project_id: z.string(),
    resources: z.array(
      z.strictObject({
        resource: z.enum(QUOTA_RESOURCES),
        hard_limit: z.int(),
        in_use: z.int(),
        is_default: z.boolean(),
      }),
    ),
  })
  .meta({ id: 'Usage' });
const statsAnswer = z.strictObject({ clusters: z.int(), nodes: z.int() }).meta({ id: 'Stats' });

const WHICH = { project: 'Id of the project', resource: 'Cluster, Node or Master' };
const ONE = { description: 'The quota', schema: quotaAnswer };

@Controller('v1')
export class QuotasController {
  constructor(
    private readonly quotas: Quotas,
    private readonly settings: ApiSettings,
  ) {}

  @Get('quotas')
  @Operation({
    access: 'quota:get_all',
    summary: 'List quotas',
    description: 'Those of the own project; with all_tenants of every project.',
    query: quotaQuery,
    answers: { 200: { description: 'A page of the list', schema: quotasAnswer }, ...REFUSED, ...MISSING },
  })
  async list(@Req() request: FastifyRequest, @Query() query: unknown) {
    const { all_tenants: all = false, marker, ...asked } = parseQuery(quotaQuery, query);
    const { limit, sort_key: sortKey, sort_dir: sortDir } = asked;
    const page = { limit, sortKey, sortDir, marker: marker === undefined ? null : Number(marker) };
    const found = await this.quotas.list(callerOf(request), page, all);
    const rows = found.map(({ id }) => ({ id: String(id) }));
    const next = nextLink(this.settings.baseUrl, '/v1/quotas', asked, rows);
    const more = next.next === undefined || !all ? next : { next: `${next.next}&all_tenants=True` };
    return { quotas: found.map(quotaBody), ...more };
  }

  @Post('quotas')
  @HttpCode(201)
  @Operation({
    access: 'quota:create',
    summary: 'Set the quota of a project for a resource',
    body: quotaSchema,
    answers: {
      201: ONE,
      ...REFUSED,
      ...MISSING,
      409: { description: 'There is one already: update it', schema: REFUSED[400].schema },
    },
  })
  async create(@Req() request: FastifyRequest, @Body() body: unknown) {
    const { project_id: projectId, resource, hard_limit: hardLimit } = parseBody(quotaSchema, body);
    return quotaBody(await this.quotas.create(callerOf(request), { projectId, resource, hardLimit }));
  }

  @Get('quotas/:project/:resource')
  @Operation({
    access: 'quota:get',
    summary: 'Show the quota of a project for a resource, or the default',
    parameters: WHICH,
    answers: { 200: ONE },
  })
  async show(@Req() request: FastifyRequest, @Param('project') project: string, @Param('resource') resource: string) {
    return quotaBody(await this.quotas.show(callerOf(request), project, resource));
  }

  @Patch('quotas/:project/:resource')
  @HttpCode(202)
  @Operation({
    access: 'quota:update',
    summary: 'Change a quota that was set',
    description: 'The body is no JSON patch. What is in use above a lower quota stays, and does not grow.',
    parameters: WHICH,
    body: quotaChangeSchema,
    answers: { 202: ONE, ...REFUSED, ...MISSING },
  })
  async update(
    @Req() request: FastifyRequest,
    @Param('project') project: string,
    @Param('resource') resource: string,
    @Body() body: unknown,
  ) {
    const { hard_limit: hardLimit } = parseBody(quotaChangeSchema, body);
    return quotaBody(await this.quotas.setLimit(callerOf(request), project, resource, hardLimit));
  }

  @Delete('quotas/:project/:resource')
  @HttpCode(204)
  @Operation({
    access: 'quota:delete',
    summary: 'Go back to the default quota',
    parameters: WHICH,
    answers: { 204: { description: 'The default holds' }, ...MISSING },
  })
  async remove(
    @Req() request: FastifyRequest,
    @Param('project') project: string,
    @Param('resource') resource: string,
  ): Promise<void> {
    await this.quotas.remove(callerOf(request), project, resource);
  }

  @Get('usage')
  @Operation({
    access: 'quota:get_usage',
    summary: 'Quotas and what is in use of them, for all resources of a project',
    query: projectQuery,
    answers: { 200: { description: 'Limits and usage', schema: usageAnswer }, ...REFUSED },
  })
  async usage(@Req() request: FastifyRequest, @Query() query: unknown) {
    const caller = callerOf(request);
    const projectId = parseQuery(projectQuery, query).project_id ?? null;
    const resources = await this.quotas.usage(caller, projectId);
    return {
      project_id: projectId ?? caller.projectId,
      resources: resources.map(({ resource, hardLimit, inUse, isDefault }) => ({
        ...{ resource, hard_limit: hardLimit, in_use: inUse, is_default: isDefault },
      })),
    };
  }

  @Get('stats')
  @Operation({
    access: 'stats:get_all',
    summary: 'How many clusters and nodes there are',
    description: 'Of the own project; of every project for an administrator who names none.',
    query: statsQuery,
    answers: { 200: { description: 'The numbers', schema: statsAnswer }, ...REFUSED },
  })
  async stats(@Req() request: FastifyRequest, @Query() query: unknown) {
    const { project_id: projectId = null, type = null } = parseQuery(statsQuery, query);
    const { bays, nodes } = await this.quotas.countBays(callerOf(request), { projectId, type });
    return { clusters: bays, nodes };
  }
}

type Shown = Pick<QuotaRecord, 'projectId' | 'resource' | 'hardLimit'> & Partial<QuotaRecord>;

/** A default has neither id nor times (Magnum). */
function quotaBody({ id, projectId, resource, hardLimit, createdAt, updatedAt }: Shown): z.output<typeof quotaAnswer> {
  return {
    ...(id !== undefined && { id }),
    ...{ project_id: projectId, resource, hard_limit: hardLimit },
    ...(createdAt !== undefined && { created_at: timestamp(createdAt), updated_at: timestamp(updatedAt ?? null) }),
  };
}
