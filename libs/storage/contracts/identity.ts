import type { ProjectId, UserId } from '@baykeeper/domain';

export interface ProjectRecord {
  readonly id: ProjectId;
  readonly name: string;
  readonly description: string;
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
  readonly description: string | null;
  readonly email: string | null;
  readonly createdAt: Date;
  /** Wrong passwords in a row, from anywhere. */
  readonly failedLogins: number;
  readonly lockedUntil: Date | null;
}

/** Keyset paging over names. @see ProjectStore.list */
export interface NamePage {
  readonly limit: number;
  /** The id of the last row seen; null from the beginning. */
  readonly marker: string | null;
}

/** What is left out is not asked for. */
export interface ProjectFilter {
  readonly name?: string | undefined;
  readonly enabled?: boolean | undefined;
  /** Has a role in it. */
  readonly userId?: string | undefined;
}

type NewProject = Pick<ProjectRecord, 'id' | 'name'> & Partial<Pick<ProjectRecord, 'description' | 'enabled'>>;

/** Names are unique; this is checked by the database. */
export interface ProjectStore {
  /** @throws BaykeeperError `conflict` when the name or id is taken. */
  insert(project: NewProject): Promise<ProjectRecord>;
  /** The project of that name: made with this id if there is none. */
  ensure(project: Pick<ProjectRecord, 'id' | 'name'>): Promise<ProjectRecord>;
  /**
   * The row of a project that another identity service keeps: made if there is none, and named by its id, because names
   * are that service's own: they change, and are unique in a domain only.
   */
  ensureForeign(id: ProjectId): Promise<void>;
  findById(id: string): Promise<ProjectRecord | null>;
  findByName(name: string): Promise<ProjectRecord | null>;
  /** By name, ascending. @throws BaykeeperError `not-found` for an unknown marker */
  list(filter: ProjectFilter, page: NamePage): Promise<readonly ProjectRecord[]>;
  /** Holds the row until the transaction's end, so that what was checked stays true. */
  lock(id: ProjectId): Promise<void>;
  /** @throws BaykeeperError `not-found`; `conflict` when the name is taken */
  update(
    id: ProjectId,
    fields: Partial<Pick<ProjectRecord, 'name' | 'description' | 'enabled'>>,
  ): Promise<ProjectRecord>;
  /** What the project's own rows hang on it go with it. @throws BaykeeperError `conflict` while it has bays or baymodels */
  remove(id: ProjectId): Promise<void>;
}

export interface LockPolicy {
  readonly allowed: number;
  readonly firstLockSeconds: number;
  readonly longestLockSeconds: number;
}

type NewUser = Pick<UserRecord, 'id' | 'name' | 'passwordHash' | 'defaultProjectId'> &
  Partial<Pick<UserRecord, 'enabled' | 'description' | 'email'>>;

export interface UserFilter {
  readonly name?: string | undefined;
  readonly enabled?: boolean | undefined;
  /** Has a role in this project. */
  readonly projectId?: string | undefined;
}

export interface UserStore {
  /** @throws BaykeeperError `conflict` when the name or id is taken. */
  insert(user: NewUser): Promise<UserRecord>;
  /** The user of that name, and whether this call made it. An existing one keeps its password. */
  ensure(user: NewUser): Promise<{ readonly user: UserRecord; readonly created: boolean }>;
  findById(id: string): Promise<UserRecord | null>;
  findByName(name: string): Promise<UserRecord | null>;
  /** By name, ascending. @throws BaykeeperError `not-found` for an unknown marker */
  list(filter: UserFilter, page: NamePage): Promise<readonly UserRecord[]>;
  /** @throws BaykeeperError `not-found`; `conflict` when the name is taken */
  update(
    id: UserId,
    fields: Partial<Pick<UserRecord, 'name' | 'defaultProjectId' | 'enabled' | 'description' | 'email'>>,
  ): Promise<UserRecord>;
  /** With its role assignments, application credentials and tokens. */
  remove(id: UserId): Promise<void>;
  /** Ends every lock, too. */
  setPassword(id: UserId, passwordHash: string): Promise<void>;
  /** The same password hashed anew; nothing when the password was changed meanwhile. */
  replaceHash(id: UserId, known: string, replacement: string): Promise<void>;
  /**
   * Counts a wrong password. From `policy.allowed` in a row on, each locks the user for `policy.firstLockSeconds`,
   * doubled with every further one, up to `policy.longestLockSeconds`: by `ofAddress` for logins from this address,
   * by `ofUser` for logins from any. What comes while it is locked does not count: a person who keeps trying
   * does not wait longer for it.
   */
  recordFailedLogin(
    id: UserId,
    address: string,
    policies: { readonly ofAddress: LockPolicy; readonly ofUser: LockPolicy },
  ): Promise<void>;
  /**
   * The password was right: the counts start over. False while the user is locked there: then it does not count as
   * right, so that many guesses at once gain nothing over one after the other. An address from which the user logged
   * in during the last 30 days is not bound by what comes from others: guessing from elsewhere locks nobody out.
   */
  completeLogin(id: UserId, address: string): Promise<boolean>;
  /** Whether the user logged in from there during the last 30 days. */
  isKnownAddress(id: UserId, address: string): Promise<boolean>;
  /** Forgets addresses from which nothing came for 30 days. @returns how many */
  removeOldAddresses(): Promise<number>;
}

export interface RoleAssignment {
  readonly userId: UserId;
  readonly userName: string;
  readonly projectId: ProjectId;
  readonly projectName: string;
  readonly role: string;
}

export interface AssignmentFilter {
  readonly userId?: string | undefined;
  readonly projectId?: string | undefined;
  /** One of them. */
  readonly roles?: readonly string[] | undefined;
}

export interface RoleAssignmentStore {
  /** Again changes nothing. @throws BaykeeperError `conflict` when user or project is unknown. */
  assign(userId: UserId, projectId: ProjectId, role: string): Promise<void>;
  /** @returns whether there was one */
  unassign(userId: UserId, projectId: ProjectId, role: string): Promise<boolean>;
  list(userId: UserId, projectId: ProjectId): Promise<readonly string[]>;
  /** By project, user and role. @param page.after the last one seen */
  listAll(
    filter: AssignmentFilter,
    page: {
      readonly limit: number;
      readonly after: { readonly projectId: string; readonly userId: string; readonly role: string } | null;
    },
  ): Promise<readonly RoleAssignment[]>;
  /** Users who are enabled and have exactly this role in the project. */
  listHolders(projectId: ProjectId, role: string): Promise<readonly UserId[]>;
}
