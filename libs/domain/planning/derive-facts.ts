/**
 * The one place where a bay's status, reason and health come from: from facts, never from an earlier status. The word is
 * for eyes; the reconciler saves it after every pass and nothing reads it back to decide anything.
 */
import type { BayFacts, BayStatus } from '../bay.js';
import type { Node } from '../node.js';
import { deadlineOf, isPresent, isStaying } from './facts.js';
import { WAIT_FOR_QUORUM, WAIT_FOR_SOMEBODY, type Plan, type PlanInput } from './plan.js';

/** Magnum keeps `status_reason` as text; a log tail longer than this helps nobody there. */
const LONGEST_LOG_TAIL = 1_500;
/** Of a bay with more nodes the reason of its health counts them, and names as many at most that are not ready. */
const MOST_NODES_BY_NAME = 100;
/** And as many notes of its engine. */
const MOST_NOTES = 100;

type Derived = Pick<BayFacts, 'status' | 'statusReason' | 'healthStatus' | 'healthStatusReason' | 'settledGeneration'>;

/** Derives what tenants are told, from the facts a pass ended with and the plan made of them. */
export function deriveBayFacts(input: PlanInput, plan: Plan, failedActions: readonly string[]): Derived {
  const settledGeneration = plan.settled ? input.bay.generation : input.bay.settledGeneration;
  const status = deriveStatus(input, plan, settledGeneration);
  const health = deriveHealth(input);
  return { status, statusReason: deriveReason(input, plan, status, failedActions), settledGeneration, ...health };
}

function deriveStatus({ bay, limits, now }: PlanInput, plan: Plan, settledGeneration: number): BayStatus {
  const deadline = deadlineOf(bay, limits);
  const late = deadline !== null && now >= deadline;
  if (bay.deletionRequestedAt) return late ? 'DELETE_FAILED' : 'DELETE_IN_PROGRESS';
  const repairing = bay.settledGeneration >= bay.generation && !plan.settled;
  // A bay that was ever changed after it was complete, or that mends itself, is being updated (as Magnum says it).
  const verb = !repairing && (bay.generation <= 1 || settledGeneration === 0) ? 'CREATE' : 'UPDATE';
  if (plan.settled) return `${verb}_COMPLETE`;
  return late || (repairing && isStuck(plan)) ? `${verb}_FAILED` : `${verb}_IN_PROGRESS`;
}

/** Nothing happens any more until somebody does something: every replacement was used up, or the quorum is lost. */
function isStuck(plan: Plan): boolean {
  return plan.waits.some((wait) => wait.what === WAIT_FOR_SOMEBODY || wait.what === WAIT_FOR_QUORUM);
}

function deriveReason(
  input: PlanInput,
  plan: Plan,
  status: BayStatus,
  failedActions: readonly string[],
): string | null {
  if (plan.settled) return null;
  if (plan.waits.some((wait) => wait.what === WAIT_FOR_QUORUM)) return describeQuorumLoss(input);
  const failed = input.roster.open
    .filter((node) => node.failedAt && node.failure)
    .sort((a, b) => (b.failedAt?.getTime() ?? 0) - (a.failedAt?.getTime() ?? 0));
  const newest = failed[0];
  const inProgress = status.endsWith('IN_PROGRESS');
  if (newest?.failure && (!inProgress || isStaying(newest))) return describeFailure(newest, failed.length);
  if (failedActions.length > 0) return failedActions.join(' ');
  if (inProgress) return null;
  const waiting = plan.waits[0];
  return waiting ? `Timed out waiting for ${waiting.what}.` : 'Timed out. Retry, resize or delete the bay.';
}

function describeQuorumLoss({ bay, roster }: PlanInput): string {
  const members = roster.masters.filter((node) => node.joinedAt && isPresent(node));
  const lost = members.filter((node) => node.failedAt);
  const describe = (node: Node): string => `${node.name}: ${node.failure?.message ?? 'lost'}`;
  return (
    `Quorum lost, ${String(lost.length)} of ${String(members.length)} masters are gone (${lost.map(describe).join('; ')}). ` +
    `The others are no majority, so the ${bay.engine} cluster takes no changes; what runs on it runs on. ` +
    'Nothing is replaced before an operator brings the cluster back from a master that is left; or delete the bay and create it anew.'
  );
}

function describeFailure(node: Node, count: number): string {
  const failure = node.failure;
  if (!failure) return '';
  const others = count > 1 ? ` (${String(count)} nodes failed; this is the last)` : '';
  const tail = failure.logTail.trim().slice(-LONGEST_LOG_TAIL);
  return `Node ${node.name} failed in phase ${failure.phase}: ${failure.message}${others}.${tail ? ` End of its log:\n${tail}` : ''}`;
}

function deriveHealth({
  bay,
  nodes,
  observed,
  roster,
}: PlanInput): Pick<BayFacts, 'healthStatus' | 'healthStatusReason'> {
  if (!bay.foundedAt || bay.deletionRequestedAt)
    return {
      healthStatus: bay.foundedAt ? bay.healthStatus : null,
      healthStatusReason: bay.foundedAt ? bay.healthStatusReason : {},
    };
  if (observed.engine === 'unknown')
    return { healthStatus: 'UNKNOWN', healthStatusReason: { api: 'no master answered' } };
  const { engine } = observed;
  const counts = (node: Node): boolean => isStaying(node) && isPresent(node) && node.readyAt !== null;
  const open = roster.open.filter(counts);
  const count = roster.restingOfRole.master + roster.restingOfRole.worker + open.length;
  const sick = open.filter((node) => engine.get(node.name) !== 'ready');
  const names = count <= MOST_NODES_BY_NAME ? nodes.filter(counts) : sick.slice(0, MOST_NODES_BY_NAME);
  const reason: Record<string, string> = {
    api: 'ok',
    ...Object.fromEntries(names.map(({ name }) => [`${name}.Ready`, engine.get(name) === 'ready' ? 'True' : 'False'])),
    ...(names.length < count && {
      nodes: `${String(count - sick.length)} of ${String(count)} ready`,
    }),
    ...firstOf(observed.notes ?? {}, MOST_NOTES),
  };
  return { healthStatus: sick.length > 0 ? 'UNHEALTHY' : 'HEALTHY', healthStatusReason: reason };
}

function firstOf(notes: Readonly<Record<string, string>>, most: number): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(notes).slice(0, most));
}
