/**
 * A private Redis for tests: a server of its own in a temporary directory, on a Unix socket. It can be killed and started
 * again over the same data, as the real one is.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

export interface TestRedis {
  readonly url: string;
  /** Ends it at once, with no word to its clients. */
  kill(): Promise<void>;
  /** @param settings further ones, as on the command line; does not wait until its data is loaded */
  start(settings?: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

const LONGEST_START_MS = 20_000;
const LOOK_AGAIN_MS = 10;

export async function startTestRedis(): Promise<TestRedis> {
  const directory = await mkdtemp(join(tmpdir(), 'baykeeper-redis-'));
  const socket = join(directory, 'redis.sock');
  let server: ChildProcess | null = null;
  // A test process that ends without `stop` must leave neither server nor directory.
  const abandon = (): void => {
    server?.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  };
  process.once('exit', abandon);

  const redis: TestRedis = {
    url: `unix://${socket}`,
    async kill() {
      if (server === null || server.exitCode !== null || server.signalCode !== null) return;
      const ended = once(server, 'exit');
      server.kill('SIGKILL');
      await ended;
    },
    async start(settings = []) {
      await rm(socket, { force: true });
      const persistence = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''];
      const place = ['--port', '0', '--unixsocket', socket, '--dir', directory];
      server = spawn('redis-server', [...place, ...persistence, '--maxmemory-policy', 'noeviction', ...settings], {
        stdio: 'ignore',
      });
      await waitUntilItAnswers(server, socket);
    },
    async stop() {
      process.off('exit', abandon);
      await redis.kill();
      await rm(directory, { recursive: true, force: true });
    },
  };
  await redis.start();
  return redis;
}

async function waitUntilItAnswers(server: ChildProcess, socket: string): Promise<void> {
  const client = new Redis({
    path: socket,
    enableReadyCheck: false,
    maxRetriesPerRequest: null,
    retryStrategy: () => LOOK_AGAIN_MS,
  });
  // Refused until it listens; LOADING is an answer too.
  client.on('error', () => undefined);
  const timer = setTimeout(() => {
    client.disconnect();
  }, LONGEST_START_MS);
  try {
    const answered = client.ping().catch((error: unknown) => {
      if (!(error instanceof Error && error.message.startsWith('LOADING'))) throw error;
    });
    const failed = once(server, 'error').then(([error]) => {
      throw error as Error;
    });
    await Promise.race([answered, failed]);
  } finally {
    clearTimeout(timer);
    client.disconnect();
  }
}
