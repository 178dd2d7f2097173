/** The body of a token, as Keystone v3 shows it (Identity API v3, "Validate and show information for token"). */
import type { ProjectId, UserId } from '@baykeeper/domain';
import type { AccessRule } from '@baykeeper/storage';
import type { Principal } from '../principal.js';
import { expandRoles, type Role } from '../roles.js';
import { KeystoneFailure } from './keystone-failure.js';

export interface ProjectName {
  readonly name: string;
  /** The name of its domain. */
  readonly domain: string;
}

export interface TokenReading {
  /** Whoever is admin in it runs the installation. */
  readonly adminProject: ProjectName;
  /** For what is done with tokens for the system as a whole, which are good for no project. */
  readonly systemProjectId: ProjectId | null;
}

/**
 * Keystone's `is_admin_project` is left alone: it says true of every project as long as nobody configured one.
 * @throws KeystoneFailure `unreadable`
 */
export function readToken(body: unknown, { adminProject, systemProjectId }: TokenReading): Principal {
  const token = objectAt(body, 'token');
  const user = objectAt(token, 'user');
  const project = isGiven(token, 'project') ? readProject(objectAt(token, 'project')) : null;
  const isSystem = project === null && isGiven(token, 'system') && objectAt(token, 'system')['all'] === true;
  // Roles in a domain say nothing about projects.
  const roles = project !== null || isSystem ? readRoles(token) : [];
  const isAdmin = roles.includes('admin');
  const isAdminProject = project?.name === adminProject.name && project.domain === adminProject.domain;
  const [auditId = '', rootAuditId = null] = textsAt(token, 'audit_ids');
  return {
    userId: idAt(user, 'id') as UserId,
    userName: textAt(user, 'name'),
    projectId: project?.id ?? null,
    projectName: project?.name ?? null,
    systemProjectId: isSystem && isAdmin ? systemProjectId : null,
    roles,
    isSystemAdmin: isAdmin && (isSystem || isAdminProject),
    applicationCredential: isGiven(token, 'application_credential')
      ? readCredential(objectAt(token, 'application_credential'))
      : null,
    methods: textsAt(token, 'methods'),
    ...{ auditId, rootAuditId },
    issuedAt: timeAt(token, 'issued_at'),
    expiresAt: timeAt(token, 'expires_at'),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function readProject(project: Fields): ProjectName & { readonly id: ProjectId } {
  return {
    id: idAt(project, 'id') as ProjectId,
    name: textAt(project, 'name'),
    domain: textAt(objectAt(project, 'domain'), 'name'),
  };
}

/** Role names are compared without regard to case, as Keystone's policies do. */
function readRoles(token: Fields): readonly Role[] {
  return expandRoles(listAt(token, 'roles').map((role) => textAt(asObject(role, 'roles'), 'name').toLowerCase()));
}

function readCredential(credential: Fields): NonNullable<Principal['applicationCredential']> {
  return {
    id: textAt(credential, 'id'),
    name: textAt(credential, 'name'),
    unrestricted: credential['restricted'] === false,
    accessRules: isGiven(credential, 'access_rules')
      ? listAt(credential, 'access_rules').map((rule) => readRule(asObject(rule, 'access_rules')))
      : null,
  };
}

function readRule(rule: Fields): AccessRule {
  return {
    id: textAt(rule, 'id'),
    service: textAt(rule, 'service'),
    method: textAt(rule, 'method'),
    path: textAt(rule, 'path'),
  };
}

function isGiven(fields: Fields, name: string): boolean {
  return fields[name] !== undefined && fields[name] !== null;
}

function asObject(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unreadable(name);
  return value as Fields;
}

function objectAt(fields: unknown, name: string): Fields {
  return asObject(asObject(fields, name)[name], name);
}

function listAt(fields: Fields, name: string): readonly unknown[] {
  const value = fields[name];
  if (!Array.isArray(value)) throw unreadable(name);
  return value;
}

function textAt(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw unreadable(name);
  return value;
}

/** What is kept in the database: not empty, no longer than Keystone's own, and nothing that could not be stored. */
function idAt(fields: Fields, name: string): string {
  const id = textAt(fields, name);
  if (!/^[\x21-\x7e]{1,255}$/.test(id)) throw unreadable(name);
  return id;
}

function textsAt(fields: Fields, name: string): readonly string[] {
  return listAt(fields, name).map((value) => {
    if (typeof value !== 'string') throw unreadable(name);
    return value;
  });
}

function timeAt(fields: Fields, name: string): Date {
  const time = new Date(textAt(fields, name));
  if (Number.isNaN(time.getTime())) throw unreadable(name);
  return time;
}

function unreadable(name: string): KeystoneFailure {
  return new KeystoneFailure('unreadable', `the Keystone's answer has no readable "${name}"`);
}
