/**
 * Nodes that did not come up, are lost, or are missed for too long; what replaces them, within bounds; and a cluster all of
 * whose masters are lost.
 */
import type { Node, NodeFailure } from '../node.js';
import { LOOK_AGAIN_MS, type Draft } from './draft.js';
import { bootPhaseOf, deadlineOf, isPresent, isStaying } from './facts.js';
import { isOff } from './node-health.js';
import { WAIT_FOR_QUORUM, WAIT_FOR_SOMEBODY, type PlanFacts, type PlanInput } from './plan.js';

/** A machine that is off while its cluster lives is replaced after this: a driver may have been wrong for a moment. */
const OFF_FOR_MS = 10_000;
/** Clouds may not list a machine that they have just made: until then one that is missing is not lost. */
const LISTED_AFTER_MS = 30_000;

/**
 * Every master of the founded cluster is gone, so nobody is left who knows its state. Only with evidence: no master answers,
 * and the machine of each was either removed by us or missed by the driver twice, the second time in an answer to a question
 * that came after the first was recorded.
 */
export function isClusterLost({ bay, observed, roster }: PlanInput): boolean {
  if (!bay.foundedAt || observed.engine !== 'unknown') return false;
  const { machines, machinesAskedAt } = observed;
  return roster.masters.every((node) => {
    if (!node.joinedAt || node.machineRemovedAt) return true;
    return (
      machines !== 'unknown' && !machines.has(node.id) && node.failedAt !== null && machinesAskedAt > node.failedAt
    );
  });
}

/** Those who were in the lost cluster can't change over to the new one: they are replaced, without a limit to their number. */
export function planClusterLoss({ bay, nodes }: PlanInput, draft: Draft): void {
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
export function planFailures(input: PlanInput, draft: Draft): void {
  const { bay, observed, limits, now, roster } = input;
  const deadline = deadlineOf(bay, limits);
  for (const node of roster.open) {
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

export function isReadyInEngine(node: Node, { engine }: PlanFacts['observed']): boolean {
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
function isUnlisted({ id, machineCreatedAt }: Node, { machines, machinesAskedAt }: PlanFacts['observed']): boolean {
  return machineCreatedAt !== null && machines !== 'unknown' && !machines.has(id) && machineCreatedAt < machinesAskedAt;
}

function listedAtLatest(node: Node): Date {
  return new Date((node.machineCreatedAt ?? node.createdAt).getTime() + LISTED_AFTER_MS);
}

function planReplacements(input: PlanInput, draft: Draft, deadline: Date | null): void {
  const { bay, groups, roster, limits, now } = input;
  for (const group of groups) {
    let mastersToGo = group.role === 'master' ? replaceableMasters(input) : Infinity;
    const failures = roster.open.filter((node) => node.nodeGroupId === group.id && node.failedAt);
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
function replaceableMasters({ roster, observed }: PlanInput): number {
  const members = roster.masters.filter((node) => node.joinedAt && isPresent(node));
  if (observed.engine === 'unknown') return members.some((node) => !node.failedAt) ? 0 : members.length;
  return members.some((node) => !isStaying(node)) ? 0 : 1;
}

/** More masters are off or lost than the cluster can do without: it comes back only with their disks. */
export function isMajorityOff({ roster, observed, toleratedMasterLosses }: PlanInput): boolean {
  const members = roster.masters.filter((node) => node.joinedAt && isPresent(node));
  const away = members.filter((node) => node.failedAt !== null || isOff(node, observed)).length;
  return away > toleratedMasterLosses(members.length);
}

/** More masters are lost than the cluster can do without, and those that are left do not answer. */
function isQuorumLost({ roster, observed, toleratedMasterLosses }: PlanInput): boolean {
  const members = roster.masters.filter((node) => node.joinedAt && isPresent(node));
  const lost = members.filter((node) => node.failedAt).length;
  return observed.engine === 'unknown' && lost > toleratedMasterLosses(members.length);
}
