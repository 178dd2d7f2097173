import type { ProjectId, UserId } from '@baykeeper/domain';

export interface TokenRecord {
  /** Lower-case hex of SHA-256. */
  readonly tokenHash: string;
  readonly userId: UserId;
  /** Null: the token is good for no project. */
  readonly projectId: ProjectId | null;
  /** The project whose administrators run the installation, for a token that is good for the installation. */
  readonly systemProjectId: ProjectId | null;
  readonly applicationCredentialId: string | null;
  /** How its user proved to be it: Keystone's names of methods. */
  readonly methods: readonly string[];
  readonly auditId: string;
  /** Of the token that all rescoping began with; null for such a one. */
  readonly rootAuditId: string | null;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

/** A valid token with everything that is needed to act on it, as it is at the moment. */
export interface LiveToken extends TokenRecord {
  readonly userName: string;
  readonly projectName: string | null;
  /** As assigned in the project or for the system, without those they imply. */
  readonly roles: readonly string[];
  readonly applicationCredential: Pick<
    ApplicationCredentialRecord,
    'id' | 'name' | 'roles' | 'unrestricted' | 'accessRules'
  > | null;
}

export interface TokenStore {
  insert(token: TokenRecord): Promise<void>;
  /** Null: unknown, expired, revoked, or its user, project or application credential was disabled or has ended. */
  find(tokenHash: string): Promise<LiveToken | null>;
  revoke(tokenHash: string): Promise<void>;
  revokeByUser(userId: UserId): Promise<void>;
  /** @param userId only those of one user */
  revokeByProject(projectId: ProjectId, userId?: UserId): Promise<void>;
  /** @returns how many rows went. */
  removeExpired(): Promise<number>;
}

/** One request that an application credential may send. */
export interface AccessRule {
  readonly id: string;
  /** A service's type in the catalog. */
  readonly service: string;
  readonly method: string;
  /** Of the request; `*` and `{name}` stand for one segment, `**` for any number of them. */
  readonly path: string;
}

/** A login of its own for a program: some of its user's roles in one project. */
export interface ApplicationCredentialRecord {
  readonly id: string;
  readonly userId: UserId;
  readonly projectId: ProjectId;
  readonly name: string;
  readonly description: string | null;
  /** As the tenancy library writes it. Never leaves it. */
  readonly secretHash: string;
  readonly roles: readonly string[];
  /** May make and remove application credentials itself. */
  readonly unrestricted: boolean;
  /** Null: it may send every request that its roles allow. */
  readonly accessRules: readonly AccessRule[] | null;
  readonly expiresAt: Date | null;
  readonly createdAt: Date;
}

export interface ApplicationCredentialStore {
  /** @throws BaykeeperError `conflict` when the user has one of that name; or user or project is unknown */
  insert(credential: Omit<ApplicationCredentialRecord, 'createdAt'>): Promise<ApplicationCredentialRecord>;
  find(id: string): Promise<ApplicationCredentialRecord | null>;
  findByName(userId: UserId, name: string): Promise<ApplicationCredentialRecord | null>;
  /** Of one user, by name, ascending. @throws BaykeeperError `not-found` for an unknown marker */
  list(
    userId: UserId,
    filter: { readonly name?: string | undefined; readonly projectId?: string | undefined },
    page: { readonly limit: number; readonly marker: string | null },
  ): Promise<readonly ApplicationCredentialRecord[]>;
  countByUser(userId: UserId): Promise<number>;
  /** Its tokens end, too. */
  remove(ids: readonly string[]): Promise<void>;
}
