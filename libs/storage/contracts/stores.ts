import type { AuditStore } from './audit.js';
import type { CatalogueStore, FlavorStore, ImageStore, KeypairStore, NetworkStore } from './catalogue.js';
import type { BaymodelStore, BayStore, NodeGroupStore } from './bays.js';
import type { BayViewStore } from './bay-views.js';
import type { CertificateAuthorityStore, CertificateStore } from './certificates.js';
import type { DashboardStore } from './dashboards.js';
import type { ProjectStore, RoleAssignmentStore, UserStore } from './identity.js';
import type { MeasureStore } from './measures.js';
import type { LoadBalancerStore, NodeStore } from './nodes.js';
import type { ProcessStore } from './processes.js';
import type { QuotaStore } from './quotas.js';
import type { EventStore, OperationStore, OutboxStore, SettingStore } from './records.js';
import type { ApplicationCredentialStore, TokenStore } from './tokens.js';

/** All stores over one connection pool, or inside one transaction. */
export interface Stores {
  readonly settings: SettingStore;
  readonly projects: ProjectStore;
  readonly users: UserStore;
  readonly roleAssignments: RoleAssignmentStore;
  readonly tokens: TokenStore;
  readonly applicationCredentials: ApplicationCredentialStore;
  readonly flavors: FlavorStore;
  readonly images: ImageStore;
  readonly networks: NetworkStore;
  readonly catalogue: CatalogueStore;
  readonly keypairs: KeypairStore;
  readonly baymodels: BaymodelStore;
  readonly bays: BayStore;
  readonly bayViews: BayViewStore;
  readonly dashboards: DashboardStore;
  readonly nodeGroups: NodeGroupStore;
  readonly nodes: NodeStore;
  readonly loadBalancers: LoadBalancerStore;
  readonly certificateAuthorities: CertificateAuthorityStore;
  readonly certificates: CertificateStore;
  readonly events: EventStore;
  readonly outbox: OutboxStore;
  readonly operations: OperationStore;
  readonly audit: AuditStore;
  readonly quotas: QuotaStore;
  readonly processes: ProcessStore;
  readonly measures: MeasureStore;
}

/** Connections of one process: all that are open, those of them that nobody uses, and callers that wait for one. */
export interface PoolState {
  readonly open: number;
  readonly idle: number;
  readonly waiting: number;
}

export interface Database {
  readonly stores: Stores;
  readonly pool: () => PoolState;
  /**
   * All or nothing. Only the stores handed to `work` take part in it.
   * @throws what `work` throws; BaykeeperError `provider-unavailable` when the database can't be reached
   */
  transaction<T>(work: (stores: Stores) => Promise<T>): Promise<T>;
  /** @throws BaykeeperError `provider-unavailable` */
  ping(): Promise<void>;
  /**
   * The names of migrations of this version that were not run in the database. Those of a newer version, which it may have
   * run as well, are none of our business.
   * @throws BaykeeperError `provider-unavailable`
   */
  pendingMigrations(): Promise<readonly string[]>;
  /** Brings the schema up to date, one process at a time. @returns the names of the migrations that were run. */
  migrate(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface DatabaseSettings {
  /** `postgres://…`; a Unix socket as `postgres:///database?host=/directory&user=name`. */
  readonly url: string;
  /** Most connections of this process; 10 unless told. */
  readonly poolSize?: number;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName?: string;
  /** A single statement is stopped after it; 30,000 unless told. */
  readonly statementTimeoutMs?: number;
}
