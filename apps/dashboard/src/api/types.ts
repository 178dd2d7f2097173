/** What the API answers, as far as the pages use it (openapi.json has all of it). */
interface Project {
  readonly id: string;
  readonly name: string;
}

export interface Session {
  readonly user: Project;
  readonly project: Project;
  readonly roles: readonly string[];
  readonly is_system_admin: boolean;
  readonly projects: readonly Project[];
  /** Of the Keystone where people and credentials are managed; null where Baykeeper keeps its own. */
  readonly identity_url: string | null;
  /** The compute driver; `simulated` where no machine is real. */
  readonly compute: string;
  readonly version: string;
}

export interface BayCard {
  readonly uuid: string;
  readonly name: string;
  readonly coe: string;
  readonly coe_version: string | null;
  readonly status: string;
  readonly status_reason: string | null;
  readonly health_status: 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN' | null;
  readonly api_address: string | null;
  readonly master_count: number;
  readonly node_count: number;
  readonly nodes: {
    readonly present: number;
    readonly ready: number;
    readonly failed: number;
    readonly leaving: number;
  };
  readonly created_at: string;
  readonly updated_at: string | null;
}

export type QuotaResource = 'Cluster' | 'Node' | 'Master' | 'ClusterTemplate';

export interface Usage {
  readonly resource: QuotaResource;
  readonly hard_limit: number;
  readonly in_use: number;
}

interface ProjectEvent {
  readonly sequence: number;
  readonly bay_uuid: string;
  readonly bay_name: string;
  readonly node: string | null;
  readonly kind: string;
  readonly level: 'info' | 'warning' | 'error';
  readonly message: string;
  readonly at: string;
}

export interface Dashboard {
  readonly project: Project;
  readonly user: Project & { readonly roles: readonly string[]; readonly is_system_admin: boolean };
  readonly bay_counts: { readonly total: number; readonly in_progress: number; readonly failed: number };
  readonly bays: readonly BayCard[];
  readonly next?: string;
  readonly quotas: readonly Usage[];
  readonly events: readonly ProjectEvent[];
  readonly certificates: readonly {
    readonly bay_uuid: string;
    readonly bay_name: string;
    readonly subject: string;
    readonly serial: string;
    readonly not_after: string;
  }[];
}

export interface Bay {
  readonly uuid: string;
  readonly name: string;
  readonly cluster_template_id: string;
  readonly status: string;
  readonly status_reason: string | null;
  readonly health_status: 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN' | null;
  readonly health_status_reason: Readonly<Record<string, string>>;
  readonly api_address: string | null;
  readonly coe_version: string | null;
  readonly master_count: number;
  readonly node_count: number;
  readonly flavor_id: string | null;
  readonly created_at: string;
  readonly updated_at: string | null;
}

export interface TimelineNode {
  readonly uuid: string;
  readonly name: string;
  readonly role: 'master' | 'worker';
  readonly nodegroup: string;
  readonly phases: readonly {
    readonly name: string;
    readonly started_at: string;
    readonly ended_at: string | null;
    readonly error: string | null;
  }[];
  readonly log_tail: string | null;
}

export interface Timeline {
  readonly nodes: readonly TimelineNode[];
  readonly next?: string;
}

export interface DrawnNode {
  readonly uuid: string;
  readonly name: string;
  readonly phase: string;
  readonly address: string | null;
  readonly member: 'up' | 'down' | 'checking' | 'unknown' | null;
}

export interface DrawnGroup {
  readonly uuid: string;
  readonly name: string;
  readonly role: 'master' | 'worker';
  readonly wanted: number;
  readonly counts: {
    readonly present: number;
    readonly ready: number;
    readonly failed: number;
    readonly leaving: number;
  };
  readonly nodes: readonly DrawnNode[];
}

export interface Topology {
  readonly groups: readonly DrawnGroup[];
  readonly load_balancers: readonly {
    readonly uuid: string;
    readonly address: string | null;
    readonly listeners: readonly {
      readonly name: string;
      readonly port: number;
      readonly members: { readonly total: number; readonly up: number };
    }[];
  }[];
}

export interface NodeGroup {
  readonly uuid: string;
  readonly name: string;
  readonly role: string;
  readonly node_count: number;
  readonly min_node_count: number;
  readonly max_node_count: number | null;
  readonly flavor_id: string | null;
  readonly is_default: boolean;
  readonly status: string;
}

export interface BayEvent {
  readonly sequence: number;
  readonly kind: string;
  readonly level: 'info' | 'warning' | 'error';
  readonly message: string;
  readonly node: string | null;
  readonly at: string;
}

export interface Template {
  readonly uuid: string;
  readonly name: string;
  readonly project_id: string;
  readonly coe: string;
  readonly image_id: string;
  readonly flavor_id: string | null;
  readonly master_flavor_id: string | null;
  readonly server_type: string;
  readonly public: boolean;
  readonly tls_disabled: boolean;
  readonly master_lb_enabled: boolean;
  readonly network_driver: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly created_at: string;
}
