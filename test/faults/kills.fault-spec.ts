/**
 * Every process is killed, and Redis is emptied, while tenants go on wishing. Whatever the moment, every bay becomes what
 * was asked for last, and nothing else is left. FAULT_SEED repeats the choices, FAULT_KILLS says how many (12).
 */
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { PROCESSES, startInstallation, type Installation } from './testing/installation.js';
import { chooseSeed, countFrom, randomFrom } from './testing/random.js';
import { tryUnderLoad } from './testing/try-under-load.js';

const KILLS = countFrom('FAULT_KILLS', 12);
const LIMITS = { bays: 10, masters: 18, workers: 36 };
/** Milliseconds between two blows, and for which the dead stay dead, at most. */
const LONGEST_PAUSE = 2_500;
const LONGEST_DEATH = 1_000;

describe('processes that are killed', () => {
  let installation: Installation;
  beforeAll(async () => {
    installation = await startInstallation({
      BAYKEEPER_QUOTA_BAYS: String(LIMITS.bays),
      BAYKEEPER_QUOTA_MASTERS: String(LIMITS.masters),
      BAYKEEPER_QUOTA_NODES: String(LIMITS.workers),
    });
  }, 120_000);
  afterAll(() => installation.stop(), 60_000);

  it(
    `every bay becomes what was asked for last, after ${String(KILLS)} kills`,
    async () => {
      const random = randomFrom(chooseSeed('kills'));
      const killed: string[] = [];
      let emptied = 0;
      await tryUnderLoad({
        ...{ installation, random, limits: LIMITS, name: 'kills' },
        trouble: async () => {
          // To empty Redis is no kill: it comes on top.
          while (killed.length < KILLS) {
            await sleep(random.between(0, LONGEST_PAUSE));
            const what = random.pick([...PROCESSES, 'memory of redis'] as const);
            if (what === 'memory of redis') {
              await installation.emptyRedis();
              emptied += 1;
              continue;
            }
            await installation.kill(what);
            await sleep(random.between(0, LONGEST_DEATH));
            await installation.start(what);
            killed.push(what);
          }
          const counts = PROCESSES.map(
            (name) => `${name} ${String(killed.filter((one) => one === name).length)} times`,
          );
          process.stdout.write(`kills: killed ${counts.join(', ')}; emptied Redis ${String(emptied)} times\n`);
        },
      });
    },
    180_000 + KILLS * 20_000,
  );
});
