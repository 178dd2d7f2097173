/** A master that dies, and the replica that sentinels put in its place: the queue goes on without being told. */
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { BayId, Log } from '@baykeeper/domain';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { BAYS_QUEUE, openBayQueue, QUEUE_PREFIX } from './bay-queue.js';
import { openRedis, type RedisConnection } from './connection.js';
import { openRedisWatch } from './redis-watch.js';
import { openSignals } from './signals.js';

jest.setTimeout(90_000);

const PASSWORD = 'of the data';
const SENTINEL_PASSWORD = 'of the sentinels';

let directory: string;
let servers: ChildProcess[];
let master: ChildProcess;
let url: string;
let sentinels: readonly Redis[];
const connections: RedisConnection[] = [];

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function start(settings: readonly string[], ...parameters: string[]): Promise<ChildProcess> {
  const place = join(directory, randomUUID());
  await mkdir(place);
  const file = join(place, 'redis.conf');
  await writeFile(file, [...settings, `dir ${place}`].join('\n'));
  const server = spawn('redis-server', [file, ...parameters], { stdio: ['ignore', 'pipe', 'inherit'] });
  servers.push(server);
  let said = '';
  await new Promise<void>((resolve, reject) => {
    server.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (/Ready to accept connections|Sentinel ID is/.test(said)) resolve();
    });
    server.once('exit', () => {
      reject(new Error(`it ended: ${said}`));
    });
  });
  return server;
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 30_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await setTimeout(20);
  }
}

/** What hangs is named, instead of the whole test. */
async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const end = setTimeout(30_000, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`waited in vain for ${what}`);
  });
  try {
    return await Promise.race([promise, end]);
  } finally {
    timer.abort();
    end.catch(() => undefined);
  }
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'baykeeper-sentinel-'));
  servers = [];
  const [first = 0, second = 0, ...ports] = await Promise.all(Array.from({ length: 5 }, freePort));
  const data = [`requirepass "${PASSWORD}"`, `masterauth "${PASSWORD}"`, 'bind 127.0.0.1', 'save ""'];
  master = await start([...data, `port ${String(first)}`]);
  await start([...data, `port ${String(second)}`, `replicaof 127.0.0.1 ${String(first)}`]);
  for (const port of ports) {
    await start(
      [
        ...[`port ${String(port)}`, 'bind 127.0.0.1', `requirepass "${SENTINEL_PASSWORD}"`],
        `sentinel monitor bays 127.0.0.1 ${String(first)} 2`,
        `sentinel auth-pass bays "${PASSWORD}"`,
        `sentinel sentinel-pass "${SENTINEL_PASSWORD}"`,
        ...['sentinel down-after-milliseconds bays 500', 'sentinel failover-timeout bays 3000'],
      ],
      '--sentinel',
    );
  }
  sentinels = ports.map((port) => new Redis({ port, password: SENTINEL_PASSWORD }));
  connections.push(...sentinels);
  const hosts = ports.map((port) => `127.0.0.1:${String(port)}`).join(',');
  url = `redis+sentinel://:${encodeURIComponent(PASSWORD)}@${hosts}/bays?sentinelPassword=${encodeURIComponent(SENTINEL_PASSWORD)}`;
});
afterAll(async () => {
  for (const connection of connections) connection.disconnect();
  for (const server of servers) {
    if (server.exitCode !== null || server.signalCode !== null) continue;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  }
  await rm(directory, { recursive: true, force: true });
});

it('jobs and signals go on when the master is lost', async () => {
  const lines: string[] = [];
  const ignore = (): void => undefined;
  const say = (_facts: object, message: string): void => void lines.push(message);
  const log: Log = { debug: ignore, info: say, warn: say, error: say };
  const connection = openRedis(url);
  connections.push(connection);
  const watch = openRedisWatch(connection, log);
  const queue = openBayQueue(connection, watch);
  const signals = openSignals(connection, watch);
  const seen: string[] = [];
  let signalled = 0;
  await signals.subscribe('a', () => (signalled += 1));
  const worker = new Worker<{ bayId: BayId }>(
    BAYS_QUEUE,
    ({ data }) => {
      seen.push(data.bayId);
      return Promise.resolve();
    },
    { connection, prefix: QUEUE_PREFIX, lockDuration: 2_000, stalledInterval: 500 },
  );
  watch.addQueue(worker);
  try {
    const before = randomUUID() as BayId;
    await queue.enqueueReconcile({ id: before, projectId: null });
    await until('a job with the first master', () => seen.includes(before));
    // What sentinels do not know of they can't promote.
    await until('sentinels, the replica and each other to know all', async () => {
      const known = await Promise.all(sentinels.map((sentinel) => sentinel.call('SENTINEL', 'MASTER', 'bays')));
      const facts = known.map((answer) => (answer as string[]).join(' '));
      return facts.every((text) => text.includes('num-slaves 1') && text.includes('num-other-sentinels 2'));
    });
    await until('the replica to have all', async () =>
      /slave0:.*state=online/.test(await connection.info('replication')),
    );

    master.kill('SIGKILL');
    const after = randomUUID() as BayId;
    await within('the wish to be taken', queue.enqueueReconcile({ id: after, projectId: null }));
    await until('a job with the next master', () => seen.includes(after));
    await until('a signal with the next master', async () => {
      await within('the signal to be sent', signals.publish('a'));
      return signalled > 0;
    });
    // By a connection of its own: ioredis sends INFO before it is ready, and forgets it when the connection ends then.
    const other = openRedis(url);
    connections.push(other);
    if (other.status !== 'ready') await within('the next master to be ready', once(other, 'ready'));
    expect(await within('what it is', other.info('replication'))).toContain('role:master');
    await until('the word that Redis is back', () => lines.includes('Redis is back'));
  } finally {
    await worker.close();
    await queue.close();
    await signals.close();
  }
});
