import type { EngineName, Labels, ServerType } from './baymodel.js';
import type { BayId, BaymodelId, NodeGroupId, NodeId, ProjectId, UserId } from './ids.js';

/** For eyes and for Magnum's clients; nothing in Baykeeper ever branches on it. */
export const BAY_STATUSES = [
  'CREATE_IN_PROGRESS',
  'CREATE_COMPLETE',
  'CREATE_FAILED',
  'UPDATE_IN_PROGRESS',
  'UPDATE_COMPLETE',
  'UPDATE_FAILED',
  'DELETE_IN_PROGRESS',
  'DELETE_FAILED',
] as const;
export type BayStatus = (typeof BAY_STATUSES)[number];

export const HEALTH_STATUSES = ['HEALTHY', 'UNHEALTHY', 'UNKNOWN'] as const;
export type HealthStatus = (typeof HEALTH_STATUSES)[number];

export const NODE_ROLES = ['master', 'worker'] as const;
export type NodeRole = (typeof NODE_ROLES)[number];

/** Names of the two groups every bay has, as Magnum names them. */
export const DEFAULT_MASTER_GROUP = 'default-master';
export const DEFAULT_WORKER_GROUP = 'default-worker';

/**
 * What the tenant wants, written by the API alone. Everything a bay needs from its baymodel is copied here when the bay
 * is created (a bay is pinned to what it was made from; changing a baymodel surprises nobody).
 */
export interface BaySpec {
  readonly id: BayId;
  readonly projectId: ProjectId;
  readonly userId: UserId;
  readonly name: string;
  readonly baymodelId: BaymodelId;
  readonly engine: EngineName;
  readonly serverType: ServerType;
  readonly imageId: string;
  readonly flavorId: string | null;
  readonly masterFlavorId: string | null;
  readonly keypair: string | null;
  readonly dockerVolumeSize: number | null;
  readonly labels: Labels;
  readonly createTimeoutMinutes: number | null;
  readonly discoveryUrl: string | null;
  readonly fixedNetwork: string | null;
  readonly fixedSubnet: string | null;
  /** Between the engine's containers; null: the engine's own choice, of bays from before it was kept. */
  readonly networkDriver: string | null;
  readonly floatingIpEnabled: boolean;
  readonly masterLbEnabled: boolean;
  readonly tlsDisabled: boolean;
  /** Settings for the nodes' engine, copied from the baymodel. */
  readonly insecureRegistry: string | null;
  readonly httpProxy: string | null;
  readonly httpsProxy: string | null;
  readonly noProxy: string | null;
  /** Grows by one with every change of what is wanted. */
  readonly generation: number;
  /** When the present wish was made; the deadline counts from here. */
  readonly generationAt: Date;
  readonly deletionRequestedAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date | null;
}

/** What the reconciler found and did, written by the reconciler alone. */
export interface BayFacts {
  readonly status: BayStatus;
  readonly statusReason: string | null;
  readonly healthStatus: HealthStatus | null;
  readonly healthStatusReason: Readonly<Record<string, string>>;
  readonly apiAddress: string | null;
  readonly coeVersion: string | null;
  readonly containerVersion: string | null;
  /** The last generation that was reached completely; 0 before the first. */
  readonly settledGeneration: number;
  /** The master that founds the engine's cluster; others join it. */
  readonly foundingNodeId: NodeId | null;
  /** Whether the engine's cluster exists. Founded once, and anew only when every one of its masters is known to be lost. */
  readonly foundedAt: Date | null;
}

export type Bay = BaySpec & BayFacts;

/** Keeps work off a node that does not tolerate it (Kubernetes). */
export interface Taint {
  readonly key: string;
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
  readonly value?: string | undefined;
}

export interface NodeGroup {
  readonly id: NodeGroupId;
  readonly bayId: BayId;
  readonly projectId: ProjectId;
  readonly name: string;
  readonly role: NodeRole;
  /** What its tenant calls its role; to us it is a group of workers all the same. Null: as `role`. */
  readonly roleName: string | null;
  readonly isDefault: boolean;
  readonly nodeCount: number;
  readonly minNodeCount: number;
  readonly maxNodeCount: number | null;
  readonly flavorId: string | null;
  readonly imageId: string;
  readonly labels: Labels;
  /** GiB; null: as the bay has it. */
  readonly dockerVolumeSize: number | null;
  /** What the engine calls its nodes by, besides our own labels. */
  readonly nodeLabels: Labels;
  readonly nodeTaints: readonly Taint[];
  /** Its nodes are to go, and then it. */
  readonly deletionRequestedAt: Date | null;
  /** The ordinal the group's next node gets; ordinals are never used twice, so names and ids stay unique. */
  readonly nextOrdinal: number;
  readonly createdAt: Date;
  readonly updatedAt: Date | null;
}
