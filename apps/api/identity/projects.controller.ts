import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseBody } from '@baykeeper/services';
import { DOMAIN } from '@baykeeper/tenancy';
import { actorOf } from '../access/caller-of.js';
import { ApiSettings } from '../api-settings.js';
import { Operation } from '../http/operation.decorator.js';
import { projectAnswer, projectBody, projectChanges, projectInput } from './accounts.bodies.js';
import { IdentityService } from './identity-service.js';
import {
  anyQuery,
  failures,
  lastOf,
  listOf,
  namedListQuery,
  oneOf,
  pageLinks,
  queryFlag,
  readList,
} from './keystone.js';

const one = oneOf('ProjectAnswer', 'project', projectAnswer);
export const projectList = listOf('ProjectList', 'projects', projectAnswer);
export const projectQuery = namedListQuery.extend({
  parent_id: z.string().optional(),
  is_domain: queryFlag.optional(),
});
const parameters = { project: 'The id of a project' };

/** Whether a query asks for what can't be: another domain, projects below projects, domains among projects. */
export function asksForNothing(query: z.output<typeof projectQuery>): boolean {
  const domains = [query.domain_id, query.parent_id];
  return query.is_domain === true || domains.some((id) => id !== undefined && id !== '' && id !== DOMAIN.id);
}

@Controller('identity/v3/projects')
export class ProjectsController {
  constructor(
    private readonly service: IdentityService,
    private readonly settings: ApiSettings,
  ) {}

  @Get()
  @Operation({
    access: 'identity:list_projects',
    summary: 'All projects',
    description: 'Everybody’s own are at /users/{user}/projects and at /auth/projects.',
    query: projectQuery,
    answers: { 200: { description: 'The projects, by name', schema: projectList }, ...failures(400, 403, 404) },
  })
  async list(@Query() given: unknown) {
    const { query, page } = readList(projectQuery, given);
    const { name, enabled } = query;
    const found = asksForNothing(query) ? [] : await this.service.identity.projects.list({ name, enabled }, page);
    return {
      projects: found.map((project) => projectBody(project, this.settings.baseUrl)),
      ...pageLinks(this.settings.baseUrl, 'projects', given, lastOf(found, page.limit)),
    };
  }

  @Post()
  @HttpCode(201)
  @Operation({
    access: 'identity:create_project',
    summary: 'Make a project',
    body: projectInput,
    query: anyQuery,
    answers: { 201: { description: 'The project', schema: one }, ...failures(400, 403, 409) },
  })
  async create(@Req() request: FastifyRequest, @Body() body: unknown) {
    const { name, description, enabled } = parseBody(projectInput, body).project;
    const wish = { name, ...(description && { description }), ...(enabled !== undefined && { enabled }) };
    const project = await this.service.identity.projects.create(actorOf(request), wish);
    return { project: projectBody(project, this.settings.baseUrl) };
  }

  @Get(':project')
  @Operation({
    access: 'identity:get_project',
    summary: 'Show a project: one in which the user has a role; any to whoever runs the installation',
    parameters,
    query: anyQuery,
    answers: { 200: { description: 'The project', schema: one }, ...failures(403, 404) },
  })
  async show(@Req() request: FastifyRequest, @Param('project') id: string) {
    const project = await this.service.identity.projects.get(actorOf(request), id);
    return { project: projectBody(project, this.settings.baseUrl) };
  }

  @Patch(':project')
  @Operation({
    access: 'identity:update_project',
    summary: 'Change a project',
    description: 'Nobody can use a project that is not enabled; its bays stay. The project `admin` keeps its name.',
    parameters,
    body: projectChanges,
    query: anyQuery,
    answers: { 200: { description: 'The project', schema: one }, ...failures(400, 403, 404, 409) },
  })
  async update(@Req() request: FastifyRequest, @Param('project') id: string, @Body() body: unknown) {
    const { name, description, enabled } = parseBody(projectChanges, body).project;
    const changes = {
      ...(name !== undefined && { name }),
      ...(description !== undefined && { description: description ?? '' }),
      ...(enabled !== undefined && { enabled }),
    };
    const project = await this.service.identity.projects.update(actorOf(request), id, changes);
    return { project: projectBody(project, this.settings.baseUrl) };
  }

  @Delete(':project')
  @HttpCode(204)
  @Operation({
    access: 'identity:delete_project',
    summary: 'Remove a project that has neither bays nor baymodels',
    parameters,
    query: anyQuery,
    answers: { 204: { description: 'It is gone' }, ...failures(403, 404, 409) },
  })
  async remove(@Req() request: FastifyRequest, @Param('project') id: string): Promise<void> {
    await this.service.identity.projects.remove(actorOf(request), id);
  }
}
