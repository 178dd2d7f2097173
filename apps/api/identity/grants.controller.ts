import { Controller, Delete, Get, Head, HttpCode, Param, Put, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { BaykeeperError } from '@baykeeper/domain';
import { isRole, ROLES, type Grant } from '@baykeeper/tenancy';
import { actorOf } from '../access/caller-of.js';
import { ApiSettings } from '../api-settings.js';
import { Operation } from '../http/operation.decorator.js';
import { assignmentAnswer, assignmentBody, roleAnswer, roleBody } from './accounts.bodies.js';
import { IdentityService } from './identity-service.js';
import { anyQuery, failures, listOf, listQuery, oneOf, pageLinks, queryFlag, readList } from './keystone.js';

const roleList = listOf('RoleList', 'roles', roleAnswer);
const roleQuery = listQuery.extend({ name: z.string().optional(), domain_id: z.string().optional() });
const assignmentQuery = listQuery.extend({
  'user.id': z.string().optional(),
  'role.id': z.string().optional(),
  'group.id': z.string().optional(),
  'scope.project.id': z.string().optional(),
  'scope.domain.id': z.string().optional(),
  'scope.system': z.string().optional(),
  'scope.OS-INHERIT:inherited_to': z.string().optional(),
  effective: queryFlag.optional(),
  include_names: queryFlag.optional(),
});
const parameters = { project: 'The id of a project', user: 'The id of a user', role: 'The id of a role: its name' };
const { role: _role, ...ofBoth } = parameters;

@Controller('identity/v3')
export class GrantsController {
  constructor(
    private readonly service: IdentityService,
    private readonly settings: ApiSettings,
  ) {}

  @Get('roles')
  @Operation({
    access: 'identity:list_roles',
    summary: 'The roles: admin, member and reader, each of which implies the next one',
    query: roleQuery,
    answers: { 200: { description: 'The roles', schema: roleList }, ...failures(400) },
  })
  roles(@Query() given: unknown) {
    const { query } = readList(roleQuery, given);
    // Keystone's roles belong to a domain or, like these, to none.
    const isElsewhere = query.domain_id !== undefined && query.domain_id !== '';
    const found = isElsewhere ? [] : ROLES.filter((role) => query.name === undefined || query.name === role);
    return this.listOfRoles(found, 'roles', given);
  }

  @Get('roles/:role')
  @Operation({
    access: 'identity:get_role',
    summary: 'Show a role',
    parameters: { role: parameters.role },
    query: anyQuery,
    answers: { 200: { description: 'The role', schema: oneOf('RoleAnswer', 'role', roleAnswer) }, ...failures(404) },
  })
  role(@Param('role') id: string) {
    if (!isRole(id)) throw noSuch('role');
    return { role: roleBody(id, this.settings.baseUrl) };
  }

  @Get('role_assignments')
  @Operation({
    access: 'identity:list_role_assignments',
    summary: 'Who has which role where',
    description:
      'All for whoever runs the installation; those in the own project for its admin (with `scope.project.id`); ' +
      'one’s own for everybody (with `user.id`).',
    query: assignmentQuery,
    answers: {
      200: {
        description: 'The assignments',
        schema: listOf('RoleAssignmentList', 'role_assignments', assignmentAnswer),
      },
      ...failures(400, 403),
    },
  })
  async assignments(@Req() request: FastifyRequest, @Query() given: unknown) {
    const { query, page } = readList(assignmentQuery, given);
    const forSystem = query['scope.system'] !== undefined;
    const projectId = forSystem ? await this.service.identity.projects.administrationId() : query['scope.project.id'];
    const wanted = {
      ...{ userId: query['user.id'], projectId, effective: query.effective ?? false },
      // For the system only whoever is admin of the project `admin` has a role.
      role: forSystem ? ROLES[0] : query['role.id'],
    };
    const found = await this.service.identity.grants.list(actorOf(request), wanted, {
      limit: page.limit,
      after: page.marker === null ? null : grantOf(page.marker),
    });
    const last = found.last && `${found.last.projectId}:${found.last.userId}:${found.last.role}`;
    const shown = canBe(query) ? found.assignments : [];
    const options = { withNames: query.include_names ?? false, forSystem };
    return {
      role_assignments: shown.map((row) => assignmentBody(row, this.settings.baseUrl, options)),
      ...pageLinks(this.settings.baseUrl, 'role_assignments', given, last),
    };
  }

  @Get('projects/:project/users/:user/roles')
  @Operation({
    access: 'identity:list_grants',
    summary: 'The roles that were given to a user in a project',
    parameters: ofBoth,
    query: anyQuery,
    answers: { 200: { description: 'The roles', schema: roleList }, ...failures(403, 404) },
  })
  async granted(
    @Req() request: FastifyRequest,
    @Param('project') projectId: string,
    @Param('user') userId: string,
    @Query() given: unknown,
  ) {
    const roles = await this.service.identity.grants.rolesOf(actorOf(request), projectId, userId);
    const path = `projects/${encodeURIComponent(projectId)}/users/${encodeURIComponent(userId)}/roles`;
    return this.listOfRoles(roles, path, given);
  }

  @Head('projects/:project/users/:user/roles/:role')
  @HttpCode(204)
  @Operation({
    access: 'identity:check_grant',
    summary: 'Whether a role was given to a user in a project',
    parameters,
    query: anyQuery,
    answers: { 204: { description: 'It was' }, ...failures(403, 404) },
  })
  async check(@Req() request: FastifyRequest, @Param() { project, user, role }: GrantPath): Promise<void> {
    const roles: readonly string[] = await this.service.identity.grants.rolesOf(actorOf(request), project, user);
    if (!roles.includes(role)) throw noSuch('role assignment');
  }

  @Put('projects/:project/users/:user/roles/:role')
  @HttpCode(204)
  @Operation({
    access: 'identity:create_grant',
    summary: 'Give a role to a user in a project',
    description:
      'Any role in any project for whoever runs the installation; member and reader in the own project for its admin.',
    parameters,
    query: anyQuery,
    answers: { 204: { description: 'The user has it' }, ...failures(403, 404) },
  })
  async grant(@Req() request: FastifyRequest, @Param() path: GrantPath): Promise<void> {
    await this.service.identity.grants.grant(actorOf(request), grantAt(path));
  }

  @Delete('projects/:project/users/:user/roles/:role')
  @HttpCode(204)
  @Operation({
    access: 'identity:revoke_grant',
    summary: 'Take a role from a user in a project',
    description: 'Application credentials of the user that need the role end.',
    parameters,
    query: anyQuery,
    answers: { 204: { description: 'The user has it no more' }, ...failures(403, 404) },
  })
  async revoke(@Req() request: FastifyRequest, @Param() path: GrantPath): Promise<void> {
    await this.service.identity.grants.revoke(actorOf(request), grantAt(path));
  }

  private listOfRoles(roles: readonly string[], path: string, given: unknown) {
    const { baseUrl } = this.settings;
    return { roles: roles.map((role) => roleBody(role, baseUrl)), ...pageLinks(baseUrl, path, given, null) };
  }
}

interface GrantPath {
  readonly project: string;
  readonly user: string;
  readonly role: string;
}

function grantAt({ project, user, role }: GrantPath): Grant {
  return { projectId: project, userId: user, role };
}

function grantOf(marker: string): Grant {
  const [projectId = '', userId = '', role = ''] = marker.split(':');
  return { projectId, userId, role };
}

/** There are no groups, no inheritance and no roles on domains. */
function canBe(query: z.output<typeof assignmentQuery>): boolean {
  return (['group.id', 'scope.domain.id', 'scope.OS-INHERIT:inherited_to'] as const).every(
    (name) => query[name] === undefined,
  );
}

function noSuch(what: string): BaykeeperError {
  return new BaykeeperError({ code: 'not-found', publicMessage: `There is no such ${what}.` });
}
