/**
 * The planner: from facts to the next actions of one bay. Pure: no clock, no chance, no I/O; planning again without new
 * facts gives the same plan, and a settled bay gives an empty one. The order of the rules is the order in `planBay`.
 *
 * It promises: a member is registered only when its node is ready and taken out before the node is drained; masters
 * change one at a time and never below quorum; the engine's cluster is founded once, and again only after all its masters
 * were lost; what could not be observed is never taken for absent; nothing depends on the bay's status.
 */
import type { NodeGroup } from '../bay.js';
import type { Node } from '../node.js';
import { Draft, LOOK_AGAIN_MS } from './draft.js';
import { deadlineOf, isPresent, isRegisteredAnywhere, isStaying, nodeNameOf } from './facts.js';
import { isClusterLost, isMajorityOff, isReadyInEngine, planClusterLoss, planFailures } from './losses.js';
import { planLoadBalancer, planMembers } from './members.js';
import { isOff } from './node-health.js';
import type { NodeStep, Plan, PlanInput, Roster } from './plan.js';
import { stayingIn } from './roster.js';

/** How long masters get to find themselves a leader before one that is off is switched on for its vote. */
const SILENT_FOR_MS = 60_000;
/**
 * A node that says it has joined is ready soon; nothing tells us when, so we ask the engine again: within a moment at first,
 * then after a part of the time that it has taken so far. Some engines need a moment for it, others half a minute.
 */
const ASK_ENGINE_AGAIN_MS = 150;
const ASK_ENGINE_LATEST_MS = 2_000;
const ASK_ENGINE_AFTER_PART = 0.1;

/** Plans the next actions for one bay. */
export function planBay(input: PlanInput): Plan {
  const draft = new Draft();
  if (input.bay.deletionRequestedAt) planDeletion(input, draft);
  else if (isClusterLost(input)) planClusterLoss(input, draft);
  else {
    planFailures(input, draft);
    planCounts(input, draft);
    planLoadBalancer(input, draft);
    planMachines(input, draft);
    planFounding(input, draft);
    planJoins(input, draft);
    planReadiness(input, draft);
    planRemovals(input, draft);
    planForgetting(input, draft);
    planObservation(input, draft);
    // What is recorded first is planned with again, so who stands behind the balancer is looked at only when nothing is.
    if (draft.records.length === 0) planMembers(input, draft);
  }
  return draft.finish(input.now);
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

/** As many nodes per group as are wanted: new ones get fresh ordinals, the least useful ones go first. */
function planCounts(input: PlanInput, draft: Draft): void {
  const { bay, groups, nodes, roster } = input;
  const leaving = new Set(
    draft.records.filter((action) => action.kind === 'request-removal').map((action) => action.nodeId),
  );
  for (const group of groups) {
    const { count: all, open } = stayingIn(roster, group.id);
    const count = all - open.filter((node) => leaving.has(node.id)).length;
    for (let missing = 0; missing < group.nodeCount - count; missing += 1) {
      const ordinal = group.nextOrdinal + missing;
      draft.records.push({
        kind: 'add-node',
        id: `${group.id}.${String(ordinal)}`,
        groupId: group.id,
        ordinal,
        name: nodeNameOf(bay, group, ordinal),
      });
    }
    const surplus = count - group.nodeCount;
    if (surplus <= 0) continue;
    const staying = nodes.filter((node) => node.nodeGroupId === group.id && isStaying(node) && !leaving.has(node.id));
    const removable = group.role === 'master' ? masterRemovals(input, surplus) : surplus;
    for (const node of staying.sort(leastUsefulFirst).slice(0, removable)) {
      draft.records.push({ kind: 'request-removal', id: `${node.id}.removal`, nodeId: node.id, reason: 'scale-down' });
    }
  }
}

/** Masters leave one at a time, and only while the others still have a quorum. */
function masterRemovals({ roster, toleratedMasterLosses }: PlanInput, surplus: number): number {
  const masters = roster.masters.filter((node) => isPresent(node) && node.joinedAt);
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

function planMachines(input: PlanInput, draft: Draft): void {
  const { observed, now, roster } = input;
  const mayRestart = (node: Node): boolean =>
    isMajorityOff(input) ||
    (node.unreadySince !== null && now.getTime() - node.unreadySince.getTime() >= SILENT_FOR_MS);
  for (const node of roster.open) {
    if (!isStaying(node) || node.failedAt) continue;
    // One that was ready is started again only where its cluster does not answer; else it is replaced (describeLoss).
    const restart = isOff(node, observed) && (!node.readyAt || (observed.engine === 'unknown' && mayRestart(node)));
    if (!node.machineCreatedAt || restart) draft.runSteps(node, ['create-machine']);
  }
}

/** One master founds the engine's cluster. Another is appointed only while nothing was founded. */
function planFounding({ bay, roster }: PlanInput, draft: Draft): void {
  if (bay.foundedAt) return;
  const able = roster.masters.filter((node) => isStaying(node) && !node.failedAt);
  const founder = able.find((node) => node.id === bay.foundingNodeId);
  if (founder?.joinedAt) {
    draft.records.push({ kind: 'record-founded', id: `${founder.id}.founded`, nodeId: founder.id });
    return;
  }
  if (founder) return;
  const next = able.sort((a, b) => a.ordinal - b.ordinal)[0];
  if (next) draft.records.push({ kind: 'appoint-founder', id: `${next.id}.founder`, nodeId: next.id });
}

/** The founder may join at once, workers as soon as there is a cluster, further masters one after the other. */
function planJoins({ bay, roster: { open } }: PlanInput, draft: Draft): void {
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

function planReadiness({ observed, now, roster: { open } }: PlanInput, draft: Draft): void {
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

/** Out of the balancer first (rule above), then drain, leave, delete. A node that never joined has nothing to drain. */
function planRemovals({ loadBalancer, members, roster: { open } }: PlanInput, draft: Draft): void {
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
function planForgetting({ groups, roster }: PlanInput, draft: Draft): void {
  const complete = groups.every((group) => isComplete(group, roster));
  for (const node of roster.open) {
    if (isPresent(node)) continue;
    if (complete || !node.failedAt)
      draft.records.push({ kind: 'forget-node', id: `${node.id}.forget`, nodeId: node.id });
  }
  for (const group of groups) {
    if (!group.deletionRequestedAt || hasNodes(group, roster)) continue;
    draft.records.push({ kind: 'forget-group', id: `${group.id}.forget`, groupId: group.id });
  }
}

/** A wish has come true only when somebody looked: a retry is asked for because what the records say is in doubt. */
function planObservation({ bay, observed, limits, roster }: PlanInput, draft: Draft): void {
  const deadline = deadlineOf(bay, limits);
  if (deadline === null || !roster.masters.some((node) => node.joinedAt)) return;
  for (const [what, known] of [
    ['the engine to answer', observed.engine !== 'unknown'],
    ['the machines to be listed', observed.machines !== 'unknown'],
  ] as const) {
    if (!known) draft.waits.push({ what, nodeId: null, since: bay.generationAt, until: deadline });
  }
}

function isComplete(group: NodeGroup, roster: Roster): boolean {
  const { count, open } = stayingIn(roster, group.id);
  return count === group.nodeCount && open.every((node) => node.readyAt !== null && !node.failedAt);
}

function hasNodes({ id }: NodeGroup, { open, restingOfGroup }: Roster): boolean {
  return (restingOfGroup.get(id) ?? 0) > 0 || open.some((node) => node.nodeGroupId === id);
}
