import type { NodeRole } from './bay.js';
import type { BayId, NodeGroupId, NodeId, ProjectId } from './ids.js';

/** Steps a node reports by itself, in the order in which they happen on it. */
export const BOOT_PHASES = ['booted', 'certificate', 'engine', 'join', 'joined'] as const;
export type BootPhase = (typeof BOOT_PHASES)[number];

export const REMOVAL_REASONS = ['scale-down', 'replaced', 'cluster-lost', 'bay-deleted'] as const;
export type RemovalReason = (typeof REMOVAL_REASONS)[number];

export interface NodeFailure {
  readonly phase: BootPhase | 'machine';
  readonly message: string;
  /** The end of the node's bootstrap log, at most 4 KiB; empty when there is none. */
  readonly logTail: string;
}

/**
 * One node as facts: what happened to it, and when (null: not yet). Each time is written once, in this order. What a
 * node *is* at the moment is derived from them ({@link phaseOf}), never stored.
 */
export interface Node {
  readonly id: NodeId;
  readonly bayId: BayId;
  readonly projectId: ProjectId;
  readonly nodeGroupId: NodeGroupId;
  readonly role: NodeRole;
  readonly ordinal: number;
  /** Its host name: unique within the bay, a DNS label. */
  readonly name: string;
  readonly address: string | null;
  readonly createdAt: Date;
  /** The compute driver was asked for the machine (written before the call). */
  readonly machineRequestedAt: Date | null;
  /** The machine exists and has its address. */
  readonly machineCreatedAt: Date | null;
  /** The node's own first word. */
  readonly bootedAt: Date | null;
  readonly certifiedAt: Date | null;
  /** The control plane lets it join now (masters one at a time). */
  readonly joinGrantedAt: Date | null;
  /** The node says that its engine has joined. */
  readonly joinedAt: Date | null;
  /** The engine itself says that the node is ready. */
  readonly readyAt: Date | null;
  /** It is a member of every listener it belongs to. */
  readonly registeredAt: Date | null;
  readonly failedAt: Date | null;
  readonly failure: NodeFailure | null;
  readonly removalRequestedAt: Date | null;
  readonly removalReason: RemovalReason | null;
  readonly deregisteredAt: Date | null;
  readonly drainedAt: Date | null;
  readonly leftAt: Date | null;
  readonly machineRemovedAt: Date | null;
  /**
   * What the engine last said of it; null before it was first seen there. While no master answers nobody knows that it is
   * still ready, so it is null then; a node that was down stays so.
   */
  readonly engineState: 'ready' | 'down' | null;
  /**
   * Since when a node that was ready is not: its engine answers and does not call it so, or its machine is off. Null while
   * it is ready, and while no master answers: then nobody knows.
   */
  readonly unreadySince: Date | null;
}

export const NODE_PHASES = [
  'planned',
  'creating-machine',
  'booting',
  'requesting-certificate',
  'starting-engine',
  'waiting-to-join',
  'joining',
  'joined',
  'ready',
  'failed',
  'leaving-load-balancer',
  'draining',
  'leaving-engine',
  'deleting-machine',
  'removed',
] as const;
export type NodePhase = (typeof NODE_PHASES)[number];

/** What a node is doing now, for eyes: progress bars, `bay nodes`, the dashboard. */
export function phaseOf(node: Node): NodePhase {
  if (node.machineRemovedAt) return 'removed';
  if (node.removalRequestedAt) {
    if (!node.deregisteredAt) return 'leaving-load-balancer';
    if (!node.drainedAt) return 'draining';
    return node.leftAt ? 'deleting-machine' : 'leaving-engine';
  }
  if (node.failedAt) return 'failed';
  if (node.readyAt) return 'ready';
  if (node.joinedAt) return 'joined';
  if (node.certifiedAt) return node.joinGrantedAt ? 'joining' : 'waiting-to-join';
  if (node.bootedAt) return 'requesting-certificate';
  if (node.machineCreatedAt) return 'booting';
  return node.machineRequestedAt ? 'creating-machine' : 'planned';
}
