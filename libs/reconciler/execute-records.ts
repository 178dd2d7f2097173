/** Carries out the part of a plan that changes only our own records, in one transaction, fenced by the lease. */
import { randomUUID } from 'node:crypto';
import type { NodeFailure, NodeId, RecordAction } from '@baykeeper/domain';
import type { Stores } from '@baykeeper/storage';
import type { BayState } from './bay-state.js';
import { withPatience } from './with-patience.js';
import { wakeWatchers, type NewEvent, type ReconcilerDependencies } from './dependencies.js';

/** The console of a machine that never said a word is the only hint there is; its end is enough. */
const LONGEST_LOG_TAIL = 4_096;

/** @returns false when another process took over the bay: then nothing was changed. */
export async function executeRecords(
  dependencies: ReconcilerDependencies,
  state: BayState,
  lease: number,
  actions: readonly RecordAction[],
): Promise<boolean> {
  const logTails = await readConsoles(dependencies, actions);
  const granted: NodeId[] = [];
  const done = await dependencies.database.transaction(async (stores) => {
    if (!(await stores.bays.holdsLease(state.bay.id, lease))) return false;
    for (const action of actions) {
      if (action.kind === 'grant-join') granted.push(action.nodeId);
      await executeRecord(dependencies, stores, state, lease, action, logTails);
    }
    return true;
  });
  if (done) {
    await Promise.all(granted.map((nodeId) => dependencies.signals.publish(`node:${nodeId}`).catch(() => undefined)));
    await wakeWatchers(dependencies, state.bay.id);
  }
  return done;
}

/** Reads consoles before the transaction: it is slow, and it must not hold rows. */
async function readConsoles(
  { drivers, driverPatienceMs }: ReconcilerDependencies,
  actions: readonly RecordAction[],
): Promise<ReadonlyMap<NodeId, string>> {
  const failing = actions.filter((action) => action.kind === 'fail-node');
  const tails = await Promise.all(
    failing.map(
      async ({ nodeId }) =>
        [
          nodeId,
          (await withPatience(() => drivers.compute.console(nodeId), driverPatienceMs).catch(() => '')).slice(
            -LONGEST_LOG_TAIL,
          ),
        ] as const,
    ),
  );
  return new Map(tails);
}

async function executeRecord(
  { now, log }: ReconcilerDependencies,
  stores: Stores,
  state: BayState,
  lease: number,
  action: RecordAction,
  logTails: ReadonlyMap<NodeId, string>,
): Promise<void> {
  const { bay, nodes, groups } = state;
  const at = now();
  const tell = (event: Pick<NewEvent, 'kind' | 'level' | 'message'> & { nodeId?: NodeId }): Promise<void> =>
    stores.events.append({
      bayId: bay.id,
      projectId: bay.projectId,
      nodeId: event.nodeId ?? null,
      kind: event.kind,
      level: event.level,
      message: event.message,
    });
  const nameOf = (id: NodeId): string => nodes.find((node) => node.id === id)?.name ?? id;
  log.debug({ bayId: bay.id, action: action.id, kind: action.kind }, 'recording');

  switch (action.kind) {
    case 'add-node': {
      const group = groups.find((known) => known.id === action.groupId);
      if (!group) return;
      const nodeId = randomUUID() as NodeId;
      await stores.nodes.insertMany([
        {
          id: nodeId,
          bayId: bay.id,
          projectId: bay.projectId,
          nodeGroupId: group.id,
          role: group.role,
          ordinal: action.ordinal,
          name: action.name,
          createdAt: at,
        },
      ]);
      await stores.nodeGroups.reserveOrdinals(group.id, action.ordinal + 1);
      return tell({ kind: 'node-planned', level: 'info', message: `Adding ${group.role} ${action.name}.`, nodeId });
    }
    case 'fail-node': {
      const failure: NodeFailure = {
        phase: action.phase,
        message: action.message,
        logTail: logTails.get(action.nodeId) ?? '',
      };
      await stores.nodes.recordFacts(action.nodeId, { failedAt: at, failure });
      return tell({
        kind: 'node-failed',
        level: 'error',
        message: `Node ${nameOf(action.nodeId)} failed in phase ${action.phase}: ${action.message}.`,
        nodeId: action.nodeId,
      });
    }
    case 'request-removal':
      await stores.nodes.recordFacts(action.nodeId, { removalRequestedAt: at, removalReason: action.reason });
      return tell({
        kind: 'node-leaving',
        level: 'info',
        message: `Removing ${nameOf(action.nodeId)} (${action.reason}).`,
        nodeId: action.nodeId,
      });
    case 'appoint-founder':
      await stores.bays.saveFacts(bay.id, lease, { foundingNodeId: action.nodeId });
      return;
    case 'record-founded':
      await stores.bays.saveFacts(bay.id, lease, { foundedAt: at });
      return tell({
        kind: 'cluster-founded',
        level: 'info',
        message: `${nameOf(action.nodeId)} founded the ${bay.engine} cluster.`,
        nodeId: action.nodeId,
      });
    case 'record-cluster-lost':
      await stores.bays.saveFacts(bay.id, lease, { foundedAt: null, foundingNodeId: null });
      return tell({
        kind: 'cluster-lost',
        level: 'error',
        message: `All masters are lost, and with them the state of the ${bay.engine} cluster. An empty cluster is founded anew, and every node that was in the lost one is replaced.`,
      });
    case 'grant-join':
      await stores.nodes.recordFacts(action.nodeId, { joinGrantedAt: at });
      return;
    case 'record-ready':
      await stores.nodes.recordFacts(action.nodeId, { readyAt: at, engineState: 'ready' });
      return tell({
        kind: 'node-ready',
        level: 'info',
        message: `${nameOf(action.nodeId)} is ready.`,
        nodeId: action.nodeId,
      });
    case 'record-deregistered':
      await stores.nodes.recordFacts(action.nodeId, { deregisteredAt: at });
      return;
    case 'forget-node':
      await stores.nodes.remove(action.nodeId);
      return;
    case 'forget-group': {
      await stores.nodeGroups.remove(action.groupId);
      const group = groups.find((known) => known.id === action.groupId);
      return tell({ kind: 'group-removed', level: 'info', message: `Node group ${group?.name ?? ''} is gone.` });
    }
    case 'remove-bay':
      await stores.bays.remove(bay.id, lease);
  }
}
