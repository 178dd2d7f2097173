import {
  ASKED_LISTENER_PREFIX,
  clientAddressOf,
  withRoster,
  type Bay,
  type BayId,
  type KnownMembers,
  type Listener,
  type LoadBalancer,
  type Node,
  type NodeGroup,
  type Observed,
  type PlanInput,
  type Roster,
} from '@baykeeper/domain';
import type { EngineContext } from '@baykeeper/drivers';
import { SYSTEM } from '@baykeeper/storage';
import type { ReconcilerDependencies } from './dependencies.js';
import { withoutRefused } from './refused-listeners.js';

/** One bay as our records have it. */
export interface BayState {
  readonly bay: Bay;
  readonly groups: readonly NodeGroup[];
  readonly nodes: readonly Node[];
  readonly loadBalancer: LoadBalancer | null;
  /** Who may stand behind it; follows what this process changes. */
  readonly members: KnownMembers;
}

/** Loads a bay and everything that hangs on it; null when there is none (any more). */
export async function loadBayState(
  { database }: Pick<ReconcilerDependencies, 'database'>,
  bayId: BayId,
): Promise<BayState | null> {
  const { bays, nodeGroups, nodes, loadBalancers } = database.stores;
  const bay = await bays.get(bayId);
  if (!bay) return null;
  const [groups, nodeRows, loadBalancer] = await Promise.all([
    nodeGroups.listByBay(SYSTEM, bayId),
    nodes.readByBay(bayId),
    loadBalancers.findByBay(SYSTEM, bayId),
  ]);
  const members: KnownMembers = loadBalancer ? await loadBalancers.readMembers(loadBalancer.id) : new Map();
  return { bay, groups, nodes: nodeRows, loadBalancer, members };
}

/** What the engine driver may know. Without a load balancer clients (and we) use the first master. */
export async function engineContextOf(
  dependencies: ReconcilerDependencies,
  state: Pick<BayState, 'bay' | 'nodes' | 'loadBalancer'>,
): Promise<EngineContext> {
  const { bay, nodes, loadBalancer } = state;
  return {
    bay,
    nodes,
    clientAddress: clientAddressOf(bay, nodes, loadBalancer),
    identity: bay.tlsDisabled ? null : await dependencies.controlIdentity(bay),
  };
}

/**
 * Puts together what the planner wants to know.
 * @param before who was at rest when this bay was planned last, if that is known
 */
export function planInputOf(
  dependencies: ReconcilerDependencies,
  state: BayState,
  observed: Observed,
  before: Roster | null,
): PlanInput {
  const engine = dependencies.drivers.engine(state.bay.engine);
  const facts = {
    now: dependencies.now(),
    ...state,
    listeners: withoutRefused(dependencies, state.bay.id, listenersOf(engine.listeners(state.bay), state, observed)),
    observed,
    limits: dependencies.limits,
    toleratedMasterLosses: (masters: number) => engine.toleratedMasterLosses(masters),
  };
  return withRoster(facts, before);
}

/** The bay's own, and those that the cluster's users ask for: while nobody can be asked, those that there are. */
function listenersOf(
  own: readonly Listener[],
  { loadBalancer }: Pick<BayState, 'loadBalancer'>,
  observed: Observed,
): readonly Listener[] {
  if (observed.engine !== 'unknown') return [...own, ...(observed.listeners ?? [])];
  const known = loadBalancer?.listeners ?? [];
  return [...own, ...known.filter(({ name }) => name.startsWith(ASKED_LISTENER_PREFIX))];
}
