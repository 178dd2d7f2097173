/** Making accounts and keeping their names and passwords within bounds. */
import { randomUUID } from 'node:crypto';
import type { ProjectId, UserId } from '@baykeeper/domain';
import type { Database, ProjectRecord, Stores, UserRecord } from '@baykeeper/storage';
import { LONGEST_PASSWORD } from './check-password.js';
import type { Passwords } from './password.js';
import { ADMIN_PROJECT, invalid } from './principal.js';

/** Keystone's bounds. */
const LONGEST_PROJECT_NAME = 64;
const LONGEST_USER_NAME = 255;

const ADMINISTRATOR = 'admin';

/** A user without anything secret. */
export type Account = Pick<
  UserRecord,
  'id' | 'name' | 'defaultProjectId' | 'enabled' | 'description' | 'email' | 'createdAt'
>;

export interface Administrator {
  readonly project: ProjectRecord;
  readonly user: Account;
  /** False: the user was there already and has kept its password. */
  readonly created: boolean;
}

export type NewProject = Pick<ProjectRecord, 'name'> & Partial<Pick<ProjectRecord, 'description' | 'enabled'>>;

export interface NewUser extends Partial<Pick<UserRecord, 'enabled' | 'description' | 'email'>> {
  readonly name: string;
  /** Null: the user can't log in before it gets one. */
  readonly password: string | null;
  readonly defaultProjectId?: ProjectId | null;
}

/** @throws BaykeeperError `invalid-input`; `conflict` when the name is taken */
export async function createProject({ projects }: Stores, project: NewProject): Promise<ProjectRecord> {
  checkProjectName(project.name);
  return projects.insert({ ...project, id: randomUUID() as ProjectId });
}

/**
 * @param passwordHash of a password that was checked
 * @throws BaykeeperError `invalid-input`; `conflict` when the name is taken or the project is unknown
 */
export async function createUser(
  { users }: Stores,
  { password: _hashed, ...user }: NewUser,
  passwordHash: string,
): Promise<Account> {
  checkUserName(user.name);
  const { defaultProjectId = null } = user;
  return accountOf(await users.insert({ ...user, id: randomUUID() as UserId, passwordHash, defaultProjectId }));
}

/**
 * The first administrator: project `admin`, user `admin`, role admin. Made once, however many processes start at once
 * and however often; what is there stays as it is, also when somebody else runs the installation by now.
 */
export async function bootstrapAdministrator(
  database: Database,
  passwords: Passwords,
  { password }: { readonly password: string },
): Promise<Administrator> {
  checkPasswordLength(password);
  // Hashing is slow on purpose: not for a user that is there, and not while rows are held.
  const known = await database.stores.users.findByName(ADMINISTRATOR);
  const passwordHash = known?.passwordHash ?? (await passwords.hash(password));
  return database.transaction(async ({ projects, users, roleAssignments }) => {
    const project = await projects.ensure({ id: randomUUID() as ProjectId, name: ADMIN_PROJECT });
    await projects.lock(project.id);
    const [first] = await roleAssignments.listHolders(project.id, 'admin');
    const holder = first === undefined ? null : await users.findById(first);
    if (holder) return { project, user: accountOf(known ?? holder), created: false };
    const { user, created } = await users.ensure({
      ...{ id: randomUUID() as UserId, name: ADMINISTRATOR },
      ...{ passwordHash, defaultProjectId: project.id },
    });
    await roleAssignments.assign(user.id, project.id, 'admin');
    return { project, user: accountOf(user), created };
  });
}

export function accountOf(user: UserRecord): Account {
  const { id, name, defaultProjectId, enabled, description, email, createdAt } = user;
  return { id, name, defaultProjectId, enabled, description, email, createdAt };
}

/** @throws BaykeeperError `invalid-input` */
export function checkProjectName(name: string): void {
  checkName('project', name, LONGEST_PROJECT_NAME);
}

/** @throws BaykeeperError `invalid-input` */
export function checkUserName(name: string): void {
  checkName('user', name, LONGEST_USER_NAME);
}

function checkName(what: 'project' | 'user', name: string, longest: number): void {
  if (name.trim().length === 0 || name.length > longest || /\p{Cc}/u.test(name)) {
    throw invalid(`A ${what}'s name has 1 to ${longest} characters and no control characters.`);
  }
}

/** @throws BaykeeperError `invalid-input` */
export function checkPasswordLength(password: string): void {
  if (password.length === 0 || password.length > LONGEST_PASSWORD) {
    throw invalid(`A password has 1 to ${LONGEST_PASSWORD} characters.`);
  }
}
