/** Processes are killed while tenants work. Whatever the moment, every bay becomes what was asked for last. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { findDisagreements } from './testing/find-disagreements.js';
import { startInstallation, type Installation } from './testing/installation.js';
import { chooseSeed, countFrom, randomFrom } from './testing/random.js';
import { openTenant } from './testing/tenant.js';
import { untilSettled } from './testing/until-settled.js';

const KILLS = countFrom('FAULT_KILLS', 4);

describe('processes that are killed', () => {
  let installation: Installation;
  beforeAll(async () => {
    installation = await startInstallation();
  }, 120_000);
  afterAll(() => installation.stop(), 60_000);

  it(
    `brings every bay to what was asked for, after ${String(KILLS)} kills of workers`,
    async () => {
      const random = randomFrom(chooseSeed('kills of workers'));
      const tenant = openTenant(installation, 'swarm-web');
      for (let kill = 0; kill < KILLS; kill += 1) {
        const name = `bay-${String(kill)}`;
        await tenant.create(name, { masters: random.pick([1, 3]), workers: random.between(1, 5) });
        await sleep(random.between(0, 1_500));
        const worker = random.pick(['worker-1', 'worker-2'] as const);
        await installation.kill(worker);
        await installation.start(worker);
        if (random.between(0, 2) === 0) await tenant.remove(name);
        else await tenant.scale(name, random.between(0, 6));
      }
      await untilSettled(installation, tenant.wishes);
      expect(await findDisagreements(installation, tenant.wishes)).toEqual([]);
    },
    120_000 + KILLS * 20_000,
  );
});
