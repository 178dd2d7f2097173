import type { ProjectId } from '@baykeeper/domain';

/** What is counted: bays (Magnum's word is Cluster), their workers, their masters; baymodels. */
export const QUOTA_RESOURCES = ['Cluster', 'Node', 'Master', 'ClusterTemplate'] as const;
export type QuotaResource = (typeof QUOTA_RESOURCES)[number];

export interface QuotaRecord {
  readonly id: number;
  readonly projectId: ProjectId;
  readonly resource: QuotaResource;
  readonly hardLimit: number;
  readonly createdAt: Date;
  readonly updatedAt: Date | null;
}

export type Usage = Readonly<Record<QuotaResource, number>>;

/** What a project uses, and the limits that were set for it; without one the default holds. */
export interface ProjectUsage {
  readonly inUse: Usage;
  readonly limits: Readonly<Partial<Record<QuotaResource, number>>>;
}

/** Which quotas a list shows. */
export interface QuotaPage {
  readonly limit: number;
  /** The id of the last one of the page before. */
  readonly marker: number | null;
  readonly sortKey: string;
  readonly sortDir: 'asc' | 'desc';
}

export interface QuotaStore {
  /** @throws BaykeeperError `conflict` when the project has one for the resource, or is unknown. */
  insert(quota: Pick<QuotaRecord, 'projectId' | 'resource' | 'hardLimit'>): Promise<QuotaRecord>;
  find(projectId: ProjectId, resource: QuotaResource): Promise<QuotaRecord | null>;
  /**
   * @param projectId null: of all projects
   * @throws BaykeeperError `invalid-input` for an unknown sort key; `not-found` for an unknown marker
   */
  list(projectId: ProjectId | null, page: QuotaPage): Promise<readonly QuotaRecord[]>;
  /** Null when there is none. */
  setLimit(projectId: ProjectId, resource: QuotaResource, hardLimit: number): Promise<QuotaRecord | null>;
  /** False when there is none. */
  remove(projectId: ProjectId, resource: QuotaResource): Promise<boolean>;
  /** Bays count until their row is gone, with all the nodes that are wanted of them. */
  usage(projectId: ProjectId): Promise<ProjectUsage>;
  /**
   * Waits until everybody else of the project who took the turn has ended the transaction: what is read from then on and
   * written in this one fits together. Only inside a transaction; other projects do not wait.
   */
  takeTurn(projectId: ProjectId): Promise<void>;
  /** Bays and all their nodes, of one project or (null) of all. */
  countBays(projectId: ProjectId | null): Promise<{ readonly bays: number; readonly nodes: number }>;
}
