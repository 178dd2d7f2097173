/**
 * Carries out the load balancer's part of a plan, inside the pass: so one bay's balancer has one writer at a time. Each
 * write is in the ledger before and after.
 */
import { randomUUID } from 'node:crypto';
import {
  isStaying,
  publicMessageOf,
  detailOf,
  type LoadBalancerAction,
  type LoadBalancerId,
  type Member,
} from '@baykeeper/domain';
import { SYSTEM } from '@baykeeper/storage';
import type { BayState } from './bay-state.js';
import { recordEvent, type ReconcilerDependencies } from './dependencies.js';
import { recordOperation } from './operations.js';

/** @returns what could not be done, for the tenant; empty when all was done. */
export async function executeLoadBalancerActions(
  dependencies: ReconcilerDependencies,
  state: BayState,
  actions: readonly LoadBalancerAction[],
): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const action of actions) {
    try {
      await recordOperation(dependencies, { id: action.id, bayId: state.bay.id, nodeId: null, kind: action.kind }, () =>
        executeAction(dependencies, state, action),
      );
    } catch (error) {
      dependencies.log.warn(
        { bayId: state.bay.id, action: action.id, error: detailOf(error) },
        'changing the load balancer failed',
      );
      problems.push(`Load balancer: ${publicMessageOf(error)}`);
      break;
    }
  }
  return problems;
}

async function executeAction(
  dependencies: ReconcilerDependencies,
  state: BayState,
  action: LoadBalancerAction,
): Promise<void> {
  const { database, drivers, installation, now } = dependencies;
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
      const view = await drivers.loadBalancer.ensureLoadBalancer({
        id: row.id,
        installation,
        bayId: bay.id,
        listeners: action.listeners,
      });
      await database.stores.loadBalancers.recordFacts(row.id, {
        address: view.address,
        listeners: action.listeners,
        createdAt: now(),
      });
      await recordEvent(dependencies, {
        bayId: bay.id,
        projectId: bay.projectId,
        nodeId: null,
        kind: 'load-balancer-ready',
        level: 'info',
        message: `The load balancer listens on ${view.address} (${action.listeners.map((listener) => String(listener.port)).join(', ')}).`,
      });
      return;
    }
    case 'ensure-members': {
      const row = await database.stores.loadBalancers.findByBay(SYSTEM, bay.id);
      if (!row) return;
      await drivers.loadBalancer.ensureMembers(row.id, action.members);
      await database.stores.loadBalancers.setMembers(row.id, action.members);
      await recordRegistrations(dependencies, state);
      await tellMembers(dependencies, state, row.members, action.members);
      return;
    }
    case 'remove-load-balancer':
      await drivers.loadBalancer.removeLoadBalancer(action.loadBalancerId);
      await database.stores.loadBalancers.recordFacts(action.loadBalancerId, { removedAt: now() });
  }
}

async function recordRegistrations({ database, now }: ReconcilerDependencies, { nodes }: BayState): Promise<void> {
  const registeredAt = now();
  const fresh = nodes.filter((node) => isStaying(node) && node.readyAt && !node.registeredAt);
  await database.stores.nodes.recordFactsOfMany(fresh.map(({ id }) => ({ id, facts: { registeredAt } })));
}

type Members = Readonly<Record<string, readonly Member[]>>;

async function tellMembers(
  dependencies: ReconcilerDependencies,
  { bay }: BayState,
  before: Members,
  after: Members,
): Promise<void> {
  for (const [listener, members] of Object.entries(after)) {
    const known = before[listener] ?? [];
    const [knownIds, ids] = [known, members].map((list) => new Set(list.map(({ nodeId }) => nodeId)));
    const added = members.filter(({ nodeId }) => !knownIds?.has(nodeId));
    const removed = known.filter(({ nodeId }) => !ids?.has(nodeId));
    const parts = [
      added.length > 0 ? `added ${namesOf(added)}` : '',
      removed.length > 0 ? `removed ${namesOf(removed)}` : '',
    ].filter(Boolean);
    if (parts.length === 0) continue;
    await recordEvent(dependencies, {
      bayId: bay.id,
      projectId: bay.projectId,
      nodeId: null,
      kind: 'members-changed',
      level: 'info',
      message: `Load balancer members of ${listener}: ${parts.join('; ')} (now ${String(members.length)}).`,
    });
  }
}

/** A sentence is for reading: of a crowd it names some. */
const MOST_NAMES = 20;

function namesOf(members: readonly Member[]): string {
  const names = members.slice(0, MOST_NAMES).map(({ name }) => name);
  const others = members.length - names.length;
  return names.join(', ') + (others > 0 ? ` and ${String(others)} others` : '');
}
