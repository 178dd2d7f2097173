import { BaykeeperError, type ProjectId } from '@baykeeper/domain';
import type { Database, ProjectRecord } from '@baykeeper/storage';
import type { Subject } from './login-subject.js';
import type { RequestedScope } from './login.js';
import { ADMIN_PROJECT, isOurDomain } from './principal.js';
import { expandRoles, rolesOfCredential, type Role } from './roles.js';

type Stores = Database['stores'];

export interface Scope {
  readonly project: ProjectRecord | null;
  readonly systemProjectId: ProjectId | null;
  readonly roles: readonly Role[];
}

const NOTHING: Scope = { project: null, systemProjectId: null, roles: [] };

/** @throws BaykeeperError `unauthenticated` where the subject has no role, which never says whether it is there */
export async function findScope(stores: Stores, subject: Subject, wanted: RequestedScope): Promise<Scope> {
  const { user, credential } = subject;
  if (credential) return findScopeOfCredential(stores, subject, wanted);
  if (wanted === 'unscoped') return NOTHING;
  if (wanted === 'domain') throw scopeRefused();
  if (wanted === 'system') return findSystemScope(stores, subject);
  if (wanted === null) {
    const usual = (await stores.users.findById(user.id))?.defaultProjectId ?? null;
    const project = usual === null ? null : await stores.projects.findById(usual);
    // A default that can't be used (any more) must not keep anybody from logging in.
    if (!project?.enabled) return NOTHING;
    const roles = expandRoles(await stores.roleAssignments.list(user.id, project.id));
    return roles.length > 0 ? { project, systemProjectId: null, roles } : NOTHING;
  }
  const project = await findProject(stores, wanted);
  if (!project?.enabled) throw scopeRefused();
  const roles = expandRoles(await stores.roleAssignments.list(user.id, project.id));
  if (roles.length === 0) throw scopeRefused();
  return { project, systemProjectId: null, roles };
}

function findProject({ projects }: Stores, wanted: Extract<RequestedScope, object>): Promise<ProjectRecord | null> {
  if ('projectId' in wanted) return projects.findById(wanted.projectId);
  return isOurDomain(wanted.domain) ? projects.findByName(wanted.projectName) : Promise.resolve(null);
}

async function findSystemScope(stores: Stores, { user }: Subject): Promise<Scope> {
  const project = await stores.projects.findByName(ADMIN_PROJECT);
  const roles = project ? expandRoles(await stores.roleAssignments.list(user.id, project.id)) : [];
  if (!project || !roles.includes('admin')) throw scopeRefused();
  return { project: null, systemProjectId: project.id, roles };
}

/** An application credential is good for its own project and nothing else. */
async function findScopeOfCredential(
  stores: Stores,
  { user, credential }: Subject,
  wanted: RequestedScope,
): Promise<Scope> {
  const project = credential && (await stores.projects.findById(credential.projectId));
  if (!credential || !project?.enabled || !names(wanted, project)) throw scopeRefused();
  const roles = rolesOfCredential(await stores.roleAssignments.list(user.id, project.id), credential.roles);
  if (roles.length === 0) throw scopeRefused();
  return { project, systemProjectId: null, roles };
}

function names(wanted: RequestedScope, project: ProjectRecord): boolean {
  if (wanted === null) return true;
  if (typeof wanted === 'string') return false;
  if ('projectId' in wanted) return wanted.projectId === project.id;
  return wanted.projectName === project.name && isOurDomain(wanted.domain);
}

function scopeRefused(): BaykeeperError {
  return new BaykeeperError({
    code: 'unauthenticated',
    publicMessage: 'The user has no role in this project, or there is no such project. Ask an administrator.',
    detail: 'no role where the token was to be good for',
  });
}
