/** The queues, the relay and the signals over a real Redis that forgets, dies and comes back. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DelayedError, UnrecoverableError, Worker, type Job } from 'bullmq';
import { randomUUID } from 'node:crypto';
import type { BayId, Log, NodeId, ProjectId } from '@baykeeper/domain';
import { openDatabase, type Database } from '@baykeeper/storage';
import { seedBay, seedProject } from '@baykeeper/storage/testing/seed.js';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import {
  BAYS_QUEUE,
  NODE_STEPS_QUEUE,
  openBayQueue,
  QUEUE_PREFIX,
  type BayQueue,
  type NodeStepJob,
  type QueuedBay,
  type ReconcileJob,
} from './bay-queue.js';
import { openRedis, type RedisConnection } from './connection.js';
import { relayOutbox } from './outbox-relay.js';
import { openRedisWatch, type RedisWatch } from './redis-watch.js';
import { openSignals } from './signals.js';
import { waitForRedis } from './wait-for-redis.js';
import { startTestRedis, type TestRedis } from './testing/start-test-redis.js';

let server: TestRedis;
let redis: RedisConnection;
let watch: RedisWatch;
const lines: string[] = [];
const write: Log['info'] = (facts, message) => lines.push(`${message} ${JSON.stringify(facts)}`);
const log: Log = { debug: write, info: write, warn: write, error: write };
let queue: BayQueue;
let workers: Worker[] = [];
/** What the queue is being told of jobs that ended. */
let telling: Promise<void>[] = [];
let gates: { open(): void }[] = [];

beforeAll(async () => {
  server = await startTestRedis();
}, 60_000);
afterAll(() => server.stop());
beforeEach(async () => {
  lines.length = 0;
  redis = openRedis(server.url);
  watch = openRedisWatch(redis, log);
  await redis.flushall();
  queue = openBayQueue(redis, watch);
});
afterEach(async () => {
  // Also after a test that failed in the midst of it: nobody may still be at work when the connection ends.
  for (const known of gates) known.open();
  await Promise.all(workers.map((worker) => worker.close()));
  const told = await Promise.allSettled(telling);
  [workers, telling, gates] = [[], [], []];
  await queue.close();
  redis.disconnect();
  expect(told.filter(({ status }) => status === 'rejected')).toEqual([]);
}, 30_000);

/** Of another process. */
function connect(): { readonly other: RedisConnection; readonly otherWatch: RedisWatch } {
  const other = openRedis(server.url);
  return { other, otherWatch: openRedisWatch(other, SILENT) };
}
const SILENT: Log = { debug: () => 0, info: () => 0, warn: () => 0, error: () => 0 };

/** Jobs that a worker does at the same time. */
const AT_ONCE = 4;

/** As the worker process ties them to the queue. */
function work(name: string, handle: (job: Job<NodeStepJob>, token?: string) => Promise<void>): Worker {
  const answer = async (job: Job<NodeStepJob>, token?: string): Promise<void> => {
    if (job.name !== 'wake') await queue.awaitTurn(job, token);
    if (job.name === 'reconcile') await queue.reconcileStarted(job.data.bayId);
    else await queue.nodeStepStarted();
    await handle(job, token);
  };
  const worker = new Worker(name, answer, {
    connection: redis,
    prefix: QUEUE_PREFIX,
    concurrency: AT_ONCE,
    stalledInterval: 500,
    lockDuration: 1_000,
  });
  const ended = (job: Job<NodeStepJob & Partial<ReconcileJob>> | undefined): void => {
    if (job?.name !== 'reconcile') return;
    const { bayId: id, projectId = null } = job.data;
    telling.push(queue.reconcileEnded({ id, projectId }));
  };
  worker.on('completed', ended).on('failed', ended);
  watch.addQueue(worker);
  workers.push(worker);
  return worker;
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 15_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A promise that the test fulfils, or its end. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  gates.push({ open });
  return { opened, open };
}

const newBay = (projectId = randomUUID() as ProjectId): QueuedBay => ({ id: randomUUID() as BayId, projectId });
const newNode = (): NodeId => randomUUID() as NodeId;
const jobs = async (name: string): Promise<Record<string, number>> => {
  const counts = Object.entries((await queue.measure(new Date()))[name]?.jobsByState ?? {});
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
};

describe('a bay that is to be reconciled', () => {
  it('waits since it could run, which is what the queue is measured by', async () => {
    const now = new Date();
    const lag = async (later: number) =>
      (await queue.measure(new Date(now.getTime() + later)))[BAYS_QUEUE]?.oldestSeconds ?? NaN;
    // Its time has not come yet.
    await queue.enqueueReconcileAt(newBay(), new Date(now.getTime() + 600_000), now);
    expect(await lag(3_600_000)).toBe(0);
    await queue.enqueueReconcile(newBay());
    await queue.enqueueReconcile(newBay());
    expect(Math.round((await lag(60_000)) / 10)).toBe(6);
    expect(await jobs(BAYS_QUEUE)).toEqual({ waiting: 2, delayed: 1 });
  });

  it('waits once, however often it is asked for', async () => {
    const [bay, other] = [newBay(), newBay()];
    await Promise.all(Array.from({ length: 50 }, () => queue.enqueueReconcile(bay)));
    await queue.enqueueReconcile(other);
    expect(await jobs(BAYS_QUEUE)).toEqual({ waiting: 2 });
  });

  it('runs once and waits once while it runs, and runs again after that', async () => {
    const bay = newBay();
    const first = gate();
    let started = 0;
    let atOnce = 0;
    let most = 0;
    work(BAYS_QUEUE, async () => {
      started += 1;
      atOnce += 1;
      most = Math.max(most, atOnce);
      if (started === 1) await first.opened;
      atOnce -= 1;
    });
    await queue.enqueueReconcile(bay);
    await until('the first run', () => started === 1);
    await Promise.all(Array.from({ length: 50 }, () => queue.enqueueReconcile(bay)));
    first.open();
    await until('the queue to be empty', async () => started === 2 && Object.keys(await jobs(BAYS_QUEUE)).length === 0);
    expect({ started, most }).toEqual({ started: 2, most: 1 });
    // What was kept for later is gone with it: the next wish is no repetition.
    await queue.enqueueReconcile(bay);
    await until('the third run', () => started === 3);
  });

  it('is asked for again after a run that failed', async () => {
    const bay = newBay();
    let started = 0;
    work(BAYS_QUEUE, () => {
      started += 1;
      return started === 1 ? Promise.reject(new Error('as the test wants')) : Promise.resolve();
    });
    await queue.enqueueReconcile(bay);
    await until('the failure', async () => started === 1 && Object.keys(await jobs(BAYS_QUEUE)).length === 0);
    await queue.enqueueReconcile(bay);
    await until('the second run', () => started === 2);
  });

  it('does not wait behind bays of one tenant that are always woken again', async () => {
    const busy = randomUUID() as ProjectId;
    const hot = Array.from({ length: 200 }, () => newBay(busy));
    const small = newBay();
    const [held, ran] = [gate(), [] as { readonly bayId: BayId; readonly place: number }[]];
    let atGate = 0;
    work(BAYS_QUEUE, async ({ id, data: { bayId } }) => {
      // BullMQ numbers jobs as they come into the queue.
      ran.push({ bayId, place: Number(id) });
      if (ran.some((job) => job.bayId === small.id)) return;
      // All have had their turn and are woken again; then nothing moves until the small one is in the line.
      if (ran.length > hot.length) {
        atGate += 1;
        await held.opened;
      }
      await queue.enqueueReconcile({ id: bayId, projectId: busy });
    });
    await Promise.all(hot.map((bay) => queue.enqueueReconcile(bay)));
    await until('the others to stand still', () => atGate === AT_ONCE);
    await Promise.all(telling);
    const last = Number(await redis.get(`${QUEUE_PREFIX}:${BAYS_QUEUE}:id`));
    const inQueue = await redis.llen(`${QUEUE_PREFIX}:${BAYS_QUEUE}:wait`);
    await queue.enqueueReconcile(small);
    held.open();
    await until('it', () => ran.some(({ bayId }) => bayId === small.id));
    await until('the end', async () => Object.keys(await jobs(BAYS_QUEUE)).length === 0);

    // Else the others had no reason to pass it.
    expect(hot.length - AT_ONCE - inQueue).toBeGreaterThan(hot.length / 2);
    const own = ran.find(({ bayId }) => bayId === small.id)?.place ?? NaN;
    // Of all that was not in the queue yet, the other project's one turn, if it was its.
    expect(ran.filter(({ place }) => place > last && place < own).length).toBeLessThanOrEqual(1);
    expect(new Set(ran.map(({ bayId }) => bayId)).size).toBe(201);
  });

  it('is woken later by the last such wish alone', async () => {
    const bay = newBay();
    const now = new Date();
    for (const seconds of [3_600, 60, 1_800]) {
      await queue.enqueueReconcileAt(bay, new Date(now.getTime() + seconds * 1_000), now);
    }
    expect(await jobs(BAYS_QUEUE)).toEqual({ delayed: 1 });
    const woken: string[] = [];
    work(BAYS_QUEUE, (job) => {
      woken.push(job.name);
      return Promise.resolve();
    });
    await queue.enqueueReconcileAt(bay, now, now);
    await until('the wake', () => woken.length === 1);
    expect(woken).toEqual(['wake']);
    await until('nothing to be left', async () => Object.keys(await jobs(BAYS_QUEUE)).length === 0);
  });
});

describe('the steps of a node', () => {
  it('run in their order, each after the one before it', async () => {
    const done: string[] = [];
    work(NODE_STEPS_QUEUE, (job) => {
      done.push(job.name);
      return Promise.resolve();
    });
    await queue.enqueueNodeSteps(newBay(), [{ nodeId: newNode(), steps: ['drain', 'leave', 'delete-machine'] }]);
    await until('all steps', () => done.length === 3);
    expect(done).toEqual(['drain', 'leave', 'delete-machine']);
    await until('nothing to be left', async () => Object.keys(await jobs(NODE_STEPS_QUEUE)).length === 0);
  });

  it('are under way once, however often they are asked for, and may come again when they are done', async () => {
    const [bay, node] = [newBay(), newNode()];
    const held = gate();
    let started = 0;
    work(NODE_STEPS_QUEUE, async () => {
      started += 1;
      await held.opened;
    });
    await queue.enqueueNodeSteps(bay, [{ nodeId: node, steps: ['create-machine'] }]);
    await until('the first', () => started === 1);
    await Promise.all(
      [1, 2, 3, 4].map(() => queue.enqueueNodeSteps(bay, [{ nodeId: node, steps: ['create-machine'] }])),
    );
    expect(await jobs(NODE_STEPS_QUEUE)).toEqual({ active: 1 });
    held.open();
    await until('the end', async () => Object.keys(await jobs(NODE_STEPS_QUEUE)).length === 0);
    await queue.enqueueNodeSteps(bay, [{ nodeId: node, steps: ['create-machine'] }]);
    await until('the second', () => started === 2);
  });

  it('of a bay that asks for a few do not wait behind those of one that asks for very many', async () => {
    const [large, small] = [newBay(), newBay()];
    const steps = ['create-machine'] as const;
    await queue.enqueueNodeSteps(
      large,
      Array.from({ length: 60 }, () => ({ nodeId: newNode(), steps })),
    );
    await queue.enqueueNodeSteps(small, [
      { nodeId: newNode(), steps },
      { nodeId: newNode(), steps },
    ]);
    const order: BayId[] = [];
    work(NODE_STEPS_QUEUE, (job) => {
      order.push(job.data.bayId);
      return Promise.resolve();
    });
    await until('all', () => order.length === 62);
    expect(order.lastIndexOf(small.id)).toBeLessThan(46);
    expect(order.filter((bay) => bay === large.id)).toHaveLength(60);
  });

  it('that are asked again and again let those of another tenant pass', async () => {
    const [loud, small] = [newBay(), newBay()];
    const nodes = Array.from({ length: 100 }, () => ({ nodeId: newNode(), steps: ['drain'] as const }));
    const [held, ran] = [gate(), [] as BayId[]];
    let atGate = 0;
    work(NODE_STEPS_QUEUE, async (job, token) => {
      ran.push(job.data.bayId);
      // An end also where the small one never comes.
      if (ran.includes(small.id) || ran.length > 1_000) return;
      if (ran.length > 2 * nodes.length) {
        atGate += 1;
        await held.opened;
      }
      await job.moveToDelayed(Date.now(), token);
      throw new DelayedError();
    });
    await queue.enqueueNodeSteps(loud, nodes);
    await until('the loud ones to stand still', () => atGate === AT_ONCE);
    const before = ran.length;
    const [waiting, delayed] = [
      await redis.llen(`${QUEUE_PREFIX}:${NODE_STEPS_QUEUE}:wait`),
      await redis.zcard(`${QUEUE_PREFIX}:${NODE_STEPS_QUEUE}:delayed`),
    ];
    await queue.enqueueNodeSteps(small, [{ nodeId: newNode(), steps: ['drain'] }]);
    held.open();
    await until('the end', async () => Object.keys(await jobs(NODE_STEPS_QUEUE)).length === 0);
    // Those that were in the queue already, and a turn.
    expect(ran.indexOf(small.id) - before).toBeLessThanOrEqual(waiting + delayed + 10);
    expect(waiting + delayed).toBeLessThanOrEqual(nodes.length);
    expect(ran.filter((bay) => bay === loud.id).length).toBeGreaterThanOrEqual(before + nodes.length);
  });

  it('are asked for again after a while only, where that is wanted', async () => {
    const patient = openBayQueue(redis, watch, { repeatAfterMs: 60_000 });
    const node = { nodeId: newNode(), steps: ['create-machine'] as const };
    await patient.enqueueNodeSteps(newBay(), [node]);
    await redis.flushall();
    await patient.enqueueNodeSteps(newBay(), [node]);
    expect(await jobs(NODE_STEPS_QUEUE)).toEqual({});
    await queue.enqueueNodeSteps(newBay(), [node]);
    expect(await jobs(NODE_STEPS_QUEUE)).toEqual({ waiting: 1 });
    await patient.close();
  });

  it('are tried again where they failed, and what comes after waits', async () => {
    const done: string[] = [];
    let failures = 2;
    work(NODE_STEPS_QUEUE, (job) => {
      done.push(job.name);
      failures -= job.name === 'drain' ? 1 : 0;
      return job.name === 'drain' && failures >= 0 ? Promise.reject(new Error('not yet')) : Promise.resolve();
    });
    await queue.enqueueNodeSteps(newBay(), [{ nodeId: newNode(), steps: ['drain', 'delete-machine'] }]);
    await until('all steps', () => done.includes('delete-machine'));
    expect(done).toEqual(['drain', 'drain', 'drain', 'delete-machine']);
  });

  it('leave nothing behind that keeps them from being asked for again when all tries failed', async () => {
    const [bay, node] = [newBay(), newNode()];
    let failed = 0;
    const worker = work(NODE_STEPS_QUEUE, () => Promise.reject(new UnrecoverableError('as after the last try')));
    worker.on('failed', () => (failed += 1));
    await queue.enqueueNodeSteps(bay, [{ nodeId: node, steps: ['drain', 'leave', 'delete-machine'] }]);
    await until('the failure', () => failed > 0);
    await until('nothing to be left', async () => Object.keys(await jobs(NODE_STEPS_QUEUE)).length === 0);
    const before = failed;
    await queue.enqueueNodeSteps(bay, [{ nodeId: node, steps: ['drain', 'leave', 'delete-machine'] }]);
    await until('another try', () => failed > before);
  });
});

describe('the outbox relay', () => {
  let storage: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    storage = await startTestDatabase();
    database = await openDatabase({ url: storage.url });
  }, 60_000);
  afterAll(async () => {
    await database.close();
    await storage.stop();
  });

  const left = (): Promise<number> =>
    database.transaction(async (stores) => (await stores.outbox.take(100_000)).length);
  async function fill(count: number): Promise<BayId[]> {
    const project = await seedProject(database.stores);
    const bays = await Promise.all([1, 2, 3].map(async () => (await seedBay(database.stores, project)).bay.id));
    await relayOutbox(database, { ...queue, enqueueReconcile: () => Promise.resolve() });
    for (let row = 0; row < count; row += 1)
      await database.stores.outbox.append(bays[row % bays.length] ?? newBay().id);
    return bays;
  }

  it('moves each row once, with two of them at work', async () => {
    await fill(1_000);
    const moved = await Promise.all([relayOutbox(database, queue), relayOutbox(database, queue)]);
    // What one had locked while the other looked is the first one's; together they had each row once.
    expect(moved[0] + moved[1]).toBe(1_000);
    expect(await left()).toBe(0);
    expect(await jobs(BAYS_QUEUE)).toEqual({ waiting: 3 });
  });

  it('forgets nothing and doubles nothing when it dies between the queue and the database', async () => {
    const bays = await fill(9);
    const queued: BayId[] = [];
    const dying: BayQueue = {
      ...queue,
      async enqueueReconcile(bay) {
        await queue.enqueueReconcile(bay);
        queued.push(bay.id);
        if (queued.length === 2) throw new Error('killed');
      },
    };
    await expect(relayOutbox(database, dying)).rejects.toThrow('killed');
    expect(await left()).toBe(9);
    expect(await relayOutbox(database, queue)).toBe(9);
    expect(await jobs(BAYS_QUEUE)).toEqual({ waiting: bays.length });
  });
});

describe('signals', () => {
  it('reach everybody who listens to the topic, in any process, and nobody after that', async () => {
    const { other, otherWatch } = connect();
    const [own, theirs] = [openSignals(redis, watch), openSignals(other, otherWatch)];
    const heard: string[] = [];
    const stop = await own.subscribe('a', () => heard.push('own'));
    await theirs.subscribe('a', () => heard.push('theirs'));
    await theirs.subscribe('b', () => heard.push('wrong'));
    await own.publish('a');
    await until('both', () => heard.length === 2);
    expect(heard.sort()).toEqual(['own', 'theirs']);
    stop();
    await own.publish('a');
    await until('the other', () => heard.length === 3);
    expect(heard.filter((name) => name === 'own')).toHaveLength(1);
    await Promise.all([own.close(), theirs.close()]);
    other.disconnect();
  });

  it('reach whoever subscribed at whatever moment of the opening of the connection', async () => {
    const { other, otherWatch } = connect();
    const signals = openSignals(other, otherWatch);
    const heard = new Set<string>();
    const subscribed: Promise<unknown>[] = [];
    const topics = Array.from({ length: 300 }, (_value, index) => `moment ${String(index)}`);
    for (const topic of topics) {
      subscribed.push(signals.subscribe(topic, () => heard.add(topic)));
      await new Promise(setImmediate);
    }
    await Promise.all(subscribed);
    await Promise.all(topics.map((topic) => signals.publish(topic)));
    await until('every topic', () => heard.size === topics.length);
    await signals.close();
    other.disconnect();
  }, 30_000);

  it('reach who subscribed while Redis was loading its data', async () => {
    for (let key = 0; key < 60; key += 1) await redis.set(`ballast:${String(key)}`, 'x'.repeat(200));
    await redis.save();
    await server.kill();
    // From the dump, 20 ms a key: it answers all the while, and says that it is loading.
    const slowly = ['--key-load-delay', '20000', '--loading-process-events-interval-bytes', '1024'];
    await server.start(['--appendonly', 'no', ...slowly]);
    const { other, otherWatch } = connect();
    const signals = openSignals(other, otherWatch);
    let heard = 0;
    await signals.subscribe('early', () => (heard += 1));
    await until('Redis', async () => (await redis.get('ballast:0')) !== null);
    // Longer than ioredis waits before it looks again whether Redis is ready; a lost subscription is lost by then.
    const end = Date.now() + 1_500;
    await until('signals', async () => {
      heard = 0;
      await signals.publish('early');
      await new Promise((resolve) => setTimeout(resolve, 50));
      return Date.now() > end;
    });
    expect(heard).toBe(1);
    await signals.close();
    other.disconnect();
    await server.kill();
    await server.start();
  }, 30_000);
});

describe('when Redis', () => {
  it('forgets everything, the queues go on', async () => {
    const bay = newBay();
    const seen: string[] = [];
    work(BAYS_QUEUE, (job) => {
      seen.push(job.data.bayId);
      return Promise.resolve();
    });
    await queue.enqueueReconcile(bay);
    await until('the first', () => seen.length === 1);
    await redis.flushall();
    await queue.enqueueReconcile(bay);
    await until('the second', () => seen.length === 2);
  });

  it('is killed, workers, queues and signals find it again and lose nothing that it had confirmed', async () => {
    const bay = newBay();
    const signals = openSignals(redis, watch);
    let heard = 0;
    await signals.subscribe('again', () => (heard += 1));
    await queue.enqueueNodeSteps(bay, [{ nodeId: newNode(), steps: ['create-machine'] }]);
    await server.kill();
    const meanwhile = queue.enqueueReconcile(bay);
    await server.start();
    await meanwhile;
    const seen: string[] = [];
    for (const name of [BAYS_QUEUE, NODE_STEPS_QUEUE]) {
      work(name, (job) => {
        seen.push(job.name);
        return Promise.resolve();
      });
    }
    await until('both jobs', () => seen.length === 2);
    expect(seen.sort()).toEqual(['create-machine', 'reconcile']);
    await until('a signal', async () => {
      await signals.publish('again');
      return heard > 0;
    });
    // The same workers through a second death.
    await server.kill();
    await server.start();
    await queue.enqueueReconcile(bay);
    await until('the job after it', () => seen.length === 3);
    await signals.close();
  }, 60_000);

  it('is away for a while, the log says that once, and once that it is back', async () => {
    const printed = jest.spyOn(console, 'error');
    const signals = openSignals(redis, watch);
    await signals.subscribe('again', () => undefined);
    const worker = work(BAYS_QUEUE, () => Promise.resolve());
    await worker.waitUntilReady();
    let tries = 0;
    redis.on('reconnecting', () => (tries += 1));
    for (const outages of [1, 2]) {
      tries = 0;
      await server.kill();
      await until('several tries', () => tries >= 4);
      await server.start();
      await until('the word', () => lines.filter((line) => line.startsWith('Redis is back')).length === outages);
      await until('the worker', () => worker.getBackend().connection.status === 'ready');
      await signals.subscribe(`again ${String(outages)}`, () => undefined);
      await queue.enqueueReconcile(newBay());
      await until('the job', async () => Object.keys(await jobs(BAYS_QUEUE)).length === 0);
    }
    expect(lines.map((line) => line.split(' {')[0])).toEqual([
      ...['the connection to Redis is lost; it is tried again until it is back', 'Redis is back'],
      ...['the connection to Redis is lost; it is tried again until it is back', 'Redis is back'],
    ]);
    expect(printed).not.toHaveBeenCalled();
    printed.mockRestore();
    await signals.close();
    await worker.close();
    expect(lines).toHaveLength(4);
  }, 60_000);

  it('is there, what else goes wrong with a queue is said each time', async () => {
    const worker = work(BAYS_QUEUE, () => Promise.resolve());
    await worker.waitUntilReady();
    for (const words of ['could not renew lock for job 1', 'could not renew lock for job 2']) {
      worker.emit('error', new Error(words));
    }
    expect(lines).toEqual([
      `a queue failed {"queue":"${BAYS_QUEUE}","error":"could not renew lock for job 1"}`,
      `a queue failed {"queue":"${BAYS_QUEUE}","error":"could not renew lock for job 2"}`,
    ]);
  });
});

describe('a start without Redis', () => {
  it('says where it looks for it, again and again, and ends with what to do', async () => {
    const url = 'redis://:secret@127.0.0.1:21799';
    const nowhere = openRedis(url);
    nowhere.on('error', () => undefined);
    await expect(waitForRedis(nowhere, url, log, { patienceMs: 1_000, sayAgainMs: 300 })).rejects.toMatchObject({
      code: 'provider-unavailable',
      publicMessage:
        'Redis did not answer at redis://127.0.0.1:21799 for 1 s (connect ECONNREFUSED 127.0.0.1:21799). Start it, or correct REDIS_URL.',
    });
    nowhere.disconnect();
    expect(lines.length).toBeGreaterThanOrEqual(2);
    expect(lines[0]).toContain('waiting for Redis');
    expect(lines.join('\n')).toContain('redis://127.0.0.1:21799');
    expect(lines.join('\n')).not.toContain('secret');
  });

  it('goes on as soon as it is there', async () => {
    await server.kill();
    const waiting = waitForRedis(redis, server.url, log, { patienceMs: 20_000, sayAgainMs: 100 });
    await until('the complaint', () => lines.some((line) => line.includes('unix://')));
    await server.start();
    await waiting;
  }, 30_000);
});
