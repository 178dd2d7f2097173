/** Work is handed back when its process ends before it: it is nobody's failure, and another process takes it up at once. */
export class HandedBack extends Error {
  constructor() {
    super('the process ends; the work is handed back');
    this.name = 'HandedBack';
  }
}

/**
 * Does the work, or gives it up when the signal comes. What it was doing outside goes on until the process ends, like
 * that of a process that was killed: every step is idempotent.
 * @throws HandedBack
 */
export async function unlessHandedBack<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  if (signal === undefined) return work();
  if (signal.aborted) throw new HandedBack();
  return new Promise<T>((resolve, reject) => {
    const giveUp = (): void => {
      reject(new HandedBack());
    };
    signal.addEventListener('abort', giveUp, { once: true });
    work()
      .then(resolve, reject)
      .finally(() => {
        signal.removeEventListener('abort', giveUp);
      });
  });
}
