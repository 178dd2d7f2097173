/**
 * BullMQ's side of the worker: which job name is handled by what. The table is checked when the process starts: a job
 * without a handler, or two for one, would only be noticed when a bay stands still.
 */
import { DelayedError, WaitingError, Worker, type Job } from 'bullmq';
import { detailOf, NODE_STEPS, type Log, type NodeStep } from '@baykeeper/domain';
import { inSpan, parseTraceparent, type SpanFacts } from '@baykeeper/platform';
import type { RedisConnection } from '@baykeeper/queue';
import {
  BAYS_QUEUE,
  NODE_STEPS_QUEUE,
  QUEUE_PREFIX,
  type NodeStepJob,
  type QueuedBay,
  type ReconcileJob,
} from '@baykeeper/queue/bay-queue.js';
import {
  CallAgain,
  HandedBack,
  reconcileBay,
  runNodeStep,
  unlessHandedBack,
  type MachineListing,
  type ReconcilerDependencies,
} from '@baykeeper/reconciler';
import type { Installation } from '@baykeeper/services';
import { openRests } from './rests.js';
import { measureJobs } from './worker-metrics.js';

/** How soon the jobs of a process that died are taken over: its lock runs out, and somebody looks for such locks. */
const LOCK_MS = 15_000;
const LOOK_FOR_STALLED_MS = 5_000;
/** A job that outlives this many workers is left to the sweep. */
const MOST_TAKE_OVERS = 5;

export interface ProcessorSettings {
  readonly reconcileConcurrency: number;
  readonly stepConcurrency: number;
}

export interface Processors {
  /** Takes no more jobs; resolves when those under way have ended or are back in their queue. */
  close(): Promise<void>;
}

export function startProcessors(
  { redis: connection, redisWatch, metrics }: Pick<Installation, 'redis' | 'redisWatch' | 'metrics'>,
  dependencies: ReconcilerDependencies,
  listing: MachineListing,
  settings: ProcessorSettings,
): Processors {
  const { queue } = dependencies;
  const rests = openRests();
  const bays = new Worker<ReconcileJob>(
    BAYS_QUEUE,
    (job, token) =>
      orHandBack(job, token, async () => {
        // A wake only turns into a reconcile: so at most one pass per bay runs and one waits, whoever asked.
        const { bayId } = job.data;
        if (job.name === 'wake') return queue.enqueueReconcile(bayOf(job));
        const restMs = rests.leftFor(bayId);
        if (restMs > 0) return putOff(job, token, Date.now() + restMs);
        await queue.awaitTurn(job, token);
        await queue.reconcileStarted(bayId);
        await rests.after(bayId, () => reconcileBay(dependencies, listing, bayId));
      }),
    { ...workerOptions(connection), concurrency: settings.reconcileConcurrency },
  );
  const nodeSteps = new Worker<NodeStepJob>(
    NODE_STEPS_QUEUE,
    (job, token) =>
      orHandBack(job, token, () =>
        unlessHandedBack(dependencies.handBack, async () => {
          await Promise.all([queue.nodeStepStarted(), processNodeStep(dependencies, job, token)]);
        }),
      ),
    { ...workerOptions(connection), concurrency: settings.stepConcurrency },
  );
  const telling = new Set<Promise<void>>();
  for (const event of ['completed', 'failed'] as const) {
    bays.on(event, (job: Job<ReconcileJob> | undefined) => {
      if (job?.name !== 'reconcile') return;
      // Forgotten, it is put in by the sweep.
      const told = queue.reconcileEnded(bayOf(job)).catch((error: unknown) => {
        dependencies.log.warn({ bayId: job.data.bayId, error: detailOf(error) }, 'queueing a bay again failed');
      });
      telling.add(told);
      void told.finally(() => telling.delete(told));
    });
  }
  const measure = measureJobs(metrics);
  for (const worker of [bays, nodeSteps]) {
    measure(worker);
    logFailures(worker, dependencies.log);
    redisWatch.addQueue(worker);
  }
  return {
    async close() {
      await Promise.all([bays.close(), nodeSteps.close()]);
      await Promise.all(telling);
    },
  };
}

const bayOf = ({ data }: Job<ReconcileJob>): QueuedBay => ({ id: data.bayId, projectId: data.projectId });

function workerOptions(connection: RedisConnection) {
  return {
    connection,
    prefix: QUEUE_PREFIX,
    lockDuration: LOCK_MS,
    stalledInterval: LOOK_FOR_STALLED_MS,
    maxStalledCount: MOST_TAKE_OVERS,
  };
}

/** Puts the job back where another worker takes it at once, instead of after the end of our lock. */
async function orHandBack(
  job: Job<ReconcileJob | NodeStepJob>,
  token: string | undefined,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await inSpan(() => spanOf(job), work);
  } catch (error) {
    if (!(error instanceof HandedBack)) throw error;
    await job.moveToWait(token);
    throw new WaitingError();
  }
}

function spanOf({ name, queueName, data }: Job<ReconcileJob | NodeStepJob>): SpanFacts {
  return {
    ...{ name: `job ${name}`, kind: 'consumer', parent: parseTraceparent(data.traceparent) },
    attributes: {
      ...{ 'messaging.destination.name': queueName, 'baykeeper.bay_id': data.bayId },
      ...('nodeId' in data && { 'baykeeper.node_id': data.nodeId }),
    },
  };
}

async function processNodeStep(
  dependencies: ReconcilerDependencies,
  job: Job<NodeStepJob>,
  token: string | undefined,
): Promise<void> {
  if (!isNodeStep(job.name)) throw new Error(`no handler for the job ${job.name}`);
  await dependencies.queue.awaitTurn(job, token);
  try {
    await runNodeStep(dependencies, job.name, job.data);
  } catch (error) {
    if (!(error instanceof CallAgain)) throw error;
    await putOff(job, token, dependencies.now().getTime() + error.afterMs);
  }
}

async function putOff(job: Job, token: string | undefined, until: number): Promise<never> {
  await job.moveToDelayed(until, token);
  throw new DelayedError();
}

function isNodeStep(name: string): name is NodeStep {
  return NODE_STEPS.some((step) => step === name);
}

function logFailures(worker: Worker, log: Log): void {
  worker.on('failed', (job, error) => {
    log.warn(
      { queue: worker.name, job: job?.name, jobId: job?.id, attempt: job?.attemptsMade, error: detailOf(error) },
      'a job failed',
    );
  });
}
