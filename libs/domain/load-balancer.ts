import type { BayId, LoadBalancerId, NodeId, ProjectId } from './ids.js';
import type { NodeRole } from './bay.js';

/** A port of a bay's load balancer and which nodes stand behind it. TCP only: TLS passes through untouched. */
export interface Listener {
  /** Unique within the load balancer: `docker-api`, `port-80`. */
  readonly name: string;
  readonly port: number;
  /** The port on the members. */
  readonly memberPort: number;
  readonly memberRole: NodeRole;
  /** A member is well when it answers 200 to this path over HTTPS; without one, when it takes a connection. */
  readonly healthPath?: string | undefined;
}

/** How listeners are named that the users of a cluster asked for, within it: unlike all others they come and go by themselves. */
export const ASKED_LISTENER_PREFIX = 'service-';

export interface LoadBalancer {
  readonly id: LoadBalancerId;
  readonly bayId: BayId;
  readonly projectId: ProjectId;
  readonly listeners: readonly Listener[];
  /** IPv4 address that clients use; null until the driver gave one. */
  readonly address: string | null;
  readonly requestedAt: Date | null;
  readonly createdAt: Date | null;
  readonly removedAt: Date | null;
}

export interface Member {
  readonly nodeId: NodeId;
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

/** A member as our records have it. */
export interface KnownMember extends Member {
  /** False: it was to come, or to change, and nobody has said yet that the balancer did that. */
  readonly confirmed: boolean;
}

/** By listener name and node: everything that may be behind the balancer. */
export type KnownMembers = ReadonlyMap<string, ReadonlyMap<NodeId, KnownMember>>;

/** What becomes of some members of one listener. */
export interface MemberChanges {
  /** Come, or have another address or port. */
  readonly put: readonly Member[];
  readonly remove: readonly NodeId[];
}
