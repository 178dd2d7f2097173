/** Bays under both families of names: one set of routes, made twice. */
import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Patch,
  Post,
  Query,
  Req,
  Res,
  type Type,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { BaykeeperError } from '@baykeeper/domain';
import {
  Bays,
  baySchema,
  clusterSchema,
  flag,
  parseBody,
  parseQuery,
  randomName,
  wishOfBay,
  wishOfCluster,
  type BayWish,
  type WishRules,
} from '@baykeeper/services';
import type { BayOverview, BaySummary, BayVersion } from '@baykeeper/storage';
import { callerOf } from '../access/caller-of.js';
import { ApiSettings } from '../api-settings.js';
import { CONFLICTING, IDENT, MISSING, REFUSED, uuidSchema } from '../http/answers.js';
import { Operation } from '../http/operation.decorator.js';
import { JSON_TYPE, nextLink, pageOf, pageQuery, renderList } from '../http/pages.js';
import { patchSchema } from '../http/patch.js';
import {
  bayAnswer,
  bayDetailsAnswer,
  baysAnswer,
  clusterAnswer,
  clusterDetailsAnswer,
  clustersAnswer,
} from './bay.answers.js';
import { bayBody, baySummary, clusterBody, clusterSummary, faultsOf } from './bay.bodies.js';
import { RenderedItems } from './rendered-items.js';

/** From here on a bay may have no workers, and an unknown template of a cluster is "not found". */
const ZERO_NODES_MINOR = 10;
/** From here on a patch may say what to do when it fails. */
const ROLLBACK_MINOR = 3;

interface Family {
  readonly collection: 'bays' | 'clusters';
  /** In sentences. */
  readonly word: string;
  readonly input: z.ZodType;
  readonly wish: (body: unknown) => BayWish;
  readonly one: z.ZodType;
  readonly many: z.ZodType;
  readonly manyInDetail: z.ZodType;
  readonly summary: (view: BaySummary, baseUrl: string, minor: number) => { readonly uuid: string };
  readonly body: (detail: BayOverview, baseUrl: string, minor: number) => { readonly uuid: string };
  readonly faults: string;
  readonly unknownBaymodel: (minor: number) => WishRules['unknownBaymodel'];
}

const patchQuery = z.strictObject({ rollback: flag().optional() });

function bayRoutes(family: Family, name: string): Type<object> {
  const { collection, word } = family;
  const accepted = { 202: { description: 'Accepted: poll its status, or follow its events', schema: uuidSchema } };

  @Controller(`v1/${collection}`)
  class BayRoutes {
    constructor(
      readonly bays: Bays,
      readonly rendered: RenderedItems,
      readonly settings: ApiSettings,
    ) {}

    @Get()
    @Operation({
      access: 'cluster:get_all',
      summary: `List ${word}s`,
      query: pageQuery,
      answers: { 200: { description: 'A page of the list', schema: family.many }, ...REFUSED },
    })
    async list(
      @Req() request: FastifyRequest,
      @Query() query: unknown,
      @Res({ passthrough: true }) reply: FastifyReply,
    ) {
      const asked = parseQuery(pageQuery, query);
      const { baseUrl } = this.settings;
      const { minor } = request;
      const caller = callerOf(request);
      const rows = await this.bays.page(caller, pageOf(asked));
      const items = await this.rendered.render(`${collection} ${String(minor)}`, rows, async (ids) =>
        (await this.bays.summaries(caller, ids)).map((view) => ({
          id: view.bay.id,
          item: family.summary(view, baseUrl, minor),
        })),
      );
      void reply.type(JSON_TYPE);
      return renderList(collection, items, nextLink(baseUrl, `/v1/${collection}`, asked, rows));
    }

    @Get('detail')
    @Operation({
      access: 'cluster:detail',
      summary: `List ${word}s with all their fields`,
      query: pageQuery,
      answers: { 200: { description: 'A page of the list', schema: family.manyInDetail }, ...REFUSED },
    })
    async detail(
      @Req() request: FastifyRequest,
      @Query() query: unknown,
      @Res({ passthrough: true }) reply: FastifyReply,
    ) {
      const asked = parseQuery(pageQuery, query);
      const { baseUrl } = this.settings;
      const caller = callerOf(request);
      const rows = await this.bays.page(caller, pageOf(asked));
      const versions = await this.bays.versions(
        caller,
        rows.map(({ id }) => id),
      );
      const items = await this.renderBodies(request, 'detail', versions, (overview) =>
        family.body(overview, baseUrl, request.minor),
      );
      void reply.type(JSON_TYPE);
      return renderList(collection, items, nextLink(baseUrl, `/v1/${collection}/detail`, asked, rows));
    }

    @Get(':ident')
    @Operation({
      access: 'cluster:get',
      summary: `Show a ${word}`,
      parameters: IDENT,
      answers: { 200: { description: `The ${word}`, schema: family.one }, ...MISSING, ...CONFLICTING },
    })
    async show(
      @Req() request: FastifyRequest,
      @Param('ident') ident: string,
      @Res({ passthrough: true }) reply: FastifyReply,
    ) {
      const version = await this.bays.version(callerOf(request), ident);
      const [text] = await this.renderBodies(request, 'show', [version], (overview) => {
        const faults = faultsOf(overview);
        return {
          ...family.body(overview, this.settings.baseUrl, request.minor),
          ...(faults !== null && { [family.faults]: faults }),
        };
      });
      // Gone between the two looks.
      if (text === undefined) {
        throw new BaykeeperError({ code: 'not-found', publicMessage: `Cluster ${version.id} could not be found.` });
      }
      void reply.type(JSON_TYPE);
      return text;
    }

    @Post()
    @HttpCode(202)
    @Operation({
      access: 'cluster:create',
      summary: `Ask for a new ${word}`,
      description: 'Names need not be unique. Everything it needs is copied from its template when it is made.',
      body: family.input,
      answers: { ...accepted, ...REFUSED, ...MISSING, ...CONFLICTING },
    })
    async create(@Req() request: FastifyRequest, @Body() body: unknown) {
      const wish = family.wish(body);
      return { uuid: await this.bays.create(callerOf(request), wish, rulesOf(request)) };
    }

    @Patch(':ident')
    @HttpCode(202)
    @Operation({
      access: 'cluster:update',
      summary: `Scale a ${word} by JSON patch`,
      description:
        'Only node_count changes; it is the number of nodes in the default worker group. Accepted in any status: the ' +
        'latest wish wins. health_status and health_status_reason are accepted and not kept, because the health is ' +
        'observed.',
      parameters: IDENT,
      query: patchQuery,
      body: patchSchema,
      answers: { ...accepted, ...REFUSED, ...MISSING, ...CONFLICTING },
    })
    async update(
      @Req() request: FastifyRequest,
      @Param('ident') ident: string,
      @Query() query: unknown,
      @Body() body: unknown,
    ) {
      parseQuery(request.minor < ROLLBACK_MINOR ? patchQuery.omit({ rollback: true }) : patchQuery, query);
      return { uuid: await this.bays.update(callerOf(request), ident, body, rulesOf(request)) };
    }

    @Delete(':ident')
    @HttpCode(204)
    @Operation({
      access: 'cluster:delete',
      summary: `Delete a ${word}`,
      description: 'Possible in any status, and again while it is being deleted.',
      parameters: IDENT,
      answers: { 204: { description: 'It will be deleted' }, ...MISSING, ...CONFLICTING },
    })
    async remove(@Req() request: FastifyRequest, @Param('ident') ident: string): Promise<void> {
      await this.bays.remove(callerOf(request), ident);
    }

    /** In the order of `versions`, without those that are gone meanwhile. */
    private renderBodies(
      request: FastifyRequest,
      kind: string,
      versions: readonly BayVersion[],
      body: (overview: BayOverview) => object,
    ): Promise<readonly string[]> {
      return this.rendered.render(`${collection} ${kind} ${String(request.minor)}`, versions, async (ids) =>
        (await this.bays.overviews(callerOf(request), ids)).map((view) => ({ id: view.bay.id, item: body(view) })),
      );
    }
  }

  function rulesOf({ minor }: FastifyRequest): WishRules {
    return { unknownBaymodel: family.unknownBaymodel(minor), allowsNoWorkers: minor >= ZERO_NODES_MINOR };
  }

  Object.defineProperty(BayRoutes, 'name', { value: name });
  return BayRoutes;
}

export const BaysController = bayRoutes(
  {
    collection: 'bays',
    word: 'bay',
    input: baySchema,
    wish: (given) => {
      const body = parseBody(baySchema, given);
      return wishOfBay(body, body.name ?? randomName('bay'));
    },
    one: bayAnswer,
    many: baysAnswer,
    manyInDetail: bayDetailsAnswer,
    summary: baySummary,
    body: bayBody,
    faults: 'bay_faults',
    unknownBaymodel: () => 'invalid-input',
  },
  'Bays',
);

export const ClustersController = bayRoutes(
  {
    collection: 'clusters',
    word: 'cluster',
    input: clusterSchema,
    wish: (given) => {
      const body = parseBody(clusterSchema, given);
      return wishOfCluster(body, body.name ?? randomName('cluster'));
    },
    one: clusterAnswer,
    many: clustersAnswer,
    manyInDetail: clusterDetailsAnswer,
    summary: clusterSummary,
    body: clusterBody,
    faults: 'faults',
    unknownBaymodel: (minor) => (minor >= ZERO_NODES_MINOR ? 'not-found' : 'invalid-input'),
  },
  'Clusters',
);
