import type { Signals } from '@baykeeper/queue';

/** Signals within one process, as Redis carries them between several. Remembers what was published. */
export class LocalSignals implements Signals {
  readonly published: string[] = [];
  private readonly callbacks = new Map<string, Set<() => void>>();

  publish(topic: string): Promise<void> {
    this.published.push(topic);
    for (const callback of this.callbacks.get(topic) ?? []) callback();
    return Promise.resolve();
  }

  subscribe(topic: string, callback: () => void): Promise<() => void> {
    const known = this.callbacks.get(topic) ?? new Set();
    this.callbacks.set(topic, known.add(callback));
    return Promise.resolve(() => {
      known.delete(callback);
    });
  }

  /** How many listen to a topic now. */
  listeners(topic: string): number {
    return this.callbacks.get(topic)?.size ?? 0;
  }

  close(): Promise<void> {
    this.callbacks.clear();
    return Promise.resolve();
  }
}
