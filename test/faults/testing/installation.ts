/**
 * Baykeeper in its production form, every process of it under this program's control: one API, two workers, PostgreSQL
 * and Redis. Any of them may be killed and started again over what it left. Machines and load balancers are simulated;
 * they live in files that outlive every process, as a cloud does.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRedis } from '@baykeeper/queue';
import { startTestRedis, type TestRedis } from '@baykeeper/queue/testing/start-test-redis.js';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { Pool } from 'pg';
import { logIn } from '../../support/login.js';
import { until } from '../../support/run.js';
import { ROOT, freePort } from '../../support/running-server.js';
import { openProxy, type Proxy } from './proxy.js';

const NODE_PROCESSES = ['api', 'worker-1', 'worker-2'] as const;
export const PROCESSES = [...NODE_PROCESSES, 'redis', 'postgresql'] as const;
type NodeProcess = (typeof NODE_PROCESSES)[number];
export type ProcessName = (typeof PROCESSES)[number];

export interface Proxies {
  readonly redis: Proxy;
  readonly postgresql: Proxy;
}

export interface Installation {
  readonly url: string;
  readonly dataDirectory: string;
  /** What the simulated cloud does wrong is read from it. */
  readonly faultsPath: string;
  /** Between its processes and what they remember with; null where there are none. */
  readonly proxies: Proxies | null;
  /** Of the administrator; outlives every process. */
  readonly token: string;
  /** Rows of a statement, asked past everything that a run puts in the way. */
  query<Row extends object>(statement: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  /** `kill -9`; resolves when the process is gone. */
  kill(name: ProcessName): Promise<void>;
  /** `kill -STOP`: it does nothing more, and does not know. */
  pause(name: NodeProcess): void;
  /** `kill -CONT`: it goes on where it was. */
  resume(name: NodeProcess): void;
  /** Starts what was killed; resolves when it takes work. */
  start(name: ProcessName): Promise<void>;
  /** As `FLUSHALL` does: queues, locks and limits are forgotten. */
  emptyRedis(): Promise<void>;
  /** What a worker measured, as Prometheus reads it. */
  metrics(name: 'worker-1' | 'worker-2'): Promise<string>;
  /** The last of what a process wrote. */
  log(name: NodeProcess): string;
  stop(): Promise<void>;
}

const PASSWORD = 'a password of this test';
const LONGEST_START_MS = 60_000;
const KEPT_LOG_CHARACTERS = 400_000;
/** Patience that would only make a run longer is taken away; nothing else differs from production. */
const SETTINGS = {
  BAYKEEPER_COMPUTE: 'simulated',
  BAYKEEPER_SIMULATED_LATENCY_MS: '150',
  BAYKEEPER_SWEEP_SECONDS: '2',
  BAYKEEPER_SETTLED_SWEEP_SECONDS: '5',
  BAYKEEPER_ORPHAN_GRACE_SECONDS: '5',
  BAYKEEPER_NODE_BOOT_TIMEOUT_SECONDS: '60',
  BAYKEEPER_LOGINS_PER_MINUTE: '0',
  ...{ BAYKEEPER_QUOTA_BAYS: '100000', BAYKEEPER_QUOTA_NODES: '100000', BAYKEEPER_QUOTA_MASTERS: '100000' },
} as const;

export async function startInstallation(
  settings: Readonly<Record<string, string>> = {},
  { isProxied = false } = {},
): Promise<Installation> {
  const [database, redis, dataDirectory] = await Promise.all([
    startTestDatabase({ isDurable: true }),
    startTestRedis(),
    mkdtemp(join(tmpdir(), 'baykeeper-faults-')),
  ]);
  const proxies = isProxied ? await openProxies(database, redis) : null;
  const pool = new Pool({ connectionString: database.url, max: 4 });
  // A connection that a kill cut is no news.
  pool.on('error', () => undefined);
  const [port, nodePort] = [await freePort(), await freePort()];
  const workerPorts = { 'worker-1': await freePort(), 'worker-2': await freePort() };
  const faultsPath = join(dataDirectory, 'faults.json');
  const environment = {
    PATH: process.env['PATH'] ?? '',
    DATABASE_URL: proxies === null ? database.url : throughProxy(database.url, proxies.postgresql),
    REDIS_URL: proxies === null ? redis.url : `redis://127.0.0.1:${String(proxies.redis.port)}`,
    BAYKEEPER_DATA: dataDirectory,
    BAYKEEPER_SIMULATED_FAULTS: faultsPath,
    BAYKEEPER_MASTER_KEY: randomBytes(32).toString('base64'),
    BAYKEEPER_ADMIN_PASSWORD: PASSWORD,
    BAYKEEPER_PORT: String(port),
    BAYKEEPER_NODE_PORT: String(nodePort),
    ...SETTINGS,
    ...settings,
  };
  const children = new Map<NodeProcess, ChildProcess>();
  const logs = new Map<NodeProcess, string>();
  // A test process that ends without `stop` leaves none of its processes behind.
  const abandon = (): void => {
    for (const child of children.values()) child.kill('SIGKILL');
  };
  process.once('exit', abandon);

  async function startNodeProcess(name: NodeProcess): Promise<void> {
    const workerPort = name === 'api' ? 0 : workerPorts[name];
    const child = spawn(
      process.execPath,
      [join(ROOT, name === 'api' ? 'apps/api/dist/main.js' : 'apps/worker/dist/main.js')],
      { env: { ...environment, BAYKEEPER_WORKER_PORT: String(workerPort) }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    children.set(name, child);
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        logs.set(name, `${logs.get(name) ?? ''}${chunk.toString()}`.slice(-KEPT_LOG_CHARACTERS));
      });
    const readyUrl = `http://127.0.0.1:${String(name === 'api' ? port : workerPort)}/readyz`;
    await until(`${name} to be ready`, LONGEST_START_MS, async () => {
      if (child.exitCode !== null) throw new Error(`${name} ended: ${logs.get(name)?.slice(-4_000) ?? ''}`);
      return (await fetch(readyUrl).catch(() => null))?.ok === true;
    });
  }

  async function killNodeProcess(name: NodeProcess): Promise<void> {
    const child = children.get(name);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  const stop = async (): Promise<void> => {
    process.off('exit', abandon);
    await Promise.all(NODE_PROCESSES.map(killNodeProcess));
    await pool.end();
    await Promise.all([proxies?.redis.close(), proxies?.postgresql.close()]);
    await Promise.all([redis.stop(), database.stop()]);
    await rm(dataDirectory, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${String(port)}`;
  try {
    await startNodeProcess('api');
    await Promise.all([startNodeProcess('worker-1'), startNodeProcess('worker-2')]);
    const openrc = { OS_USERNAME: 'admin', OS_PASSWORD: PASSWORD, OS_PROJECT_NAME: 'admin' };
    return {
      url,
      dataDirectory,
      faultsPath,
      proxies,
      token: await logIn(url, openrc),
      async query<Row extends object>(statement: string, values: readonly unknown[] = []) {
        return (await pool.query<Row>(statement, [...values])).rows;
      },
      kill(name) {
        if (name === 'redis') return redis.kill();
        return name === 'postgresql' ? database.kill() : killNodeProcess(name);
      },
      pause(name) {
        children.get(name)?.kill('SIGSTOP');
      },
      resume(name) {
        children.get(name)?.kill('SIGCONT');
      },
      start(name) {
        if (name === 'redis') return redis.start();
        return name === 'postgresql' ? database.start() : startNodeProcess(name);
      },
      async emptyRedis() {
        const client = openRedis(redis.url);
        await client.flushall();
        client.disconnect();
      },
      metrics: async (name) => (await fetch(`http://127.0.0.1:${String(workerPorts[name])}/metrics`)).text(),
      log: (name) => logs.get(name) ?? '',
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function openProxies(database: TestDatabase, redis: TestRedis): Promise<Proxies> {
  return {
    redis: await openProxy(redis.url.replace('unix://', '')),
    postgresql: await openProxy(join(database.directory, '.s.PGSQL.5432')),
  };
}

function throughProxy(databaseUrl: string, { port }: Proxy): string {
  const url = new URL(databaseUrl);
  return `postgres://${url.searchParams.get('user') ?? ''}@127.0.0.1:${String(port)}${url.pathname}`;
}
