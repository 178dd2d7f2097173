/**
 * One pass over one bay: observe, plan, execute, save. Woken by signals and by time, it takes nothing but the bay's id,
 * re-reads everything and does not retry itself: what is left over is found by the next pass.
 *
 * It runs under a lease with a fencing token, so that a process that was away too long can no longer write.
 */
import {
  clientAddressOf,
  deriveBayFacts,
  detailOf,
  planBay,
  type Bay,
  type BayFacts,
  type BayId,
  type Plan,
  type Roster,
} from '@baykeeper/domain';
import { engineContextOf, loadBayState, planInputOf, type BayState } from './bay-state.js';
import { recordEvent, wakeWatchers, type ReconcilerDependencies } from './dependencies.js';
import { executeLoadBalancerActions } from './execute-load-balancer.js';
import { inspectLoadBalancer } from './inspect-load-balancer.js';
import { configureNodes } from './configure-nodes.js';
import { unlessHandedBack } from './hand-back.js';
import { executeRecords } from './execute-records.js';
import { keepRoster, keptRoster } from './kept-rosters.js';
import { findMachineProblems } from './machine-problems.js';
import { watchNodes, type PassOutcome } from './watch.js';
import { refusedPorts } from './refused-listeners.js';
import { recordEngineStates } from './record-engine-states.js';
import { observeBay, type BayObservation, type MachineListing } from './observe-bay.js';

/** A process that died holds up its bays for this long. Renewed at a third of it. */
const LEASE_SECONDS = 15;
/** A plan whose records lead to new records ends well before this; more is a bug that must not spin. */
const MOST_ROUNDS = 30;
/** When to come back to a bay that another process is working on. */
const BUSY_RETRY_MS = 1_500;
/** Users of a cluster ask within it for listeners, and nobody says when: a settled bay of such an engine is looked at so often. */
const ASK_USERS_AGAIN_MS = 10_000;

/** @returns whether the bay's wish came true with this pass */
export async function reconcileBay(
  dependencies: ReconcilerDependencies,
  listing: MachineListing,
  bayId: BayId,
): Promise<{ readonly cameTrue: boolean }> {
  const startedAt = performance.now();
  let outcome: PassOutcome = 'failed';
  const pass = { cameTrue: false };
  try {
    outcome = await reconcileUnderLease(dependencies, listing, bayId, pass);
    return pass;
  } finally {
    dependencies.watch?.passed(outcome, (performance.now() - startedAt) / 1_000);
  }
}

async function reconcileUnderLease(
  dependencies: ReconcilerDependencies,
  listing: MachineListing,
  bayId: BayId,
  pass: { cameTrue: boolean },
): Promise<PassOutcome> {
  const { watch, log, holder, database, handBack } = dependencies;
  const { bays } = database.stores;
  const lease = await bays.acquireLease(bayId, holder, LEASE_SECONDS);
  if (lease === null) {
    const bay = await bays.get(bayId);
    if (bay) await lookAgain(dependencies, bay, BUSY_RETRY_MS);
    return 'busy';
  }
  watch?.leaseTaken();
  const end: { how: 'released' | 'lost' } = { how: 'released' };
  const renew = async (): Promise<void> => {
    try {
      if (await bays.renewLease(bayId, lease.token, LEASE_SECONDS)) return;
      // A bay that this pass removed has no lease either.
      if (await bays.get(bayId)) end.how = 'lost';
    } catch (error) {
      log.warn({ bayId, error: detailOf(error) }, 'renewing a lease failed');
    }
  };
  const renewal = setInterval(() => void renew(), (LEASE_SECONDS * 1000) / 3);
  try {
    await unlessHandedBack(handBack, async () => {
      pass.cameTrue = await runPass(dependencies, listing, bayId, lease.token);
    });
  } finally {
    clearInterval(renewal);
    // One that can't be given back went with the bay, or to another process.
    const isReleased = await bays.releaseLease(bayId, lease.token);
    if (!isReleased && (await bays.get(bayId))) end.how = 'lost';
    watch?.leaseEnded(end.how);
  }
  if (end.how === 'released') return 'done';
  // What this one was doing outside may have come after what the other one did there: somebody has to look.
  const bay = await bays.get(bayId);
  if (bay) await dependencies.queue.enqueueReconcile(bay);
  return 'lost';
}

async function runPass(
  dependencies: ReconcilerDependencies,
  listing: MachineListing,
  bayId: BayId,
  lease: number,
): Promise<boolean> {
  let state = await loadBayState(dependencies, bayId);
  if (!state) return false;
  if (state.nodes.length === 0) prepareAuthority(dependencies, state);
  const observation = await observeBay(dependencies, listing, state);
  const { observed } = observation;
  let input = planInputOf(dependencies, state, observed, keptRoster(dependencies, bayId));
  const engineStatesChanged = await recordEngineStates(dependencies, input, observation);
  // A large bay takes long to read: it is read again only where a wish or we changed it. Other news wake another pass.
  const current = await dependencies.database.stores.bays.get(bayId);
  let isFresh = !engineStatesChanged && current?.generation === state.bay.generation;
  const problems: string[] = [];
  let plan: Plan | null = null;

  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    if (!isFresh) state = await loadBayState(dependencies, bayId);
    isFresh = false;
    if (!state) return false;
    input = planInputOf(dependencies, state, observed, input.roster);
    plan = planBay(input);
    if (plan.records.length > 0) {
      const records = await configureNodes(dependencies, state, input.roster.open, plan.records);
      if (records.length === 0) break;
      if (!(await executeRecords(dependencies, state, lease, records))) return false;
      watchNodes(dependencies.watch, input.roster.open, records, dependencies.now());
      if (records.length < plan.records.length) break;
      continue;
    }
    // Machines take longest, so they are asked for before the balancer is; no step of a plan depends on its balancer part.
    await dependencies.queue.enqueueNodeSteps(state.bay, plan.nodes);
    if (plan.loadBalancer.length > 0 && problems.length === 0) {
      // Drivers know no leases: at least nothing is begun outside that another process may have done by now.
      if (!(await dependencies.database.stores.bays.holdsLease(bayId, lease))) return false;
      problems.push(...(await executeLoadBalancerActions(dependencies, state, input.roster.open, plan.loadBalancer)));
      continue;
    }
    break;
  }
  if (!plan) return false;
  keepRoster(dependencies, bayId, input.roster);
  if (plan.settled && (await dependencies.database.stores.bays.holdsLease(bayId, lease)))
    await inspectLoadBalancer(dependencies, state);
  if (plan.loadBalancer.length === 0) await announceListeners(dependencies, state, observation);
  problems.push(...(await findMachineProblems(dependencies, input.roster.open)));
  await saveFacts(dependencies, state, observation, input.roster, plan, lease, problems);
  if (plan.lookAgainAt) await dependencies.queue.enqueueReconcileAt(state.bay, plan.lookAgainAt, dependencies.now());
  else if (dependencies.drivers.engine(state.bay.engine).announceListeners !== undefined)
    await lookAgain(dependencies, state.bay, ASK_USERS_AGAIN_MS);
  return plan.settled && state.bay.settledGeneration < state.bay.generation;
}

/** Where the balancer has what the cluster's users asked for, they are told its address. What fails is found by the next pass. */
async function announceListeners(
  dependencies: ReconcilerDependencies,
  state: BayState,
  { engine }: BayObservation,
): Promise<void> {
  const { bay, loadBalancer } = state;
  if (bay.deletionRequestedAt || !loadBalancer?.address || engine?.reachable !== true || !engine.isUnannounced) return;
  try {
    const context = await engineContextOf(dependencies, state);
    await dependencies.drivers
      .engine(bay.engine)
      .announceListeners?.(context, loadBalancer.address, refusedPorts(dependencies, bay.id));
  } catch (error) {
    dependencies.log.warn({ bayId: bay.id, error: detailOf(error) }, 'announcing listeners failed');
  }
}

/** The bay's authority takes a moment to make, and the first node asks for it as soon as it has booted. */
function prepareAuthority({ controlIdentity, log }: ReconcilerDependencies, { bay }: BayState): void {
  if (bay.deletionRequestedAt) return;
  controlIdentity(bay).catch((error: unknown) => {
    log.warn(
      { bayId: bay.id, error: detailOf(error) },
      'making an authority failed; it is tried again when it is needed',
    );
  });
}

async function saveFacts(
  dependencies: ReconcilerDependencies,
  state: BayState,
  { observed, engine }: BayObservation,
  roster: Roster,
  plan: Plan,
  lease: number,
  problems: readonly string[],
): Promise<void> {
  const { bay } = state;
  const facts: Partial<BayFacts> = {
    ...deriveBayFacts(planInputOf(dependencies, state, observed, roster), plan, problems),
    apiAddress: apiAddressOf(dependencies, state),
    ...(engine?.reachable && { coeVersion: engine.engineVersion, containerVersion: engine.containerVersion }),
  };
  const changed = Object.entries(facts).some(
    ([key, value]) => JSON.stringify(bay[key as keyof Bay] ?? null) !== JSON.stringify(value ?? null),
  );
  if (!changed) return;
  if (!(await dependencies.database.stores.bays.saveFacts(bay.id, lease, facts))) return;
  if (facts.status !== undefined && facts.status !== bay.status) {
    const failed = facts.status.endsWith('FAILED');
    await recordEvent(dependencies, {
      bayId: bay.id,
      projectId: bay.projectId,
      nodeId: null,
      kind: 'status-changed',
      level: failed ? 'error' : 'info',
      message: failed && facts.statusReason ? `${facts.status}: ${facts.statusReason}` : facts.status,
    });
  }
  await wakeWatchers(dependencies, bay.id);
}

/** Set once the cluster can be used: its first master is ready and, with a balancer, stands behind it. */
function apiAddressOf({ drivers }: ReconcilerDependencies, { bay, nodes, loadBalancer }: BayState): string | null {
  const address = clientAddressOf(bay, nodes, loadBalancer);
  const usable = nodes.some(
    (node) => node.role === 'master' && node.readyAt && (!bay.masterLbEnabled || node.registeredAt),
  );
  if (address === null || !(usable || bay.apiAddress)) return bay.apiAddress;
  return drivers.engine(bay.engine).apiAddress(bay, address);
}

async function lookAgain({ queue, now }: ReconcilerDependencies, bay: Bay, inMs: number): Promise<void> {
  await queue.enqueueReconcileAt(bay, new Date(now().getTime() + inMs), now());
}
