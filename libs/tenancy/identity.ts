import type { ProjectId, UserId } from '@baykeeper/domain';
import type { Database, LiveToken, ProjectRecord } from '@baykeeper/storage';
import {
  assignRole,
  bootstrapAdministrator,
  changePassword,
  createProject,
  createUser,
  type Account,
  type Administrator,
} from './accounts.js';
import { authenticate, hashToken, type Credentials, type IssuedToken } from './authenticate.js';
import { openPasswords, type PasswordCost } from './password.js';
import { isSystemAdmin, type Principal } from './principal.js';
import { expandRoles } from './roles.js';
import { openTokenCache } from './token-cache.js';

export interface IdentitySettings {
  readonly database: Database;
  /** How long a token is valid; 12 unless told. */
  readonly tokenHours?: number;
  readonly now?: () => Date;
  /** What hashing a password costs. Only tests, which are in a hurry, have a reason to say it. */
  readonly passwordCost?: PasswordCost;
}

/** Who somebody is and what that one may do. Any number of processes over one database. */
export interface Identity {
  /** @throws BaykeeperError `unauthenticated`, which never says whether the user exists; `too-many-requests` */
  authenticate(credentials: Credentials): Promise<IssuedToken>;
  /**
   * Null for a token that is unknown, expired or revoked, or whose user, project or roles are gone. What was revoked in
   * another process may be taken for up to five seconds more.
   */
  validateToken(token: string): Promise<Principal | null>;
  /** An unknown token is fine. */
  revokeToken(token: string): Promise<void>;
  /** To be called now and then. @returns how many went. */
  removeExpiredTokens(): Promise<number>;
  /** See {@link bootstrapAdministrator}. */
  bootstrapAdministrator(options: { readonly password: string }): Promise<Administrator>;
  createProject(project: { readonly name: string }): Promise<ProjectRecord>;
  createUser(user: {
    readonly name: string;
    readonly password: string;
    readonly defaultProjectId?: ProjectId | null;
  }): Promise<Account>;
  assignRole(assignment: {
    readonly userId: UserId;
    readonly projectId: ProjectId;
    readonly role: string;
  }): Promise<void>;
  /** All tokens of the user end. */
  changePassword(userId: UserId, password: string): Promise<void>;
}

const DEFAULT_TOKEN_HOURS = 12;

export function openIdentity({
  database,
  tokenHours = DEFAULT_TOKEN_HOURS,
  now = () => new Date(),
  passwordCost,
}: IdentitySettings): Identity {
  const cache = openTokenCache(now);
  const passwords = openPasswords(passwordCost);
  return {
    authenticate: (credentials) => authenticate(database, { passwords, tokenHours, now }, credentials),
    validateToken(token) {
      const tokenHash = hashToken(token);
      return cache.get(tokenHash, async () => principalOf(await database.stores.tokens.find(tokenHash)));
    },
    async revokeToken(token) {
      const tokenHash = hashToken(token);
      await database.stores.tokens.revoke(tokenHash);
      cache.forget(tokenHash);
    },
    removeExpiredTokens: () => database.stores.tokens.removeExpired(),
    bootstrapAdministrator: (options) => bootstrapAdministrator(database, passwords, options),
    createProject: (project) => createProject(database, project),
    createUser: (user) => createUser(database, passwords, user),
    assignRole: (assignment) => assignRole(database, assignment),
    async changePassword(userId, password) {
      await changePassword(database, passwords, userId, password);
      cache.forgetAll();
    },
  };
}

function principalOf(token: LiveToken | null): Principal | null {
  if (!token) return null;
  const { userId, userName, projectId, projectName, auditId, issuedAt, expiresAt } = token;
  const roles = expandRoles(token.roles);
  if (projectId !== null && roles.length === 0) return null;
  return {
    ...{ userId, userName, projectId, projectName, roles, auditId, issuedAt, expiresAt },
    isSystemAdmin: isSystemAdmin(projectName, roles),
  };
}
