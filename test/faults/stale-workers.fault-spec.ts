/**
 * A worker stops in the midst of what it does (SIGSTOP), the other one takes over, and then the first one wakes up and
 * goes on as if nothing had happened (SIGCONT). What it writes is refused, and nothing is doubled or removed. FAULT_SEED
 * repeats the choices, FAULT_STOPS says how often (3).
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { startInstallation, type Installation } from './testing/installation.js';
import { chooseSeed, countFrom, randomFrom } from './testing/random.js';
import { tryUnderLoad } from './testing/try-under-load.js';

const STOPS = countFrom('FAULT_STOPS', 3);
/** Leases and locks run out within 15 seconds. */
const LONGER_THAN_LEASES_MS = { least: 16_000, most: 20_000 };
const BUSY_WITHIN_MS = 10_000;
const LIMITS = { bays: 12, masters: 20, workers: 40 };
const WORKERS = ['worker-1', 'worker-2'] as const;

describe('workers that sleep and wake up', () => {
  let installation: Installation;
  beforeAll(async () => {
    installation = await startInstallation({
      // Calls are long, so that a worker that stops is in the midst of some.
      BAYKEEPER_SIMULATED_LATENCY_MS: '600',
      BAYKEEPER_QUOTA_BAYS: String(LIMITS.bays),
      BAYKEEPER_QUOTA_MASTERS: String(LIMITS.masters),
      BAYKEEPER_QUOTA_NODES: String(LIMITS.workers),
    });
  }, 120_000);
  afterAll(() => installation.stop(), 60_000);

  it(
    `every bay becomes what was asked for last, after ${String(STOPS)} stops`,
    async () => {
      const random = randomFrom(chooseSeed('stale workers'));
      let lost = 0;
      await tryUnderLoad({
        ...{ installation, random, limits: LIMITS, name: 'stale' },
        trouble: async () => {
          for (let stop = 0; stop < STOPS; stop += 1) {
            await sleep(random.between(2_000, 4_000));
            const worker = random.pick(WORKERS);
            await untilBusy(installation, worker);
            installation.pause(worker);
            await sleep(random.between(LONGER_THAN_LEASES_MS.least, LONGER_THAN_LEASES_MS.most));
            installation.resume(worker);
          }
          await sleep(3_000);
          for (const worker of WORKERS) lost += await countLostLeases(installation, worker);
        },
      });
      // Else nothing was tried.
      expect(lost).toBeGreaterThan(0);
    },
    240_000 + STOPS * 25_000,
  );
});

/** Until it holds a bay's lease: one that does nothing loses nothing. Not for ever, because it may have nothing to do. */
async function untilBusy(installation: Installation, worker: (typeof WORKERS)[number]): Promise<void> {
  const end = Date.now() + BUSY_WITHIN_MS;
  while (Date.now() < end && (await readNumber(installation, worker, /baykeeper_leases_held(?:{.*})? (\d+)/)) === 0)
    await sleep(10);
}

function countLostLeases(installation: Installation, worker: (typeof WORKERS)[number]): Promise<number> {
  return readNumber(installation, worker, /baykeeper_leases_ended_total{.*"lost".*} (\d+)/);
}

async function readNumber(
  installation: Installation,
  worker: (typeof WORKERS)[number],
  pattern: RegExp,
): Promise<number> {
  return Number(pattern.exec(await installation.metrics(worker))?.[1] ?? 0);
}
