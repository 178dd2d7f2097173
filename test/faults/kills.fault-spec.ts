/**
 * Every process is killed, and Redis is emptied, while tenants go on wishing. Whatever the moment, every bay becomes what
 * was asked for last, and nothing else is left. FAULT_SEED repeats the choices, FAULT_KILLS says how many (12).
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { findDisagreements } from './testing/find-disagreements.js';
import { PROCESSES, startInstallation, type Installation } from './testing/installation.js';
import { live } from './testing/live.js';
import { chooseSeed, countFrom, randomFrom } from './testing/random.js';
import { openTenant } from './testing/tenant.js';
import { untilSettled } from './testing/until-settled.js';
import { watchMembers } from './testing/watch-members.js';

const KILLS = countFrom('FAULT_KILLS', 12);
const TENANTS = ['ada', 'bob', 'cleo'];
/** Milliseconds between two blows, and for which the dead stay dead, at most. */
const LONGEST_PAUSE = 2_500;
const LONGEST_DEATH = 1_000;

describe('processes that are killed', () => {
  let installation: Installation;
  beforeAll(async () => {
    installation = await startInstallation();
  }, 120_000);
  afterAll(() => installation.stop(), 60_000);

  it(
    `every bay becomes what was asked for last, after ${String(KILLS)} kills`,
    async () => {
      const random = randomFrom(chooseSeed('kills'));
      const over = new AbortController();
      const tenants = TENANTS.map((name) => ({ name, tenant: openTenant(installation, 'swarm-web') }));
      const lives = tenants.map(({ name, tenant }) => live(tenant, name, random.fork(name), over.signal));
      const watch = watchMembers(installation, over.signal);
      const killed: string[] = [];
      try {
        while (killed.length < KILLS) {
          await Promise.race([sleep(random.between(0, LONGEST_PAUSE)), ...lives]);
          const what = random.pick([...PROCESSES, 'memory of redis'] as const);
          if (what === 'memory of redis') await installation.emptyRedis();
          else {
            await installation.kill(what);
            await sleep(random.between(0, LONGEST_DEATH));
            await installation.start(what);
          }
          killed.push(what);
        }
      } finally {
        over.abort();
        await Promise.allSettled([...lives, watch]);
      }
      await Promise.all(lives);
      const wishes = new Map(tenants.flatMap(({ tenant }) => [...tenant.wishes]));
      process.stdout.write(`kills: ${String(wishes.size)} bays; killed ${killed.join(', ')}\n`);
      await untilSettled(installation, wishes);
      expect(await findDisagreements(installation, wishes)).toEqual([]);
      expect(await watch).toEqual([]);
    },
    180_000 + KILLS * 20_000,
  );
});
