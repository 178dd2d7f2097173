/**
 * What Baykeeper remembers with is emptied, killed, stopped or behind a bad network, while tenants go on wishing.
 * FAULT_SEED repeats the choices, FAULT_OUTAGE_SECONDS says how long what is away stays away (30).
 */
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { startInstallation, type Installation, type Proxies } from './testing/installation.js';
import { chooseSeed, countFrom, randomFrom, type Random } from './testing/random.js';
import { tryUnderLoad } from './testing/try-under-load.js';

const OUTAGE_MS = countFrom('FAULT_OUTAGE_SECONDS', 30) * 1_000;
const TROUBLE_MS = countFrom('FAULT_TROUBLE_SECONDS', 15) * 1_000;
/** Tenants wish before the outage, during it and after it. */
const BEFORE_MS = 4_000;
const LIMITS = { bays: 9, masters: 15, workers: 30 };

type Trouble = (installation: Installation, proxies: Proxies, random: Random) => Promise<void>;

/** Does it again and again, after pauses up to the given one. */
async function repeat(random: Random, longestPauseMs: number, work: () => Promise<void>): Promise<void> {
  const end = Date.now() + TROUBLE_MS;
  while (Date.now() < end) {
    await sleep(random.between(0, longestPauseMs));
    await work();
  }
}

const TROUBLES: readonly (readonly [name: string, trouble: Trouble])[] = [
  ['redis-emptied', (installation, _, random) => repeat(random, 1_500, () => installation.emptyRedis())],
  [
    'redis-gone',
    async (installation) => {
      await sleep(BEFORE_MS);
      await installation.kill('redis');
      await sleep(OUTAGE_MS);
      await installation.start('redis');
      await sleep(BEFORE_MS);
    },
  ],
  [
    'redis-stopped',
    async (_, { redis }) => {
      await sleep(BEFORE_MS);
      redis.freeze();
      await sleep(OUTAGE_MS);
      redis.thaw();
      await sleep(BEFORE_MS);
    },
  ],
  [
    'postgresql-restarted',
    (installation, _, random) =>
      repeat(random, 4_000, async () => {
        await installation.kill('postgresql');
        await installation.start('postgresql');
      }),
  ],
  [
    'postgresql-stopped',
    async (_, { postgresql }) => {
      await sleep(BEFORE_MS);
      postgresql.freeze();
      await sleep(OUTAGE_MS);
      postgresql.thaw();
      await sleep(BEFORE_MS);
    },
  ],
  [
    'bad-network',
    async (_, { redis, postgresql }, random) => {
      for (const proxy of [redis, postgresql]) proxy.delay(300, random);
      await repeat(random, 1_500, () => {
        random.pick([redis, postgresql]).cut(random.pick([0.1, 0.5, 1]), random);
        return Promise.resolve();
      });
      for (const proxy of [redis, postgresql]) proxy.delay(0, random);
    },
  ],
];

describe('stores that are away', () => {
  let installation: Installation;
  const seed = chooseSeed('outages');
  beforeAll(async () => {
    installation = await startInstallation(
      {
        BAYKEEPER_QUOTA_BAYS: String(LIMITS.bays),
        BAYKEEPER_QUOTA_MASTERS: String(LIMITS.masters),
        BAYKEEPER_QUOTA_NODES: String(LIMITS.workers),
      },
      { isProxied: true },
    );
  }, 120_000);
  afterAll(() => installation.stop(), 60_000);

  it.each(TROUBLES)(
    '%s: every bay becomes what was asked for last',
    async (name, trouble) => {
      const random = randomFrom(seed).fork(name);
      const { proxies } = installation;
      if (proxies === null) throw new Error('there are no proxies');
      await tryUnderLoad({
        ...{ installation, random, limits: LIMITS, name },
        trouble: () => trouble(installation, proxies, random.fork('trouble')),
      });
    },
    240_000 + TROUBLE_MS + OUTAGE_MS,
  );
});
