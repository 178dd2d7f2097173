import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { BaykeeperError } from '@baykeeper/domain';
import type { ApplicationCredential } from '@baykeeper/tenancy';
import { actorOf } from '../access/caller-of.js';
import { ApiSettings } from '../api-settings.js';
import { Operation } from '../http/operation.decorator.js';
import {
  accessRuleAnswer,
  applicationCredentialAnswer,
  applicationCredentialBody,
  newApplicationCredentialAnswer,
} from './accounts.bodies.js';
import { applicationCredentialInput, readApplicationCredential } from './application-credential.input.js';
import { IdentityService } from './identity-service.js';
import { anyQuery, failures, lastOf, listOf, listQuery, oneOf, pageLinks, readList } from './keystone.js';

const credentialQuery = listQuery.extend({ name: z.string({ error: 'give it once' }).optional() });
const owner = { user: 'The id of a user' };
const parameters = { ...owner, credential: 'The id of an application credential' };

@Controller('identity/v3/users/:user')
export class ApplicationCredentialsController {
  constructor(
    private readonly service: IdentityService,
    private readonly settings: ApiSettings,
  ) {}

  @Get('application_credentials')
  @Operation({
    access: 'identity:list_application_credentials',
    summary: 'The application credentials of a user: one’s own; any user’s to whoever runs the installation',
    parameters: owner,
    query: credentialQuery,
    answers: {
      200: {
        description: 'The application credentials, by name, without secrets',
        schema: listOf('ApplicationCredentialList', 'application_credentials', applicationCredentialAnswer),
      },
      ...failures(400, 403, 404),
    },
  })
  async list(@Req() request: FastifyRequest, @Param('user') user: string, @Query() given: unknown) {
    const { query, page } = readList(credentialQuery, given);
    const { name } = query;
    const found = await this.service.identity.applicationCredentials.list(actorOf(request), user, { name }, page);
    const path = `users/${encodeURIComponent(user)}/application_credentials`;
    return {
      application_credentials: found.map((each) => applicationCredentialBody(each, this.settings.baseUrl)),
      ...pageLinks(this.settings.baseUrl, path, given, lastOf(found, page.limit)),
    };
  }

  @Post('application_credentials')
  @HttpCode(201)
  @Operation({
    access: 'identity:create_application_credential',
    summary: 'Make an application credential for the project of the token',
    description:
      'Its secret is in this answer and never again. It has the roles that are asked for, or all of the token, and ends when ' +
      'its user loses one of them. One that is not unrestricted can change nothing in the identity service.',
    parameters: owner,
    body: applicationCredentialInput,
    query: anyQuery,
    answers: {
      201: {
        description: 'The application credential with its secret',
        schema: oneOf('NewApplicationCredentialAnswer', 'application_credential', newApplicationCredentialAnswer),
      },
      ...failures(400, 403, 404, 409),
    },
  })
  async create(@Req() request: FastifyRequest, @Param('user') user: string, @Body() body: unknown) {
    const wish = readApplicationCredential(body);
    const { secret, ...made } = await this.service.identity.applicationCredentials.create(actorOf(request), user, wish);
    return { application_credential: { ...applicationCredentialBody(made, this.settings.baseUrl), secret } };
  }

  @Get('application_credentials/:credential')
  @Operation({
    access: 'identity:get_application_credential',
    summary: 'Show an application credential, without its secret',
    parameters,
    query: anyQuery,
    answers: {
      200: {
        description: 'The application credential',
        schema: oneOf('ApplicationCredentialAnswer', 'application_credential', applicationCredentialAnswer),
      },
      ...failures(403, 404),
    },
  })
  async show(@Req() request: FastifyRequest, @Param('user') user: string, @Param('credential') id: string) {
    const found = await this.service.identity.applicationCredentials.get(actorOf(request), user, id);
    return { application_credential: applicationCredentialBody(found, this.settings.baseUrl) };
  }

  @Delete('application_credentials/:credential')
  @HttpCode(204)
  @Operation({
    access: 'identity:delete_application_credential',
    summary: 'Remove an application credential; its tokens end',
    parameters,
    query: anyQuery,
    answers: { 204: { description: 'It is gone' }, ...failures(403, 404) },
  })
  async remove(
    @Req() request: FastifyRequest,
    @Param('user') user: string,
    @Param('credential') id: string,
  ): Promise<void> {
    await this.service.identity.applicationCredentials.remove(actorOf(request), user, id);
  }

  @Get('access_rules')
  @Operation({
    access: 'identity:list_access_rules',
    summary: 'The access rules of a user’s application credentials; they go with their credential',
    parameters: owner,
    query: anyQuery,
    answers: {
      200: { description: 'The rules', schema: listOf('AccessRuleList', 'access_rules', accessRuleAnswer) },
      ...failures(403, 404),
    },
  })
  async accessRules(@Req() request: FastifyRequest, @Param('user') user: string, @Query() given: unknown) {
    const rules = await this.rulesOf(request, user);
    const path = `users/${encodeURIComponent(user)}/access_rules`;
    return { access_rules: rules, ...pageLinks(this.settings.baseUrl, path, given, null) };
  }

  @Get('access_rules/:rule')
  @Operation({
    access: 'identity:get_access_rule',
    summary: 'Show an access rule',
    parameters: { ...owner, rule: 'The id of an access rule' },
    query: anyQuery,
    answers: {
      200: { description: 'The rule', schema: oneOf('AccessRuleAnswer', 'access_rule', accessRuleAnswer) },
      ...failures(403, 404),
    },
  })
  async accessRule(@Req() request: FastifyRequest, @Param('user') user: string, @Param('rule') id: string) {
    const rule = (await this.rulesOf(request, user)).find((each) => each.id === id);
    if (!rule) throw new BaykeeperError({ code: 'not-found', publicMessage: 'There is no such access rule.' });
    return { access_rule: rule };
  }

  private async rulesOf(request: FastifyRequest, user: string) {
    const page = { limit: 1_000, marker: null };
    const all = await this.service.identity.applicationCredentials.list(actorOf(request), user, {}, page);
    return all.flatMap((credential: ApplicationCredential) =>
      (credential.accessRules ?? []).map(({ id, service, method, path }) => ({
        ...{ id, service, method, path },
        links: { self: `${this.settings.baseUrl}/identity/v3/users/${user}/access_rules/${id}` },
      })),
    );
  }
}
