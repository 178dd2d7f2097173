import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Keypair } from '@baykeeper/domain';
import { Keypairs, keypairSchema, parseQuery } from '@baykeeper/services';
import { callerOf } from '../access/caller-of.js';
import { ApiSettings } from '../api-settings.js';
import { CONFLICTING, IDENT, MISSING, REFUSED, errorSchema, linkSchema, timeSchema } from '../http/answers.js';
import { linksOf } from '../http/links.js';
import { Operation } from '../http/operation.decorator.js';
import { nextLink, pageOf, pageQuery } from '../http/pages.js';
import { timestamp } from '../http/timestamp.js';

const shape = {
  uuid: z.uuid(),
  name: z.string(),
  type: z.string(),
  public_key: z.string(),
  fingerprint: z.string().meta({ description: 'MD5, as Nova gives it' }),
  sha256_fingerprint: z.string().meta({ description: 'As OpenSSH prints it' }),
  user_id: z.string(),
  links: z.array(linkSchema),
  created_at: timeSchema,
};
export const keypairAnswer = z.strictObject(shape).meta({ id: 'Keypair' });
export const keypairsAnswer = z
  .strictObject({ keypairs: z.array(keypairAnswer), next: z.string().optional() })
  .meta({ id: 'Keypairs' });
export const newKeypairAnswer = z
  .strictObject({
    ...shape,
    private_key: z.string().optional().meta({ description: 'Only of a pair made here, and never shown again' }),
  })
  .meta({ id: 'NewKeypair' });

const FULL = { 403: { description: 'The user has as many as there may be', schema: errorSchema } };

@Controller('v1/keypairs')
export class KeypairsController {
  constructor(
    readonly keypairs: Keypairs,
    readonly settings: ApiSettings,
  ) {}

  @Get()
  @Operation({
    access: 'keypair:get_all',
    summary: "List the user's own keypairs",
    query: pageQuery,
    answers: { 200: { description: 'A page of the list', schema: keypairsAnswer }, ...REFUSED },
  })
  async list(@Req() request: FastifyRequest, @Query() query: unknown) {
    const asked = parseQuery(pageQuery, query);
    const found = await this.keypairs.list(callerOf(request), pageOf(asked));
    const items = found.map((keypair) => this.body(keypair));
    return { keypairs: items, ...nextLink(this.settings.baseUrl, '/v1/keypairs', asked, found) };
  }

  @Get(':ident')
  @Operation({
    access: 'keypair:get',
    summary: "Show one of the user's own keypairs",
    parameters: IDENT,
    answers: { 200: { description: 'The keypair', schema: keypairAnswer }, ...MISSING },
  })
  async show(@Req() request: FastifyRequest, @Param('ident') ident: string) {
    return this.body(await this.keypairs.show(callerOf(request), ident));
  }

  @Post()
  @HttpCode(201)
  @Operation({
    access: 'keypair:create',
    summary: 'Add a public key, or have a key pair made',
    description: "Names are unique among the user's own. A private key that is made here is in this answer only.",
    body: keypairSchema,
    answers: { 201: { description: 'The keypair', schema: newKeypairAnswer }, ...REFUSED, ...FULL, ...CONFLICTING },
  })
  async create(@Req() request: FastifyRequest, @Body() body: unknown, @Res({ passthrough: true }) reply: FastifyReply) {
    const { keypair, privateKey } = await this.keypairs.create(callerOf(request), body);
    void reply.header('Location', `${this.settings.baseUrl}/v1/keypairs/${keypair.id}`);
    return { ...this.body(keypair), ...(privateKey !== null && { private_key: privateKey }) };
  }

  @Delete(':ident')
  @HttpCode(204)
  @Operation({
    access: 'keypair:delete',
    summary: "Delete one of the user's own keypairs",
    description: 'Bays that were made with it keep the key.',
    parameters: IDENT,
    answers: { 204: { description: 'It is deleted' }, ...MISSING },
  })
  async remove(@Req() request: FastifyRequest, @Param('ident') ident: string): Promise<void> {
    await this.keypairs.remove(callerOf(request), ident);
  }

  private body(keypair: Keypair) {
    return {
      uuid: keypair.id,
      name: keypair.name,
      type: keypair.type,
      public_key: keypair.publicKey,
      fingerprint: keypair.fingerprint,
      sha256_fingerprint: keypair.sha256Fingerprint,
      user_id: keypair.userId,
      links: linksOf(this.settings.baseUrl, 'keypairs', keypair.id),
      created_at: timestamp(keypair.createdAt),
    };
  }
}
