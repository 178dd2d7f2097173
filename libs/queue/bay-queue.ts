/**
 * The queues. A job names a bay or a node and nothing else: whoever works on it reads everything anew, so a job that is
 * lost, doubled or late can do no harm. Redis may be emptied at any time; sweeps put back what is needed.
 *
 * Before each queue is a line in which projects take turns (`fair-line.ts`). Per bay at most one reconcile is in the queue or
 * runs, and one waits in the line.
 */
import { FlowProducer, Queue, type FlowJob, type Job } from 'bullmq';
import type { Bay, BayId, NodeId, NodeStep, ProjectId } from '@baykeeper/domain';
import { currentTraceparent } from '@baykeeper/platform/tracing/trace-context.js';
import { awaitTurn, letInInOrder, type Turn } from './come-back.js';
import type { RedisConnection } from './connection.js';
import { openFairLine, type FairLine } from './fair-line.js';
import type { RedisWatch } from './redis-watch.js';

export const BAYS_QUEUE = 'baykeeper-bays';
export const NODE_STEPS_QUEUE = 'baykeeper-node-steps';
/** Of all keys in Redis; in a cluster they are in one slot, as BullMQ's scripts and ours demand. */
export const QUEUE_PREFIX = '{baykeeper}';

/** Tries of a node step before it is left to the next sweep; with the pauses below about two minutes. */
const STEP_ATTEMPTS = 8;
const STEP_BACKOFF_MS = 500;

/** The trace to which the reason of a job belongs, if that is traced. */
interface TracedJob {
  readonly traceparent?: string;
}
export interface ReconcileJob extends TracedJob, Turn {
  readonly bayId: BayId;
  readonly projectId: ProjectId | null;
}
export interface NodeStepJob extends TracedJob, Turn {
  readonly bayId: BayId;
  /** Missing in jobs of an older version. */
  readonly projectId?: ProjectId | null;
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

/** Whose turn it is belongs to the project; null: a bay that is gone, which has its own. */
export interface QueuedBay extends Pick<Bay, 'id'> {
  readonly projectId: ProjectId | null;
}

export interface BayQueue {
  /** Wakes the reconciler for a bay. */
  enqueueReconcile(bay: QueuedBay): Promise<void>;
  /** Wakes it at a later time; a later call replaces an earlier one. */
  enqueueReconcileAt(bay: QueuedBay, at: Date, now: Date): Promise<void>;
  /**
   * Queues the steps of each node as a flow, each after the one before it. Does nothing for a node while such a flow is
   * under way.
   */
  enqueueNodeSteps(bay: QueuedBay, nodes: readonly StepsOfNode[]): Promise<void>;
  /** A worker is about to look at the bay: what it was woken for until now is dealt with by that. */
  reconcileStarted(bayId: BayId): Promise<void>;
  /** It has looked, with whatever outcome: what the bay was woken for meanwhile is a reason for the next time. */
  reconcileEnded(bay: QueuedBay): Promise<void>;
  /**
   * Comes before the work of a job that is no `wake`: one that comes back waits for its turn while others wait.
   * @throws DelayedError of BullMQ, which is to be handed on to it: it is not the job's turn yet
   */
  awaitTurn(job: Job<ReconcileJob | NodeStepJob>, token: string | undefined): Promise<void>;
  /** A worker has taken a step of a node, so another one may come in. */
  nodeStepStarted(): Promise<void>;
  /** Lets in what there is room for; to be called now and then, for what the process that should have done it could not. */
  refill(): Promise<void>;
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

/** Nodes of a project that are worked on before the next project has its turn. */
const NODES_PER_TURN = 10;

export interface BayQueueSettings {
  /**
   * For how long steps that were queued by this process are taken for queued, without a question: a large bay is looked at
   * often while its nodes come up. 0: Redis is always asked.
   */
  readonly repeatAfterMs?: number;
  /** Passes that wait in the queue itself, after the line; as many as a worker does at the same time keep it busy. */
  readonly mostReconciles?: number;
  readonly mostSteps?: number;
}

const DEFAULTS = { repeatAfterMs: 0, mostReconciles: 16, mostSteps: 32 } as const;

export function openBayQueue(
  connection: RedisConnection,
  watch: RedisWatch,
  settings: BayQueueSettings = {},
): BayQueue {
  const { repeatAfterMs, mostReconciles, mostSteps } = { ...DEFAULTS, ...settings };
  const bays = new Queue<ReconcileJob>(BAYS_QUEUE, { connection, prefix: QUEUE_PREFIX });
  const nodeSteps = new Queue<NodeStepJob>(NODE_STEPS_QUEUE, { connection, prefix: QUEUE_PREFIX });
  const flows = new FlowProducer({ connection, prefix: QUEUE_PREFIX });
  for (const queue of [bays, nodeSteps, flows]) watch.addQueue(queue);
  /** In order of time. */
  const queuedAt = new Map<string, number>();

  const bayLine = openFairLine(connection, {
    ...{ prefix: `${QUEUE_PREFIX}:line:bays`, turn: 1, most: mostReconciles },
    ...{ waiting: bays.toKey('wait'), busy: bays.toKey('de:'), isHeld: true },
    letIn: (payloads) =>
      letInInOrder(bays, payloads, (fresh) => {
        const jobs = fresh.map((payload) => JSON.parse(payload) as Lined<ReconcileJob>);
        return bays.addBulk(
          jobs.map(({ at, ...data }) => ({
            ...{ name: 'reconcile', data },
            opts: { ...FORGET, timestamp: at, deduplication: { id: data.bayId } },
          })),
        );
      }),
  });
  const stepLine = openFairLine(connection, {
    ...{ prefix: `${QUEUE_PREFIX}:line:node-steps`, turn: NODES_PER_TURN, most: mostSteps },
    ...{ waiting: nodeSteps.toKey('wait'), busy: nodeSteps.toKey(''), isHeld: false },
    letIn: (payloads) =>
      letInInOrder(nodeSteps, payloads, async (fresh) => {
        const due = fresh.map((payload) => JSON.parse(payload) as Lined<DueSteps>);
        const single = due.filter(({ steps }) => steps.length === 1);
        if (single.length > 0) await nodeSteps.addBulk(single.flatMap(jobsOf));
        const several = due.filter(({ steps }) => steps.length > 1);
        // The last step is the flow's root and is there as long as any step is.
        const known = await Promise.all(several.map(({ nodeId, steps }) => nodeSteps.getJob(rootId(nodeId, steps))));
        const flowsToAdd = several.filter((_, index) => !known[index]).map(flowOf);
        if (flowsToAdd.length > 0) await flows.addBulk(flowsToAdd);
      }),
  });

  return {
    async enqueueReconcile({ id, projectId }) {
      const payload: Lined<ReconcileJob> = { bayId: id, projectId, ...traced(), at: Date.now() };
      await bayLine.put({ project: projectId ?? id, bay: id, key: id, payload: JSON.stringify(payload) });
    },

    async enqueueReconcileAt({ id, projectId }, at, now) {
      const delay = Math.max(0, at.getTime() - now.getTime());
      await bays.add(
        'wake',
        { bayId: id, projectId },
        { ...FORGET, delay, deduplication: { id: `wake.${id}`, ttl: delay + 1, replace: true } },
      );
    },

    async enqueueNodeSteps({ id: bayId, projectId }, nodes) {
      const now = performance.now();
      for (const [id, at] of queuedAt) {
        if (now - at < repeatAfterMs) break;
        queuedAt.delete(id);
      }
      const due = nodes.filter(({ nodeId, steps }) => steps.length > 0 && !queuedAt.has(flowId(nodeId, steps)));
      const known = { bayId, projectId, ...traced(), at: Date.now() };
      await Promise.all(
        due.map(({ nodeId, steps }) => {
          const payload: Lined<DueSteps> = { ...known, nodeId, steps };
          const key = rootId(nodeId, steps);
          return stepLine.put({ project: projectId ?? bayId, bay: bayId, key, payload: JSON.stringify(payload) });
        }),
      );
      if (repeatAfterMs > 0) for (const { nodeId, steps } of due) queuedAt.set(flowId(nodeId, steps), now);
    },

    reconcileStarted: (bayId) => bayLine.started(bayId),
    reconcileEnded: ({ id, projectId }) => bayLine.ended({ project: projectId ?? id, bay: id, key: id }),

    awaitTurn: (job, token) => awaitTurn(job.queueName === BAYS_QUEUE ? bayLine : stepLine, job, token),
    nodeStepStarted: () => stepLine.refill(),

    async refill() {
      await Promise.all([bayLine.refill(), stepLine.refill()]);
    },

    async measure(now) {
      const [forBays, forNodes] = await Promise.all([
        measureQueue(bays, bayLine, now),
        measureQueue(nodeSteps, stepLine, now),
      ]);
      return { [BAYS_QUEUE]: forBays, [NODE_STEPS_QUEUE]: forNodes };
    },

    async close() {
      await Promise.all([bays.close(), nodeSteps.close(), flows.close()]);
    },
  };
}

/** What waits in a line, with the time of its coming. */
type Lined<T> = T & { readonly at: number };
type DueSteps = NodeStepJob & Pick<StepsOfNode, 'steps'>;

const rootId = (nodeId: NodeId, steps: readonly NodeStep[]): string => jobIdOf(nodeId, steps.at(-1));
const flowId = (nodeId: NodeId, steps: readonly NodeStep[]): string => `${nodeId}.${steps.join('.')}`;

function jobIdOf(nodeId: NodeId, step: NodeStep | undefined): string {
  return `${nodeId}.${step ?? ''}`;
}

function optionsOf(nodeId: NodeId, step: NodeStep, at: number) {
  return {
    ...FORGET,
    timestamp: at,
    jobId: jobIdOf(nodeId, step),
    attempts: STEP_ATTEMPTS,
    backoff: { type: 'exponential', delay: STEP_BACKOFF_MS },
  };
}

/** A step alone needs no flow. */
function jobsOf({ steps, at, ...data }: Lined<DueSteps>) {
  return steps.map((step) => ({ name: step, data, opts: optionsOf(data.nodeId, step, at) }));
}

function flowOf({ steps, at, ...data }: Lined<DueSteps>): FlowJob {
  const [last, ...before] = [...steps].reverse();
  if (last === undefined) throw new Error('a flow has a step');
  const jobOf = (step: NodeStep, rest: readonly NodeStep[]): FlowJob => {
    const [previous, ...others] = rest;
    return {
      ...{ name: step, queueName: NODE_STEPS_QUEUE, data },
      opts: { ...optionsOf(data.nodeId, step, at), ...(step !== last && { failParentOnFailure: true }) },
      ...(previous !== undefined && { children: [jobOf(previous, others)] }),
    };
  };
  return jobOf(last, before);
}

async function measureQueue(queue: Queue, line: FairLine, now: Date): Promise<QueueMeasures> {
  const [counts, [first], { length, oldest }] = await Promise.all([
    queue.getJobCounts(),
    queue.getJobs(['waiting'], 0, 0, true),
    line.measure(),
  ]);
  // One that ran before waits since then, one that was put off since its time came.
  const since = first && Math.max(first.timestamp + (first.opts.delay ?? 0), first.processedOn ?? 0);
  const sinceInLine = oldest === null ? undefined : (JSON.parse(oldest) as Lined<unknown>).at;
  const seconds = [since, sinceInLine].map((at) => (at === undefined ? 0 : (now.getTime() - at) / 1_000));
  return {
    // For whoever waits the line is part of the queue.
    jobsByState: { ...counts, waiting: (counts['waiting'] ?? 0) + length },
    oldestSeconds: Math.max(0, ...seconds),
  };
}
