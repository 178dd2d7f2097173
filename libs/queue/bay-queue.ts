/**
 * The queues. A job names a bay or a node and nothing else: whoever works on it reads everything anew, so a job that is
 * lost, doubled or late can do no harm. Redis may be emptied at any time; sweeps put back what is needed.
 *
 * Per bay at most one reconcile runs and one waits: BullMQ's deduplication with `keepLastIfActive`.
 */
import { FlowProducer, Queue, type FlowJob } from 'bullmq';
import type { BayId, NodeId, NodeStep } from '@baykeeper/domain';
import { currentTraceparent } from '@baykeeper/platform/tracing/trace-context.js';
import { gather } from '@baykeeper/storage';
import type { RedisConnection } from './connection.js';
import type { RedisWatch } from './redis-watch.js';

export const BAYS_QUEUE = 'baykeeper-bays';
export const NODE_STEPS_QUEUE = 'baykeeper-node-steps';

/** Tries of a node step before it is left to the next sweep; with the pauses below about two minutes. */
const STEP_ATTEMPTS = 8;
const STEP_BACKOFF_MS = 500;

/** The trace to which the reason of a job belongs, if that is traced. */
interface TracedJob {
  readonly traceparent?: string;
}
export interface ReconcileJob extends TracedJob {
  readonly bayId: BayId;
}
export interface NodeStepJob extends TracedJob {
  readonly bayId: BayId;
  readonly nodeId: NodeId;
}

export interface StepsOfNode {
  readonly nodeId: NodeId;
  readonly steps: readonly NodeStep[];
}

export interface QueueMeasures {
  readonly jobsByState: Readonly<Record<string, number>>;
  /** Seconds for which the oldest job that could run waits for a worker; 0 when none waits. */
  readonly oldestSeconds: number;
}

export interface BayQueue {
  /** Wakes the reconciler for a bay. */
  enqueueReconcile(bayId: BayId): Promise<void>;
  /** Wakes it at a later time; a later call replaces an earlier one. */
  enqueueReconcileAt(bayId: BayId, at: Date, now: Date): Promise<void>;
  /**
   * Queues the steps of each node as a flow, each after the one before it. Does nothing for a node while such a flow is
   * under way.
   */
  enqueueNodeSteps(bayId: BayId, nodes: readonly StepsOfNode[]): Promise<void>;
  /** For metrics, by queue. */
  measure(now: Date): Promise<Readonly<Record<string, QueueMeasures>>>;
  close(): Promise<void>;
}

function traced(): TracedJob {
  const traceparent = currentTraceparent();
  return traceparent === null ? {} : { traceparent };
}

/** What is done is of no further use in Redis: the ledger of writes is in PostgreSQL. */
const FORGET = { removeOnComplete: true, removeOnFail: true } as const;

/** Nodes of a bay that take turns with those of other bays. */
const NODES_PER_TURN = 10;
/** Where BullMQ's priorities end. */
const LAST_TURN = 2_000_000;

/**
 * Whoever asks for ten nodes does not wait behind somebody's ten thousand: a bay's first nodes come before the next ones of
 * all others. @param place of the node among those that are asked for at the same time
 */
function turnOf(place: number): { readonly priority?: number } {
  const turn = Math.floor(place / NODES_PER_TURN);
  return turn === 0 ? {} : { priority: Math.min(turn, LAST_TURN) };
}

/** Jobs that go to Redis with one round trip: few enough that others are served in between. */
const FLOWS_AT_ONCE = 500;

/**
 * @param repeatAfterMs for how long steps that were queued by this process are taken for queued, without a question: a
 *   large bay is looked at often while its nodes come up. 0: Redis is always asked.
 */
export function openBayQueue(connection: RedisConnection, watch: RedisWatch, repeatAfterMs = 0): BayQueue {
  const bays = new Queue<ReconcileJob>(BAYS_QUEUE, { connection });
  const nodeSteps = new Queue<NodeStepJob>(NODE_STEPS_QUEUE, { connection });
  const flows = new FlowProducer({ connection });
  for (const queue of [bays, nodeSteps, flows]) watch.addQueue(queue);
  /** In order of time. */
  const queuedAt = new Map<string, number>();
  // Many nodes of a bay are a reason to look at it, once.
  const enqueueReconcile = gather(
    async (jobs: readonly ReconcileJob[]) => {
      const latest = [...new Map(jobs.map((job) => [job.bayId, job])).values()];
      await Promise.all(
        latest.map((job) =>
          bays.add('reconcile', job, { ...FORGET, deduplication: { id: job.bayId, keepLastIfActive: true } }),
        ),
      );
      return jobs.map(() => undefined);
    },
    { atOnce: 4, most: 1_000 },
  );

  return {
    enqueueReconcile: (bayId) => enqueueReconcile({ bayId, ...traced() }),

    async enqueueReconcileAt(bayId, at, now) {
      const delay = Math.max(0, at.getTime() - now.getTime());
      await bays.add(
        'wake',
        { bayId },
        { ...FORGET, delay, deduplication: { id: `wake.${bayId}`, ttl: delay + 1, replace: true } },
      );
    },

    async enqueueNodeSteps(bayId, nodes) {
      const now = performance.now();
      for (const [id, at] of queuedAt) {
        if (now - at < repeatAfterMs) break;
        queuedAt.delete(id);
      }
      const due: readonly Due[] = nodes
        .map((node, place) => ({ ...node, place }))
        .filter(({ nodeId, steps }) => steps.length > 0 && !queuedAt.has(flowId(nodeId, steps)));
      for (let from = 0; from < due.length; from += FLOWS_AT_ONCE) {
        const some = due.slice(from, from + FLOWS_AT_ONCE);
        const single = some.filter(({ steps }) => steps.length === 1);
        if (single.length > 0) await nodeSteps.addBulk(single.flatMap((one) => jobsOf(bayId, one)));
        const several = some.filter(({ steps }) => steps.length > 1);
        // The last step is the flow's root and is there as long as any step is.
        const known = await Promise.all(several.map(({ nodeId, steps }) => nodeSteps.getJob(rootId(nodeId, steps))));
        const flowsToAdd = several.filter((_, index) => !known[index]).map((one) => flowOf(bayId, one));
        if (flowsToAdd.length > 0) await flows.addBulk(flowsToAdd);
        if (repeatAfterMs > 0) for (const { nodeId, steps } of some) queuedAt.set(flowId(nodeId, steps), now);
      }
    },

    async measure(now) {
      const [forBays, forNodes] = await Promise.all([measureQueue(bays, now), measureQueue(nodeSteps, now)]);
      return { [BAYS_QUEUE]: forBays, [NODE_STEPS_QUEUE]: forNodes };
    },

    async close() {
      await Promise.all([bays.close(), nodeSteps.close(), flows.close()]);
    },
  };
}

interface Due extends StepsOfNode {
  readonly place: number;
}

const rootId = (nodeId: NodeId, steps: readonly NodeStep[]): string => jobIdOf(nodeId, steps.at(-1));
const flowId = (nodeId: NodeId, steps: readonly NodeStep[]): string => `${nodeId}.${steps.join('.')}`;

function jobIdOf(nodeId: NodeId, step: NodeStep | undefined): string {
  return `${nodeId}.${step ?? ''}`;
}

function optionsOf(nodeId: NodeId, step: NodeStep, place: number) {
  return {
    ...FORGET,
    ...turnOf(place),
    jobId: jobIdOf(nodeId, step),
    attempts: STEP_ATTEMPTS,
    backoff: { type: 'exponential', delay: STEP_BACKOFF_MS },
  };
}

/** A step alone needs no flow. */
function jobsOf(bayId: BayId, { nodeId, steps, place }: Due) {
  return steps.map((step) => ({
    name: step,
    data: { bayId, nodeId, ...traced() },
    opts: optionsOf(nodeId, step, place),
  }));
}

function flowOf(bayId: BayId, { nodeId, steps, place }: Due): FlowJob {
  const [last, ...before] = [...steps].reverse();
  if (last === undefined) throw new Error('a flow has a step');
  const jobOf = (step: NodeStep, rest: readonly NodeStep[]): FlowJob => {
    const [previous, ...others] = rest;
    return {
      name: step,
      queueName: NODE_STEPS_QUEUE,
      data: { bayId, nodeId, ...traced() } satisfies NodeStepJob,
      opts: { ...optionsOf(nodeId, step, place), ...(step !== last && { failParentOnFailure: true }) },
      ...(previous !== undefined && { children: [jobOf(previous, others)] }),
    };
  };
  return jobOf(last, before);
}

/** Jobs that may run at once; `delayed` ones have their time still to come. */
const RUNNABLE = ['waiting', 'prioritized'] as const;

async function measureQueue(queue: Queue, now: Date): Promise<QueueMeasures> {
  const [jobsByState, ...oldest] = await Promise.all([
    queue.getJobCounts(),
    ...RUNNABLE.map((state) => queue.getJobs([state], 0, 0, true)),
  ]);
  // One that ran before waits since then, one that was put off since its time came.
  const since = oldest.flat().map((job) => Math.max(job.timestamp + (job.opts.delay ?? 0), job.processedOn ?? 0));
  const seconds = since.map((at) => (now.getTime() - at) / 1_000);
  return { jobsByState, oldestSeconds: Math.max(0, ...seconds) };
}
