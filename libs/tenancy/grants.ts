import type { ProjectId, UserId } from '@baykeeper/domain';
import type { Database, RoleAssignment, Stores } from '@baykeeper/storage';
import { ADMIN_PROJECT, administers, checkMayChange, missing, notAllowed, type Actor } from './principal.js';
import { keepAdministrator, recordChange } from './record-change.js';
import { expandRoles, isRole, rolesOfCredential, rolesThatGive, type Role } from './roles.js';

export interface Grant {
  readonly projectId: string;
  readonly userId: string;
  readonly role: string;
}

export interface AssignmentQuery {
  readonly userId?: string | undefined;
  readonly projectId?: string | undefined;
  readonly role?: string | undefined;
  /** Implied roles, too. */
  readonly effective: boolean;
}

/** What a project's own admin may grant and take away there; further admins are up to whoever runs the installation. */
const GRANTED_BY_PROJECT_ADMINS: readonly string[] = ['member', 'reader'];

/**
 * Who has which role in which project. Whoever runs the installation grants everything. A project's admin grants
 * `member` and `reader` in that project, to users whose id it knows, and sees all roles there; everybody sees
 * his own roles.
 */
export class Grants {
  constructor(
    private readonly database: Database,
    /** Called after what tokens are good for may have changed. */
    private readonly changed: () => void,
  ) {}

  /** @throws BaykeeperError `forbidden` for more than the actor sees */
  async list(
    actor: Actor,
    { userId, projectId, role, effective }: AssignmentQuery,
    page: { readonly limit: number; readonly after: Grant | null },
  ): Promise<{ readonly assignments: readonly RoleAssignment[]; readonly last: Grant | null }> {
    const isSeen = userId === actor.userId || (projectId !== undefined && administers(actor, projectId));
    if (!isSeen && !actor.isSystemAdmin) throw notAllowed('identity:list_role_assignments');
    if (role !== undefined && !isRole(role)) return { assignments: [], last: null };
    const roles = role === undefined ? undefined : effective ? rolesThatGive(role) : [role];
    const rows = await this.database.stores.roleAssignments.listAll({ userId, projectId, roles }, page);
    const last = rows.length < page.limit ? null : (rows.at(-1) ?? null);
    return { assignments: effective ? expandAssignments(rows, role) : rows, last };
  }

  /** Whether the actor could run the installation, with another token perhaps. */
  async isAdministrator(actor: Actor): Promise<boolean> {
    if (actor.isSystemAdmin) return true;
    const { projects, roleAssignments } = this.database.stores;
    const project = await projects.findByName(ADMIN_PROJECT);
    return project !== null && (await roleAssignments.list(actor.userId, project.id)).includes('admin');
  }

  /** @throws BaykeeperError `forbidden` */
  async rolesOf(actor: Actor, projectId: string, userId: string): Promise<readonly Role[]> {
    if (userId !== actor.userId && !administers(actor, projectId)) throw notAllowed('identity:list_grants');
    const { project, user } = await this.find(projectId, userId);
    const assigned = await this.database.stores.roleAssignments.list(user.id, project.id);
    return assigned.filter(isRole);
  }

  /** Again changes nothing. @throws BaykeeperError `forbidden`; `not-found` for an unknown role, user or project */
  async grant(actor: Actor, grant: Grant): Promise<void> {
    this.checkMayGrant(actor, grant, 'identity:create_grant');
    const { project, user } = await this.find(grant.projectId, grant.userId);
    await this.database.transaction(async (stores) => {
      await stores.roleAssignments.assign(user.id, project.id, grant.role);
      const target = { kind: 'project', id: project.id, name: project.name };
      const detail = `${grant.role} for user ${user.name}`;
      await recordChange(stores, actor, { action: 'identity:create_grant', projectId: project.id, target, detail });
    });
    this.changed();
  }

  /**
   * Application credentials that need the role end with it.
   * @throws BaykeeperError `forbidden`; `not-found` also when the user does not have the role
   */
  async revoke(actor: Actor, grant: Grant): Promise<void> {
    this.checkMayGrant(actor, grant, 'identity:revoke_grant');
    const { project, user } = await this.find(grant.projectId, grant.userId);
    await this.database.transaction((stores) =>
      keepAdministrator(stores, async () => {
        const had = await stores.roleAssignments.unassign(user.id, project.id, grant.role);
        if (!had) throw missing('role assignment', grant.role);
        await removeUncovered(stores, user.id, project.id);
        // They do not come back to life when a role is given again.
        const left = await stores.roleAssignments.list(user.id, project.id);
        if (left.length === 0) await stores.tokens.revokeByProject(project.id, user.id);
        const target = { kind: 'project', id: project.id, name: project.name };
        const detail = `${grant.role} of user ${user.name}`;
        await recordChange(stores, actor, { action: 'identity:revoke_grant', projectId: project.id, target, detail });
      }),
    );
    this.changed();
  }

  private checkMayGrant(actor: Actor, { projectId, role }: Grant, action: string): void {
    checkMayChange(actor);
    if (!administers(actor, projectId)) throw notAllowed(action);
    if (!isRole(role)) throw missing('role', role);
    if (!actor.isSystemAdmin && !GRANTED_BY_PROJECT_ADMINS.includes(role)) throw notAllowed(action);
  }

  private async find(projectId: string, userId: string) {
    const { projects, users } = this.database.stores;
    const [project, user] = await Promise.all([projects.findById(projectId), users.findById(userId)]);
    if (project === null) throw missing('project', projectId);
    if (user === null) throw missing('user', userId);
    return { project, user };
  }
}

/** Ends the application credentials that rely on a role which their user has no more. */
async function removeUncovered(stores: Stores, userId: UserId, projectId: ProjectId): Promise<void> {
  const { applicationCredentials, roleAssignments } = stores;
  const left = await roleAssignments.list(userId, projectId);
  const all = await applicationCredentials.list(userId, { projectId }, { limit: 1_000, marker: null });
  const ended = all.filter(({ roles }) => rolesOfCredential(left, roles).length === 0);
  await applicationCredentials.remove(ended.map(({ id }) => id));
}

/** With the roles that the assigned ones imply, each once; only `role`, if it is given. */
function expandAssignments(rows: readonly RoleAssignment[], role: string | undefined): readonly RoleAssignment[] {
  const seen = new Map<string, RoleAssignment>();
  for (const row of rows) {
    for (const given of expandRoles([row.role])) {
      if (role === undefined || role === given) {
        seen.set(`${row.projectId} ${row.userId} ${given}`, { ...row, role: given });
      }
    }
  }
  return [...seen.values()];
}
