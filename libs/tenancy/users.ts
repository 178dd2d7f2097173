import { sourceOf, type UserId } from '@baykeeper/domain';
import type { Database, NamePage, Stores, UserFilter, UserRecord } from '@baykeeper/storage';
import { accountOf, checkPasswordLength, checkUserName, createUser, type Account, type NewUser } from './accounts.js';
import type { PasswordProof } from './login.js';
import type { Passwords } from './password.js';
import { ADMIN_PROJECT, checkMayChange, invalid, missing, notAllowed, type Actor, type Origin } from './principal.js';
import { keepAdministrator, lastAdministrator, recordChange } from './record-change.js';

export type UserChanges = Partial<
  Pick<UserRecord, 'name' | 'defaultProjectId' | 'enabled' | 'description' | 'email'>
> & {
  readonly password?: string;
};

/**
 * Who runs the installation makes, changes and removes users. A project's admin sees those who have a role in the
 * project, and the name of one whose id it knows; everybody sees himself. The last one who runs the installation can't be removed, disabled or renamed.
 */
export class Users {
  constructor(
    private readonly database: Database,
    private readonly passwords: Passwords,
    /** Whether it is the user's password, with all the limits of a login. */
    private readonly provePassword: (proof: PasswordProof, origin: Origin) => Promise<unknown>,
    /** Called after what tokens are good for may have changed. */
    private readonly changed: () => void,
  ) {}

  /**
   * All for whoever runs the installation; for a project's admin those who have a role in that project.
   * @throws BaykeeperError `forbidden` for a name that is not among them, whether anybody has it or not
   */
  async list(actor: Actor, filter: Omit<UserFilter, 'projectId'>, page: NamePage): Promise<readonly Account[]> {
    const { users } = this.database.stores;
    if (actor.isSystemAdmin) return (await users.list(filter, page)).map(accountOf);
    if (actor.projectId === null) throw notAllowed('identity:list_users');
    const found = await users.list({ ...filter, projectId: actor.projectId }, page);
    if (found.length === 0 && filter.name !== undefined) throw notAllowed('identity:list_users');
    return found.map(accountOf);
  }

  /**
   * Of a user outside the project its admin sees the name alone: whoever was told an id can let that user in.
   * @throws BaykeeperError `forbidden` also where there is none, for whoever administers nothing; `not-found`
   */
  async get(actor: Actor, id: string): Promise<Account> {
    const { users, roleAssignments } = this.database.stores;
    const isOwnAdmin = actor.projectId !== null && actor.roles.includes('admin');
    if (!actor.isSystemAdmin && id !== actor.userId && !isOwnAdmin) throw notAllowed('identity:get_user');
    const user = await users.findById(id);
    if (user === null) throw missing('user', id);
    const account = accountOf(user);
    if (actor.isSystemAdmin || id === actor.userId || actor.projectId === null) return account;
    const isInProject = (await roleAssignments.list(user.id, actor.projectId)).length > 0;
    return isInProject ? account : { ...account, defaultProjectId: null, description: null, email: null };
  }

  /** @throws BaykeeperError `invalid-input`; `conflict` when the name is taken */
  async create(actor: Actor, user: NewUser): Promise<Account> {
    checkMayChange(actor);
    checkUserName(user.name);
    if (user.password !== null) checkPasswordLength(user.password);
    await this.checkProject(user.defaultProjectId);
    const passwordHash = user.password === null ? this.passwords.nobodysHash : await this.hash(actor, user.password);
    return this.database.transaction(async (stores) => {
      const made = await createUser(stores, user, passwordHash);
      const target = { kind: 'user', id: made.id, name: made.name };
      await recordChange(stores, actor, { action: 'identity:create_user', target });
      return made;
    });
  }

  /** All tokens of a user who is disabled or gets another password end. @throws BaykeeperError as the others do */
  async update(actor: Actor, id: string, { password, ...fields }: UserChanges): Promise<Account> {
    checkMayChange(actor);
    if (fields.name !== undefined) checkUserName(fields.name);
    if (password !== undefined) checkPasswordLength(password);
    const known = await this.find(id);
    await this.checkProject(fields.defaultProjectId);
    const passwordHash = password === undefined ? null : await this.hash(actor, password);
    const changed = [...Object.keys(fields), ...(passwordHash === null ? [] : ['password'])];
    const user = await this.database.transaction((stores) =>
      keepAdministrator(stores, async () => {
        if (fields.name !== undefined && fields.name !== known.name) await checkRename(stores, known.id);
        const target = { kind: 'user', id: known.id, name: known.name };
        const detail = `changed ${changed.join(', ')}`;
        await recordChange(stores, actor, { action: 'identity:update_user', target, detail });
        if (passwordHash !== null) await stores.users.setPassword(known.id, passwordHash);
        if (passwordHash !== null || fields.enabled === false) await stores.tokens.revokeByUser(known.id);
        return stores.users.update(known.id, fields);
      }),
    );
    this.changed();
    return accountOf(user);
  }

  /** With tokens, roles and application credentials; bays stay with their project. */
  async remove(actor: Actor, id: string): Promise<void> {
    checkMayChange(actor);
    const user = await this.find(id);
    await this.database.transaction((stores) =>
      keepAdministrator(stores, async () => {
        const target = { kind: 'user', id: user.id, name: user.name };
        await recordChange(stores, actor, { action: 'identity:delete_user', target });
        await stores.users.remove(user.id);
      }),
    );
    this.changed();
  }

  /**
   * Everybody's own, with the old one for a proof; all tokens end.
   * @throws BaykeeperError `unauthenticated` for a wrong old one; `forbidden` for another user's
   */
  async changeOwnPassword(actor: Actor, id: string, original: string, password: string): Promise<void> {
    checkMayChange(actor);
    if (id !== actor.userId) throw notAllowed('identity:change_password');
    checkPasswordLength(password);
    await this.provePassword({ method: 'password', userId: actor.userId, password: original }, actor);
    if (original === password) throw invalid('The new password is the old one: choose another one.');
    const passwordHash = await this.hash(actor, password);
    await this.database.transaction(async (stores) => {
      const target = { kind: 'user', id: actor.userId, name: actor.userName };
      await recordChange(stores, actor, { action: 'identity:change_password', target });
      await stores.users.setPassword(actor.userId, passwordHash);
      await stores.tokens.revokeByUser(actor.userId);
    });
    this.changed();
  }

  private hash(actor: Actor, password: string): Promise<string> {
    return this.passwords.hash(password, sourceOf(actor.address));
  }

  private async find(id: string): Promise<UserRecord> {
    const user = await this.database.stores.users.findById(id);
    if (user === null) throw missing('user', id);
    return user;
  }

  private async checkProject(id: string | null | undefined): Promise<void> {
    if (id === null || id === undefined) return;
    if ((await this.database.stores.projects.findById(id)) === null) throw missing('project', id);
  }
}

/** Whose name an operator's files hold must keep it, as long as nobody else runs the installation. */
async function checkRename({ projects, roleAssignments }: Stores, userId: UserId): Promise<void> {
  const project = await projects.findByName(ADMIN_PROJECT);
  const holders = project ? await roleAssignments.listHolders(project.id, 'admin') : [];
  if (holders.length === 1 && holders[0] === userId) throw lastAdministrator();
}
