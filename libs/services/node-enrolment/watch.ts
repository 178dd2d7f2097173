import type { Signals } from '@baykeeper/queue';

/** Waits for signals of one topic that may come at any time, also between two waits. */
export interface Watch {
  /** Resolves at the next signal, after the time, or when the caller went away. A signal that came before counts. */
  next(milliseconds: number, gone?: AbortSignal): Promise<void>;
  /** As a signal does. */
  wake(): void;
  close(): void;
}

/**
 * Subscribing may take as long as it likes (Redis may be away): nobody waits for it. When it succeeds that counts as a
 * signal, because others may have been missed until then.
 */
export function openWatch(signals: Pick<Signals, 'subscribe'>, topic: string): Watch {
  let signalled = false;
  let wake = (): void => undefined;
  const signal = (): void => {
    signalled = true;
    wake();
  };
  const subscription = signals.subscribe(topic, signal);
  subscription.then(signal, () => undefined);

  return {
    wake: signal,
    async next(milliseconds, gone) {
      if (!signalled && gone?.aborted !== true) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, milliseconds);
          wake = () => {
            clearTimeout(timer);
            gone?.removeEventListener('abort', wake);
            resolve();
          };
          gone?.addEventListener('abort', wake, { once: true });
        });
        wake();
      }
      wake = () => undefined;
      signalled = false;
    },
    close() {
      subscription.then(
        (unsubscribe) => {
          unsubscribe();
        },
        () => undefined,
      );
    },
  };
}
