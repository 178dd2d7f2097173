import type {
  BayId,
  KnownMembers,
  Listener,
  LoadBalancer,
  LoadBalancerId,
  Member,
  MemberChanges,
  Node,
  NodeHealth,
  NodeId,
} from '@baykeeper/domain';
import type { Scope } from '../scope.js';

export type NewNode = Pick<
  Node,
  'id' | 'bayId' | 'projectId' | 'nodeGroupId' | 'role' | 'ordinal' | 'name' | 'createdAt'
>;

/** What happens to a node after it was planned. */
export type NodeFacts = Omit<Node, keyof NewNode>;

export interface NodeChange {
  readonly id: NodeId;
  readonly facts: Partial<NodeFacts>;
}

/** Tokens and keys appear as hashes only (lower-case hex of SHA-256). */
export interface NodeStore {
  /** Ordered by role (masters first), then by order of insertion. */
  /** Masters first, then by age. @param page.after the last one seen; null: from the beginning */
  pageByBay(
    scope: Scope,
    bayId: BayId,
    page: { readonly limit: number; readonly after: NodeId | null },
  ): Promise<readonly Node[]>;
  listByBay(scope: Scope, bayId: BayId): Promise<readonly Node[]>;
  /** The nodes of many bays in one query, for lists. */
  listByBays(scope: Scope, bayIds: readonly BayId[]): Promise<readonly Node[]>;
  /** What `listByBay` gives, read as what changed since this process read it last: for whoever looks again and again. */
  readByBay(bayId: BayId): Promise<readonly Node[]>;
  /** In order of insertion. */
  listMasters(scope: Scope, bayId: BayId): Promise<readonly Node[]>;
  find(scope: Scope, id: NodeId): Promise<Node | null>;
  /** A node whose group already has one with its ordinal is left out. */
  insertMany(nodes: readonly NewNode[]): Promise<void>;
  /**
   * Times, the failure and the reason of removal are written once: a value that is there stays. Address and engine state
   * follow the latest word. A node that is gone is left alone.
   */
  recordFacts(id: NodeId, facts: Partial<NodeFacts>): Promise<void>;
  /** The same of many, in one statement; several changes of one node count in their order. */
  recordFactsOfMany(changes: readonly NodeChange[]): Promise<void>;
  /** The engine's latest word about any number of nodes, in one statement. */
  recordEngineStates(states: ReadonlyMap<NodeId, NodeHealth>): Promise<void>;
  /** True the first time: the node says that its engine runs. */
  recordEngineStart(id: NodeId): Promise<boolean>;
  remove(id: NodeId): Promise<void>;
  removeMany(ids: readonly NodeId[]): Promise<void>;
  /** Those of `ids` that are nodes whose machine was not removed: what may exist outside. */
  existingIds(ids: readonly string[]): Promise<ReadonlySet<string>>;
  /** The same token again changes nothing; another one starts over. */
  setEnrolmentToken(id: NodeId, tokenHash: string): Promise<void>;
  /**
   * The first public key that comes with the token is the token's for ever; the session token of the last call is valid.
   * False: another token, or another key.
   */
  bindEnrolment(id: NodeId, tokenHash: string, publicKeyHash: string, sessionTokenHash: string): Promise<boolean>;
  findByEnrolmentToken(tokenHash: string): Promise<Node | null>;
  findBySessionToken(tokenHash: string): Promise<Node | null>;
}

/** What {@link NodeStore.bindEnrolment} is given. */
export interface EnrolmentBinding {
  readonly id: NodeId;
  readonly tokenHash: string;
  readonly publicKeyHash: string;
  readonly sessionTokenHash: string;
}

export type NewLoadBalancer = Pick<LoadBalancer, 'id' | 'bayId' | 'projectId' | 'listeners' | 'requestedAt'>;

export interface LoadBalancerFacts {
  readonly address: string | null;
  readonly listeners: readonly Listener[];
  readonly requestedAt: Date;
  readonly createdAt: Date;
  readonly removedAt: Date;
}

export interface ListedMember extends Member {
  readonly listener: string;
}

export interface LoadBalancerStore {
  findByBay(scope: Scope, bayId: BayId): Promise<LoadBalancer | null>;
  /** One per bay: the row that is there already is returned unchanged. */
  insert(loadBalancer: NewLoadBalancer): Promise<LoadBalancer>;
  /** Times are written once; address and listeners follow the latest word. */
  recordFacts(id: LoadBalancerId, facts: Partial<LoadBalancerFacts>): Promise<void>;
  /** All that may be behind it, by listener and name. */
  listMembers(scope: Scope, id: LoadBalancerId): Promise<readonly ListedMember[]>;
  /** The same, for whoever looks again and again: read only where this process does not know it. */
  readMembers(id: LoadBalancerId): Promise<KnownMembers>;
  /** Before the balancer is told: members that come are recorded, and not confirmed. Those that go stay. */
  beginMembers(id: LoadBalancerId, changes: Readonly<Record<string, MemberChanges>>): Promise<void>;
  /** After it did what it was told: those that came are confirmed, those that went are forgotten. */
  confirmMembers(id: LoadBalancerId, changes: Readonly<Record<string, MemberChanges>>): Promise<void>;
  listAll(): Promise<readonly LoadBalancer[]>;
  /** Those of `ids` that are load balancers not yet removed: what may exist outside. */
  existingIds(ids: readonly string[]): Promise<ReadonlySet<string>>;
}
