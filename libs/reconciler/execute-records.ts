/** Carries out the part of a plan that changes only our own records, in one transaction, fenced by the lease. */
import { randomUUID } from 'node:crypto';
import type { BayFacts, NodeFailure, NodeGroupId, NodeId, RecordAction } from '@baykeeper/domain';
import type { NewNode, NodeChange, NodeFacts, Stores } from '@baykeeper/storage';
import type { BayState } from './bay-state.js';
import { loadMachineErrors } from './machine-problems.js';
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
  const evidence = await readEvidence(dependencies, state, actions);
  const changes = gatherChanges(dependencies, state, actions, evidence);
  const done = await dependencies.database.transaction(async (stores) => {
    if (!(await stores.bays.holdsLease(state.bay.id, lease))) return false;
    await writeChanges(stores, state, lease, changes);
    return true;
  });
  if (done) {
    const { signals } = dependencies;
    await Promise.all(changes.granted.map((nodeId) => signals.publish(`node:${nodeId}`).catch(() => undefined)));
    await wakeWatchers(dependencies, state.bay.id);
  }
  return done;
}

/** Why nodes failed that fail now. */
interface Evidence {
  readonly logTails: ReadonlyMap<NodeId, string>;
  /** Of those whose machine was never made. */
  readonly machineErrors: ReadonlyMap<NodeId, string>;
}

/** Reads consoles before the transaction: it is slow, and it must not hold rows. */
async function readEvidence(
  dependencies: ReconcilerDependencies,
  { nodes }: BayState,
  actions: readonly RecordAction[],
): Promise<Evidence> {
  const failing = new Set(actions.flatMap((action) => (action.kind === 'fail-node' ? [action.nodeId] : [])));
  if (failing.size === 0) return { logTails: new Map(), machineErrors: new Map() };
  const without = nodes.filter((node) => failing.has(node.id) && !node.machineCreatedAt);
  const [logTails, machineErrors] = await Promise.all([
    Promise.all([...failing].map(async (nodeId) => [nodeId, await readConsole(dependencies, nodeId)] as const)),
    loadMachineErrors(dependencies, without),
  ]);
  return { logTails: new Map(logTails), machineErrors };
}

async function readConsole({ drivers, driverPatienceMs }: ReconcilerDependencies, nodeId: NodeId): Promise<string> {
  const text = await withPatience(() => drivers.compute.console(nodeId), driverPatienceMs).catch(() => '');
  return text.slice(-LONGEST_LOG_TAIL);
}

/** What the actions come to: written with a few statements, however many nodes they are about. */
interface Changes {
  readonly newNodes: NewNode[];
  /** The first ordinal that is free, by group. */
  readonly ordinals: Map<NodeGroupId, number>;
  readonly facts: NodeChange[];
  readonly bayFacts: Partial<Mutable<BayFacts>>;
  readonly forgottenNodes: NodeId[];
  readonly forgottenGroups: NodeGroupId[];
  readonly granted: NodeId[];
  readonly events: NewEvent[];
  removesBay: boolean;
}
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

async function writeChanges(stores: Stores, { bay }: BayState, lease: number, changes: Changes): Promise<void> {
  const { newNodes, ordinals, facts, bayFacts, forgottenNodes, forgottenGroups, events } = changes;
  // Events first: they take the bay's turn, and whoever else tells of its nodes takes it before their rows, too.
  if (events.length > 0) await stores.events.appendMany(events);
  await stores.nodes.insertMany(newNodes);
  for (const [groupId, next] of ordinals) await stores.nodeGroups.reserveOrdinals(groupId, next);
  await stores.nodes.recordFactsOfMany(facts);
  if (Object.keys(bayFacts).length > 0) await stores.bays.saveFacts(bay.id, lease, bayFacts);
  if (forgottenNodes.length > 0) await stores.nodes.removeMany(forgottenNodes);
  for (const groupId of forgottenGroups) await stores.nodeGroups.remove(groupId);
  if (changes.removesBay) await stores.bays.remove(bay.id, lease);
}

function gatherChanges(
  { now, log }: ReconcilerDependencies,
  { bay, nodes, groups }: BayState,
  actions: readonly RecordAction[],
  { logTails, machineErrors }: Evidence,
): Changes {
  const at = now();
  const meant = new Set(actions.flatMap((action) => ('nodeId' in action ? [action.nodeId] : [])));
  const names = new Map<NodeId, string>();
  // The newest are last, and most is about them.
  for (let place = nodes.length - 1; place >= 0 && names.size < meant.size; place -= 1) {
    const node = nodes[place];
    if (node !== undefined && meant.has(node.id)) names.set(node.id, node.name);
  }
  const groupsById = new Map(groups.map((group) => [group.id, group]));
  const changes: Changes = {
    ...{ newNodes: [], ordinals: new Map(), facts: [], bayFacts: {}, forgottenNodes: [], forgottenGroups: [] },
    ...{ granted: [], events: [], removesBay: false },
  };
  const record = (id: NodeId, facts: Partial<NodeFacts>): void => {
    changes.facts.push({ id, facts });
  };
  const tell = (event: Pick<NewEvent, 'kind' | 'level' | 'message'> & { nodeId?: NodeId }): void => {
    changes.events.push({
      bayId: bay.id,
      projectId: bay.projectId,
      nodeId: event.nodeId ?? null,
      kind: event.kind,
      level: event.level,
      message: event.message,
    });
  };
  const nameOf = (id: NodeId): string => names.get(id) ?? id;

  for (const action of actions) {
    log.debug({ bayId: bay.id, action: action.id, kind: action.kind }, 'recording');
    switch (action.kind) {
      case 'add-node': {
        const group = groupsById.get(action.groupId);
        if (!group) break;
        const nodeId = randomUUID() as NodeId;
        changes.newNodes.push({
          id: nodeId,
          bayId: bay.id,
          projectId: bay.projectId,
          nodeGroupId: group.id,
          role: group.role,
          ordinal: action.ordinal,
          name: action.name,
          createdAt: at,
        });
        changes.ordinals.set(group.id, Math.max(changes.ordinals.get(group.id) ?? 0, action.ordinal + 1));
        tell({ kind: 'node-planned', level: 'info', message: `Adding ${group.role} ${action.name}.`, nodeId });
        break;
      }
      case 'fail-node': {
        const machineError = machineErrors.get(action.nodeId);
        const why =
          machineError === undefined ? '' : `; its machine could not be made: ${machineError.replace(/\.$/, '')}`;
        const message = `${action.message}${why}`;
        const failure: NodeFailure = {
          phase: action.phase,
          message,
          logTail: logTails.get(action.nodeId) ?? '',
        };
        record(action.nodeId, { failedAt: at, failure });
        tell({
          kind: 'node-failed',
          level: 'error',
          message: `Node ${nameOf(action.nodeId)} failed in phase ${action.phase}: ${message}.`,
          nodeId: action.nodeId,
        });
        break;
      }
      case 'request-removal':
        record(action.nodeId, { removalRequestedAt: at, removalReason: action.reason });
        tell({
          kind: 'node-leaving',
          level: 'info',
          message: `Removing ${nameOf(action.nodeId)} (${action.reason}).`,
          nodeId: action.nodeId,
        });
        break;
      case 'appoint-founder':
        Object.assign(changes.bayFacts, { foundingNodeId: action.nodeId });
        break;
      case 'record-founded':
        Object.assign(changes.bayFacts, { foundedAt: at });
        tell({
          kind: 'cluster-founded',
          level: 'info',
          message: `${nameOf(action.nodeId)} founded the ${bay.engine} cluster.`,
          nodeId: action.nodeId,
        });
        break;
      case 'record-cluster-lost':
        Object.assign(changes.bayFacts, { foundedAt: null, foundingNodeId: null });
        tell({
          kind: 'cluster-lost',
          level: 'error',
          message: `All masters are lost, and with them the state of the ${bay.engine} cluster. An empty cluster is founded anew, and every node that was in the lost one is replaced.`,
        });
        break;
      case 'grant-join':
        changes.granted.push(action.nodeId);
        record(action.nodeId, { joinGrantedAt: at });
        break;
      case 'record-ready':
        record(action.nodeId, { readyAt: at, engineState: 'ready' });
        tell({
          kind: 'node-ready',
          level: 'info',
          message: `${nameOf(action.nodeId)} is ready.`,
          nodeId: action.nodeId,
        });
        break;
      case 'record-deregistered':
        record(action.nodeId, { deregisteredAt: at });
        break;
      case 'forget-node':
        changes.forgottenNodes.push(action.nodeId);
        break;
      case 'forget-group': {
        changes.forgottenGroups.push(action.groupId);
        const group = groupsById.get(action.groupId);
        tell({ kind: 'group-removed', level: 'info', message: `Node group ${group?.name ?? ''} is gone.` });
        break;
      }
      case 'remove-bay':
        changes.removesBay = true;
    }
  }
  return changes;
}
