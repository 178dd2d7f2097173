import type {
  Bay,
  BayFacts,
  BayId,
  Baymodel,
  BaymodelFields,
  BaymodelId,
  BaySpec,
  NodeGroup,
  NodeGroupId,
  ProjectId,
} from '@baykeeper/domain';
import type { Page } from '../page.js';
import type { NewAuditEntry } from './audit.js';
import type { Scope } from '../scope.js';
import type { BaymodelReferences, BayReferences, NodeGroupReferences } from './catalogue.js';

/** The fields stay in an object of their own: a copy of so many costs more than everything else of a creation. */
export interface NewBaymodel extends Pick<Baymodel, 'id' | 'projectId' | 'userId'> {
  readonly fields: BaymodelFields;
  readonly refs?: BaymodelReferences;
}

/** A project sees its own baymodels and other projects' public ones that are not hidden; it changes its own only. */
export interface BaymodelStore {
  /**
   * @param audit who makes it: written by the same statement
   * @throws BaykeeperError `conflict` when the id is taken; `forbidden` when `projectId` is outside the scope.
   */
  insert(scope: Scope, baymodel: NewBaymodel, audit?: NewAuditEntry): Promise<Baymodel>;
  /**
   * @param ident uuid or name
   * @throws BaykeeperError `not-found`; `conflict` when several have the name.
   */
  find(scope: Scope, ident: string): Promise<Baymodel>;
  /** @throws BaykeeperError `invalid-input` for an unknown sort key; `not-found` for a marker that can't be seen. */
  list(scope: Scope, page: Page): Promise<readonly Baymodel[]>;
  /** @throws BaykeeperError `not-found` */
  update(scope: Scope, id: BaymodelId, changes: Partial<BaymodelFields>, refs?: BaymodelReferences): Promise<Baymodel>;
  /** @throws BaykeeperError `not-found`; `conflict` while a bay refers to it. */
  remove(scope: Scope, id: BaymodelId): Promise<void>;
  /** Whether any project's bay was made from it. */
  isReferenced(id: BaymodelId): Promise<boolean>;
}

/** What a bay's creator decides; the other facts start empty and generation is 1. */
export type NewBay = Omit<BaySpec, 'generation' | 'generationAt' | 'deletionRequestedAt' | 'createdAt' | 'updatedAt'> &
  Partial<Pick<BayFacts, 'healthStatus' | 'healthStatusReason'>> & { readonly refs?: BayReferences };
export type NewNodeGroup = Omit<NodeGroup, 'nextOrdinal' | 'deletionRequestedAt' | 'createdAt' | 'updatedAt'> & {
  readonly refs?: NodeGroupReferences;
};

/** A new wish: fields of the bay, node counts of its groups, or nothing (then the same wish is made again: a retry). */
export interface WishChange {
  readonly fields?: Partial<
    Omit<NewBay, 'id' | 'projectId' | 'userId' | 'engine' | 'healthStatus' | 'healthStatusReason' | 'refs'>
  >;
  readonly nodeCounts?: readonly { readonly nodeGroupId: NodeGroupId; readonly nodeCount: number }[];
}

export interface Lease {
  /** Larger than every token given for this bay before. */
  readonly token: number;
}

/**
 * Bays. The first half is for tenants' requests; each wish is stored together with its outbox row. The second half is for
 * the reconciler, which holds a bay's lease while it works on it.
 */
export interface BayStore {
  /** @throws BaykeeperError `forbidden` when a row's `projectId` is outside the scope. */
  insert(scope: Scope, bay: NewBay, groups: readonly NewNodeGroup[]): Promise<Bay>;
  /**
   * @param ident uuid or name
   * @throws BaykeeperError `not-found`; `conflict` when several have the name.
   */
  find(scope: Scope, ident: string): Promise<Bay>;
  /**
   * Generation + 1 with a fresh deadline.
   * @throws BaykeeperError `not-found`; `conflict` once deletion was asked for.
   */
  changeWish(scope: Scope, id: BayId, change: WishChange): Promise<Bay>;
  /** Asked for again, it is tried again with a fresh deadline. @throws BaykeeperError `not-found` */
  requestDeletion(scope: Scope, id: BayId): Promise<Bay>;
  countByProject(projectId: ProjectId): Promise<number>;

  /** By id for whoever already knows it is allowed; null when it is gone. */
  get(id: BayId): Promise<Bay | null>;
  /** As `get`, without the reasons of its health, which name every node: for work on one of them. */
  getForNode(id: BayId): Promise<Bay | null>;
  /** Null while another one holds it, and when the bay is gone. */
  acquireLease(id: BayId, holder: string, ttlSeconds: number): Promise<Lease | null>;
  /** False when another one took it over. */
  renewLease(id: BayId, token: number, ttlSeconds: number): Promise<boolean>;
  /** False when another one took it over, or the bay is gone. */
  releaseLease(id: BayId, token: number): Promise<boolean>;
  /** Inside a transaction also keeps everybody else from taking the lease until it ends. */
  holdsLease(id: BayId, token: number): Promise<boolean>;
  /** False, and nothing changed, when the lease is no longer held. */
  saveFacts(id: BayId, token: number, facts: Partial<BayFacts>): Promise<boolean>;
  /**
   * Removes the bay with its groups, nodes, load balancer, authorities, events and operations; the list of certificates
   * that were issued and revoked stays. False when the lease is no longer held.
   */
  remove(id: BayId, token: number): Promise<boolean>;
  /** Every bay that is not settled, and settled ones that nobody looked at for so long; longest unseen first. */
  listToSweep(sweep: {
    readonly settledOlderThanSeconds: number;
    readonly limit: number;
  }): Promise<readonly Pick<Bay, 'id' | 'projectId'>[]>;
}

/** What a tenant may change of a group besides its size. */
export type NodeGroupChange = Partial<Pick<NodeGroup, 'minNodeCount' | 'maxNodeCount' | 'nodeLabels' | 'nodeTaints'>>;

/** A group with what is known of its nodes. */
export interface NodeGroupView {
  readonly group: NodeGroup;
  /** Magnum's integer id: the order of insertion. */
  readonly number: number;
  /** Nodes that stay, and how many of these are ready. */
  readonly staying: number;
  readonly ready: number;
  /** Nodes that are not gone yet, those that leave too. */
  readonly present: number;
  readonly addresses: readonly string[];
}

export interface NodeGroupStore {
  /** A new wish for its bay. @throws BaykeeperError `conflict` when the bay has a group of that name, or is being deleted */
  insert(scope: Scope, group: NewNodeGroup): Promise<void>;
  /** Bounds, and what new nodes are told. No new wish: nothing has to happen for it. */
  update(scope: Scope, id: NodeGroupId, change: NodeGroupChange): Promise<void>;
  /** A new wish: no nodes, and then no group. */
  requestDeletion(scope: Scope, id: NodeGroupId): Promise<void>;
  /** For the reconciler, when the last node is gone. */
  remove(id: NodeGroupId): Promise<void>;
  /** All groups of a bay with their nodes counted, in order of insertion. */
  views(scope: Scope, bayId: BayId): Promise<readonly NodeGroupView[]>;
  /** In order of insertion. */
  listByBay(scope: Scope, bayId: BayId): Promise<readonly NodeGroup[]>;
  /** The groups of many bays in one query, for lists. */
  listByBays(scope: Scope, bayIds: readonly BayId[]): Promise<readonly NodeGroup[]>;
  /**
   * @param ident uuid, name, or the number that the order of insertion gave
   * @throws BaykeeperError `not-found`
   */
  find(scope: Scope, bayId: BayId, ident: string): Promise<NodeGroup>;
  /** A new wish for the group's bay, like {@link BayStore.changeWish}. */
  setNodeCount(scope: Scope, id: NodeGroupId, nodeCount: number): Promise<NodeGroup>;
  /** Takes so many ordinals, never given before; returns the first. */
  takeOrdinals(id: NodeGroupId, count: number): Promise<number>;
  /** Ordinals below `next` are never given again. */
  reserveOrdinals(id: NodeGroupId, next: number): Promise<void>;
}
