/**
 * The planner: from facts to the next actions of one bay. Pure: no clock, no chance, no I/O; planning again without new
 * facts gives the same plan, and a settled bay gives an empty one. The order of the rules is the order in `planBay`.
 *
 * It promises: a member is registered only when its node is ready and taken out before the node is drained; masters
 * change one at a time and never below quorum; the engine's cluster is founded once, and again only after all its masters
 * were lost; what could not be observed is never taken for absent; nothing depends on the bay's status.
 */
import type { NodeGroup } from '../bay.js';
import type { Node, NodeFailure } from '../node.js';
import {
  bootPhaseOf,
  deadlineOf,
  isPresent,
  isRegisteredAnywhere,
  isStaying,
  listenersAreSettled,
  memberChanges,
  nodeNameOf,
} from './facts.js';
import { isOff } from './node-health.js';
import {
  WAIT_FOR_QUORUM,
  WAIT_FOR_SOMEBODY,
  type LoadBalancerAction,
  type NodeAction,
  type NodeStep,
  type Plan,
  type PlanInput,
  type RecordAction,
  type Wait,
} from './plan.js';

/** Reading the plan back, a look at least this often keeps a bay that nothing wakes from standing still. */
const LOOK_AGAIN_MS = 10_000;
/** A machine that is off while its cluster lives is replaced after this: a driver may have been wrong for a moment. */
const OFF_FOR_MS = 10_000;
/** How long masters get to find themselves a leader before one that is off is switched on for its vote. */
const SILENT_FOR_MS = 60_000;
/**
 * A node that says it has joined is ready soon; nothing tells us when, so we ask the engine again: within a moment at first,
 * then after a part of the time that it has taken so far. Some engines need a moment for it, others half a minute.
 */
const ASK_ENGINE_AGAIN_MS = 150;
const ASK_ENGINE_LATEST_MS = 2_000;
const ASK_ENGINE_AFTER_PART = 0.1;
/** Clouds may not list a machine that they have just made: until then one that is missing is not lost. */
const LISTED_AFTER_MS = 30_000;

class Draft {
  readonly records: RecordAction[] = [];
  readonly loadBalancer: LoadBalancerAction[] = [];
  readonly nodes: NodeAction[] = [];
  readonly waits: Wait[] = [];
  /** Milliseconds; null: nothing is to be heard from the engine. */
  askEngineInMs: number | null = null;

  askEngineAfter(ms: number): void {
    this.askEngineInMs = Math.min(ms, this.askEngineInMs ?? ms);
  }

  runSteps(node: Node, steps: readonly NodeStep[]): void {
    this.nodes.push({ kind: 'run-steps', id: `${node.id}.${steps.join('.')}`, nodeId: node.id, steps });
  }

  finish(now: Date): Plan {
    const idle = this.records.length + this.loadBalancer.length + this.nodes.length + this.waits.length === 0;
    const ends = this.waits.map((wait) => wait.until.getTime()).filter((end) => end > now.getTime());
    const next = Math.min(now.getTime() + (this.askEngineInMs ?? LOOK_AGAIN_MS), ...ends);
    const { records, loadBalancer, nodes, waits } = this;
    return { records, loadBalancer, nodes, waits, settled: idle, lookAgainAt: idle ? null : new Date(next) };
  }
}

/** Plans the next actions for one bay. */
export function planBay(input: PlanInput): Plan {
  const draft = new Draft();
  if (input.bay.deletionRequestedAt) planDeletion(input, draft);
  else if (isClusterLost(input)) planClusterLoss(input, draft);
  else {
    const open = input.nodes.filter((node) => !isAtRest(node, input.observed));
    planFailures(input, open, draft);
    planCounts(input, draft);
    planLoadBalancer(input, draft);
    planMachines(input, open, draft);
    planFounding(input, draft);
    planJoins(input, open, draft);
    planReadiness(input, open, draft);
    planRemovals(input, open, draft);
    planForgetting(input, open, draft);
    planObservation(input, draft);
    // What is recorded first is planned with again, so who stands behind the balancer is looked at only when nothing is.
    if (draft.records.length === 0) planMembers(input, draft);
  }
  return draft.finish(input.now);
}

/** Of a large bay nearly all: a node that is well and stays. Rules about single nodes need not look at it. */
function isAtRest(node: Node, { machines }: PlanInput['observed']): boolean {
  if (!node.readyAt || !node.machineCreatedAt || !node.joinGrantedAt) return false;
  if (node.failedAt || node.unreadySince || node.removalRequestedAt || node.machineRemovedAt) return false;
  return machines === 'unknown' || machines.get(node.id) === 'running';
}

/** A bay that goes away: no draining, the balancer first, then every machine at once, then the records. */
function planDeletion({ bay, nodes, loadBalancer, now }: PlanInput, draft: Draft): void {
  for (const node of nodes) {
    if (isStaying(node))
      draft.records.push({ kind: 'request-removal', id: `${node.id}.removal`, nodeId: node.id, reason: 'bay-deleted' });
  }
  if (loadBalancer && !loadBalancer.removedAt) {
    draft.loadBalancer.push({
      kind: 'remove-load-balancer',
      id: `${loadBalancer.id}.remove`,
      loadBalancerId: loadBalancer.id,
    });
    return;
  }
  const present = nodes.filter(isPresent);
  for (const node of present) draft.runSteps(node, ['delete-machine']);
  if (present.length === 0) draft.records.push({ kind: 'remove-bay', id: `${bay.id}.remove`, bayId: bay.id });
  else
    draft.waits.push({
      what: 'machines to go',
      nodeId: null,
      since: bay.deletionRequestedAt ?? now,
      until: new Date(now.getTime() + LOOK_AGAIN_MS),
    });
}

/**
 * Every master of the founded cluster is gone, so nobody is left who knows its state. Only with evidence: no master answers,
 * and the machine of each was either removed by us or missed by the driver twice, the second time in an answer to a question
 * that came after the first was recorded.
 */
function isClusterLost({ bay, nodes, observed }: PlanInput): boolean {
  if (!bay.foundedAt || observed.engine !== 'unknown') return false;
  const { machines, machinesAskedAt } = observed;
  return nodes.every((node) => {
    if (node.role !== 'master' || !node.joinedAt || node.machineRemovedAt) return true;
    return (
      machines !== 'unknown' && !machines.has(node.id) && node.failedAt !== null && machinesAskedAt > node.failedAt
    );
  });
}

/** Those who were in the lost cluster can't change over to the new one: they are replaced, without a limit to their number. */
function planClusterLoss({ bay, nodes }: PlanInput, draft: Draft): void {
  draft.records.push({ kind: 'record-cluster-lost', id: `${bay.id}.cluster-lost`, bayId: bay.id });
  for (const node of nodes) {
    if (isStaying(node) && node.joinedAt)
      draft.records.push({
        kind: 'request-removal',
        id: `${node.id}.removal`,
        nodeId: node.id,
        reason: 'cluster-lost',
      });
  }
}

/** Nodes that did not come up in time or whose machine is gone; and, within bounds, their replacement. */
function planFailures(input: PlanInput, open: readonly Node[], draft: Draft): void {
  const { bay, observed, limits, now } = input;
  const deadline = deadlineOf(bay, limits);
  for (const node of open) {
    if (!isStaying(node) || node.failedAt) continue;
    const loss = describeLoss(input, node);
    if (loss !== null) {
      draft.records.push({
        kind: 'fail-node',
        id: `${node.id}.fail`,
        nodeId: node.id,
        ...loss,
      });
      continue;
    }
    const listedAt = isUnlisted(node, observed) ? listedAtLatest(node) : null;
    if (listedAt !== null)
      draft.waits.push({
        ...{ what: 'the machine to be listed', nodeId: node.id },
        ...{ since: node.machineCreatedAt ?? node.createdAt, until: listedAt },
      });
    if (node.readyAt) {
      if (node.unreadySince)
        draft.waits.push({
          what: 'the node to come back',
          nodeId: node.id,
          since: node.unreadySince,
          until: new Date(
            node.unreadySince.getTime() + (isOff(node, observed) ? OFF_FOR_MS : limits.nodeLostTimeoutMs),
          ),
        });
      continue;
    }
    if (isReadyInEngine(node, observed)) continue;
    const since = node.machineRequestedAt ?? node.createdAt;
    // Nobody may have looked at the bay for long, and the node has waited for its turn since: that is not its fault.
    const isInOurHands = node.certifiedAt !== null && node.joinGrantedAt === null;
    const lastHelp = isInOurHands ? now : new Date(Math.max(since.getTime(), node.joinGrantedAt?.getTime() ?? 0));
    const bootEnd = new Date(lastHelp.getTime() + limits.nodeBootTimeoutMs);
    const until = deadline && deadline < bootEnd ? deadline : bootEnd;
    // A wish that is over its deadline fails its unfinished nodes, so that the reason names one of them.
    if (now >= until) {
      const seconds = Math.round((now.getTime() - since.getTime()) / 1000);
      draft.records.push({
        kind: 'fail-node',
        id: `${node.id}.fail`,
        nodeId: node.id,
        phase: bootPhaseOf(node),
        message: `it was not ready after ${String(seconds)} seconds`,
      });
    } else {
      draft.waits.push({ what: 'the node to become ready', nodeId: node.id, since, until });
    }
  }
  planReplacements(input, draft, deadline);
}

function isReadyInEngine(node: Node, { engine }: PlanInput['observed']): boolean {
  return node.joinedAt !== null && engine !== 'unknown' && engine.get(node.name) === 'ready';
}

/** Why the node is lost; null when it is there, or when nobody can tell. */
function describeLoss(
  { observed, limits, now }: PlanInput,
  node: Node,
): { readonly phase: NodeFailure['phase']; readonly message: string } | null {
  const { machines, machinesAskedAt, engine } = observed;
  const machine = machines === 'unknown' ? 'unknown' : machines.get(node.id);
  if (node.machineCreatedAt && machine === 'failed') return { phase: 'machine', message: 'the machine failed' };
  if (isUnlisted(node, observed) && listedAtLatest(node) < machinesAskedAt)
    return { phase: 'machine', message: 'the machine disappeared' };
  // Without a cluster that answers, machines that are off are started again: what it knows is on their disks.
  if (!node.readyAt || !node.unreadySince || engine === 'unknown') return null;
  const missedMs = now.getTime() - node.unreadySince.getTime();
  if (machine === 'stopped' && missedMs >= OFF_FOR_MS && machinesAskedAt > node.unreadySince)
    return { phase: 'machine', message: 'the machine was switched off' };
  if (missedMs < limits.nodeLostTimeoutMs || engine.get(node.name) === 'ready') return null;
  return { phase: 'engine', message: `its cluster has missed it for ${String(Math.round(missedMs / 1000))} seconds` };
}

/** Whether the driver, asked after the node's machine was made, did not know it. */
function isUnlisted({ id, machineCreatedAt }: Node, { machines, machinesAskedAt }: PlanInput['observed']): boolean {
  return machineCreatedAt !== null && machines !== 'unknown' && !machines.has(id) && machineCreatedAt < machinesAskedAt;
}

function listedAtLatest(node: Node): Date {
  return new Date((node.machineCreatedAt ?? node.createdAt).getTime() + LISTED_AFTER_MS);
}

function planReplacements(input: PlanInput, draft: Draft, deadline: Date | null): void {
  const { bay, groups, nodes, limits, now } = input;
  for (const group of groups) {
    let mastersToGo = group.role === 'master' ? replaceableMasters(input) : Infinity;
    const failures = nodes.filter((node) => node.nodeGroupId === group.id && node.failedAt);
    const ofThisWish = failures.filter((node) => node.failedAt && node.failedAt >= bay.generationAt);
    const allowance = limits.maximumReplacements + Math.floor(group.nodeCount / 10);
    for (const node of failures) {
      if (!isStaying(node) || !node.failedAt) continue;
      if (node.joinedAt && mastersToGo < 1) {
        const until = deadline && deadline > now ? deadline : new Date(now.getTime() + LOOK_AGAIN_MS);
        const what = isQuorumLost(input) ? WAIT_FOR_QUORUM : 'the other masters';
        draft.waits.push({ what, nodeId: node.id, since: node.failedAt, until });
        continue;
      }
      // A failure from before the present wish costs nothing: the wish is a fresh try.
      if (node.failedAt < bay.generationAt) {
        mastersToGo -= 1;
        draft.records.push({ kind: 'request-removal', id: `${node.id}.removal`, nodeId: node.id, reason: 'replaced' });
        continue;
      }
      if ((deadline && now >= deadline) || ofThisWish.length > allowance) {
        draft.waits.push({
          what: WAIT_FOR_SOMEBODY,
          nodeId: node.id,
          since: node.failedAt,
          until: deadline ?? new Date(now.getTime() + LOOK_AGAIN_MS),
        });
        continue;
      }
      const due = new Date(node.failedAt.getTime() + limits.replacementBackoffMs * 2 ** (ofThisWish.length - 1));
      if (now >= due) {
        mastersToGo -= 1;
        draft.records.push({ kind: 'request-removal', id: `${node.id}.removal`, nodeId: node.id, reason: 'replaced' });
      } else
        draft.waits.push({ what: 'the pause before a replacement', nodeId: node.id, since: node.failedAt, until: due });
    }
  }
}

/**
 * How many lost masters may be taken out of their cluster now: one at a time, and only while the others answer. Without a
 * majority nobody could take one out, and the disk of one that is off may be what brings the majority back; only when every
 * master is lost nothing is left to be kept.
 */
function replaceableMasters({ nodes, observed }: PlanInput): number {
  const members = nodes.filter((node) => node.role === 'master' && node.joinedAt && isPresent(node));
  if (observed.engine === 'unknown') return members.some((node) => !node.failedAt) ? 0 : members.length;
  return members.some((node) => !isStaying(node)) ? 0 : 1;
}

/** More masters are off or lost than the cluster can do without: it comes back only with their disks. */
function isMajorityOff({ nodes, observed, toleratedMasterLosses }: PlanInput): boolean {
  const members = nodes.filter((node) => node.role === 'master' && node.joinedAt && isPresent(node));
  const away = members.filter((node) => node.failedAt !== null || isOff(node, observed)).length;
  return away > toleratedMasterLosses(members.length);
}

/** More masters are lost than the cluster can do without, and those that are left do not answer. */
function isQuorumLost({ nodes, observed, toleratedMasterLosses }: PlanInput): boolean {
  const members = nodes.filter((node) => node.role === 'master' && node.joinedAt && isPresent(node));
  const lost = members.filter((node) => node.failedAt).length;
  return observed.engine === 'unknown' && lost > toleratedMasterLosses(members.length);
}

/** As many nodes per group as are wanted: new ones get fresh ordinals, the least useful ones go first. */
function planCounts(input: PlanInput, draft: Draft): void {
  const { bay, groups, nodes } = input;
  const leaving = new Set(
    draft.records.filter((action) => action.kind === 'request-removal').map((action) => action.nodeId),
  );
  for (const group of groups) {
    const staying = nodes.filter((node) => node.nodeGroupId === group.id && isStaying(node) && !leaving.has(node.id));
    for (let missing = 0; missing < group.nodeCount - staying.length; missing += 1) {
      const ordinal = group.nextOrdinal + missing;
      draft.records.push({
        kind: 'add-node',
        id: `${group.id}.${String(ordinal)}`,
        groupId: group.id,
        ordinal,
        name: nodeNameOf(bay, group, ordinal),
      });
    }
    const surplus = staying.length - group.nodeCount;
    if (surplus <= 0) continue;
    const candidates = [...staying].sort(leastUsefulFirst);
    const count = group.role === 'master' ? masterRemovals(input, surplus) : surplus;
    for (const node of candidates.slice(0, count)) {
      draft.records.push({ kind: 'request-removal', id: `${node.id}.removal`, nodeId: node.id, reason: 'scale-down' });
    }
  }
}

/** Masters leave one at a time, and only while the others still have a quorum. */
function masterRemovals({ nodes, toleratedMasterLosses }: PlanInput, surplus: number): number {
  const masters = nodes.filter((node) => node.role === 'master' && isPresent(node) && node.joinedAt);
  const leaving = masters.some((node) => !isStaying(node));
  const missing = masters.filter((node) => node.failedAt ?? node.engineState === 'down').length;
  return !leaving && missing <= toleratedMasterLosses(masters.length) ? Math.min(surplus, 1) : 0;
}

/** Unhealthy first, then those that never got ready, then the newest: what runs longest is disturbed last. */
function leastUsefulFirst(a: Node, b: Node): number {
  const usefulness = (node: Node): number =>
    node.failedAt ? 0 : node.engineState === 'down' ? 1 : node.readyAt ? 3 : 2;
  return usefulness(a) - usefulness(b) || b.ordinal - a.ordinal;
}

function planLoadBalancer({ bay, listeners, loadBalancer }: PlanInput, draft: Draft): void {
  if (listeners.length === 0) return;
  if (loadBalancer?.address && listenersAreSettled(loadBalancer, listeners)) return;
  draft.loadBalancer.push({ kind: 'ensure-load-balancer', id: `${bay.id}.load-balancer`, listeners });
}

function planMachines(input: PlanInput, open: readonly Node[], draft: Draft): void {
  const { observed, now } = input;
  const mayRestart = (node: Node): boolean =>
    isMajorityOff(input) ||
    (node.unreadySince !== null && now.getTime() - node.unreadySince.getTime() >= SILENT_FOR_MS);
  for (const node of open) {
    if (!isStaying(node) || node.failedAt) continue;
    // One that was ready is started again only where its cluster does not answer; else it is replaced (describeLoss).
    const restart = isOff(node, observed) && (!node.readyAt || (observed.engine === 'unknown' && mayRestart(node)));
    if (!node.machineCreatedAt || restart) draft.runSteps(node, ['create-machine']);
  }
}

/** One master founds the engine's cluster. Another is appointed only while nothing was founded. */
function planFounding({ bay, nodes }: PlanInput, draft: Draft): void {
  if (bay.foundedAt) return;
  const able = nodes.filter((node) => node.role === 'master' && isStaying(node) && !node.failedAt);
  const founder = able.find((node) => node.id === bay.foundingNodeId);
  if (founder?.joinedAt) {
    draft.records.push({ kind: 'record-founded', id: `${founder.id}.founded`, nodeId: founder.id });
    return;
  }
  if (founder) return;
  const next = [...able].sort((a, b) => a.ordinal - b.ordinal)[0];
  if (next) draft.records.push({ kind: 'appoint-founder', id: `${next.id}.founder`, nodeId: next.id });
}

/** The founder may join at once, workers as soon as there is a cluster, further masters one after the other. */
function planJoins({ bay }: PlanInput, open: readonly Node[], draft: Draft): void {
  const joining = open.some(
    (node) => node.role === 'master' && isStaying(node) && node.joinGrantedAt && !node.readyAt && !node.failedAt,
  );
  let masterMayJoin = bay.foundedAt !== null && !joining;
  for (const node of open) {
    if (!isStaying(node) || node.failedAt || node.joinGrantedAt) continue;
    const isFounder = !bay.foundedAt && node.id === bay.foundingNodeId;
    const grant =
      isFounder || (node.role === 'worker' ? bay.foundedAt !== null : masterMayJoin && node.certifiedAt !== null);
    if (!grant) continue;
    if (node.role === 'master') masterMayJoin = false;
    draft.records.push({ kind: 'grant-join', id: `${node.id}.grant`, nodeId: node.id });
  }
}

function planReadiness({ observed, now }: PlanInput, open: readonly Node[], draft: Draft): void {
  for (const node of open) {
    if (!isStaying(node) || node.failedAt || !node.joinedAt || node.readyAt) continue;
    if (isReadyInEngine(node, observed))
      draft.records.push({ kind: 'record-ready', id: `${node.id}.ready`, nodeId: node.id });
    else draft.askEngineAfter(pauseFor(now.getTime() - node.joinedAt.getTime()));
  }
}

function pauseFor(joinedForMs: number): number {
  return Math.min(Math.max(joinedForMs * ASK_ENGINE_AFTER_PART, ASK_ENGINE_AGAIN_MS), ASK_ENGINE_LATEST_MS);
}

function planMembers({ bay, listeners, nodes, loadBalancer, members, observed }: PlanInput, draft: Draft): void {
  if (!loadBalancer?.address || !listenersAreSettled(loadBalancer, listeners)) return;
  const changes = memberChanges(listeners, serving(nodes, observed), members);
  const unregistered = nodes.some((node) => isStaying(node) && node.readyAt && !node.registeredAt);
  if (Object.keys(changes).length === 0 && !unregistered) return;
  draft.loadBalancer.push({ kind: 'change-members', id: `${bay.id}.members`, changes });
}

/**
 * Without those of which it is known that they serve nothing. When that leaves none of a role, its nodes stay: a balancer
 * without members helps nobody, and its own health checks go on.
 */
function serving(nodes: readonly Node[], observed: PlanInput['observed']): readonly Node[] {
  const isAble = (node: Node): boolean =>
    node.engineState !== 'down' && node.failedAt === null && !isOff(node, observed);
  if (nodes.every(isAble)) return nodes;
  const unable = new Set(nodes.filter((node) => !isAble(node)));
  const roles = new Set(
    nodes.filter((node) => isStaying(node) && node.readyAt && !unable.has(node)).map(({ role }) => role),
  );
  return nodes.filter((node) => !roles.has(node.role) || !unable.has(node));
}

/** Out of the balancer first (rule above), then drain, leave, delete. A node that never joined has nothing to drain. */
function planRemovals({ loadBalancer, members }: PlanInput, open: readonly Node[], draft: Draft): void {
  for (const node of open) {
    if (isStaying(node) || !isPresent(node)) continue;
    if (isRegisteredAnywhere(loadBalancer, members, node)) continue;
    if (!node.deregisteredAt) {
      draft.records.push({ kind: 'record-deregistered', id: `${node.id}.deregistered`, nodeId: node.id });
      continue;
    }
    const steps: NodeStep[] = [];
    if (node.joinGrantedAt && !node.drainedAt && node.removalReason !== 'cluster-lost') steps.push('drain');
    if (node.joinGrantedAt && !node.leftAt) steps.push('leave');
    draft.runSteps(node, [...steps, 'delete-machine']);
  }
}

/** Rows of nodes that are gone are dropped; those that failed stay until the wish came true, as its explanation. */
function planForgetting({ groups, nodes }: PlanInput, open: readonly Node[], draft: Draft): void {
  const complete = groups.every((group) => isComplete(group, nodes));
  for (const node of open) {
    if (isPresent(node)) continue;
    if (complete || !node.failedAt)
      draft.records.push({ kind: 'forget-node', id: `${node.id}.forget`, nodeId: node.id });
  }
  for (const group of groups) {
    if (!group.deletionRequestedAt || nodes.some((node) => node.nodeGroupId === group.id)) continue;
    draft.records.push({ kind: 'forget-group', id: `${group.id}.forget`, groupId: group.id });
  }
}

/** A wish has come true only when somebody looked: a retry is asked for because what the records say is in doubt. */
function planObservation({ bay, nodes, observed, limits }: PlanInput, draft: Draft): void {
  const deadline = deadlineOf(bay, limits);
  if (deadline === null || !nodes.some((node) => node.role === 'master' && node.joinedAt)) return;
  for (const [what, known] of [
    ['the engine to answer', observed.engine !== 'unknown'],
    ['the machines to be listed', observed.machines !== 'unknown'],
  ] as const) {
    if (!known) draft.waits.push({ what, nodeId: null, since: bay.generationAt, until: deadline });
  }
}

function isComplete(group: NodeGroup, nodes: readonly Node[]): boolean {
  const staying = nodes.filter((node) => node.nodeGroupId === group.id && isStaying(node));
  return staying.length === group.nodeCount && staying.every((node) => node.readyAt !== null && !node.failedAt);
}
