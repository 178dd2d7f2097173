import { BaykeeperError, type Log } from '@baykeeper/domain';
import type { RedisConnection } from './connection.js';

/** Longer than a Redis needs that starts at the same time; shorter than what the supervisor takes for a good life of a child. */
const PATIENCE_MS = 20_000;
const SAY_AGAIN_MS = 4_000;

/**
 * Waits until Redis answers, and says in the log what is waited for: a connection by itself waits for ever, in silence.
 * @param url what the connection was opened from
 * @throws BaykeeperError `provider-unavailable` when it does not answer in time
 */
export async function waitForRedis(
  redis: RedisConnection,
  url: string,
  log: Log,
  { patienceMs = PATIENCE_MS, sayAgainMs = SAY_AGAIN_MS } = {},
): Promise<void> {
  const address = withoutCredentials(url);
  let problem = 'no answer';
  const remember = (error: Error): void => {
    problem = error.message || problem;
  };
  redis.on('error', remember);
  const complaints = setInterval(() => {
    log.warn({ address, error: problem }, 'waiting for Redis, which does not answer');
  }, sayAgainMs);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const seconds = String(Math.round(patienceMs / 1_000));
      reject(
        new BaykeeperError({
          code: 'provider-unavailable',
          publicMessage: `Redis did not answer at ${address} for ${seconds} s (${problem}). Start it, or correct REDIS_URL.`,
        }),
      );
    }, patienceMs);
  });
  const answered = redis.ping();
  // When it comes too late, nobody listens any more.
  answered.catch(() => undefined);
  try {
    await Promise.race([answered, late]);
  } finally {
    clearInterval(complaints);
    clearTimeout(timer);
    redis.off('error', remember);
  }
}

/** Also of URLs with several hosts, which `URL` does not read. */
function withoutCredentials(url: string): string {
  return url.replace(/(?<=:\/\/).*@/, '');
}
