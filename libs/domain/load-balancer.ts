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
}

export interface LoadBalancer {
  readonly id: LoadBalancerId;
  readonly bayId: BayId;
  readonly projectId: ProjectId;
  readonly listeners: readonly Listener[];
  /** IPv4 address that clients use; null until the driver gave one. */
  readonly address: string | null;
  readonly requestedAt: Date | null;
  readonly createdAt: Date | null;
  /** What was last written to the driver, per listener name. */
  readonly members: Readonly<Record<string, readonly Member[]>>;
  readonly removedAt: Date | null;
}

export interface Member {
  readonly nodeId: NodeId;
  readonly name: string;
  readonly address: string;
  readonly port: number;
}
