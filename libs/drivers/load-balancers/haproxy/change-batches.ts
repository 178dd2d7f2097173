/**
 * Changes that are asked for at about the same time are made together, so that a hundred new load balancers cost a few
 * reloads and not a hundred: all write their files, HAProxy reloads once if any needs it, then each finishes.
 *
 * When HAProxy does not take the whole batch, all of it is undone and each change is tried alone: what one bay asks for
 * must not stand in the way of another's.
 */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Change<T> {
  /** Writes the files. @returns whether HAProxy has to reload for it. */
  write(): Promise<boolean>;
  /** Takes back what `write` did. */
  undo(): Promise<void>;
  /** Does the rest, once HAProxy has what was written. */
  finish(): Promise<T>;
}

export interface BatchSurroundings {
  /** Runs the work while no other process changes anything. */
  readonly locked: (work: () => Promise<void>) => Promise<void>;
  /** Called after the files of a batch are written: makes HAProxy run, reloads it if asked to. */
  readonly load: (reload: boolean) => Promise<void>;
}

/** After so long at work without a break another process that waits for the lock gets its turn, */
const AT_WORK_MS = 250;
/** by a break that is longer than the time between two of its attempts. */
const LET_OTHERS_MS = 30;

interface Waiting {
  readonly change: Change<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export interface ChangeBatches {
  run<T>(change: Change<T>): Promise<T>;
}

export function openChangeBatches({ locked, load }: BatchSurroundings): ChangeBatches {
  let waiting: Waiting[] = [];
  let isWorking = false;

  /** @returns those that are written, with whether each needs a reload; the others have been told why not. */
  async function write(batch: readonly Waiting[]): Promise<{ entry: Waiting; reload: boolean }[]> {
    const written: { entry: Waiting; reload: boolean }[] = [];
    for (const entry of batch) {
      try {
        written.push({ entry, reload: await entry.change.write() });
      } catch (error) {
        await undo(entry);
        entry.reject(error);
      }
    }
    return written;
  }

  async function make(batch: readonly Waiting[]): Promise<void> {
    const written = await write(batch);
    try {
      await load(written.some(({ reload }) => reload));
    } catch (error) {
      for (const { entry } of written.toReversed()) await undo(entry);
      const [only, ...others] = written;
      if (only && others.length === 0) {
        only.entry.reject(error);
        // HAProxy keeps its old worker, but only a good reload makes its master forget the bad one.
        await load(true).catch(() => undefined);
      } else for (const { entry } of written) await make([entry]);
      return;
    }
    for (const { entry } of written) await entry.change.finish().then(entry.resolve, entry.reject);
  }

  async function undo({ change, reject }: Waiting): Promise<void> {
    // Worse news than that the change failed, and told instead. The next change of the same balancer puts it right.
    await change.undo().catch(reject);
  }

  async function work(): Promise<void> {
    let since = Date.now();
    while (waiting.length > 0) {
      let batch: Waiting[] = [];
      try {
        await locked(async () => {
          // Whoever came while we waited for the lock comes along.
          batch = waiting;
          waiting = [];
          await make(batch);
        });
      } catch (error) {
        // Without the lock nobody was taken out of the queue yet.
        for (const { reject } of [...batch, ...waiting]) reject(error);
        waiting = [];
      }
      if (waiting.length > 0 && Date.now() - since > AT_WORK_MS) {
        await sleep(LET_OTHERS_MS);
        since = Date.now();
      }
    }
    // In the same breath as the look at the queue: whoever comes later begins anew.
    isWorking = false;
  }

  return {
    run<T>(change: Change<T>) {
      return new Promise<T>((resolve, reject) => {
        waiting.push({ change, resolve: resolve as (value: unknown) => void, reject });
        if (isWorking) return;
        isWorking = true;
        void work();
      });
    },
  };
}
