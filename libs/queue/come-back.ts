/**
 * A job that comes back, because it failed, is not done, or its bay rests, comes out of BullMQ's own delay, and so past the
 * line before its queue. While others wait it waits there for its turn like everybody, delayed meanwhile; a project whose
 * machines all fail, or drain for minutes, would else fill the queue and keep the line from letting anybody in.
 */
import { DelayedError, type Job, type Queue } from 'bullmq';
import type { FairLine } from './fair-line.js';

/** A process may die between delaying a job and putting it into the line: so long nobody misses it. */
const LOOK_AGAIN_MS = 15_000;

/** Part of the data of each job. */
export interface Turn {
  /** The start of the job (BullMQ counts them) that has had its turn. */
  readonly turn?: number;
}

export interface ComingBack extends Turn {
  readonly bayId: string;
  /** Missing in jobs of an older version. */
  readonly projectId?: string | null;
}

/**
 * To be called before a job is worked on.
 * @throws DelayedError of BullMQ, which is to be handed on to it: the job waits for its turn
 */
export async function awaitTurn(line: FairLine, job: Job<ComingBack>, token: string | undefined): Promise<void> {
  const { attemptsStarted, data } = job;
  // The first time it came through the line.
  if (attemptsStarted <= 1) return;
  const entry = { project: data.projectId ?? data.bayId, bay: data.bayId, key: keyOf(job.id) };
  const { isWaiting, othersWait } = await line.look(entry);
  if (!isWaiting && (!othersWait || data.turn === attemptsStarted)) return;
  await job.updateData({ ...data, turn: attemptsStarted + 1 });
  await job.moveToDelayed(Date.now() + LOOK_AGAIN_MS, token);
  // Not before: one that is let in has to be delayed.
  if (!isWaiting) await line.putAgain({ ...entry, payload: JSON.stringify({ again: job.id, at: Date.now() }) });
  throw new DelayedError();
}

/** No job of ours has such an id. */
const keyOf = (jobId: string | undefined): string => `again.${jobId ?? ''}`;

/** Puts into the queue what is let in, in this order: new work as `add` does, and jobs that come back. */
export async function letInInOrder(
  queue: Queue,
  payloads: readonly string[],
  add: (fresh: readonly string[]) => Promise<unknown>,
): Promise<void> {
  const entries = payloads.map((payload) => ({ payload, again: (JSON.parse(payload) as Comeback).again }));
  for (let at = 0; at < entries.length;) {
    const isFresh = entries[at]?.again === undefined;
    const other = entries.findIndex(({ again }, index) => index > at && (again === undefined) !== isFresh);
    const alike = entries.slice(at, other === -1 ? undefined : other);
    if (isFresh) await add(alike.map(({ payload }) => payload));
    else await letComeBack(queue, alike);
    at += alike.length;
  }
}

interface Comeback {
  /** The id of the job; missing in new work. */
  readonly again?: string | undefined;
}

async function letComeBack(queue: Queue, entries: readonly Comeback[]): Promise<void> {
  await Promise.all(
    entries.map(async ({ again }) => {
      const job = await queue.getJob(again ?? '');
      // One that is not delayed any more has come by itself; one that could not be asked will.
      await job?.promote().catch(() => undefined);
    }),
  );
}
