/**
 * The production form: API and worker processes that nobody supervises, over one PostgreSQL and one Redis. A service
 * manager ends them with SIGTERM while they work.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestRedis, type TestRedis } from '@baykeeper/queue/testing/start-test-redis.js';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { bayClient, logIn, type BayClient } from '../support/login.js';
import { keepAsking, send } from '../support/open-requests.js';
import { until } from '../support/run.js';
import { ROOT, freePort } from '../support/running-server.js';

const PASSWORD = 'a password of this test';
/** Longer than a worker that ends waits for its jobs. */
const MACHINE_MS = 9_000;

describe('several servers over one database and one Redis', () => {
  let database: TestDatabase;
  let redis: TestRedis;
  let directory: string;
  let environment: Record<string, string>;
  const processes: { readonly child: ChildProcess; readonly output: string[] }[] = [];

  async function start(kind: 'api' | 'worker', settings: Record<string, string> = {}) {
    const [port, nodePort, workerPort] = [await freePort(), await freePort(), await freePort()].map(String);
    const child = spawn(process.execPath, [join(ROOT, `apps/${kind}/dist/main.js`)], {
      env: {
        ...environment,
        ...{ BAYKEEPER_PORT: port, BAYKEEPER_NODE_PORT: nodePort, BAYKEEPER_WORKER_PORT: workerPort },
        ...settings,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const started = { child, output: [] as string[] };
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => started.output.push(chunk.toString()));
    processes.push(started);
    const url = `http://127.0.0.1:${String(kind === 'api' ? port : workerPort)}`;
    await until(`the ${kind} to be ready`, 60_000, async () => {
      if (child.exitCode !== null) throw new Error(`the ${kind} ended: ${started.output.join('')}`);
      return (await fetch(`${url}/readyz`).catch(() => null))?.ok === true;
    });
    return { url, child, output: () => started.output.join('') };
  }

  beforeAll(async () => {
    [database, redis, directory] = await Promise.all([
      startTestDatabase(),
      startTestRedis(),
      mkdtemp(join(tmpdir(), 'baykeeper-servers-')),
    ]);
    environment = {
      PATH: process.env['PATH'] ?? '',
      DATABASE_URL: await database.freshUrl(),
      REDIS_URL: redis.url,
      BAYKEEPER_DATA: directory,
      BAYKEEPER_MASTER_KEY: randomBytes(32).toString('base64'),
      BAYKEEPER_ADMIN_PASSWORD: PASSWORD,
      BAYKEEPER_COMPUTE: 'simulated',
      BAYKEEPER_SIMULATED_LATENCY_MS: String(MACHINE_MS),
      // Nothing that runs by time may help.
      BAYKEEPER_SWEEP_SECONDS: '600',
      BAYKEEPER_NODE_URL: 'https://127.0.0.1:1',
    };
  }, 120_000);
  afterAll(async () => {
    for (const { child } of processes) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await redis.stop();
    await database.stop();
    await rm(directory, { recursive: true, force: true });
  }, 60_000);

  async function end({ child }: { readonly child: ChildProcess }): Promise<number> {
    const since = Date.now();
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    return Date.now() - since;
  }

  it('hands the work of a worker that ends over to another one at once, and fails no request of its API', async () => {
    const [one, other] = [await start('api', { BAYKEEPER_SHUTDOWN_DELAY_SECONDS: '2' }), await start('api')];
    const first = await start('worker');
    const openrc = { OS_USERNAME: 'admin', OS_PASSWORD: PASSWORD, OS_PROJECT_NAME: 'admin' };
    const token = await logIn(one.url, openrc);
    const bays: BayClient = bayClient(() => other.url, token);

    expect(await (await fetch(`${first.url}/metrics`)).text()).toContain('baykeeper_leases_held{process="worker"} 0');

    const bay = await bays.create('handed-over', 2);
    await until('machines that are being made', 20_000, async () =>
      /driver_calls_open\{[^}]*ensureMachine[^}]*\} [1-9]/.test(await (await fetch(`${first.url}/metrics`)).text()),
    );
    const second = await start('worker');
    const since = Date.now();
    const took = await end(first);
    expect(first.output()).not.toContain('too long');
    // It waited for its jobs a little, and then for nothing else.
    expect(took).toBeLessThan(8_000);
    await until('the other worker to go on', 3_000, async () =>
      /driver_calls_open\{[^}]*ensureMachine[^}]*\} [1-9]/.test(await (await fetch(`${second.url}/metrics`)).text()),
    );
    expect(Date.now() - since).toBeLessThan(took + 3_000);
    expect(await bays.status(bay)).toBe('CREATE_IN_PROGRESS');

    // A balancer before both APIs, which looks at /readyz.
    let target = one.url;
    const looking = setInterval(() => {
      void fetch(`${one.url}/readyz`).then(
        ({ ok }) => {
          if (!ok) target = other.url;
        },
        () => undefined,
      );
    }, 200);
    const asking = keepAsking(4, () => ({ url: `${target}/v1/bays/${bay}`, headers: { 'X-Auth-Token': token } }));
    await new Promise((resolve) => setTimeout(resolve, 300));
    await end(one);
    clearInterval(looking);
    const { answered, failures } = await asking.stop();
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(20);
    expect(target).toBe(other.url);
    const gone = await send(`${other.url}/readyz`, {});
    expect(JSON.parse(gone.text)).toMatchObject({ ready: true, reasons: [] });
    await end(second);
    expect(JSON.parse((await send(`${other.url}/readyz`, {})).text)).toMatchObject({
      ready: true,
      checks: { worker: false },
    });
  }, 180_000);
});
