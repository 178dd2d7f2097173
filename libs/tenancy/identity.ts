import type { ProjectId, UserId } from '@baykeeper/domain';
import type { Database, LiveToken, ProjectRecord } from '@baykeeper/storage';
import {
  bootstrapAdministrator,
  checkPasswordLength,
  createProject,
  createUser,
  type Account,
  type Administrator,
  type NewUser,
} from './accounts.js';
import { ApplicationCredentials } from './application-credentials.js';
import { authenticate, hashToken } from './authenticate.js';
import { checkPassword } from './check-password.js';
import { Grants } from './grants.js';
import type { LoginSettings } from './login-subject.js';
import { UNLIMITED, type FinishedLogin, type IssuedToken, type Login, type LoginLimiter } from './login.js';
import { openPasswords, type PasswordCost } from './password.js';
import { ADMIN_PROJECT, invalid, isSystemAdmin, type Actor, type Origin, type Principal } from './principal.js';
import { Projects } from './projects.js';
import { recordChange } from './record-change.js';
import { expandRoles, isRole, ROLES, rolesOfCredential } from './roles.js';
import { openTokenCache } from './token-cache.js';
import { Users } from './users.js';

export interface IdentitySettings {
  readonly database: Database;
  /** How long a token is valid; 12 unless told. */
  readonly tokenHours?: number;
  /** How often somebody may try to log in; as often as one likes unless told. */
  readonly limiter?: LoginLimiter;
  /** Called after each login, refused or not; it may not throw and is not waited for. */
  readonly onLogin?: (login: FinishedLogin) => void;
  /** Called after tokens may have ended here, so that other processes ask again; it may not throw. */
  readonly tellOthers?: () => Promise<void>;
  readonly now?: () => Date;
  /** What hashing a password costs. Only tests, which are in a hurry, have a reason to say it. */
  readonly passwordCost?: PasswordCost;
}

/** Who somebody is and what that one may do. Any number of processes over one database. */
export interface Identity {
  /**
   * @throws BaykeeperError `unauthenticated`, which never says whether the user exists; `forbidden` for a restricted
   * application credential's token; `too-many-requests`
   */
  authenticate(login: Login, origin?: Origin): Promise<IssuedToken>;
  /**
   * Null for a token that is unknown, expired or revoked, or whose user, project or roles are gone. What was revoked in
   * another process is taken until that one has told this one, and for up to five seconds where the word is lost.
   */
  validateToken(token: string): Promise<Principal | null>;
  /** Another process says that tokens may have ended: each is asked for again. */
  forgetTokens(): void;
  /** Calls back when tokens may have ended before their time, as far as this process knows. @returns how to stop that */
  watchTokens(callback: () => void): () => void;
  /** Ends a token that is valid. @param principal whom it stands for */
  revokeToken(actor: Actor, token: string, principal: Principal): Promise<void>;
  /** To be called now and then: removes tokens that have expired, and what is known of old logins. @returns how many tokens */
  removeExpiredTokens(): Promise<number>;
  /** See {@link bootstrapAdministrator}. */
  bootstrapAdministrator(options: { readonly password: string }): Promise<Administrator>;
  readonly projects: Projects;
  readonly users: Users;
  readonly grants: Grants;
  readonly applicationCredentials: ApplicationCredentials;
  /** What follows is nobody's request, so it is not audited: for tests and for what the installation does by itself. */
  createProject(project: { readonly name: string }): Promise<ProjectRecord>;
  createUser(user: NewUser): Promise<Account>;
  assignRole(assignment: {
    readonly userId: UserId;
    readonly projectId: ProjectId;
    readonly role: string;
  }): Promise<void>;
}

const DEFAULT_TOKEN_HOURS = 12;
const NOWHERE: Origin = { address: null, requestId: null };

export function openIdentity({
  database,
  tokenHours = DEFAULT_TOKEN_HOURS,
  limiter = UNLIMITED,
  onLogin = () => undefined,
  tellOthers = () => Promise.resolve(),
  now = () => new Date(),
  passwordCost,
}: IdentitySettings): Identity {
  const cache = openTokenCache(now);
  const passwords = openPasswords(passwordCost);
  const watchers = new Set<() => void>();
  const tellWatchers = (): void => {
    for (const callback of watchers) callback();
  };
  const forgetTokens = (): void => {
    cache.forgetAll();
    tellWatchers();
  };
  const changed = (): void => {
    forgetTokens();
    void tellOthers();
  };
  const validateToken = (token: string): Promise<Principal | null> => {
    const tokenHash = hashToken(token);
    return cache.get(tokenHash, async () => principalOf(await database.stores.tokens.find(tokenHash)));
  };
  const settings: LoginSettings = { passwords, limiter, tokenHours, now, onLogin, validateToken };
  return {
    validateToken,
    forgetTokens,
    watchTokens(callback) {
      watchers.add(callback);
      return () => {
        watchers.delete(callback);
      };
    },
    authenticate: (login, origin = NOWHERE) => authenticate(database, settings, login, origin),
    async revokeToken(actor, token, { userId, userName, auditId }) {
      const tokenHash = hashToken(token);
      await database.transaction(async (stores) => {
        await stores.tokens.revoke(tokenHash);
        const target = { kind: 'user', id: userId, name: userName };
        await recordChange(stores, actor, { action: 'identity:revoke_token', target, detail: `token ${auditId}` });
      });
      cache.forget(tokenHash);
      tellWatchers();
      await tellOthers();
    },
    async removeExpiredTokens() {
      await database.stores.users.removeOldAddresses();
      return database.stores.tokens.removeExpired();
    },
    bootstrapAdministrator: (options) => bootstrapAdministrator(database, passwords, options),
    projects: new Projects(database, changed),
    users: new Users(
      database,
      passwords,
      (proof, origin) => checkPassword(database, settings, proof, { ...origin, user: null }),
      changed,
    ),
    grants: new Grants(database, changed),
    applicationCredentials: new ApplicationCredentials(database, passwords, now, changed),
    createProject: (project) => createProject(database.stores, project),
    async createUser(user) {
      if (user.password === null) return createUser(database.stores, user, passwords.nobodysHash);
      checkPasswordLength(user.password);
      return createUser(database.stores, user, await passwords.hash(user.password));
    },
    async assignRole({ userId, projectId, role }) {
      if (!isRole(role)) throw invalid(`A role is one of ${ROLES.join(', ')}.`);
      await database.stores.roleAssignments.assign(userId, projectId, role);
    },
  };
}

/** Null when the user has lost the roles that make the token good for anything. */
function principalOf(token: LiveToken | null): Principal | null {
  if (!token) return null;
  const { projectId, projectName, systemProjectId, applicationCredential: credential } = token;
  const roles = credential ? rolesOfCredential(token.roles, credential.roles) : expandRoles(token.roles);
  if (projectId !== null && roles.length === 0) return null;
  if (systemProjectId !== null && !roles.includes('admin')) return null;
  return {
    ...{ userId: token.userId, userName: token.userName, projectId, projectName, systemProjectId, roles },
    isSystemAdmin: isSystemAdmin(systemProjectId === null ? projectName : ADMIN_PROJECT, roles),
    applicationCredential: credential && {
      ...{ id: credential.id, name: credential.name },
      ...{ unrestricted: credential.unrestricted, accessRules: credential.accessRules },
    },
    ...{ methods: token.methods, auditId: token.auditId, rootAuditId: token.rootAuditId },
    ...{ issuedAt: token.issuedAt, expiresAt: token.expiresAt },
  };
}
