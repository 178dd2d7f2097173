import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { BaykeeperError } from '@baykeeper/domain';

/** A connection as BullMQ and the signals need it: it waits for Redis to come back instead of failing a command. */
export type RedisConnection = Redis | Cluster;

const OPTIONS: RedisOptions = {
  // BullMQ's blocking commands demand that a command is never given up while the connection is away.
  maxRetriesPerRequest: null,
  retryStrategy: (times) => Math.min(times * 100, 2_000),
  // Milliseconds in which the other end may hang up, too. ioredis waits for that even where there is no connection, and
  // keeps a process alive for so long.
  disconnectTimeout: 250,
};

/**
 * Opens Redis from a URL:
 * `redis://…`, `rediss://…`, a Unix socket (`unix:///run/redis.sock`), Sentinel
 * (`redis+sentinel://:password@host1:26379,host2:26379/mymaster`, with `?sentinelPassword=…` where the sentinels
 * themselves want one) or Cluster (`redis+cluster://host1:6379,host2:6379`).
 * @throws BaykeeperError `invalid-input` for a URL of another form.
 */
export function openRedis(url: string): RedisConnection {
  const [scheme = '', rest = ''] = url.split('://', 2);
  switch (scheme) {
    case 'redis':
    case 'rediss':
      return new Redis(url, OPTIONS);
    case 'unix':
      return new Redis({ ...OPTIONS, path: rest });
    case 'redis+sentinel': {
      const { hosts, name, password, query } = splitHosts(rest, 26379);
      const sentinelPassword = query.get('sentinelPassword');
      return new Redis({
        ...{ ...OPTIONS, sentinels: hosts, name: name || 'mymaster' },
        ...(password && { password }),
        ...(sentinelPassword !== null && { sentinelPassword }),
        // A master that was made a replica refuses what is written: the sentinels know the new one.
        reconnectOnError: (error) => error.message.startsWith('READONLY'),
      });
    }
    case 'redis+cluster': {
      const { hosts, password } = splitHosts(rest, 6379);
      return new Cluster(hosts, { redisOptions: { ...OPTIONS, ...(password && { password }) } });
    }
    default:
      throw new BaykeeperError({
        code: 'invalid-input',
        publicMessage:
          'REDIS_URL must start with redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://. Correct it.',
      });
  }
}

function splitHosts(
  text: string,
  defaultPort: number,
): { hosts: { host: string; port: number }[]; name: string; password: string; query: URLSearchParams } {
  const [address = '', parameters = ''] = text.split('?', 2);
  const [authority = '', name = ''] = address.split('/', 2);
  const at = authority.lastIndexOf('@');
  const credentials = at < 0 ? '' : authority.slice(0, at);
  const password = decodeURIComponent(credentials.slice(credentials.indexOf(':') + 1));
  const hosts = authority
    .slice(at + 1)
    .split(',')
    .map((entry) => {
      const [host = '', port] = entry.split(':', 2);
      return { host, port: port === undefined ? defaultPort : Number(port) };
    });
  return { hosts, name, password, query: new URLSearchParams(parameters) };
}
