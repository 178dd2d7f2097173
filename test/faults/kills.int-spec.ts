/**
 * The service is killed piece by piece while tenants go on wishing: API, workers, Redis, PostgreSQL, each by SIGKILL at
 * moments that FAULT_SEED decides, and Redis is emptied. FAULT_KILLS says how often (12 unless said).
 */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { logIn } from '../support/login.js';
import { run, until } from '../support/run.js';
import { startServer, type RunningServer } from '../support/running-server.js';
import { breachesAfter, breachesMeanwhile } from './invariants.js';
import { openRandom } from './random.js';
import { openTenant, type Tenant, type Wish } from './tenant.js';
import { openWorld, type World } from './world.js';

const KILLS = Number(process.env['FAULT_KILLS'] ?? 12);
const SEED = Number(process.env['FAULT_SEED'] ?? Date.now() % 2 ** 31);
const TENANTS = 3;
/** Milliseconds between two blows, at most. */
const LONGEST_PAUSE = 3_000;
const LOOK_MS = 100;
const SETTLE_MS = 180_000;

let server: RunningServer;
let world: World;
let token: string;
const opened: (() => Promise<void>)[] = [];

beforeAll(async () => {
  process.stdout.write(`faults: FAULT_SEED=${String(SEED)} FAULT_KILLS=${String(KILLS)}\n`);
  server = await startServer({
    ...{ BAYKEEPER_COMPUTE: 'simulated', BAYKEEPER_LOAD_BALANCER: 'simulated', BAYKEEPER_SIMULATED_LATENCY_MS: '100' },
    ...{ BAYKEEPER_WORKER_PROCESSES: '2', BAYKEEPER_SWEEP_SECONDS: '2', BAYKEEPER_SETTLED_SWEEP_SECONDS: '10' },
    ...{ BAYKEEPER_REQUESTS_PER_SECOND: '0', BAYKEEPER_QUOTA_BAYS: '1000' },
  });
  opened.push(() => server.purge());
  world = openWorld(server.dataDirectory);
  opened.push(() => world.close());
  token = await logIn(server.url, await server.openrc());
}, 180_000);
afterAll(async () => {
  for (const close of opened.reverse()) await close();
}, 120_000);

async function pidOf(...path: string[]): Promise<number[]> {
  const text = await readFile(join(server.dataDirectory, ...path), 'utf8').catch(() => '');
  const pid = Number(text.split('\n')[0]);
  return Number.isInteger(pid) && pid > 1 ? [pid] : [];
}

const BLOWS = {
  api: () => server.children('API'),
  worker: () => server.children('worker'),
  redis: () => pidOf('redis', 'redis.pid'),
  postgres: () => pidOf('postgresql', 'data', 'postmaster.pid'),
} as const;

/** @returns whether it was still there */
function killProcess(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

async function emptyRedis(): Promise<void> {
  const [worker] = await server.children('worker');
  if (worker === undefined) return;
  const environment = await readFile(`/proc/${String(worker)}/environ`, 'utf8').catch(() => '');
  const socket = /(?:^|\0)REDIS_URL=unix:\/\/([^\0]*)/.exec(environment)?.[1];
  if (socket !== undefined) await run('redis-cli', ['-s', socket, 'FLUSHALL'], { mayFail: true });
}

it(`every last wish comes true and nothing is left behind (FAULT_SEED=${String(SEED)})`, async () => {
  const random = openRandom(SEED);
  const tenants = Array.from({ length: TENANTS }, (_, index) =>
    openTenant({ name: `t${String(index)}`, url: server.url, token, random: openRandom(SEED + index + 1) }),
  );
  const breaches = new Set<string>();
  const killed: string[] = [];
  const over = new AbortController();
  const wishing = tenants.map(async (tenant) => {
    while (!over.signal.aborted) await tenant.act();
  });
  const watching = (async () => {
    while (!over.signal.aborted) {
      // The database may be the one that is away.
      for (const breach of await breachesMeanwhile(world).catch(() => [])) breaches.add(breach);
      await pause(LOOK_MS);
    }
  })();
  try {
    while (killed.length < KILLS) {
      await Promise.race([pause(random.below(LONGEST_PAUSE)), ...wishing]);
      const what = random.pick([...(Object.keys(BLOWS) as (keyof typeof BLOWS)[]), 'memory of redis'] as const);
      if (what === 'memory of redis') await emptyRedis();
      else {
        const pids = await BLOWS[what]();
        if (pids.length === 0) continue;
        if (!killProcess(random.pick(pids))) continue;
      }
      killed.push(what);
    }
  } finally {
    over.abort();
  }
  await Promise.all([...wishing, watching]);
  const wishes = tenants.flatMap((tenant: Tenant) => [...tenant.wishes.values()]);
  process.stdout.write(`faults: ${String(wishes.length)} bays, killed ${killed.join(', ')}\n`);

  let left: readonly string[] = [];
  await until('everything to settle', SETTLE_MS, async () => {
    left = await unsettled(wishes).catch((error: unknown) => [String(error)]);
    return left.length === 0;
  }).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${left.join('\n')}`);
  });
  // A settled pass or two more may be needed until what nobody owns is seen and gone.
  let after: readonly string[] = [];
  await until('all places to agree', SETTLE_MS, async () => {
    after = await breachesAfter(world, wishes);
    return after.length === 0;
  }).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${after.join('\n')}`);
  });
  expect([...breaches]).toEqual([]);
}, 900_000);

async function unsettled(wishes: readonly Wish[]): Promise<readonly string[]> {
  const shown = await Promise.all(
    wishes.map(async (wish) => {
      const answer = await fetch(`${server.url}/v1/bays/${wish.id}`, { headers: { 'X-Auth-Token': token } });
      if (wish.nodes === null)
        return answer.status === 404 ? null : `${wish.name} should be gone: ${await answer.text()}`;
      if (answer.status !== 200) return `${wish.name}: ${String(answer.status)}`;
      const { status, node_count } = (await answer.json()) as { status: string; node_count: number };
      const isDone = status.endsWith('_COMPLETE') && node_count === wish.nodes;
      return isDone ? null : `${wish.name} wants ${String(wish.nodes)} and is ${status} with ${String(node_count)}`;
    }),
  );
  return shown.filter((text) => text !== null);
}
