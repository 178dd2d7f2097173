/**
 * Says in the log that Redis is lost, and that it is back: one line each, however many connections and tries there are.
 * Everything that can fail with Redis belongs to one watch, because an `error` that nobody listens to ends the process
 * (ioredis) or goes to the console as it is (BullMQ).
 */
import { detailOf, type Log } from '@baykeeper/domain';
import type { RedisConnection } from './connection.js';

/** BullMQ's queues, workers and flows. */
interface WorksOverRedis {
  readonly name?: string;
  on(event: 'error', listener: (error: Error) => void): unknown;
  getBackend(): { on(event: 'ready', listener: () => void): unknown };
}

export interface RedisWatch {
  /** A further connection beside the main one. */
  addConnection(connection: RedisConnection): void;
  /** What works over connections: the main one, and those that BullMQ makes of it. */
  addQueue(queue: WorksOverRedis): void;
}

/** @param main the connection that says whether Redis is there */
export function openRedisWatch(main: RedisConnection, log: Log): RedisWatch {
  let lostAt: number | null = null;

  const lost = (error: Error): void => {
    // Ours ended it.
    if (lostAt !== null || main.status === 'end') return;
    lostAt = performance.now();
    log.warn({ error: detailOf(error) }, 'the connection to Redis is lost; it is tried again until it is back');
  };
  const back = (): void => {
    if (lostAt === null || main.status !== 'ready') return;
    log.info({ seconds: Math.round((performance.now() - lostAt) / 1_000) }, 'Redis is back');
    lostAt = null;
  };
  const addConnection = (connection: RedisConnection): void => {
    connection.on('error', lost);
    connection.on('ready', back);
  };

  addConnection(main);
  return {
    addConnection,
    addQueue(queue) {
      queue.on('error', (error) => {
        if (main.status !== 'ready' || isLoss(error)) lost(error);
        else log.warn({ queue: queue.name ?? 'flows', error: detailOf(error) }, 'a queue failed');
      });
      // A worker's second connection may come back after the main one, or be lost alone.
      queue.getBackend().on('ready', back);
    },
  };
}

/** A failure of the connection, not a refusal by Redis or a finding of BullMQ's. */
function isLoss(error: Error): boolean {
  return 'syscall' in error || error.message === 'Connection is closed.';
}
