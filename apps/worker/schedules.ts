/**
 * What a worker does by time. Plain timers in every worker rather than jobs in Redis: so an emptied Redis forgets no
 * schedule, and a sweep done by two workers is only done twice.
 */
import { detailOf, type Log } from '@baykeeper/domain';
import { OUTBOX_TOPIC, relayOutbox, type Signals } from '@baykeeper/queue';
import { openOrphanSweep, sweepBays, unlessHandedBack, type ReconcilerDependencies } from '@baykeeper/reconciler';

export interface ScheduleSettings {
  readonly sweepSeconds: number;
  readonly settledSweepSeconds: number;
  readonly orphanSweepSeconds: number;
}

/** The relay is woken by a signal; this only covers a lost one. */
const RELAY_MS = 1_000;
/** So are the lines before the queues, by the workers that take from these. */
const REFILL_MS = 1_000;

export interface Schedules {
  /** Begins nothing more and waits for what is under way, until the signal comes. */
  stop(handBack: AbortSignal): Promise<void>;
}

export async function startSchedules(
  dependencies: ReconcilerDependencies,
  signals: Signals,
  settings: ScheduleSettings,
): Promise<Schedules> {
  const { database, queue, log } = dependencies;
  const orphans = openOrphanSweep(dependencies);
  const relay = every(log, 'relaying the outbox', RELAY_MS, () => relayOutbox(database, queue));
  const tasks = [
    relay,
    every(log, 'letting in what waits in line', REFILL_MS, () => queue.refill()),
    every(log, 'sweeping bays', settings.sweepSeconds * 1000, () =>
      sweepBays(dependencies, { settledAfterSeconds: settings.settledSweepSeconds }),
    ),
    every(log, 'sweeping orphans', settings.orphanSweepSeconds * 1000, () => orphans.run()),
  ];
  const unsubscribe = await signals.subscribe(OUTBOX_TOPIC, relay.now);
  return {
    async stop(handBack) {
      unsubscribe();
      const stopped = Promise.all(tasks.map((task) => task.stop()));
      await unlessHandedBack(handBack, () => stopped).catch(() => undefined);
    },
  };
}

interface Task {
  readonly now: () => void;
  readonly stop: () => Promise<void>;
}

/** Runs `work` now, by time and on demand, never twice at once; a demand during a run is met right after it. */
function every(log: Log, name: string, intervalMs: number, work: () => Promise<unknown>): Task {
  let running: Promise<void> | null = null;
  let again = false;
  let stopped = false;
  const isWantedAgain = (): boolean => again && !stopped;
  const run = async (): Promise<void> => {
    do {
      again = false;
      try {
        await work();
      } catch (error) {
        log.warn({ task: name, error: detailOf(error) }, 'a scheduled task failed');
      }
    } while (isWantedAgain());
    running = null;
  };
  const now = (): void => {
    if (stopped) return;
    if (running) again = true;
    else running = run();
  };
  const timer = setInterval(now, intervalMs);
  now();
  return {
    now,
    async stop() {
      stopped = true;
      clearInterval(timer);
      await running;
    },
  };
}
