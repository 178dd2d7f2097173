/** Identity in Keystone v3's form, as much of it as logging in needs. */
import { Body, Controller, Delete, Get, Head, HttpCode, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { BaykeeperError } from '@baykeeper/domain';
import { forbidden } from '@baykeeper/services';
import type { Identity, Principal } from '@baykeeper/tenancy';
import { unauthenticated } from '../access/access-check.js';
import { ApiSettings } from '../api-settings.js';
import { Operation } from '../http/operation.decorator.js';
import { authSchema, readCredentials } from './auth-request.js';
import { tokenAnswer, tokenBody } from './token.bodies.js';

/** Hands the identity library to the controller. */
export class IdentityService {
  constructor(readonly identity: Pick<Identity, 'authenticate' | 'validateToken' | 'revokeToken'>) {}
}

const failure = z
  .object({ error: z.object({ code: z.int(), title: z.string(), message: z.string() }) })
  .meta({ id: 'IdentityError' });
const FAILED = { 401: { description: 'Not (or no longer) valid', schema: failure } };
const UNKNOWN = { 404: { description: 'There is no such token', schema: failure } };
const document = z.looseObject({}).meta({ id: 'IdentityVersion' });
const SUBJECT_HEADER = 'X-Subject-Token';

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
    summary: 'Log in by password',
    description: 'The token is in the header X-Subject-Token of the answer; it is sent as X-Auth-Token from then on.',
    body: authSchema,
    answers: {
      201: { description: 'A token', schema: tokenAnswer },
      400: { description: 'The input is wrong', schema: failure },
      ...FAILED,
    },
  })
  async issue(@Body() body: unknown, @Res({ passthrough: true }) reply: FastifyReply) {
    const { token, principal } = await this.service.identity.authenticate(readCredentials(body));
    void reply.header(SUBJECT_HEADER, token).header('Vary', 'X-Auth-Token');
    return tokenBody(principal, this.settings.baseUrl);
  }

  @Get('v3/auth/tokens')
  @Operation({
    access: 'identity:validate_token',
    summary: 'Show a token: the one in X-Subject-Token',
    answers: { 200: { description: 'The token', schema: tokenAnswer }, ...FAILED, ...UNKNOWN },
  })
  async show(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const { token, principal } = await this.subjectOf(request, 'identity:validate_token');
    void reply.header(SUBJECT_HEADER, token);
    return tokenBody(principal, this.settings.baseUrl);
  }

  @Head('v3/auth/tokens')
  @Operation({
    access: 'identity:validate_token',
    summary: 'Whether the token in X-Subject-Token is valid',
    answers: { 200: { description: 'It is' }, ...FAILED, ...UNKNOWN },
  })
  async check(@Req() request: FastifyRequest): Promise<void> {
    await this.subjectOf(request, 'identity:validate_token');
  }

  @Delete('v3/auth/tokens')
  @HttpCode(204)
  @Operation({
    access: 'identity:revoke_token',
    summary: 'End the token in X-Subject-Token',
    answers: { 204: { description: 'It has ended' }, ...FAILED, ...UNKNOWN },
  })
  async revoke(@Req() request: FastifyRequest): Promise<void> {
    const { token } = await this.subjectOf(request, 'identity:revoke_token');
    await this.service.identity.revokeToken(token);
  }

  /** Everybody may ask about the tokens of the own user; about others', an administrator. */
  private async subjectOf(
    request: FastifyRequest,
    rule: string,
  ): Promise<{ readonly token: string; readonly principal: Principal }> {
    const { identity } = this.service;
    const asking = await identity.validateToken(textOf(request.headers['x-auth-token']));
    if (asking === null) throw unauthenticated();
    const token = textOf(request.headers['x-subject-token']);
    const principal = token === '' ? null : await identity.validateToken(token);
    if (principal === null) {
      throw new BaykeeperError({
        code: 'not-found',
        publicMessage: 'The token in X-Subject-Token could not be found.',
      });
    }
    if (principal.userId !== asking.userId && !asking.isSystemAdmin) throw forbidden(rule);
    return { token, principal };
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

function textOf(header: string | string[] | undefined): string {
  return typeof header === 'string' ? header : '';
}
