/** The reconciler over a fake cloud and a queue in memory, with a clock that is turned and nodes that live by themselves. */
import type { BayId, Log, Node, NodeId, NodeStep } from '@baykeeper/domain';
import type { BayQueue } from '@baykeeper/queue';
import { SYSTEM, type Database } from '@baykeeper/storage';
import type { ReconcilerDependencies } from '../dependencies.js';
import { openMachineListing, type MachineListing } from '../observe-bay.js';
import { reconcileBay } from '../reconcile-bay.js';
import { runNodeStep } from '../run-node-step.js';
import { FakeCloud } from './fake-cloud.js';

const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
/** Above the life of a listing, so that every round looks anew. */
const ROUND_MS = 6_000;
const MOST_ROUNDS = 60;

export class TestInstallation {
  readonly cloud = new FakeCloud();
  /** Nodes, by name, whose machine never says a word. */
  readonly mute = new Set<string>();
  readonly dependencies: ReconcilerDependencies;
  readonly listing: MachineListing;
  private ahead = 0;
  private readonly flows = new Map<NodeId, { bayId: BayId; nodeId: NodeId; steps: readonly NodeStep[] }>();

  /** @param driverPatienceMs short, because drivers of tests hang on purpose */
  constructor(
    private readonly database: Database,
    driverPatienceMs = 100,
  ) {
    const queue: BayQueue = {
      enqueueReconcile: () => Promise.resolve(),
      enqueueReconcileAt: () => Promise.resolve(),
      enqueueNodeSteps: ({ id: bayId }, nodes) => {
        for (const { nodeId, steps } of nodes)
          if (!this.flows.has(nodeId)) this.flows.set(nodeId, { bayId, nodeId, steps });
        return Promise.resolve();
      },
      reconcileStarted: () => Promise.resolve(),
      reconcileEnded: () => Promise.resolve(),
      awaitTurn: () => Promise.resolve(),
      nodeStepStarted: () => Promise.resolve(),
      refill: () => Promise.resolve(),
      measure: () => Promise.resolve({}),
      close: () => Promise.resolve(),
    };
    this.dependencies = {
      ...{ database, queue, drivers: this.cloud.drivers, log: silent, installation: 'ours', holder: 'test' },
      signals: {
        publish: () => Promise.resolve(),
        subscribe: () => Promise.resolve(() => undefined),
        close: () => Promise.resolve(),
      },
      now: () => new Date(Date.now() + this.ahead),
      limits: {
        nodeBootTimeoutMs: 60_000,
        nodeLostTimeoutMs: 60_000,
        defaultCreateTimeoutMs: 3_600_000,
        maximumReplacements: 3,
        replacementBackoffMs: 5_000,
      },
      drainTimeoutMs: 30_000,
      orphanGraceMs: 60_000,
      driverPatienceMs,
      templatesDirectory: this.cloud.drivers.templatesDirectory,
      controlIdentity: () => Promise.resolve(null),
      controlPlane: () => Promise.resolve({ url: 'https://192.0.2.254:9512', caPem: '' }),
      enrolmentToken: (nodeId) => `token-${nodeId}`,
    };
    this.listing = openMachineListing(this.dependencies);
  }

  turnClock(milliseconds: number): void {
    this.ahead += milliseconds;
  }

  nodes(bayId: BayId): Promise<readonly Node[]> {
    return this.database.stores.nodes.listByBay(SYSTEM, bayId);
  }

  /** Two passes, as if the first had been forgotten; then the steps of nodes, each twice; then the nodes live on. */
  async round(bayId: BayId): Promise<void> {
    await reconcileBay(this.dependencies, this.listing, bayId);
    await reconcileBay(this.dependencies, this.listing, bayId);
    const flows = [...this.flows.values()];
    this.flows.clear();
    for (const { steps, ...job } of flows) {
      try {
        for (const step of steps) {
          await runNodeStep(this.dependencies, step, job);
          await runNodeStep(this.dependencies, step, job);
        }
      } catch {
        // As the queue does: the rest of the flow is left to a later pass.
      }
    }
    await this.live(bayId);
    this.turnClock(ROUND_MS);
  }

  /** @returns the rounds it took */
  async until(bayId: BayId, holds: () => Promise<boolean>): Promise<number> {
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      if (await holds()) return round;
      await this.round(bayId);
    }
    const bay = await this.database.stores.bays.get(bayId);
    const nodes = (await this.nodes(bayId)).map((node) => JSON.stringify(node));
    throw new Error(`it did not come true: ${String(bay?.status)} ${String(bay?.statusReason)}\n${nodes.join('\n')}`);
  }

  async settled(bayId: BayId): Promise<boolean> {
    const bay = await this.database.stores.bays.get(bayId);
    return bay?.status.endsWith('_COMPLETE') === true && bay.settledGeneration === bay.generation;
  }

  /** What nodes do by themselves. */
  private async live(bayId: BayId): Promise<void> {
    const { nodes } = this.database.stores;
    const at = this.dependencies.now();
    for (const node of await nodes.readByBay(bayId)) {
      if (!this.cloud.machines.has(node.id) || this.mute.has(node.name) || node.failedAt) continue;
      if (!node.certifiedAt) await nodes.recordFacts(node.id, { bootedAt: at, certifiedAt: at });
      if (!node.joinGrantedAt || node.joinedAt || node.removalRequestedAt) continue;
      await nodes.recordFacts(node.id, { joinedAt: at });
      this.cloud.cluster.set(node.name, 'ready');
    }
  }
}
