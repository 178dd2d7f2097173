import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { ProjectId } from '@baykeeper/domain';
import { parseBody } from '@baykeeper/services';
import { DOMAIN } from '@baykeeper/tenancy';
import { actorOf } from '../access/caller-of.js';
import { ApiSettings } from '../api-settings.js';
import { Operation } from '../http/operation.decorator.js';
import { passwordInput, projectBody, userAnswer, userBody, userChanges, userInput } from './accounts.bodies.js';
import { IdentityService } from './identity-service.js';
import { anyQuery, failures, lastOf, listOf, namedListQuery, oneOf, pageLinks, readList } from './keystone.js';
import { asksForNothing, projectList, projectQuery } from './projects.controller.js';

const one = oneOf('UserAnswer', 'user', userAnswer);
const parameters = { user: 'The id of a user' };

@Controller('identity/v3/users')
export class UsersController {
  constructor(
    private readonly service: IdentityService,
    private readonly settings: ApiSettings,
  ) {}

  @Get()
  @Operation({
    access: 'identity:list_users',
    summary: 'Users: all for whoever runs the installation, those with a role in the project for its admin',
    query: namedListQuery,
    answers: {
      200: { description: 'The users, by name', schema: listOf('UserList', 'users', userAnswer) },
      ...failures(400, 403, 404),
    },
  })
  async list(@Req() request: FastifyRequest, @Query() given: unknown) {
    const { query, page } = readList(namedListQuery, given);
    const { name, enabled, domain_id: domain = DOMAIN.id } = query;
    const found =
      domain === DOMAIN.id ? await this.service.identity.users.list(actorOf(request), { name, enabled }, page) : [];
    return {
      users: found.map((user) => userBody(user, this.settings.baseUrl)),
      ...pageLinks(this.settings.baseUrl, 'users', given, lastOf(found, page.limit)),
    };
  }

  @Post()
  @HttpCode(201)
  @Operation({
    access: 'identity:create_user',
    summary: 'Make a user',
    description: 'One that is made without a password can’t log in until it gets one.',
    body: userInput,
    query: anyQuery,
    answers: { 201: { description: 'The user', schema: one }, ...failures(400, 403, 404, 409) },
  })
  async create(@Req() request: FastifyRequest, @Body() body: unknown) {
    const wish = parseBody(userInput, body).user;
    const { name, password = null, enabled, description, email, default_project_id: projectId } = wish;
    const user = await this.service.identity.users.create(actorOf(request), {
      ...{ name, password, defaultProjectId: (projectId ?? null) as ProjectId | null },
      ...(enabled !== undefined && { enabled }),
      ...{ description: description ?? null, email: email ?? null },
    });
    return { user: userBody(user, this.settings.baseUrl) };
  }

  @Get(':user')
  @Operation({
    access: 'identity:get_user',
    summary: 'Show a user: oneself; any to whoever runs the installation; those of the own project to its admin',
    description: 'Of a user outside the project, its admin sees the name alone.',
    parameters,
    query: anyQuery,
    answers: { 200: { description: 'The user', schema: one }, ...failures(403, 404) },
  })
  async show(@Req() request: FastifyRequest, @Param('user') id: string) {
    const user = await this.service.identity.users.get(actorOf(request), id);
    return { user: userBody(user, this.settings.baseUrl) };
  }

  @Patch(':user')
  @Operation({
    access: 'identity:update_user',
    summary: 'Change a user',
    description: 'All tokens of a user who is disabled or gets another password end.',
    parameters,
    body: userChanges,
    query: anyQuery,
    answers: { 200: { description: 'The user', schema: one }, ...failures(400, 403, 404, 409) },
  })
  async update(@Req() request: FastifyRequest, @Param('user') id: string, @Body() body: unknown) {
    const wish = parseBody(userChanges, body).user;
    const { name, password, enabled, description, email, default_project_id: projectId } = wish;
    const user = await this.service.identity.users.update(actorOf(request), id, {
      ...(name !== undefined && { name }),
      ...(password !== undefined && password !== null && { password }),
      ...(enabled !== undefined && { enabled }),
      ...(description !== undefined && { description }),
      ...(email !== undefined && { email }),
      ...(projectId !== undefined && { defaultProjectId: projectId as ProjectId | null }),
    });
    return { user: userBody(user, this.settings.baseUrl) };
  }

  @Delete(':user')
  @HttpCode(204)
  @Operation({
    access: 'identity:delete_user',
    summary: 'Remove a user, its roles, tokens and application credentials',
    parameters,
    query: anyQuery,
    answers: { 204: { description: 'It is gone' }, ...failures(403, 404) },
  })
  async remove(@Req() request: FastifyRequest, @Param('user') id: string): Promise<void> {
    await this.service.identity.users.remove(actorOf(request), id);
  }

  @Post(':user/password')
  @HttpCode(204)
  @Operation({
    access: 'identity:change_password',
    summary: 'Change the own password; all own tokens end',
    parameters,
    body: passwordInput,
    query: anyQuery,
    answers: { 204: { description: 'It is changed' }, ...failures(400, 403, 429) },
  })
  async changePassword(
    @Req() request: FastifyRequest,
    @Param('user') id: string,
    @Body() body: unknown,
  ): Promise<void> {
    const { password, original_password: original } = parseBody(passwordInput, body).user;
    await this.service.identity.users.changeOwnPassword(actorOf(request), id, original, password);
  }

  @Get(':user/projects')
  @Operation({
    access: 'identity:list_user_projects',
    summary: 'The projects in which the user has a role: one’s own; any user’s to whoever runs the installation',
    parameters,
    query: projectQuery,
    answers: { 200: { description: 'The projects, by name', schema: projectList }, ...failures(400, 403, 404) },
  })
  async projects(@Req() request: FastifyRequest, @Param('user') id: string, @Query() given: unknown) {
    const { query, page } = readList(projectQuery, given);
    const { name, enabled } = query;
    const own = await this.service.identity.projects.listOfUser(actorOf(request), id, { name, enabled }, page);
    const found = asksForNothing(query) ? [] : own;
    return {
      projects: found.map((project) => projectBody(project, this.settings.baseUrl)),
      ...pageLinks(this.settings.baseUrl, `users/${encodeURIComponent(id)}/projects`, given, lastOf(own, page.limit)),
    };
  }
}
