/**
 * Magnum's federations: what Magnum answers, which never built them. A wish for one is checked and accepted, and nothing
 * is ever stored.
 */
import { randomUUID } from 'node:crypto';
import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { BaykeeperError } from '@baykeeper/domain';
import { Bays, flag, invalidAttribute, parseBody, parsePatch, parseQuery, randomName, text } from '@baykeeper/services';
import { callerOf } from '../access/caller-of.js';
import { IDENT, MISSING, REFUSED, uuidSchema } from '../http/answers.js';
import { Operation } from '../http/operation.decorator.js';
import { pageQuery } from '../http/pages.js';
import { patchSchema } from '../http/patch.js';

const NAME = {
  max: 242,
  pattern: /^[a-zA-Z][a-zA-Z0-9_.-]*$/,
  advice: 'give 1 to 242 letters, digits, dots, dashes and underscores, a letter first',
};
const federationSchema = z
  .strictObject({
    name: text(NAME).nullable().default(null),
    hostcluster_id: text({ max: 255 }),
    member_ids: z
      .array(text({ max: 255 }))
      .nullable()
      .default(null),
    properties: z.record(z.string(), z.string()).nullable().default(null),
  })
  .meta({ id: 'FederationInput' });
const federationsAnswer = z.strictObject({ federations: z.array(z.never()) }).meta({ id: 'Federations' });
const federationAnswer = z.strictObject({}).meta({ id: 'Federation' });
const patchQuery = z.strictObject({ rollback: flag().optional() });
const LIST = { 200: { description: 'An empty list', schema: federationsAnswer }, ...REFUSED, ...MISSING };

@Controller('v1/federations')
export class FederationsController {
  constructor(private readonly bays: Bays) {}

  @Get()
  @Operation({
    access: 'federation:get_all',
    summary: 'List federations: there are none',
    query: pageQuery,
    answers: LIST,
  })
  list(@Query() query: unknown) {
    return emptyPage(query);
  }

  @Get('detail')
  @Operation({ access: 'federation:get_all', summary: 'The same', query: pageQuery, answers: LIST })
  detail(@Query() query: unknown) {
    return emptyPage(query);
  }

  @Post()
  @HttpCode(202)
  @Operation({
    access: 'federation:create',
    summary: 'Ask for a federation: checked, accepted, and never made (as in Magnum)',
    body: federationSchema,
    answers: { 202: { description: 'Accepted', schema: uuidSchema }, ...REFUSED, ...MISSING },
  })
  async create(@Req() request: FastifyRequest, @Body() body: unknown) {
    const { name, hostcluster_id: host, properties } = parseBody(federationSchema, body);
    if (!Object.hasOwn(properties ?? {}, 'dns-zone'))
      throw invalidAttribute('properties', `give dns-zone for ${name ?? randomName('federation')}`);
    await this.bays.find(callerOf(request), host);
    return { uuid: randomUUID() };
  }

  @Get(':ident')
  @Operation({
    access: 'federation:get',
    summary: 'Show a federation: there is none',
    parameters: IDENT,
    answers: { 200: { description: 'Never', schema: federationAnswer }, ...MISSING },
  })
  show(@Param('ident') ident: string) {
    throw missing(ident);
  }

  @Patch(':ident')
  @HttpCode(202)
  @Operation({
    access: 'federation:update',
    summary: 'Change a federation: there is none',
    parameters: IDENT,
    query: patchQuery,
    body: patchSchema,
    answers: { 202: { description: 'Never', schema: uuidSchema }, ...REFUSED, ...MISSING },
  })
  update(@Param('ident') ident: string, @Query() query: unknown, @Body() body: unknown) {
    parseQuery(patchQuery, query);
    parsePatch(body);
    throw missing(ident);
  }

  @Delete(':ident')
  @HttpCode(204)
  @Operation({
    access: 'federation:delete',
    summary: 'Delete a federation: there is none',
    parameters: IDENT,
    answers: { 204: { description: 'Never' }, ...MISSING },
  })
  remove(@Param('ident') ident: string) {
    throw missing(ident);
  }
}

function emptyPage(query: unknown) {
  const { marker } = parseQuery(pageQuery, query);
  if (marker !== undefined) throw missing(marker);
  return { federations: [] };
}

function missing(ident: string): BaykeeperError {
  const shown = ident.replace(/[\p{Cc}\p{Cf}]/gu, '?').slice(0, 255);
  return new BaykeeperError({ code: 'not-found', publicMessage: `Federation ${shown} could not be found.` });
}
