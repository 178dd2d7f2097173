/**
 * A small world in which plans come true: records, balancer, machines and an engine as plain data, and a clock that is
 * turned by hand. Property tests let it misbehave and check what a plan must never do and must always reach.
 */
import type { Bay, NodeGroup } from '../bay.js';
import type { LoadBalancerId, NodeId } from '../ids.js';
import type { KnownMember, Listener, LoadBalancer } from '../load-balancer.js';
import type { Node } from '../node.js';
import { deriveNodeHealth } from '../planning/node-health.js';
import { planBay } from '../planning/plan-bay.js';
import type {
  Action,
  NodeStep,
  Plan,
  PlanFacts,
  PlanInput,
  PlanLimits,
  RecordAction,
  Roster,
} from '../planning/plan.js';
import { deriveBayFacts } from '../planning/derive-facts.js';
import { withRoster } from '../planning/roster.js';
import { makeBay, makeGroup, makeNode, nodeIdOf, seconds } from './builders.js';

export const LISTENERS: readonly Listener[] = [
  { name: 'docker-api', port: 2376, memberPort: 2376, memberRole: 'master' },
  { name: 'port-80', port: 80, memberPort: 80, memberRole: 'worker' },
];

export const LIMITS: PlanLimits = {
  nodeBootTimeoutMs: 120_000,
  nodeLostTimeoutMs: 60_000,
  defaultCreateTimeoutMs: 3_600_000,
  maximumReplacements: 3,
  replacementBackoffMs: 5_000,
};

export class SimulatedWorld {
  time = 0;
  bay: Bay | null;
  groups: NodeGroup[];
  nodes: Node[] = [];
  loadBalancer: LoadBalancer | null = null;
  readonly members = new Map<string, Map<NodeId, KnownMember>>();
  /** Machines that exist outside, whatever our records say. */
  readonly machines = new Set<NodeId>();
  /** Those of them that are switched off, and those whose engine does not get to run. */
  readonly off = new Set<NodeId>();
  readonly frozen = new Set<NodeId>();
  readonly engineNodes = new Map<string, 'ready' | 'down'>();
  /** Nodes whose machine never says a word. */
  readonly mute = new Set<NodeId>();
  engineAnswers = true;
  readonly history: Action[] = [];
  private roster: Roster | null = null;
  readonly broken: string[] = [];

  constructor(masters: number, workers: number) {
    this.bay = makeBay();
    this.groups = [
      makeGroup({ role: 'master', nodeCount: masters }),
      makeGroup({ role: 'worker', nodeCount: workers }),
    ];
  }

  get now(): Date {
    return seconds(this.time);
  }

  /** As the reconciler plans: with what is known of who was at rest before. */
  input(bay: Bay): PlanInput {
    const input = withRoster(this.facts(bay), this.roster);
    this.roster = input.roster;
    return input;
  }

  facts(bay: Bay): PlanFacts {
    return {
      now: this.now,
      bay,
      groups: this.groups,
      nodes: this.nodes,
      loadBalancer: this.loadBalancer,
      members: this.members,
      listeners: LISTENERS,
      observed: {
        machines: new Map([...this.machines].map((id) => [id, this.off.has(id) ? 'stopped' : 'running'])),
        machinesAskedAt: this.now,
        engine: this.engineAnswers && this.hasQuorum() ? this.engineView() : 'unknown',
      },
      limits: LIMITS,
      toleratedMasterLosses: (masters) => Math.floor((masters - 1) / 2),
    };
  }

  /** Some master of the cluster is still there to be asked. */
  private hasMaster(): boolean {
    return this.nodes.some(
      (node) => node.role === 'master' && this.machines.has(node.id) && this.engineNodes.has(node.name),
    );
  }

  private works(node: Node): boolean {
    return this.machines.has(node.id) && !this.off.has(node.id) && !this.frozen.has(node.id);
  }

  /** Those who are in the cluster and work are a majority of its masters. */
  private hasQuorum(): boolean {
    const members = this.nodes.filter((node) => node.role === 'master' && this.engineNodes.has(node.name));
    return members.filter((node) => this.works(node)).length > members.length / 2;
  }

  private engineView(): ReadonlyMap<string, 'ready' | 'down'> {
    const works = new Map(this.nodes.map((node) => [node.name, this.works(node)]));
    return new Map([...this.engineNodes].map(([name, state]) => [name, works.get(name) === true ? state : 'down']));
  }

  /** As the reconciler does before it plans. */
  private recordEngineStates(): void {
    if (!this.bay || this.bay.deletionRequestedAt) return;
    for (const [id, health] of deriveNodeHealth(this.input(this.bay))) this.change(id, health);
  }

  plan(): Plan | null {
    return this.bay ? planBay(this.input(this.bay)) : null;
  }

  wish(groupRole: 'master' | 'worker', count: number): void {
    if (!this.bay) return;
    this.groups = this.groups.map((group) => (group.role === groupRole ? { ...group, nodeCount: count } : group));
    this.bay = { ...this.bay, generation: this.bay.generation + 1, generationAt: this.now };
  }

  requestDeletion(): void {
    if (!this.bay || this.bay.deletionRequestedAt) return;
    this.bay = {
      ...this.bay,
      generation: this.bay.generation + 1,
      generationAt: this.now,
      deletionRequestedAt: this.now,
    };
  }

  /** One pass: plan, do everything it says, save the derived status; then the nodes live on for a second. */
  step(stepsSucceed: (node: Node, step: NodeStep) => boolean = () => true): Plan | null {
    this.recordEngineStates();
    let plan = this.plan();
    for (let round = 0; plan && plan.records.length > 0; round += 1) {
      if (round > 20) throw new Error(`the plan's records never end: ${JSON.stringify(plan.records)}`);
      for (const action of plan.records) this.applyRecord(action);
      plan = this.plan();
    }
    if (!plan || !this.bay) return plan;
    for (const action of plan.loadBalancer) {
      this.history.push(action);
      if (action.kind === 'ensure-load-balancer') {
        this.loadBalancer = {
          id: '00000000-0000-4000-8000-0000000000f1' as LoadBalancerId,
          bayId: this.bay.id,
          projectId: this.bay.projectId,
          listeners: action.listeners,
          address: '192.0.2.250',
          requestedAt: this.now,
          createdAt: this.now,
          removedAt: null,
        };
      } else if (action.kind === 'remove-load-balancer') this.loadBalancer = null;
      else if (this.loadBalancer) {
        for (const [listener, { put, remove }] of Object.entries(action.changes)) {
          const members = this.members.get(listener) ?? new Map<NodeId, KnownMember>();
          this.members.set(listener, members);
          for (const nodeId of remove) members.delete(nodeId);
          for (const member of put) members.set(member.nodeId, { ...member, confirmed: true });
        }
        for (const member of [...this.members.values()].flatMap((members) => [...members.values()])) {
          const node = this.nodes.find((known) => known.id === member.nodeId);
          if (!node?.readyAt || node.removalRequestedAt)
            this.broken.push(`${member.name} was registered while not ready or leaving`);
        }
        for (const node of this.nodes)
          if (node.readyAt && !node.removalRequestedAt) this.change(node.id, { registeredAt: this.now });
      }
    }
    for (const action of plan.nodes) {
      this.history.push(action);
      for (const step of action.steps) if (!this.runStep(action.nodeId, step, stepsSucceed)) break;
    }
    this.bay = { ...this.bay, ...deriveBayFacts(this.input(this.bay), plan, []) };
    this.live();
    this.time += 1;
    return plan;
  }

  change(id: NodeId, changes: Partial<Node>): void {
    this.nodes = this.nodes.map((node) => (node.id === id ? { ...node, ...changes } : node));
  }

  private applyRecord(action: RecordAction): void {
    this.history.push(action);
    if (!this.bay) return;
    switch (action.kind) {
      case 'add-node': {
        const group = this.groups.find((known) => known.id === action.groupId);
        if (!group) throw new Error(`no group ${action.groupId}`);
        if (this.nodes.some((node) => node.nodeGroupId === group.id && node.ordinal === action.ordinal))
          this.broken.push(`ordinal ${String(action.ordinal)} was used twice`);
        this.nodes.push(
          makeNode({
            id: nodeIdOf(group.role, action.ordinal),
            role: group.role,
            ordinal: action.ordinal,
            name: action.name,
            createdAt: this.now,
          }),
        );
        this.groups = this.groups.map((known) =>
          known.id === group.id ? { ...known, nextOrdinal: action.ordinal + 1 } : known,
        );
        return;
      }
      case 'fail-node':
        this.change(action.nodeId, {
          failedAt: this.now,
          failure: { phase: action.phase, message: action.message, logTail: '' },
        });
        return;
      case 'request-removal':
        this.change(action.nodeId, { removalRequestedAt: this.now, removalReason: action.reason });
        return;
      case 'forget-group':
        if (this.nodes.some((node) => node.nodeGroupId === action.groupId))
          this.broken.push('a group with nodes was forgotten');
        this.groups = this.groups.filter((group) => group.id !== action.groupId);
        return;
      case 'appoint-founder':
        if (this.bay.foundedAt) this.broken.push('a founder was appointed to a founded cluster');
        this.bay = { ...this.bay, foundingNodeId: action.nodeId };
        return;
      case 'record-founded':
        this.bay = { ...this.bay, foundedAt: this.now };
        return;
      case 'record-cluster-lost':
        if (this.hasMaster()) this.broken.push('a cluster was given up that has a master');
        this.engineNodes.clear();
        this.bay = { ...this.bay, foundedAt: null, foundingNodeId: null };
        return;
      case 'grant-join': {
        const node = this.nodes.find((known) => known.id === action.nodeId);
        const others = this.nodes.filter(
          (known) =>
            known.role === 'master' &&
            known.id !== action.nodeId &&
            !known.removalRequestedAt &&
            known.joinGrantedAt &&
            !known.readyAt &&
            !known.failedAt,
        );
        if (node?.role === 'master' && others.length > 0) this.broken.push('two masters join at once');
        this.change(action.nodeId, { joinGrantedAt: this.now });
        return;
      }
      case 'record-ready':
        this.change(action.nodeId, { readyAt: this.now, engineState: 'ready' });
        return;
      case 'record-deregistered':
        this.change(action.nodeId, { deregisteredAt: this.now });
        return;
      case 'forget-node':
        this.nodes = this.nodes.filter((node) => node.id !== action.nodeId);
        return;
      case 'remove-bay':
        if (this.machines.size > 0) this.broken.push('the bay went before its machines');
        if (this.loadBalancer) this.broken.push('the bay went before its load balancer');
        this.bay = null;
    }
  }

  private runStep(id: NodeId, step: NodeStep, succeeds: (node: Node, step: NodeStep) => boolean): boolean {
    const node = this.nodes.find((known) => known.id === id);
    if (!node) return false;
    const registered = this.loadBalancer !== null && [...this.members.values()].some((members) => members.has(id));
    if (step !== 'create-machine' && registered) this.broken.push(`${node.name} was worked on while still a member`);
    if (!succeeds(node, step)) return false;
    switch (step) {
      case 'create-machine':
        if (node.removalRequestedAt) return false;
        this.machines.add(id);
        this.off.delete(id);
        this.change(id, {
          machineRequestedAt: node.machineRequestedAt ?? this.now,
          machineCreatedAt: node.machineCreatedAt ?? this.now,
          address: `192.0.2.${String(node.ordinal % 250)}`,
        });
        return true;
      case 'drain':
        this.change(id, { drainedAt: this.now });
        return true;
      case 'leave':
        if (node.role === 'master') this.checkQuorum(node);
        this.engineNodes.delete(node.name);
        this.change(id, { leftAt: this.now });
        return true;
      case 'delete-machine':
        this.machines.delete(id);
        this.off.delete(id);
        this.change(id, { machineRemovedAt: this.now });
        return true;
    }
  }

  private checkQuorum(leaving: Node): void {
    if (leaving.failedAt || leaving.removalReason === 'cluster-lost' || this.bay?.deletionRequestedAt) return;
    const members = this.nodes.filter((node) => node.role === 'master' && this.engineNodes.has(node.name));
    const able = members.filter((node) => node.id !== leaving.id && this.machines.has(node.id));
    if (able.length <= (members.length - 1) / 2 && members.length > 1) this.broken.push('masters went below quorum');
  }

  /** What nodes do by themselves between two passes. */
  private live(): void {
    for (const node of this.nodes) {
      if (!this.works(node) || this.mute.has(node.id) || node.failedAt) continue;
      const at = this.now;
      if (!node.bootedAt) this.change(node.id, { bootedAt: at });
      else if (!node.certifiedAt) this.change(node.id, { certifiedAt: at });
      else if (node.joinGrantedAt && !node.joinedAt && !node.removalRequestedAt) {
        this.change(node.id, { joinedAt: at });
        this.engineNodes.set(node.name, 'ready');
      }
    }
  }
}
