/**
 * Signals between processes: "something about this topic changed, look again". They carry nothing and may be lost (Redis
 * keeps none of them), so whoever subscribes looks again by time as well; they only make the looking prompt.
 */
import { Redis } from 'ioredis';
import { gather } from '@baykeeper/storage';
import type { RedisConnection } from './connection.js';
import type { RedisWatch } from './redis-watch.js';

const PREFIX = 'baykeeper:signal:';

export interface Signals {
  /** Does nothing while Redis is away. */
  publish(topic: string): Promise<void>;
  /** Calls back on every signal of the topic until the returned function is called. */
  subscribe(topic: string, callback: () => void): Promise<() => void>;
  close(): Promise<void>;
}

/** The topic of anything about a bay that its tenant may see, and that of a single node's wish to join. */
export const bayTopic = (bayId: string): string => `bay:${bayId}`;
export const nodeTopic = (nodeId: string): string => `node:${nodeId}`;
/** Tokens may have ended before their time. */
export const TOKENS_TOPIC = 'tokens';
/** New rows wait in the outbox. */
export const OUTBOX_TOPIC = 'outbox';

/** One subscriber connection serves all topics of a process. */
export function openSignals(connection: RedisConnection, watch: RedisWatch): Signals {
  // Without the check whether Redis is ready: its INFO may come after a SUBSCRIBE, is refused then, and the connection that
  // ioredis makes instead knows nothing of the subscription.
  const subscriber =
    connection instanceof Redis ? connection.duplicate({ enableReadyCheck: false }) : connection.duplicate();
  const callbacks = new Map<string, Set<() => void>>();

  subscriber.on('message', (channel: string) => {
    for (const callback of callbacks.get(channel) ?? []) callback();
  });
  // ioredis subscribes again by itself after a lost connection.
  watch.addConnection(subscriber);

  // A signal says nothing but "look again": several of one moment are one.
  const publish = gather(
    async (topics: readonly string[]) => {
      // Between connecting and being ready ioredis sends a PUBLISH at once, and should the connection end then, it forgets it
      // without an answer: whoever waits for one waits for ever.
      if (connection.status !== 'ready') return topics.map(() => undefined);
      await Promise.all([...new Set(topics)].map((topic) => connection.publish(PREFIX + topic, '')));
      return topics.map(() => undefined);
    },
    { atOnce: 4, most: 1_000 },
  );

  return {
    publish,
    async subscribe(topic, callback) {
      const channel = PREFIX + topic;
      const known = callbacks.get(channel) ?? new Set();
      known.add(callback);
      callbacks.set(channel, known);
      await subscriber.subscribe(channel);
      return () => {
        known.delete(callback);
        if (known.size > 0 || callbacks.get(channel) !== known) return;
        callbacks.delete(channel);
        void subscriber.unsubscribe(channel).catch(() => undefined);
      };
    },
    async close() {
      callbacks.clear();
      await subscriber.quit().catch(() => undefined);
    },
  };
}
