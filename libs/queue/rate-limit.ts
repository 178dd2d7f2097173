/**
 * How often something may happen, counted in Redis so that all processes count together. It is a protection and not an
 * order: while Redis is away everything goes on, and a line in the log says so.
 */
import type { Log } from '@baykeeper/domain';
import type { RedisConnection } from './connection.js';

export interface Rate {
  readonly perMinute: number;
  /** How many may come at once after a pause. */
  readonly burst: number;
}

export interface RateLimiter {
  /** @returns seconds to wait, whole; 0 when it may go on */
  take(key: string, rate: Rate): Promise<number>;
}

const PREFIX = 'baykeeper:rate:';
/** Milliseconds; nobody waits longer for a limit than for what it protects. */
const LONGEST_WAIT = 250;
const LOGGED_EVERY = 60_000;

/**
 * The generic cell rate algorithm: one number per key, the time at which all that came would have come evenly. By Redis' own
 * clock, which all processes share.
 */
const TAKE = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
  local due = tonumber(redis.call('GET', KEYS[1]) or now)
  if due < now then due = now end
  local wait = due - now - interval * (burst - 1)
  if wait > 0 then return math.ceil(wait) end
  redis.call('SET', KEYS[1], math.floor(due + interval), 'PX', math.ceil(due + interval - now))
  return 0`;

export function openRateLimiter(redis: RedisConnection, log: Log): RateLimiter {
  let loggedAt = -Infinity;
  const failOpen = (reason: string): number => {
    const now = Date.now();
    if (now - loggedAt >= LOGGED_EVERY) {
      loggedAt = now;
      log.warn({ error: reason }, 'limiting no rates, because Redis does not answer');
    }
    return 0;
  };
  return {
    async take(key, { perMinute, burst }) {
      if (redis.status !== 'ready') return failOpen(`the connection is ${redis.status}`);
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => {
          reject(new Error('no answer in time'));
        }, LONGEST_WAIT);
      });
      try {
        const interval = Math.ceil(60_000 / perMinute);
        const taken = redis.eval(TAKE, 1, PREFIX + key, interval, Math.max(1, burst));
        // If it comes too late, nobody listens any more.
        taken.catch(() => undefined);
        return Math.ceil(Number(await Promise.race([taken, late])) / 1_000);
      } catch (error) {
        return failOpen(error instanceof Error ? error.message : String(error));
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
