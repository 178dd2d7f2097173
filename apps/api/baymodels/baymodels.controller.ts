/** Baymodels under both families of names: one set of routes, made twice. */
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
import type { z } from 'zod';
import type { Baymodel } from '@baykeeper/domain';
import {
  Baymodels,
  baymodelSchema,
  clusterTemplateSchema,
  parseBody,
  parseQuery,
  type BaymodelBody,
} from '@baykeeper/services';
import { callerOf } from '../access/caller-of.js';
import { ApiSettings } from '../api-settings.js';
import { CONFLICTING, IDENT, MISSING, REFUSED } from '../http/answers.js';
import { Operation } from '../http/operation.decorator.js';
import { nextLink, pageOf, pageQuery } from '../http/pages.js';
import { patchSchema } from '../http/patch.js';
import { baymodelAnswer, baymodelsAnswer, clusterTemplateAnswer, clusterTemplatesAnswer } from './baymodel.answers.js';
import { baymodelBody, clusterTemplateBody } from './baymodel.bodies.js';

interface Family {
  readonly collection: 'baymodels' | 'clustertemplates';
  /** In sentences. */
  readonly word: string;
  readonly input: z.ZodType<BaymodelBody>;
  readonly one: z.ZodType;
  readonly many: z.ZodType;
  /** Ends the random names. */
  readonly suffix: string;
  readonly body: (baymodel: Baymodel, baseUrl: string) => { readonly uuid: string };
}

function baymodelRoutes(family: Family, name: string): Type<object> {
  const { collection, word } = family;
  const page = { description: 'A page of the list', schema: family.many };
  const one = { description: `The ${word}`, schema: family.one };

  @Controller(`v1/${collection}`)
  class BaymodelRoutes {
    constructor(
      readonly baymodels: Baymodels,
      readonly settings: ApiSettings,
    ) {}

    @Get()
    @Operation({
      access: 'clustertemplate:get_all',
      summary: `List the ${word}s the project may use`,
      query: pageQuery,
      answers: { 200: page, ...REFUSED },
    })
    list(@Req() request: FastifyRequest, @Query() query: unknown) {
      return this.page(request, query, `/v1/${collection}`);
    }

    @Get('detail')
    @Operation({
      access: 'clustertemplate:detail',
      summary: `List the ${word}s the project may use, exactly as the plain list does`,
      query: pageQuery,
      answers: { 200: page, ...REFUSED },
    })
    detail(@Req() request: FastifyRequest, @Query() query: unknown) {
      return this.page(request, query, `/v1/${collection}/detail`);
    }

    @Get(':ident')
    @Operation({
      access: 'clustertemplate:get',
      summary: `Show a ${word}`,
      parameters: IDENT,
      answers: { 200: one, ...MISSING, ...CONFLICTING },
    })
    async show(@Req() request: FastifyRequest, @Param('ident') ident: string) {
      return this.body(await this.baymodels.show(callerOf(request), ident));
    }

    @Post()
    @HttpCode(201)
    @Operation({
      access: 'clustertemplate:create',
      summary: `Make a ${word}`,
      description: 'Names need not be unique. Only an administrator may set public or hidden.',
      body: family.input,
      answers: { 201: one, ...REFUSED, ...CONFLICTING },
    })
    async create(
      @Req() request: FastifyRequest,
      @Body() body: unknown,
      @Res({ passthrough: true }) reply: FastifyReply,
    ) {
      const created = await this.baymodels.create(callerOf(request), parseBody(family.input, body), family.suffix);
      void reply.header('Location', `${this.settings.baseUrl}/v1/${collection}/${created.id}`);
      return this.body(created);
    }

    @Patch(':ident')
    @Operation({
      access: 'clustertemplate:update',
      summary: `Change a ${word} by JSON patch`,
      description:
        'While bays use it, only one of these changes is possible at a time: the name, hidden, public to true, tags.',
      parameters: IDENT,
      body: patchSchema,
      answers: { 200: one, ...REFUSED, ...MISSING, ...CONFLICTING },
    })
    async update(@Req() request: FastifyRequest, @Param('ident') ident: string, @Body() body: unknown) {
      return this.body(await this.baymodels.update(callerOf(request), ident, body));
    }

    @Delete(':ident')
    @HttpCode(204)
    @Operation({
      access: 'clustertemplate:delete',
      summary: `Delete a ${word} that no bay uses`,
      parameters: IDENT,
      answers: { 204: { description: 'It is deleted' }, ...REFUSED, ...MISSING, ...CONFLICTING },
    })
    async remove(@Req() request: FastifyRequest, @Param('ident') ident: string): Promise<void> {
      await this.baymodels.remove(callerOf(request), ident);
    }

    async page(request: FastifyRequest, query: unknown, path: string) {
      const asked = parseQuery(pageQuery, query);
      const found = await this.baymodels.list(callerOf(request), pageOf(asked));
      const items = found.map((baymodel) => this.body(baymodel));
      return { [collection]: items, ...nextLink(this.settings.baseUrl, path, asked, found) };
    }

    body(baymodel: Baymodel) {
      return family.body(baymodel, this.settings.baseUrl);
    }
  }
  Object.defineProperty(BaymodelRoutes, 'name', { value: name });
  return BaymodelRoutes;
}

export const BaymodelsController = baymodelRoutes(
  {
    collection: 'baymodels',
    word: 'baymodel',
    input: baymodelSchema,
    one: baymodelAnswer,
    many: baymodelsAnswer,
    suffix: 'model',
    body: baymodelBody,
  },
  'Baymodels',
);

export const ClusterTemplatesController = baymodelRoutes(
  {
    collection: 'clustertemplates',
    word: 'cluster template',
    input: clusterTemplateSchema,
    one: clusterTemplateAnswer,
    many: clusterTemplatesAnswer,
    suffix: 'template',
    body: clusterTemplateBody,
  },
  'ClusterTemplates',
);
