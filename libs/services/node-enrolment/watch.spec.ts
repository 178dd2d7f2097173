import { describe, expect, test } from '@jest/globals';
import { openWatch } from './watch.js';

/** Longer than any test may take: whoever waits for it has failed. */
const LONG = 60_000;

function signalsInMemory(): {
  subscribe: (topic: string, callback: () => void) => Promise<() => void>;
  fire: () => void;
  callbacks: Set<() => void>;
} {
  const callbacks = new Set<() => void>();
  return {
    callbacks,
    fire: () => {
      for (const callback of callbacks) callback();
    },
    subscribe: (_topic, callback) => {
      callbacks.add(callback);
      return Promise.resolve(() => {
        callbacks.delete(callback);
      });
    },
  };
}

describe('a watch', () => {
  test('ends its wait at a signal, and once when the subscription stands', async () => {
    const signals = signalsInMemory();
    const watch = openWatch(signals, 'node:a');
    await watch.next(LONG);
    const waiting = watch.next(LONG);
    signals.fire();
    await waiting;
    watch.close();
  });

  test('remembers a signal that came between two waits', async () => {
    const signals = signalsInMemory();
    const watch = openWatch(signals, 'node:a');
    await watch.next(LONG);
    signals.fire();
    await watch.next(LONG);
    watch.close();
  });

  test('ends its wait after the time, also while subscribing does not succeed', async () => {
    const never = openWatch({ subscribe: () => new Promise(() => undefined) }, 'node:a');
    await never.next(5);
    const failing = openWatch({ subscribe: () => Promise.reject(new Error('away')) }, 'node:a');
    await failing.next(5);
    failing.close();
  });

  test('ends its wait when the caller went away', async () => {
    const watch = openWatch({ subscribe: () => new Promise(() => undefined) }, 'node:a');
    const controller = new AbortController();
    const waiting = watch.next(LONG, controller.signal);
    controller.abort();
    await waiting;
    await watch.next(LONG, controller.signal);
  });

  test('unsubscribes when it is closed', async () => {
    const signals = signalsInMemory();
    const watch = openWatch(signals, 'node:a');
    await watch.next(LONG);
    expect(signals.callbacks.size).toBe(1);
    watch.close();
    await Promise.resolve();
    expect(signals.callbacks.size).toBe(0);
  });
});
