/**
 * Carries out the load balancer's part of a plan, inside the pass: so one bay's balancer has one writer at a time. Each
 * write is in the ledger before and after.
 */
import { randomUUID } from 'node:crypto';
import {
  BaykeeperError,
  isStaying,
  publicMessageOf,
  detailOf,
  type Bay,
  type KnownMembers,
  type LoadBalancer,
  type LoadBalancerAction,
  type LoadBalancerId,
  type MemberChanges,
  type Node,
} from '@baykeeper/domain';
import type { BayState } from './bay-state.js';
import { recordEvent, type ReconcilerDependencies } from './dependencies.js';
import { restoreLoadBalancer } from './inspect-load-balancer.js';
import { namesOf } from './names.js';
import { recordOperation } from './operations.js';
import { ensureListeners } from './refused-listeners.js';

/**
 * @param open all of the bay's nodes that are not at rest
 * @returns what could not be done, for the tenant; empty when all was done.
 */
export async function executeLoadBalancerActions(
  dependencies: ReconcilerDependencies,
  state: BayState,
  open: readonly Node[],
  actions: readonly LoadBalancerAction[],
): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const action of actions) {
    try {
      await recordOperation(dependencies, { id: action.id, bayId: state.bay.id, nodeId: null, kind: action.kind }, () =>
        executeAction(dependencies, state, open, action),
      );
    } catch (error) {
      dependencies.log.warn(
        { bayId: state.bay.id, action: action.id, error: detailOf(error) },
        'changing the load balancer failed',
      );
      const problem = `Load balancer: ${publicMessageOf(error)}`;
      await tellProblem(dependencies, state.bay, problem, error);
      problems.push(problem);
      break;
    }
  }
  return problems;
}

/** Once, not with every pass that fails in the same way; a pause that the provider asks for is no failure. */
async function tellProblem(
  dependencies: ReconcilerDependencies,
  bay: Bay,
  message: string,
  error: unknown,
): Promise<void> {
  if (bay.statusReason?.includes(message) === true) return;
  if (error instanceof BaykeeperError && error.code === 'too-many-requests') return;
  await recordEvent(dependencies, {
    ...{ bayId: bay.id, projectId: bay.projectId, nodeId: null, kind: 'load-balancer-failed', level: 'warning' },
    message,
  });
}

async function executeAction(
  dependencies: ReconcilerDependencies,
  state: BayState,
  open: readonly Node[],
  action: LoadBalancerAction,
): Promise<void> {
  const { database, drivers, now } = dependencies;
  const { bay } = state;
  switch (action.kind) {
    case 'ensure-load-balancer': {
      // The row with our id exists before the driver is asked, so that nothing it makes can be lost.
      const row =
        state.loadBalancer ??
        (await database.stores.loadBalancers.insert({
          id: randomUUID() as LoadBalancerId,
          bayId: bay.id,
          projectId: bay.projectId,
          listeners: action.listeners,
          requestedAt: now(),
        }));
      // Only what is on the record of before counts as had: the row of a new balancer holds its wishes.
      const had = { id: row.id, listeners: row.createdAt === null ? [] : row.listeners };
      const { view, listeners } = await ensureListeners(dependencies, bay, had, action.listeners);
      await database.stores.loadBalancers.recordFacts(row.id, {
        address: view.address,
        listeners,
        createdAt: now(),
      });
      await recordEvent(dependencies, {
        bayId: bay.id,
        projectId: bay.projectId,
        nodeId: null,
        kind: 'load-balancer-ready',
        level: 'info',
        message: `The load balancer listens on ${view.address} (${listeners.map((listener) => String(listener.port)).join(', ')}).`,
      });
      return;
    }
    case 'change-members': {
      const { loadBalancer: row, members } = state;
      if (!row) return;
      if (Object.keys(action.changes).length > 0) {
        const news = describeChanges(members, action.changes);
        await database.stores.loadBalancers.beginMembers(row.id, action.changes);
        const names = new Set(row.listeners.map(({ name }) => name));
        const there = Object.entries(action.changes).filter(([listener]) => names.has(listener));
        if (there.length > 0) await changeMembers(dependencies, state, row, Object.fromEntries(there));
        await database.stores.loadBalancers.confirmMembers(row.id, action.changes);
        await tellMembers(dependencies, bay, news);
      }
      await recordRegistrations(dependencies, open);
      return;
    }
    case 'remove-load-balancer':
      await drivers.loadBalancer.removeLoadBalancer(action.loadBalancerId);
      await database.stores.loadBalancers.recordFacts(action.loadBalancerId, { removedAt: now() });
  }
}

/** What is refused because somebody else removed the balancer, or a listener of it, is tried once more when it is back. */
async function changeMembers(
  dependencies: ReconcilerDependencies,
  { bay, members }: BayState,
  row: LoadBalancer,
  changes: Readonly<Record<string, MemberChanges>>,
): Promise<void> {
  const change = (): Promise<void> => dependencies.drivers.loadBalancer.changeMembers(row.id, changes);
  try {
    await change();
  } catch (error) {
    if (!(error instanceof BaykeeperError) || error.code !== 'provider-refused') throw error;
    if (!(await restoreLoadBalancer(dependencies, bay, row, members))) throw error;
    await change();
  }
}

async function recordRegistrations({ database, now }: ReconcilerDependencies, open: readonly Node[]): Promise<void> {
  const registeredAt = now();
  const fresh = open.filter((node) => isStaying(node) && node.readyAt && !node.registeredAt);
  await database.stores.nodes.recordFactsOfMany(fresh.map(({ id }) => ({ id, facts: { registeredAt } })));
}

/** One sentence a listener; told before the records follow. */
function describeChanges(known: KnownMembers, changes: Readonly<Record<string, MemberChanges>>): readonly string[] {
  return Object.entries(changes).flatMap(([listener, { put, remove }]) => {
    const members = known.get(listener);
    const added = put.filter(({ nodeId }) => !members?.get(nodeId)?.confirmed);
    const moved = put.filter(({ nodeId }) => members?.get(nodeId)?.confirmed);
    const count = (members?.size ?? 0) + put.filter(({ nodeId }) => !members?.has(nodeId)).length - remove.length;
    const parts = [
      added.length > 0 ? `added ${namesOf(added.map(({ name }) => name))}` : '',
      moved.length > 0 ? `moved ${namesOf(moved.map(({ name }) => name))}` : '',
      remove.length > 0 ? `removed ${namesOf(remove.map((id) => members?.get(id)?.name ?? id))}` : '',
    ].filter(Boolean);
    return parts.length === 0
      ? []
      : [`Load balancer members of ${listener}: ${parts.join('; ')} (now ${String(count)}).`];
  });
}

async function tellMembers(dependencies: ReconcilerDependencies, bay: Bay, news: readonly string[]): Promise<void> {
  for (const message of news)
    await recordEvent(dependencies, {
      bayId: bay.id,
      projectId: bay.projectId,
      nodeId: null,
      kind: 'members-changed',
      level: 'info',
      message,
    });
}
