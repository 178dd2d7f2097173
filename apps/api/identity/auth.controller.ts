/** What a token could be exchanged for, and the catalog it sees. */
import { Controller, Get, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { forbidden } from '@baykeeper/services';
import { actorOf } from '../access/caller-of.js';
import { ApiSettings } from '../api-settings.js';
import { Operation } from '../http/operation.decorator.js';
import { projectBody } from './accounts.bodies.js';
import { catalogEntry, catalogOf } from './catalog.js';
import { IdentityService } from './identity-service.js';
import { anyQuery, failures, lastOf, listOf, listQuery, pageLinks, readList } from './keystone.js';
import { projectList } from './projects.controller.js';

@Controller('identity/v3/auth')
export class AuthController {
  constructor(
    private readonly service: IdentityService,
    private readonly settings: ApiSettings,
  ) {}

  @Get('catalog')
  @Operation({
    access: 'identity:get_auth_catalog',
    summary: 'The catalog of a token that is good for a project or the installation',
    query: anyQuery,
    answers: {
      200: { description: 'The catalog', schema: listOf('CatalogAnswer', 'catalog', catalogEntry) },
      ...failures(403),
    },
  })
  catalog(@Req() request: FastifyRequest, @Query() given: unknown) {
    const { holder } = request;
    const isScoped = holder !== null && (holder.projectId !== null || (holder.systemProjectId ?? null) !== null);
    if (!isScoped) throw forbidden('identity:get_auth_catalog');
    const { baseUrl } = this.settings;
    return { catalog: catalogOf(baseUrl), ...pageLinks(baseUrl, 'auth/catalog', given, null) };
  }

  @Get('projects')
  @Operation({
    access: 'identity:get_auth_projects',
    summary: 'The projects that one can get a token for',
    query: listQuery,
    answers: { 200: { description: 'The projects, by name', schema: projectList }, ...failures(400, 404) },
  })
  async projects(@Req() request: FastifyRequest, @Query() given: unknown) {
    const { page } = readList(listQuery, given);
    const actor = actorOf(request);
    const found = await this.service.identity.projects.listOfUser(actor, actor.userId, { enabled: true }, page);
    return {
      projects: found.map((project) => projectBody(project, this.settings.baseUrl)),
      ...pageLinks(this.settings.baseUrl, 'auth/projects', given, lastOf(found, page.limit)),
    };
  }

  @Get('domains')
  @Operation({
    access: 'identity:get_auth_domains',
    summary: 'The domains that one can get a token for: none, because roles are given in projects',
    query: anyQuery,
    answers: { 200: { description: 'None', schema: listOf('NoDomains', 'domains', z.never()) }, ...failures() },
  })
  domains(@Query() given: unknown) {
    return { domains: [], ...pageLinks(this.settings.baseUrl, 'auth/domains', given, null) };
  }

  @Get('system')
  @Operation({
    access: 'identity:get_auth_system',
    summary: 'Whether one can get a token for the installation as a whole',
    query: anyQuery,
    answers: {
      200: {
        description: 'One entry, or none',
        schema: listOf('SystemList', 'system', z.strictObject({ all: z.literal(true) })),
      },
      ...failures(),
    },
  })
  async system(@Req() request: FastifyRequest, @Query() given: unknown) {
    const isAdministrator = await this.service.identity.grants.isAdministrator(actorOf(request));
    const system = isAdministrator ? [{ all: true }] : [];
    return { system, ...pageLinks(this.settings.baseUrl, 'auth/system', given, null) };
  }
}
