/**
 * The work on one node, one function per step, each idempotent and in the ledger before and after. A step trusts nothing
 * it was told: it reads the node first and does only what is still to be done.
 */
import {
  BaykeeperError,
  detailOf,
  publicMessageOf,
  type Bay,
  type Node,
  type NodeId,
  type NodeStep,
  type EventKind,
} from '@baykeeper/domain';
import { bootFiles, type EngineContext } from '@baykeeper/drivers';
import { hashOfToken } from '@baykeeper/pki';
import { SYSTEM, type MachineNeeds } from '@baykeeper/storage';
import { engineContextOf } from './bay-state.js';
import { recordEvent, type ReconcilerDependencies } from './dependencies.js';
import { machineOperationId, machineRemovalId } from './machine-problems.js';
import { recordOperation } from './operations.js';
import { withPatience } from './with-patience.js';

/** The step is not finished and wants to be called again after this time. Not an error: it costs no attempt. */
export class CallAgain extends Error {
  constructor(readonly afterMs: number) {
    super(`call again after ${String(afterMs)} ms`);
    this.name = 'CallAgain';
  }
}

const ASK_AGAIN_MS = 500;
/** When a provider that is asked too often does not say until when. */
const USUAL_PAUSE_SECONDS = 5;

export async function runNodeStep(
  dependencies: ReconcilerDependencies,
  step: NodeStep,
  job: { bayId: Node['bayId']; nodeId: NodeId },
): Promise<void> {
  const { bays, nodes } = dependencies.database.stores;
  // Of the bay's other nodes a step wants the masters at most: a large bay must not make each of its nodes dear.
  const [bay, node] = await Promise.all([bays.getForNode(job.bayId), nodes.find(SYSTEM, job.nodeId)]);
  if (!bay || !node) {
    // The records are gone (the bay was removed meanwhile): what the step would make must not stay behind.
    if (step === 'create-machine' || step === 'delete-machine') await removeMachine(dependencies, job.nodeId);
    return;
  }
  try {
    await steps[step](dependencies, bay, node);
  } catch (error) {
    if (!isThrottled(error)) throw error;
    throw new CallAgain((error.retryAfterSeconds ?? USUAL_PAUSE_SECONDS) * 1_000);
  }
}

/** Nothing was done, and nothing is wrong: the provider wants a pause. */
function isThrottled(error: unknown): error is BaykeeperError {
  return error instanceof BaykeeperError && error.code === 'too-many-requests';
}

function removeMachine({ drivers, driverPatienceMs }: ReconcilerDependencies, id: NodeId): Promise<void> {
  return withPatience(() => drivers.compute.removeMachine(id), driverPatienceMs);
}

type Step = (dependencies: ReconcilerDependencies, bay: Bay, node: Node) => Promise<void>;

const steps: Readonly<Record<NodeStep, Step>> = {
  'create-machine': createMachine,
  drain,
  leave,
  'delete-machine': deleteMachine,
};

async function createMachine(dependencies: ReconcilerDependencies, bay: Bay, node: Node): Promise<void> {
  const { database, drivers, installation, now, queue } = dependencies;
  if (node.removalRequestedAt || node.failedAt) return;
  const token = dependencies.enrolmentToken(node.id);
  const [needs, groups] = await Promise.all([
    machineNeedsOf(dependencies, node),
    database.stores.nodeGroups.listByBay(SYSTEM, bay.id),
  ]);
  await prepareEngine(dependencies, bay, node);
  const group = groups.find((known) => known.id === node.nodeGroupId);
  const nodeGroupName = group?.name ?? node.role;
  await database.stores.nodes.recordFacts(node.id, { machineRequestedAt: now() });
  await database.stores.nodes.setEnrolmentToken(node.id, hashOfToken(token));
  const { files, bootCommand } = bootFiles({
    bay,
    node,
    nodeGroupName,
    controlPlane: await dependencies.controlPlane(),
    enrolmentToken: token,
    sshPublicKey: needs.sshPublicKey,
    trustedAuthorities: dependencies.trustedAuthorities ?? [],
    engine: drivers.engine(bay.engine).nodeFiles({ bay, node, nodeGroupName, nodeTaints: group?.nodeTaints ?? [] }),
    templatesDirectory: dependencies.templatesDirectory,
  });
  try {
    const machine = await recordOperation(
      dependencies,
      { id: machineOperationId(node.id), bayId: bay.id, nodeId: node.id, kind: 'create-machine' },
      () =>
        drivers.compute.ensureMachine({
          id: node.id,
          name: node.name,
          installation,
          bayId: bay.id,
          image: needs.driverImage,
          flavor: needs.flavor,
          network: bay.fixedNetwork,
          files,
          bootCommand,
        }),
    );
    await database.stores.nodes.recordFacts(node.id, {
      machineCreatedAt: now(),
      ...(machine.address !== null && { address: machine.address }),
    });
  } catch (error) {
    if (!isThrottled(error)) await recordMachineProblem(dependencies, node, error);
    throw error;
  }
  await (node.readyAt === null
    ? tell(dependencies, node, 'machine-created', `The machine of ${node.name} runs.`)
    : tell(
        dependencies,
        node,
        'machine-started',
        `The machine of ${node.name} was off and no master answered, so it was switched on again.`,
        'warning',
      ));
  await undoIfUnwanted(dependencies, node);
  await queue.enqueueReconcile(bay);
}

/** What the engine's nodes install may have to be fetched first. A refusal there is as final as one of a machine. */
async function prepareEngine(dependencies: ReconcilerDependencies, bay: Bay, node: Node): Promise<void> {
  try {
    await dependencies.drivers.engine(bay.engine).prepareBay?.(bay);
  } catch (error) {
    await recordMachineProblem(dependencies, node, error);
    throw error;
  }
}

/** What it is made of, by the catalogue. A flavor that is gone is as final as a machine that the provider refuses. */
async function machineNeedsOf(dependencies: ReconcilerDependencies, node: Node): Promise<MachineNeeds> {
  try {
    return await dependencies.database.stores.catalogue.machineNeeds(node.nodeGroupId);
  } catch (error) {
    await recordMachineProblem(dependencies, node, error);
    throw error;
  }
}

/** A machine that its provider refuses for good fails the node; anything else is tried again by the queue. */
async function recordMachineProblem(dependencies: ReconcilerDependencies, node: Node, error: unknown): Promise<void> {
  dependencies.log.warn({ bayId: node.bayId, nodeId: node.id, error: detailOf(error) }, 'making a machine failed');
  await tell(
    dependencies,
    node,
    'machine-failed',
    `The machine of ${node.name} could not be made: ${publicMessageOf(error)}`,
    'warning',
  );
  if (!(error instanceof BaykeeperError) || error.code !== 'provider-refused') return;
  await dependencies.database.stores.nodes.recordFacts(node.id, {
    failedAt: dependencies.now(),
    failure: { phase: 'machine', message: error.publicMessage, logTail: '' },
  });
  await dependencies.queue.enqueueReconcile({ id: node.bayId, projectId: node.projectId });
}

/** Whoever asked for the node's removal while the machine was being made may have looked before it was there. */
async function undoIfUnwanted(dependencies: ReconcilerDependencies, node: Node): Promise<void> {
  const current = await dependencies.database.stores.nodes.find(SYSTEM, node.id);
  if (!current || current.machineRemovedAt) await removeMachine(dependencies, node.id);
}

async function drain(dependencies: ReconcilerDependencies, bay: Bay, node: Node): Promise<void> {
  const { database, drivers, now } = dependencies;
  if (node.drainedAt) return;
  const late = isLate(dependencies, node);
  let outcome: string | null = 'is drained (nothing ran on it)';
  if (node.joinedAt) {
    try {
      const context = await stepContextOf(dependencies, bay);
      const progress = await recordOperation(
        dependencies,
        { id: `${node.id}.drain`, bayId: node.bayId, nodeId: node.id, kind: 'drain' },
        () => drivers.engine(bay.engine).drainNode(context, node),
      );
      if (!progress.drained && !late) throw new CallAgain(ASK_AGAIN_MS);
      outcome = progress.drained ? `is drained (${progress.detail})` : null;
      if (!progress.drained) {
        const problem = `${node.name} was not drained in time: the deadline passed and ${progress.detail}. It is removed all the same.`;
        await tell(dependencies, node, 'drain-timeout', problem, 'warning');
      }
    } catch (error) {
      if (error instanceof CallAgain || !late) throw error;
      outcome = null;
      await tell(
        dependencies,
        node,
        'drain-timeout',
        `${node.name} could not be drained: ${publicMessageOf(error)}`,
        'warning',
      );
    }
  }
  await database.stores.nodes.recordFacts(node.id, { drainedAt: now() });
  // One that the deadline let go was not drained, and its event has said so.
  if (outcome !== null) await tell(dependencies, node, 'node-drained', `${node.name} ${outcome}.`);
}

async function leave(dependencies: ReconcilerDependencies, bay: Bay, node: Node): Promise<void> {
  const { database, drivers, now } = dependencies;
  if (node.leftAt) return;
  // Of a cluster that is lost nobody is left to be told.
  if (node.joinGrantedAt && node.removalReason !== 'cluster-lost') {
    try {
      const context = await stepContextOf(dependencies, bay);
      await recordOperation(
        dependencies,
        { id: `${node.id}.leave`, bayId: node.bayId, nodeId: node.id, kind: 'leave' },
        () => drivers.engine(bay.engine).removeNode(context, node),
      );
    } catch (error) {
      // An engine that no longer answers must not keep a machine alive for ever.
      if (!isLate(dependencies, node)) throw error;
      await tell(
        dependencies,
        node,
        'leave-timeout',
        `${node.name} could not leave the cluster: ${publicMessageOf(error)}`,
        'warning',
      );
    }
  }
  // Its certificate must open no door any more, wherever its disk goes.
  await database.stores.certificates.revokeByNode(node.id);
  await database.stores.nodes.recordFacts(node.id, { leftAt: now() });
}

async function deleteMachine(dependencies: ReconcilerDependencies, bay: Bay, node: Node): Promise<void> {
  const { database, drivers, now, queue } = dependencies;
  if (!node.removalRequestedAt) return;
  if (!node.machineRemovedAt) {
    const operation = { id: machineRemovalId(node.id), bayId: node.bayId, nodeId: node.id, kind: 'delete-machine' };
    try {
      await recordOperation(dependencies, operation, () => drivers.compute.removeMachine(node.id));
    } catch (error) {
      const problem = `The machine of ${node.name} could not be removed: ${publicMessageOf(error)}`;
      if (!isThrottled(error)) await tell(dependencies, node, 'machine-removal-failed', problem, 'warning');
      throw error;
    }
    await database.stores.nodes.recordFacts(node.id, { machineRemovedAt: now() });
    await tell(dependencies, node, 'machine-removed', `The machine of ${node.name} is gone.`);
  }
  await queue.enqueueReconcile(bay);
}

async function stepContextOf(dependencies: ReconcilerDependencies, bay: Bay): Promise<EngineContext> {
  const { nodes, loadBalancers } = dependencies.database.stores;
  const [masters, loadBalancer] = await Promise.all([
    nodes.listMasters(SYSTEM, bay.id),
    loadBalancers.findByBay(SYSTEM, bay.id),
  ]);
  return engineContextOf(dependencies, { bay, nodes: masters, loadBalancer });
}

function isLate({ now, drainTimeoutMs }: ReconcilerDependencies, node: Node): boolean {
  return node.removalRequestedAt !== null && now().getTime() >= node.removalRequestedAt.getTime() + drainTimeoutMs;
}

async function tell(
  dependencies: ReconcilerDependencies,
  node: Node,
  kind: EventKind,
  message: string,
  level: 'info' | 'warning' = 'info',
): Promise<void> {
  await recordEvent(dependencies, {
    bayId: node.bayId,
    projectId: node.projectId,
    nodeId: node.id,
    kind,
    level,
    message,
  });
}
