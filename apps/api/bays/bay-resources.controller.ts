/** What hangs on a bay and is not in Magnum: nodes, events, load balancers, credentials, a new try. */
import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res, StreamableFile } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { TENANT_ACCESS } from '@baykeeper/drivers/contracts/engine.js';
import { Bays, Credentials, parseBody, parseQuery, text } from '@baykeeper/services';
import { callerOf } from '../access/caller-of.js';
import { ApiSettings } from '../api-settings.js';
import { CONFLICTING, IDENT, MISSING, REFUSED, errorSchema, uuidSchema } from '../http/answers.js';
import { Operation } from '../http/operation.decorator.js';
import { eventsAnswer, loadBalancersAnswer, nodesAnswer } from './bay.answers.js';
import { nodesQuery, sequenceText } from './bay-queries.js';
import { viewerOf } from '../events/stream-viewer.js';
import { BayEvents, LARGEST_EVENT_PAGE } from './bay-events.js';
import { BayRecords } from './bay-records.js';

const NAME_ADVICE = 'give 1 to 64 printable characters';
const ROLE_ADVICE = `give ${TENANT_ACCESS.join(', ')}`;
const credentialsSchema = z
  .strictObject({
    common_name: text({ max: 64, advice: NAME_ADVICE }).nullable().optional(),
    role: z.enum(TENANT_ACCESS, { error: ROLE_ADVICE }).nullable().optional(),
  })
  .meta({ id: 'CredentialsInput' });
const emptySchema = z.strictObject({}).meta({ id: 'Nothing' });

const eventsQuery = z.strictObject({
  after: sequenceText('give the sequence of the last event seen', 0, Number.MAX_SAFE_INTEGER).optional(),
  limit: sequenceText('give a whole number above 0', 1, Number.MAX_SAFE_INTEGER).optional(),
});

@Controller('v1/bays')
export class BayResourcesController {
  constructor(
    private readonly bays: Bays,
    private readonly records: BayRecords,
    private readonly events: BayEvents,
    private readonly credentials: Credentials,
    private readonly settings: ApiSettings,
  ) {}

  @Get(':ident/nodes')
  @Operation({
    access: 'cluster:get_nodes',
    summary: 'List a bay’s nodes, with what each of them is doing',
    description: 'Masters first, then by age; all of them unless a `limit` is given.',
    parameters: IDENT,
    query: nodesQuery,
    answers: { 200: { description: 'The nodes', schema: nodesAnswer }, ...REFUSED, ...MISSING, ...CONFLICTING },
  })
  async listNodes(@Req() request: FastifyRequest, @Param('ident') ident: string, @Query() query: unknown) {
    const { limit, marker = null } = parseQuery(nodesQuery, query);
    const view = await this.bays.show(callerOf(request), ident);
    const nodes = await this.records.nodesOf(view, limit === undefined ? null : { limit, after: marker });
    const last = nodes.length === limit ? nodes.at(-1) : undefined;
    if (limit === undefined || last === undefined) return { nodes };
    const path = `/v1/bays/${view.bay.id}/nodes?limit=${String(limit)}&marker=${last.uuid}`;
    return { nodes, next: `${this.settings.baseUrl}${path}` };
  }

  @Get(':ident/load_balancers')
  @Operation({
    access: 'cluster:get_load_balancers',
    summary: 'List a bay’s load balancers, with the health of every member',
    parameters: IDENT,
    isLong: true,
    answers: { 200: { description: 'The load balancers', schema: loadBalancersAnswer }, ...MISSING, ...CONFLICTING },
  })
  async listLoadBalancers(@Req() request: FastifyRequest, @Param('ident') ident: string) {
    return { load_balancers: await this.records.loadBalancersOf(await this.bays.find(callerOf(request), ident)) };
  }

  @Get(':ident/events')
  @Operation({
    access: 'cluster:get_events',
    summary: 'List what happened to a bay, or follow it',
    description:
      'With `Accept: text/event-stream` the answer never ends: every event as it happens, from `Last-Event-ID` (or ' +
      '`after`) on. The server ends it from time to time, and when the token ends; clients connect again. A token and a ' +
      'project may have so many at once.',
    parameters: IDENT,
    query: eventsQuery,
    answers: {
      200: {
        description: 'Events, oldest first',
        schema: eventsAnswer,
        mediaTypes: ['application/json', 'text/event-stream'],
      },
      429: { description: 'Too many streams are open: end one of them', schema: errorSchema },
      ...REFUSED,
      ...MISSING,
      ...CONFLICTING,
    },
  })
  async listEvents(
    @Req() request: FastifyRequest,
    @Param('ident') ident: string,
    @Query() query: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const asked = parseQuery(eventsQuery, query);
    const bay = await this.bays.find(callerOf(request), ident);
    if (request.headers.accept?.includes('text/event-stream')) {
      void reply.headers({ 'X-Accel-Buffering': 'no' });
      return new StreamableFile(
        this.events.follow(bay, lastSeen(request) ?? asked.after ?? 0, viewerOf(request, bay.projectId)),
        {
          type: 'text/event-stream; charset=utf-8',
        },
      );
    }
    const limit = Math.min(asked.limit ?? LARGEST_EVENT_PAGE, LARGEST_EVENT_PAGE);
    const events = await this.events.list(bay, asked.after ?? 0, limit);
    const last = events.at(-1);
    const isFull = last !== undefined && events.length === limit;
    const path = `/v1/bays/${bay.id}/events`;
    return {
      events,
      ...(isFull && { next: `${this.settings.baseUrl}${path}?after=${last.sequence}&limit=${limit}` }),
    };
  }

  @Post(':ident/credentials')
  @HttpCode(200)
  @Operation({
    access: 'certificate:create_credentials',
    summary: 'Download what a client needs to use a bay',
    description:
      'A zip with a fresh key and certificate, which are not kept. 409 while the bay has no address yet. `role` asks for ' +
      'less than the caller may do, on engines that know roles (Kubernetes).',
    parameters: IDENT,
    body: credentialsSchema,
    bodyIsOptional: true,
    answers: {
      200: { description: 'The zip', mediaTypes: ['application/zip'] },
      ...REFUSED,
      ...MISSING,
      ...CONFLICTING,
    },
  })
  async createCredentials(@Req() request: FastifyRequest, @Param('ident') ident: string, @Body() given: unknown) {
    const body = parseBody(credentialsSchema, given ?? {});
    const caller = callerOf(request);
    const bay = await this.bays.findOwn(caller, ident);
    const name = body.common_name ?? caller.userName;
    const { fileName, zip } = await this.credentials.bundle(caller, bay, name, body.role ?? null);
    return new StreamableFile(zip, {
      type: 'application/zip',
      disposition: `attachment; filename="${fileName}"`,
      length: zip.byteLength,
    });
  }

  @Post(':ident/actions/retry')
  @HttpCode(202)
  @Operation({
    access: 'cluster:retry',
    summary: 'Try a bay again with a fresh deadline',
    parameters: IDENT,
    body: emptySchema,
    bodyIsOptional: true,
    answers: { 202: { description: 'Accepted', schema: uuidSchema }, ...REFUSED, ...MISSING, ...CONFLICTING },
  })
  async retry(@Req() request: FastifyRequest, @Param('ident') ident: string, @Body() given: unknown) {
    parseBody(emptySchema, given ?? {});
    return { uuid: await this.bays.retry(callerOf(request), ident) };
  }
}

/** The event a reconnecting client saw last; what is no number of ours is as good as nothing. */
function lastSeen(request: FastifyRequest): number | null {
  const header = request.headers['last-event-id'];
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : null;
}
