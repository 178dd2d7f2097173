import type { ProjectId, UserId } from '@baykeeper/domain';

export interface ProjectRecord {
  readonly id: ProjectId;
  readonly name: string;
  readonly enabled: boolean;
  readonly createdAt: Date;
}

export interface UserRecord {
  readonly id: UserId;
  readonly name: string;
  /** As the tenancy library writes it. Never leaves it. */
  readonly passwordHash: string;
  readonly defaultProjectId: ProjectId | null;
  readonly enabled: boolean;
  readonly createdAt: Date;
  /** Wrong passwords in a row. */
  readonly failedLogins: number;
  readonly lockedUntil: Date | null;
}

export interface TokenRecord {
  /** Lower-case hex of SHA-256. */
  readonly tokenHash: string;
  readonly userId: UserId;
  /** Null: the token is good for no project. */
  readonly projectId: ProjectId | null;
  readonly auditId: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

/** A valid token with everything that is needed to act on it, as it is at the moment. */
export interface LiveToken extends TokenRecord {
  readonly userName: string;
  readonly projectName: string | null;
  /** As assigned, without those they imply. */
  readonly roles: readonly string[];
}

/** Names are unique; this is checked by the database. */
export interface ProjectStore {
  /** @throws BaykeeperError `conflict` when the name or id is taken. */
  insert(project: Pick<ProjectRecord, 'id' | 'name'>): Promise<ProjectRecord>;
  /** The project of that name: made with this id if there is none. */
  ensure(project: Pick<ProjectRecord, 'id' | 'name'>): Promise<ProjectRecord>;
  findById(id: string): Promise<ProjectRecord | null>;
  findByName(name: string): Promise<ProjectRecord | null>;
}

export interface LockPolicy {
  readonly allowed: number;
  readonly firstLockSeconds: number;
  readonly longestLockSeconds: number;
}

type NewUser = Pick<UserRecord, 'id' | 'name' | 'passwordHash' | 'defaultProjectId'>;

export interface UserStore {
  /** @throws BaykeeperError `conflict` when the name or id is taken. */
  insert(user: NewUser): Promise<UserRecord>;
  /** The user of that name, and whether this call made it. An existing one keeps its password. */
  ensure(user: NewUser): Promise<{ readonly user: UserRecord; readonly created: boolean }>;
  findById(id: string): Promise<UserRecord | null>;
  findByName(name: string): Promise<UserRecord | null>;
  setPassword(id: UserId, passwordHash: string): Promise<void>;
  /** The same password hashed anew; nothing when the password was changed meanwhile. */
  replaceHash(id: UserId, known: string, replacement: string): Promise<void>;
  setEnabled(id: UserId, enabled: boolean): Promise<void>;
  /**
   * Counts a wrong password. From `policy.allowed` in a row on, each locks the user for `policy.firstLockSeconds`,
   * doubled with every further one, up to `policy.longestLockSeconds`. What comes while the user is
   * locked does not count: a person who keeps trying does not wait longer for it.
   */
  recordFailedLogin(id: UserId, policy: LockPolicy): Promise<void>;
  /**
   * The password was right: the count starts over. False while the user is locked: then it does not count as right, so
   * that many guesses at once gain nothing over one after the other.
   */
  completeLogin(id: UserId): Promise<boolean>;
}

export interface RoleAssignmentStore {
  /** Again changes nothing. @throws BaykeeperError `conflict` when user or project is unknown. */
  assign(userId: UserId, projectId: ProjectId, role: string): Promise<void>;
  unassign(userId: UserId, projectId: ProjectId, role: string): Promise<void>;
  list(userId: UserId, projectId: ProjectId): Promise<readonly string[]>;
}

export interface TokenStore {
  insert(token: TokenRecord): Promise<void>;
  /** Null: unknown, expired, revoked, or its user or project was disabled. */
  find(tokenHash: string): Promise<LiveToken | null>;
  revoke(tokenHash: string): Promise<void>;
  revokeByUser(userId: UserId): Promise<void>;
  /** @returns how many rows went. */
  removeExpired(): Promise<number>;
}
