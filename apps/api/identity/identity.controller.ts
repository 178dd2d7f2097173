/** Tokens in Keystone v3's form, and the versions of the service. */
import { Body, Controller, Delete, Get, Head, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { BaykeeperError } from '@baykeeper/domain';
import { forbidden, parseQuery } from '@baykeeper/services';
import type { Principal } from '@baykeeper/tenancy';
import { actorOf } from '../access/caller-of.js';
import { ApiSettings } from '../api-settings.js';
import { Operation } from '../http/operation.decorator.js';
import { authSchema, readLogin } from './auth-request.js';
import { IdentityService } from './identity-service.js';
import { anyQuery, failures, queryFlag } from './keystone.js';
import { tokenAnswer, tokenBody } from './token.bodies.js';

const document = z.looseObject({}).meta({ id: 'IdentityVersion' });
const SUBJECT_HEADER = 'X-Subject-Token';
const tokenQuery = anyQuery.extend({ nocatalog: queryFlag.optional() });

@Controller('identity')
export class IdentityController {
  constructor(
    private readonly service: IdentityService,
    private readonly settings: ApiSettings,
  ) {}

  @Get()
  @Operation({
    access: 'identity:discover',
    summary: 'The versions of the identity service',
    answers: { 200: { description: 'The versions', schema: document } },
  })
  versions() {
    return { versions: { values: [this.versionBody()] } };
  }

  @Get('v3')
  @Operation({
    access: 'identity:discover',
    summary: 'Version 3 of the identity service',
    answers: { 200: { description: 'The version', schema: document } },
  })
  version() {
    return { version: this.versionBody() };
  }

  @Post('v3/auth/tokens')
  @HttpCode(201)
  @Operation({
    access: 'identity:issue_token',
    summary: 'Log in by password, application credential or another token',
    description:
      'The token is in the header X-Subject-Token of the answer; it is sent as X-Auth-Token from then on. ' +
      'A token that was got with another one ends with that one’s time.',
    body: authSchema,
    query: tokenQuery,
    answers: { 201: { description: 'A token', schema: tokenAnswer }, ...failures(400, 403, 429) },
  })
  async issue(
    @Body() body: unknown,
    @Query() query: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const origin = { address: request.ip, requestId: request.id };
    const { token, principal } = await this.service.identity.authenticate(readLogin(body), origin);
    void reply.header(SUBJECT_HEADER, token).header('Vary', 'X-Auth-Token');
    return this.bodyOf(principal, query);
  }

  @Get('v3/auth/tokens')
  @Operation({
    access: 'identity:validate_token',
    summary: 'Show a token: the one in X-Subject-Token',
    query: tokenQuery,
    answers: { 200: { description: 'The token', schema: tokenAnswer }, ...failures(403, 404) },
  })
  async show(@Req() request: FastifyRequest, @Query() query: unknown, @Res({ passthrough: true }) reply: FastifyReply) {
    const { token, principal } = await this.subjectOf(request, 'identity:validate_token');
    void reply.header(SUBJECT_HEADER, token);
    return this.bodyOf(principal, query);
  }

  @Head('v3/auth/tokens')
  @Operation({
    access: 'identity:validate_token',
    summary: 'Whether the token in X-Subject-Token is valid',
    query: tokenQuery,
    answers: { 200: { description: 'It is' }, ...failures(403, 404) },
  })
  async check(@Req() request: FastifyRequest): Promise<void> {
    await this.subjectOf(request, 'identity:validate_token');
  }

  @Delete('v3/auth/tokens')
  @HttpCode(204)
  @Operation({
    access: 'identity:revoke_token',
    summary: 'End the token in X-Subject-Token',
    query: anyQuery,
    answers: { 204: { description: 'It has ended' }, ...failures(403, 404) },
  })
  async revoke(@Req() request: FastifyRequest): Promise<void> {
    const { token, principal } = await this.subjectOf(request, 'identity:revoke_token', { isChange: true });
    await this.service.identity.revokeToken(actorOf(request), token, principal);
  }

  /** Everybody may ask about the tokens of the own user; about others', an administrator. */
  private async subjectOf(
    request: FastifyRequest,
    rule: string,
    { isChange }: { readonly isChange: boolean } = { isChange: false },
  ): Promise<{ readonly token: string; readonly principal: Principal }> {
    const asking = actorOf(request);
    const token = request.headers['x-subject-token'];
    const principal = typeof token === 'string' ? await this.service.identity.validateToken(token) : null;
    if (principal === null || typeof token !== 'string') {
      throw new BaykeeperError({
        code: 'not-found',
        publicMessage: 'The token in X-Subject-Token could not be found.',
      });
    }
    const mayAskForOthers = asking.isSystemAdmin && !(isChange && asking.isRestricted);
    if (principal.userId !== asking.userId && !mayAskForOthers) throw forbidden(rule);
    return { token, principal };
  }

  private bodyOf(principal: Principal, query: unknown) {
    const { nocatalog = false } = parseQuery(tokenQuery, query);
    return tokenBody(principal, this.settings.baseUrl, { withCatalog: !nocatalog });
  }

  private versionBody() {
    return {
      id: 'v3.14',
      status: 'stable',
      updated: '2020-04-07T00:00:00Z',
      links: [{ rel: 'self', href: `${this.settings.baseUrl}/identity/v3/` }],
      'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.identity-v3+json' }],
    };
  }
}
