import type { Bay, NodeGroup, NodeRole } from '../bay.js';
import type { BayId, LoadBalancerId, NodeGroupId, NodeId } from '../ids.js';
import type { KnownMembers, Listener, LoadBalancer, MemberChanges } from '../load-balancer.js';
import type { Node, NodeFailure, RemovalReason } from '../node.js';

/**
 * What a pass of the reconciler knows. `unknown` means "could not be asked": a plan never treats it as absence.
 */
export interface Observed {
  /** Machines by node id as the compute driver lists them; `unknown` when it could not be asked. */
  readonly machines:
    Pick<ReadonlyMap<NodeId, 'building' | 'running' | 'stopped' | 'failed'>, 'get' | 'has'> | 'unknown';
  /** When the driver was asked: of a machine that was made later its answer says nothing. */
  readonly machinesAskedAt: Date;
  /** The engine's word by node name; `unknown` when no master answered. */
  readonly engine: ReadonlyMap<string, 'ready' | 'down'> | 'unknown';
  /** Listeners that the cluster's own users ask for. */
  readonly listeners?: readonly Listener[];
  /** What the engine says besides, for the tenant to read. */
  readonly notes?: Readonly<Record<string, string>>;
}

/** Settings of the installation that bound what a plan may do. Times in milliseconds. */
export interface PlanLimits {
  readonly nodeBootTimeoutMs: number;
  /** How long a node that was ready may be missed by its engine before it is replaced. */
  readonly nodeLostTimeoutMs: number;
  readonly defaultCreateTimeoutMs: number;
  /** How often a group's node is replaced within one wish before the plan only waits for the deadline. */
  readonly maximumReplacements: number;
  readonly replacementBackoffMs: number;
}

/** What is known of a bay and wanted of it. */
export interface PlanFacts {
  readonly now: Date;
  readonly bay: Bay;
  readonly groups: readonly NodeGroup[];
  readonly nodes: readonly Node[];
  readonly loadBalancer: LoadBalancer | null;
  /** Who may stand behind it. */
  readonly members: KnownMembers;
  /** The listeners that the engine wants for this bay; empty when it needs no load balancer. */
  readonly listeners: readonly Listener[];
  readonly observed: Observed;
  readonly limits: PlanLimits;
  /** How many of `n` masters may be missing while the engine's cluster still decides. */
  readonly toleratedMasterLosses: (masters: number) => number;
}

/** Who of a bay is at rest, counted, and everybody else in person (see `roster.ts`). */
export interface Roster {
  /** All who are not at rest, in the order of the bay's nodes. */
  readonly open: readonly Node[];
  readonly masters: readonly Node[];
  readonly restingOfRole: Readonly<Record<NodeRole, number>>;
  readonly restingOfGroup: ReadonlyMap<NodeGroupId, number>;
  /** What it was made of. */
  readonly made: RosterFacts & { readonly resting: Uint8Array };
}

export type RosterFacts = Pick<PlanFacts, 'nodes' | 'observed' | 'loadBalancer' | 'members' | 'listeners'>;

/** As `withRoster` makes it. */
export interface PlanInput extends PlanFacts {
  readonly roster: Roster;
}

/** Changes of our own records; the reconciler applies them in one transaction and plans again. */
export type RecordAction =
  | {
      readonly kind: 'add-node';
      readonly id: string;
      readonly groupId: NodeGroupId;
      readonly ordinal: number;
      readonly name: string;
    }
  | {
      readonly kind: 'fail-node';
      readonly id: string;
      readonly nodeId: NodeId;
      readonly phase: NodeFailure['phase'];
      readonly message: string;
    }
  | { readonly kind: 'request-removal'; readonly id: string; readonly nodeId: NodeId; readonly reason: RemovalReason }
  | { readonly kind: 'appoint-founder'; readonly id: string; readonly nodeId: NodeId }
  | { readonly kind: 'record-founded'; readonly id: string; readonly nodeId: NodeId }
  /** The engine's cluster is gone for good: it is founded anew, and those who were in it are replaced. */
  | { readonly kind: 'record-cluster-lost'; readonly id: string; readonly bayId: BayId }
  | { readonly kind: 'grant-join'; readonly id: string; readonly nodeId: NodeId }
  | { readonly kind: 'record-ready'; readonly id: string; readonly nodeId: NodeId }
  | { readonly kind: 'record-deregistered'; readonly id: string; readonly nodeId: NodeId }
  | { readonly kind: 'forget-node'; readonly id: string; readonly nodeId: NodeId }
  /** A group that was to go and whose last node is gone. */
  | { readonly kind: 'forget-group'; readonly id: string; readonly groupId: NodeGroupId }
  | { readonly kind: 'remove-bay'; readonly id: string; readonly bayId: BayId };

/** Writes outside on the load balancer: done one after the other, inside the pass, so that it has a single writer. */
export type LoadBalancerAction =
  | { readonly kind: 'ensure-load-balancer'; readonly id: string; readonly listeners: readonly Listener[] }
  | {
      readonly kind: 'change-members';
      readonly id: string;
      /** By listener name; one that is gone has members to forget only. */
      readonly changes: Readonly<Record<string, MemberChanges>>;
    }
  | { readonly kind: 'remove-load-balancer'; readonly id: string; readonly loadBalancerId: LoadBalancerId };

export const NODE_STEPS = ['create-machine', 'drain', 'leave', 'delete-machine'] as const;
export type NodeStep = (typeof NODE_STEPS)[number];

/** Work on one node that fans out as jobs; `steps` run in this order, each only after the one before it. */
export interface NodeAction {
  readonly kind: 'run-steps';
  readonly id: string;
  readonly nodeId: NodeId;
  readonly steps: readonly NodeStep[];
}

export type Action = RecordAction | LoadBalancerAction | NodeAction;

/** The wait of a bay whose replacements are used up. */
export const WAIT_FOR_SOMEBODY = 'somebody to retry, resize or delete the bay';
/** The wait of a bay that lost more masters than its cluster can do without: nobody can take them out of it. */
export const WAIT_FOR_QUORUM = 'a majority of the masters';

/** Something the plan can't hurry: what, for whom, since when, and until when it is willing to wait. */
export interface Wait {
  readonly what: string;
  readonly nodeId: NodeId | null;
  readonly since: Date;
  readonly until: Date;
}

export interface Plan {
  readonly records: readonly RecordAction[];
  readonly loadBalancer: readonly LoadBalancerAction[];
  readonly nodes: readonly NodeAction[];
  readonly waits: readonly Wait[];
  /** Nothing is left to do or to wait for: what is wanted is what is. */
  readonly settled: boolean;
  /** When to look again even if nothing wakes us; null: the slow sweep is enough. */
  readonly lookAgainAt: Date | null;
}
