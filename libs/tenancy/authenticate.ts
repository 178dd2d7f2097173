/**
 * Logging in by password. Whoever fails learns nothing: an unknown user, a disabled one, a locked one and a wrong
 * password give the same error after the same work.
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { BaykeeperError, type UserId } from '@baykeeper/domain';
import type { Database, LockPolicy, ProjectRecord, UserRecord } from '@baykeeper/storage';
import type { Passwords } from './password.js';
import { isOurDomain, isSystemAdmin, type DomainReference, type Principal } from './principal.js';
import { expandRoles } from './roles.js';

/** Which project the token shall be good for. */
export type RequestedScope =
  | { readonly projectId: string }
  | { readonly projectName: string; readonly domain?: DomainReference | null }
  /** No project, though the user has a default one. */
  | 'unscoped'
  /** The user's default project, if there is one. */
  | null;

export interface Credentials {
  /** One of the two. */
  readonly userName?: string | undefined;
  readonly userId?: string | undefined;
  /** The user's; with a name. */
  readonly domain?: DomainReference | null;
  readonly password: string;
  readonly scope: RequestedScope;
}

export interface IssuedToken {
  /** The only time that the token itself is seen: it is kept as a hash. */
  readonly token: string;
  readonly principal: Principal;
}

export interface LoginSettings {
  readonly passwords: Passwords;
  readonly tokenHours: number;
  readonly now: () => Date;
}

/** Four slips are free; then guessing gets slow: 1, 2, 4 … seconds, at most 5 minutes, which a person can sit out. */
const LOCK_POLICY: LockPolicy = { allowed: 5, firstLockSeconds: 1, longestLockSeconds: 300 };

const TOKEN_BYTES = 32;
const AUDIT_ID_BYTES = 16;
/** Keystone's own bound; hashing longer ones would be work for whoever sends them. */
export const LONGEST_PASSWORD = 4_096;

export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** @throws BaykeeperError `unauthenticated`; `too-many-requests` */
export async function authenticate(
  database: Database,
  settings: LoginSettings,
  credentials: Credentials,
): Promise<IssuedToken> {
  const user = await checkPassword(database, settings.passwords, credentials);
  const project = await findProject(database, user, credentials.scope);
  const roles = project ? expandRoles(await database.stores.roleAssignments.list(user.id, project.id)) : [];
  if (project && roles.length === 0) throw projectRefused();

  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  const issuedAt = settings.now();
  const principal: Principal = {
    userId: user.id,
    userName: user.name,
    projectId: project?.id ?? null,
    projectName: project?.name ?? null,
    roles,
    isSystemAdmin: isSystemAdmin(project?.name ?? null, roles),
    auditId: randomBytes(AUDIT_ID_BYTES).toString('base64url'),
    issuedAt,
    expiresAt: new Date(issuedAt.getTime() + settings.tokenHours * 3_600_000),
  };
  const { userId, projectId, auditId, expiresAt } = principal;
  await database.stores.tokens.insert({ tokenHash: hashToken(token), userId, projectId, auditId, issuedAt, expiresAt });
  return { token, principal };
}

async function checkPassword(
  { stores }: Database,
  passwords: Passwords,
  credentials: Credentials,
): Promise<UserRecord> {
  const { password } = credentials;
  if (password.length > LONGEST_PASSWORD) throw loginRefused('the password is too long');
  const user = await findUser(stores.users, credentials);
  const matches = await passwords.matches(password, user?.passwordHash ?? passwords.nobodysHash);
  if (!user || !matches || !user.enabled) {
    // For a user that does not exist too, so that the answer takes one more round trip in every case.
    await stores.users.recordFailedLogin(user?.id ?? (randomUUID() as UserId), LOCK_POLICY);
    throw loginRefused(user ? 'wrong password or disabled user' : 'unknown user');
  }
  if (!(await stores.users.completeLogin(user.id))) throw loginRefused('the user is locked for a while');
  if (passwords.isOutdated(user.passwordHash)) {
    await stores.users.replaceHash(user.id, user.passwordHash, await passwords.hash(password));
  }
  return user;
}

function findUser(users: Database['stores']['users'], credentials: Credentials): Promise<UserRecord | null> {
  const { userId, userName, domain } = credentials;
  if (userId !== undefined) return users.findById(userId);
  if (userName !== undefined && isOurDomain(domain)) return users.findByName(userName);
  return Promise.resolve(null);
}

async function findProject(
  { stores }: Database,
  user: UserRecord,
  scope: RequestedScope,
): Promise<ProjectRecord | null> {
  if (scope === 'unscoped') return null;
  if (scope === null) {
    const usual = user.defaultProjectId === null ? null : await stores.projects.findById(user.defaultProjectId);
    // A default that can't be used (any more) must not keep anybody from logging in.
    if (!usual?.enabled) return null;
    const roles = await stores.roleAssignments.list(user.id, usual.id);
    return roles.length > 0 ? usual : null;
  }
  const isKnown = 'projectId' in scope || isOurDomain(scope.domain);
  if (!isKnown) throw projectRefused();
  const project =
    'projectId' in scope
      ? await stores.projects.findById(scope.projectId)
      : await stores.projects.findByName(scope.projectName);
  if (!project?.enabled) throw projectRefused();
  return project;
}

function loginRefused(detail: string): BaykeeperError {
  return new BaykeeperError({
    code: 'unauthenticated',
    publicMessage: 'The user name or the password is not right. Check both; after several tries wait a few minutes.',
    detail,
  });
}

function projectRefused(): BaykeeperError {
  return new BaykeeperError({
    code: 'unauthenticated',
    publicMessage: 'The user has no role in this project, or there is no such project. Ask an administrator.',
  });
}
