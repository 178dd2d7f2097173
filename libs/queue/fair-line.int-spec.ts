/** The line before a queue over a real Redis: whoever comes, in whatever order, nobody waits for more than a turn of each. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { openRedis, type RedisConnection } from './connection.js';
import { openFairLine, type FairLine, type LineEntry } from './fair-line.js';
import { startTestRedis, type TestRedis } from './testing/start-test-redis.js';

const WAITING = 'queue:wait';
const TURN = 3;
const MOST = 4;

let server: TestRedis;
let redis: RedisConnection;
beforeAll(async () => {
  server = await startTestRedis();
  redis = openRedis(server.url);
}, 60_000);
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});
beforeEach(() => redis.flushall());

/** What was let in, in its order, by whichever process. */
function open(letIn: (payload: string) => void, settings: { turn?: number; isHeld?: boolean } = {}): FairLine {
  return openFairLine(redis, {
    ...{ prefix: 'line', turn: settings.turn ?? TURN, most: MOST, waiting: WAITING },
    ...{ busy: 'busy:', isHeld: settings.isHeld ?? false },
    letIn: async (payloads) => {
      for (const payload of payloads) letIn(payload);
      await redis.rpush(WAITING, ...payloads);
    },
  });
}

const entry = (project: string, bay: string, key: string): LineEntry => ({
  ...{ project, bay, key },
  payload: JSON.stringify({ project, bay, key }),
});

/** Takes out what waits in the queue, until nothing comes any more. */
async function drain(line: FairLine): Promise<void> {
  do await redis.del(WAITING);
  while ((await line.refill(), await redis.llen(WAITING)) > 0);
}

const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('ask' as const),
        ...{ project: fc.nat(4), bay: fc.nat(2), nodes: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constant(40)) },
      }),
    },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('work' as const), jobs: fc.integer({ min: 1, max: 8 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('flush' as const) }) },
  ),
  { maxLength: 40 },
);

/**
 * Watches what is let in. Between two keys of one that waits, no other one may have more than a turn; this bounds the wait
 * of everybody by a turn of each other who waits.
 */
class Fairness {
  /** By who waits: how many of each other were let in since it came, or had its last. */
  private readonly since = new Map<string, Map<string, number>>();
  private readonly left = new Map<string, number>();
  readonly broken: string[] = [];

  waits(who: string): void {
    if (!this.left.has(who)) this.since.set(who, new Map());
    this.left.set(who, (this.left.get(who) ?? 0) + 1);
  }

  letIn(who: string, turn: number): void {
    const left = (this.left.get(who) ?? 0) - 1;
    this.since.delete(who);
    for (const [other, counts] of this.since) {
      const count = (counts.get(who) ?? 0) + 1;
      counts.set(who, count);
      if (count > turn) this.broken.push(`${who} had ${String(count)} while ${other} waited`);
    }
    if (left > 0) this.since.set(who, new Map());
    if (left > 0) this.left.set(who, left);
    else this.left.delete(who);
  }

  forget(): void {
    this.since.clear();
    this.left.clear();
  }
}

describe('the line', () => {
  it('gives projects their turns, and bays those of their project, and loses nobody, whoever comes', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (story) => {
        await redis.flushall();
        const waiting = new Map<string, LineEntry>();
        const order: string[] = [];
        const projects = new Fairness();
        const bays = new Map<string, Fairness>();
        const baysOf = (project: string): Fairness => {
          const known = bays.get(project) ?? new Fairness();
          bays.set(project, known);
          return known;
        };
        const letIn = (payload: string): void => {
          const { project, bay, key } = JSON.parse(payload) as LineEntry;
          expect(waiting.delete(key)).toBe(true);
          order.push(key);
          projects.letIn(project, TURN);
          baysOf(project).letIn(bay, TURN);
        };
        const [one, other] = [open(letIn), open(letIn)];
        const put = async (asked: LineEntry): Promise<void> => {
          if (!waiting.has(asked.key)) {
            waiting.set(asked.key, asked);
            projects.waits(asked.project);
            baysOf(asked.project).waits(asked.bay);
          }
          await (order.length % 2 === 0 ? one : other).put(asked);
        };
        let made = 0;
        for (const step of story) {
          if (step.kind === 'ask') {
            const project = `p${String(step.project)}`;
            const bay = `${project}b${String(step.bay)}`;
            for (let node = 0; node < step.nodes; node += 1) {
              const asked = entry(project, bay, `${bay}n${String((made += 1))}`);
              await put(asked);
              if (node % 3 === 0 && waiting.has(asked.key)) await put(asked);
            }
          } else if (step.kind === 'work') {
            await redis.lpop(WAITING, step.jobs);
            await other.refill();
          } else {
            // What waited is put in again by the sweep; where nothing was lost of it, nothing happens.
            await redis.flushall();
            for (const watched of [projects, ...bays.values()]) watched.forget();
            const lost = [...waiting.values()];
            waiting.clear();
            for (const asked of lost) await put(asked);
          }
        }
        await drain(one);
        expect([...waiting]).toEqual([]);
        expect(new Set(order).size).toBe(made);
        expect([projects, ...bays.values()].flatMap(({ broken }) => broken)).toEqual([]);
        // Nothing is left in Redis of what has gone through.
        expect((await redis.keys('*')).filter((key) => key !== 'line:served')).toEqual([]);
      }),
      { numRuns: 100 },
    );
  }, 120_000);

  it('lets a tenant with one small bay pass one with a thousand bays and one with ten thousand nodes', async () => {
    const order: string[] = [];
    const line = open((payload) => order.push((JSON.parse(payload) as LineEntry).project), { turn: 10 });
    await Promise.all([
      ...Array.from({ length: 10_000 }, (_, node) => line.put(entry('huge', 'huge', `huge ${String(node)}`))),
      ...Array.from({ length: 1_000 }, (_, bay) => line.put(entry('many', `bay ${String(bay)}`, `bay ${String(bay)}`))),
    ]);
    const before = order.length;
    for (let node = 0; node < 10; node += 1) await line.put(entry('small', 'small', `small ${String(node)}`));
    for (let worked = 0; worked < 40; worked += MOST) {
      await redis.lpop(WAITING, MOST);
      await line.refill();
    }
    expect(order.lastIndexOf('small')).toBeLessThan(before + 30);
    expect(order.filter((project) => project === 'small')).toHaveLength(10);
  }, 30_000);

  it('costs the same for one that comes, however many wait', async () => {
    const line = open(() => undefined);
    const ask = (from: number, to: number): Promise<unknown> =>
      Promise.all(
        Array.from({ length: to - from }, (_, index) => {
          const bay = String(from + index);
          return line.put(entry(`project ${String(index % 50)}`, bay, bay));
        }),
      );
    const commandsOfOne = async (key: string): Promise<number> => {
      await redis.del(WAITING);
      await redis.config('RESETSTAT');
      await line.put(entry(key, key, key));
      const calls = [...(await redis.info('commandstats')).matchAll(/cmdstat_(?!eval|info|config)\S+:calls=(\d+)/g)];
      return calls.reduce((sum, [, count]) => sum + Number(count), 0);
    };
    await ask(0, 100);
    const few = await commandsOfOne('first');
    await ask(100, 5_000);
    // Turns may end at another place.
    expect(Math.abs((await commandsOfOne('second')) - few)).toBeLessThanOrEqual(MOST);
  }, 30_000);

  it('holds what is said of a bay whose job is under way, until that ends, or forgets it when it starts', async () => {
    const order: string[] = [];
    const line = open((payload) => order.push(payload), { isHeld: true });
    const said = (payload: string) => ({ project: 'p', bay: 'b', key: 'b', payload });
    await redis.set('busy:b', '1');
    await line.put(said('known when it starts'));
    await line.started('b');
    await line.ended({ project: 'p', bay: 'b', key: 'b' });
    expect(order).toEqual([]);
    await line.put(said('news'));
    await line.put(said('later news'));
    expect(order).toEqual([]);
    await redis.del('busy:b');
    await line.ended({ project: 'p', bay: 'b', key: 'b' });
    await line.ended({ project: 'p', bay: 'b', key: 'b' });
    expect(order).toEqual(['later news']);
  });
});
