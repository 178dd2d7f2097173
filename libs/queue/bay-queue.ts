/**
 * The queues. A job names a bay or a node and nothing else: whoever works on it reads everything anew, so a job that is
 * lost, doubled or late can do no harm. Redis may be emptied at any time; sweeps put back what is needed.
 *
 * Per bay at most one reconcile runs and one waits: BullMQ's deduplication with `keepLastIfActive`.
 */
import { FlowProducer, Queue, type FlowJob } from 'bullmq';
import type { BayId, NodeId, NodeStep } from '@baykeeper/domain';
import { currentTraceparent } from '@baykeeper/platform/tracing/trace-context.js';
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
  /** Queues steps of one node as a flow, each after the one before it. Does nothing while such a flow is under way. */
  enqueueNodeSteps(bayId: BayId, nodeId: NodeId, steps: readonly NodeStep[]): Promise<void>;
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

export function openBayQueue(connection: RedisConnection, watch: RedisWatch): BayQueue {
  const bays = new Queue<ReconcileJob>(BAYS_QUEUE, { connection });
  const nodeSteps = new Queue<NodeStepJob>(NODE_STEPS_QUEUE, { connection });
  const flows = new FlowProducer({ connection });
  for (const queue of [bays, nodeSteps, flows]) watch.addQueue(queue);

  return {
    async enqueueReconcile(bayId) {
      await bays.add(
        'reconcile',
        { bayId, ...traced() },
        { ...FORGET, deduplication: { id: bayId, keepLastIfActive: true } },
      );
    },

    async enqueueReconcileAt(bayId, at, now) {
      const delay = Math.max(0, at.getTime() - now.getTime());
      await bays.add(
        'wake',
        { bayId },
        { ...FORGET, delay, deduplication: { id: `wake.${bayId}`, ttl: delay + 1, replace: true } },
      );
    },

    async enqueueNodeSteps(bayId, nodeId, steps) {
      const last = steps.at(-1);
      if (last === undefined) return;
      const jobId = (step: NodeStep): string => `${nodeId}.${step}`;
      // The last step is the flow's root and is there as long as any step is.
      if (await nodeSteps.getJob(jobId(last))) return;
      let flow: FlowJob | undefined;
      for (const step of steps) {
        flow = {
          name: step,
          queueName: NODE_STEPS_QUEUE,
          data: { bayId, nodeId, ...traced() } satisfies NodeStepJob,
          opts: {
            ...FORGET,
            jobId: jobId(step),
            attempts: STEP_ATTEMPTS,
            backoff: { type: 'exponential', delay: STEP_BACKOFF_MS },
            ...(step !== last && { failParentOnFailure: true }),
          },
          ...(flow && { children: [flow] }),
        };
      }
      if (flow) await flows.add(flow);
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
