import type { BayEvent, BayId, BayStatus, HealthStatus, Node, NodeGroupId } from '@baykeeper/domain';
import type { Scope } from '../scope.js';

/** How far the nodes of a bay are. */
export interface NodeCounts {
  /** Nodes that are to stay. */
  readonly present: number;
  /** Of them, ready. */
  readonly ready: number;
  readonly failed: number;
  /** Nodes that are to go and are still there. */
  readonly leaving: number;
}

/** A bay as a card shows it. */
export interface BayCard {
  readonly id: BayId;
  readonly name: string;
  readonly engine: string;
  readonly status: BayStatus;
  readonly statusReason: string | null;
  readonly healthStatus: HealthStatus | null;
  readonly apiAddress: string | null;
  readonly coeVersion: string | null;
  readonly masters: number;
  readonly workers: number;
  readonly nodes: NodeCounts;
  readonly createdAt: Date;
  readonly updatedAt: Date | null;
}

export interface ProjectEvent extends BayEvent {
  readonly bayName: string;
  /** Null for what is about no node, and for a node that was forgotten. */
  readonly nodeName: string | null;
}

export interface ExpiringCertificate {
  readonly bayId: BayId;
  readonly bayName: string;
  readonly subject: string;
  readonly serial: string;
  readonly notAfter: Date;
}

/** A group of a bay's nodes as a picture shows it. */
export interface GroupPicture {
  readonly nodeGroupId: NodeGroupId;
  readonly counts: NodeCounts;
  /** Those that are not ready first, then by age; no more than were asked for. */
  readonly nodes: readonly Node[];
}

/** What a dashboard draws, each by one statement. Cost grows with the scope's own things alone. */
export interface DashboardStore {
  /** Bays by status. */
  countByStatus(scope: Scope): Promise<ReadonlyMap<BayStatus, number>>;
  /** By name. @param question.after the last one seen; null: from the beginning */
  listCards(
    scope: Scope,
    question: { readonly limit: number; readonly after: BayId | null },
  ): Promise<readonly BayCard[]>;
  /** A bay's groups that have nodes. @param most nodes of each group that are shown one by one */
  drawGroups(scope: Scope, bayId: BayId, most: number): Promise<readonly GroupPicture[]>;
  /** The latest first. */
  listEvents(scope: Scope, limit: number): Promise<readonly ProjectEvent[]>;
  /** Those of tenants that were not taken back and end before `before`; the next one first. */
  listExpiring(scope: Scope, before: Date, limit: number): Promise<readonly ExpiringCertificate[]>;
}
