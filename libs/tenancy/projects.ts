import { BaykeeperError } from '@baykeeper/domain';
import type { Database, NamePage, ProjectFilter, ProjectRecord } from '@baykeeper/storage';
import { checkProjectName, createProject, type NewProject } from './accounts.js';
import { ADMIN_PROJECT, checkMayChange, missing, notAllowed, type Actor } from './principal.js';
import { recordChange } from './record-change.js';

export type ProjectChanges = Partial<Pick<ProjectRecord, 'name' | 'description' | 'enabled'>>;

/**
 * Who runs the installation makes, changes and removes projects; everybody sees those in which he has a role. A project
 * that holds bays or baymodels stays, and the project {@link ADMIN_PROJECT} stays as it is.
 */
export class Projects {
  constructor(
    private readonly database: Database,
    /** Called after what tokens are good for may have changed. */
    private readonly changed: () => void,
  ) {}

  /** All of them: for whoever runs the installation. */
  list(filter: Omit<ProjectFilter, 'userId'>, page: NamePage): Promise<readonly ProjectRecord[]> {
    return this.database.stores.projects.list(filter, page);
  }

  /** Of the project whose admins run the installation. */
  async administrationId(): Promise<string | undefined> {
    return (await this.database.stores.projects.findByName(ADMIN_PROJECT))?.id;
  }

  /** Those in which the user has a role. @throws BaykeeperError `forbidden` for those of another user */
  listOfUser(
    actor: Actor,
    userId: string,
    filter: Omit<ProjectFilter, 'userId'>,
    page: NamePage,
  ): Promise<readonly ProjectRecord[]> {
    if (userId !== actor.userId && !actor.isSystemAdmin) throw notAllowed('identity:list_user_projects');
    return this.database.stores.projects.list({ ...filter, userId }, page);
  }

  /** @throws BaykeeperError `forbidden` also where there is none, unless the actor runs the installation */
  async get(actor: Actor, id: string): Promise<ProjectRecord> {
    const { projects, roleAssignments } = this.database.stores;
    const project = await projects.findById(id);
    const isOwn = project !== null && (await roleAssignments.list(actor.userId, project.id)).length > 0;
    if (!isOwn && !actor.isSystemAdmin) throw notAllowed('identity:get_project');
    if (project === null) throw missing('project', id);
    return project;
  }

  /** @throws BaykeeperError `invalid-input`; `conflict` when the name is taken */
  create(actor: Actor, project: NewProject): Promise<ProjectRecord> {
    checkMayChange(actor);
    return this.database.transaction(async (stores) => {
      const made = await createProject(stores, project);
      const target = { kind: 'project', id: made.id, name: made.name };
      await recordChange(stores, actor, { action: 'identity:create_project', target });
      return made;
    });
  }

  /** @throws BaykeeperError `not-found`, `invalid-input`, `conflict`; `forbidden` for the one that must stay */
  async update(actor: Actor, id: string, changes: ProjectChanges): Promise<ProjectRecord> {
    checkMayChange(actor);
    if (changes.name !== undefined) checkProjectName(changes.name);
    const known = await this.find(id);
    const isRenamed = changes.name !== undefined && changes.name !== known.name;
    if (known.name === ADMIN_PROJECT && (isRenamed || changes.enabled === false)) throw mustStay();
    const project = await this.database.transaction(async (stores) => {
      const target = { kind: 'project', id: known.id, name: known.name };
      const detail = `changed ${Object.keys(changes).join(', ')}`;
      await recordChange(stores, actor, { action: 'identity:update_project', target, detail });
      // They do not come back to life when it is enabled again.
      if (changes.enabled === false) await stores.tokens.revokeByProject(known.id);
      return stores.projects.update(known.id, changes);
    });
    this.changed();
    return project;
  }

  /** @throws BaykeeperError `not-found`; `forbidden` for the one that must stay; `conflict` while something is in it */
  async remove(actor: Actor, id: string): Promise<void> {
    checkMayChange(actor);
    const project = await this.find(id);
    if (project.name === ADMIN_PROJECT) throw mustStay();
    try {
      await this.database.transaction(async (stores) => {
        const target = { kind: 'project', id: project.id, name: project.name };
        await recordChange(stores, actor, { action: 'identity:delete_project', target });
        await stores.projects.remove(project.id);
      });
    } catch (error) {
      if (!(error instanceof BaykeeperError) || error.code !== 'conflict') throw error;
      throw new BaykeeperError({
        code: 'conflict',
        publicMessage: 'The project still has bays or baymodels: delete them first.',
        cause: error,
      });
    }
    this.changed();
  }

  private async find(id: string): Promise<ProjectRecord> {
    const project = await this.database.stores.projects.findById(id);
    if (project === null) throw missing('project', id);
    return project;
  }
}

function mustStay(): BaykeeperError {
  return new BaykeeperError({
    code: 'forbidden',
    publicMessage: `The project ${ADMIN_PROJECT} runs the installation: it can not be renamed, disabled or deleted.`,
  });
}
