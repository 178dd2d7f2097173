/** Projects, users and who may do what where. */
import { randomUUID } from 'node:crypto';
import { BaykeeperError, type ProjectId, type UserId } from '@baykeeper/domain';
import type { Database, ProjectRecord, UserRecord } from '@baykeeper/storage';
import { LONGEST_PASSWORD } from './authenticate.js';
import type { Passwords } from './password.js';
import { ADMIN_PROJECT } from './principal.js';
import { ROLES, isRole } from './roles.js';

/** Keystone's bounds. */
const LONGEST_PROJECT_NAME = 64;
const LONGEST_USER_NAME = 255;

const ADMINISTRATOR = 'admin';

/** A user without anything secret. */
export type Account = Pick<UserRecord, 'id' | 'name' | 'defaultProjectId' | 'enabled' | 'createdAt'>;

export interface Administrator {
  readonly project: ProjectRecord;
  readonly user: Account;
  /** False: the user was there already and has kept its password. */
  readonly created: boolean;
}

/** @throws BaykeeperError `invalid-input`; `conflict` when the name is taken */
export async function createProject(database: Database, { name }: { readonly name: string }): Promise<ProjectRecord> {
  checkName('project', name, LONGEST_PROJECT_NAME);
  return database.stores.projects.insert({ id: randomUUID() as ProjectId, name });
}

/** @throws BaykeeperError `invalid-input`; `conflict` when the name is taken or the project is unknown */
export async function createUser(
  database: Database,
  passwords: Passwords,
  user: { readonly name: string; readonly password: string; readonly defaultProjectId?: ProjectId | null },
): Promise<Account> {
  checkName('user', user.name, LONGEST_USER_NAME);
  checkPassword(user.password);
  return accountOf(
    await database.stores.users.insert({
      id: randomUUID() as UserId,
      name: user.name,
      passwordHash: await passwords.hash(user.password),
      defaultProjectId: user.defaultProjectId ?? null,
    }),
  );
}

/** @throws BaykeeperError `invalid-input` for an unknown role; `conflict` for an unknown user or project */
export async function assignRole(
  database: Database,
  assignment: { readonly userId: UserId; readonly projectId: ProjectId; readonly role: string },
): Promise<void> {
  if (!isRole(assignment.role)) throw refuse(`A role is one of ${ROLES.join(', ')}.`);
  await database.stores.roleAssignments.assign(assignment.userId, assignment.projectId, assignment.role);
}

/** All tokens of the user end. @throws BaykeeperError `invalid-input` */
export async function changePassword(
  database: Database,
  passwords: Passwords,
  userId: UserId,
  password: string,
): Promise<void> {
  checkPassword(password);
  const passwordHash = await passwords.hash(password);
  await database.transaction(async ({ users, tokens }) => {
    await users.setPassword(userId, passwordHash);
    await tokens.revokeByUser(userId);
  });
}

/**
 * The first administrator: project `admin`, user `admin`, role admin. Made once, however many processes start at once
 * and however often; what is there stays as it is.
 */
export async function bootstrapAdministrator(
  database: Database,
  passwords: Passwords,
  { password }: { readonly password: string },
): Promise<Administrator> {
  checkPassword(password);
  // Hashing is slow on purpose: not for a user that is there, and not while rows are held.
  const known = await database.stores.users.findByName(ADMINISTRATOR);
  const passwordHash = known?.passwordHash ?? (await passwords.hash(password));
  return database.transaction(async ({ projects, users, roleAssignments }) => {
    const project = await projects.ensure({ id: randomUUID() as ProjectId, name: ADMIN_PROJECT });
    const { user, created } = await users.ensure({
      id: randomUUID() as UserId,
      name: ADMINISTRATOR,
      passwordHash,
      defaultProjectId: project.id,
    });
    await roleAssignments.assign(user.id, project.id, 'admin');
    return { project, user: accountOf(user), created };
  });
}

function accountOf({ id, name, defaultProjectId, enabled, createdAt }: UserRecord): Account {
  return { id, name, defaultProjectId, enabled, createdAt };
}

function checkName(what: 'project' | 'user', name: string, longest: number): void {
  if (name.length === 0 || name.length > longest || /\p{Cc}/u.test(name)) {
    throw refuse(`A ${what}'s name has 1 to ${longest} characters and no control characters.`);
  }
}

function checkPassword(password: string): void {
  if (password.length === 0 || password.length > LONGEST_PASSWORD) {
    throw refuse(`A password has 1 to ${LONGEST_PASSWORD} characters.`);
  }
}

function refuse(publicMessage: string): BaykeeperError {
  return new BaykeeperError({ code: 'invalid-input', publicMessage });
}
