/**
 * The cloud does wrong what clouds do wrong, while tenants go on wishing: errors before and after the work, calls that
 * are never answered, throttling, a quota of its own, an outage, machines that are not listed yet, machines that vanish.
 * FAULT_SEED repeats the choices.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../support/run.js';
import {
  editLoadBalancer,
  EDITS,
  endFaults,
  FOREIGN,
  loseMachine,
  setFaults,
  type Edit,
  type Faults,
} from './testing/faulty-cloud.js';
import { startInstallation, type Installation } from './testing/installation.js';
import { chooseSeed, countFrom, randomFrom } from './testing/random.js';
import { loadEvents } from './testing/read-events.js';
import { loadBays, loadLoadBalancers, loadMachines, loadNodes } from './testing/stores.js';
import { openTenant, type Tenant } from './testing/tenant.js';
import { tryUnderLoad } from './testing/try-under-load.js';
import { untilSettled } from './testing/until-settled.js';

/** Writes outside that did not go well at once: the trouble is there. */
async function countTroubled(installation: Installation): Promise<number> {
  const [row] = await installation.query<{ count: string }>(
    'SELECT count(*) FROM operations WHERE attempts > 1 OR error IS NOT NULL',
  );
  return Number(row?.count);
}

/** @returns the milliseconds between one throttled call of a worker, or several at once, and the next */
async function pausesOf(
  installation: Installation,
  worker: 'worker-1' | 'worker-2',
  durationMs: number,
): Promise<readonly number[]> {
  const end = Date.now() + durationMs;
  const changes: number[] = [];
  let last: string | undefined;
  while (Date.now() < end) {
    await sleep(50);
    const line = /driver_errors_total{.*"ensureMachine".*"too-many-requests".*/.exec(
      await installation.metrics(worker),
    );
    if (line?.[0] !== last) changes.push(Date.now());
    last = line?.[0];
  }
  // Calls that were under way together end together.
  return changes
    .flatMap((at, index) => (index === 0 ? [] : [at - (changes[index - 1] ?? at)]))
    .filter((ms) => ms > 500);
}

const balancerOf = async (installation: Installation, bay: string): Promise<string> => {
  const rows = await installation.query<{ id: string }>(
    'SELECT load_balancers.id FROM load_balancers JOIN bays ON bays.id = bay_id WHERE name = $1',
    [bay],
  );
  return rows[0]?.id ?? '';
};

/** Everything that an edit of a load balancer could have changed. */
async function lookAround(installation: Installation): Promise<unknown> {
  const byId = (a: { readonly id: string }, b: { readonly id: string }): number => a.id.localeCompare(b.id);
  const bays = await loadBays(installation);
  const nodes = await loadNodes(installation);
  const machines = await loadMachines(installation);
  const balancers = (await loadLoadBalancers(installation)).map(({ members, ...balancer }) => ({
    ...balancer,
    // A member that was away is the last one when it is back.
    members: Object.values(members).map((list) => new Set(list)),
  }));
  return [bays, nodes, machines, balancers].map((list) => [...list].sort(byId));
}

/** The slow sweep (5 s) and the pause between two looks (5 s), each found by the quick sweep (2 s), on a busy machine. */
const INSPECTED_WITHIN_MS = 20_000;
const TROUBLE_MS = countFrom('FAULT_TROUBLE_SECONDS', 15) * 1_000;
const LIMITS = { bays: 9, masters: 15, workers: 30 };
const CHANGES: Faults[number]['calls'] = [
  ...(['compute.ensureMachine', 'compute.removeMachine', 'load-balancer.ensureLoadBalancer'] as const),
  ...(['load-balancer.ensureMembers', 'load-balancer.changeMembers', 'load-balancer.removeLoadBalancer'] as const),
];
const ALL: Faults[number]['calls'] = [...CHANGES, 'compute.listMachines', 'load-balancer.list'];

describe('a cloud that does wrong', () => {
  let installation: Installation;
  const seed = chooseSeed('driver faults');
  beforeAll(async () => {
    installation = await startInstallation({
      BAYKEEPER_DRIVER_TIMEOUT_SECONDS: '3',
      BAYKEEPER_QUOTA_BAYS: String(LIMITS.bays),
      BAYKEEPER_QUOTA_MASTERS: String(LIMITS.masters),
      BAYKEEPER_QUOTA_NODES: String(LIMITS.workers),
    });
  }, 120_000);
  afterAll(() => installation.stop(), 60_000);

  it.each<[name: string, faults: Faults, unlistedSeconds: number]>([
    ['fails-before', [{ calls: CHANGES, kind: 'fails-before', share: 0.3 }], 0],
    ['fails-after', [{ calls: CHANGES, kind: 'fails-after', share: 0.3 }], 0],
    [
      'hangs',
      [
        { calls: ALL, kind: 'hangs-before', share: 0.1 },
        { calls: ALL, kind: 'hangs-after', share: 0.1 },
      ],
      0,
    ],
    ['throttles', [{ calls: ALL, kind: 'throttles', share: 0.2, retryAfterSeconds: 1.5 }], 0],
    ['outage', [{ calls: ALL, kind: 'fails-before', share: 0.5 }], 0],
    ['unlisted', [{ calls: CHANGES, kind: 'fails-after', share: 0.1 }], 8],
  ])(
    '%s: every bay becomes what was asked for last',
    async (name, faults, unlistedSeconds) => {
      const random = randomFrom(seed).fork(name);
      await tryUnderLoad({
        ...{ installation, random, limits: LIMITS, name },
        trouble: async () => {
          await setFaults(installation, { seed: random.between(0, 2 ** 31), faults, unlistedSeconds });
          await sleep(TROUBLE_MS);
          expect(await countTroubled(installation)).toBeGreaterThan(0);
          // One that is only not listed yet is not lost.
          expect(await installation.query(`SELECT message FROM bay_events WHERE message LIKE '%disappeared%'`)).toEqual(
            [],
          );
        },
      });
    },
    180_000 + TROUBLE_MS,
  );

  it(
    'machines that vanish are replaced, whoever they were',
    async () => {
      const random = randomFrom(seed).fork('vanish');
      await tryUnderLoad({
        ...{ installation, random, limits: LIMITS, name: 'vanish', restMs: 180_000 },
        trouble: async () => {
          const end = Date.now() + TROUBLE_MS;
          while (Date.now() < end) {
            await sleep(random.between(500, 2_000));
            // Of the masters only one of a bay, or it is the quorum that vanishes.
            const nodes = await loadNodes(installation);
            const workers = nodes.filter(({ role, ready_at: readyAt }) => role === 'worker' && readyAt !== null);
            if (workers.length > 0) await loseMachine(installation, random.pick(workers).id);
          }
        },
      });
    },
    300_000 + TROUBLE_MS,
  );

  it(
    'load balancers that are edited by hand are put right, whatever is under way',
    async () => {
      const random = randomFrom(seed).fork('edited');
      let edits = 0;
      await tryUnderLoad({
        ...{ installation, random, limits: LIMITS, name: 'edited' },
        trouble: async () => {
          const end = Date.now() + TROUBLE_MS;
          while (Date.now() < end) {
            await sleep(random.between(100, 1_000));
            const balancers = await loadLoadBalancers(installation);
            const ours = balancers.filter(({ installation: owner }) => owner !== FOREIGN);
            if (ours.length === 0) continue;
            await editLoadBalancer(installation, random.pick(ours).id, random.pick(EDITS));
            edits += 1;
          }
        },
      });
      expect(edits).toBeGreaterThan(0);
    },
    300_000 + TROUBLE_MS,
  );

  describe('the load balancer of a settled bay', () => {
    let tenant: Tenant;
    beforeAll(async () => {
      tenant = openTenant(installation, 'swarm-web');
      await tenant.create('edited', { masters: 1, workers: 2 });
      await tenant.create('neighbour', { masters: 1, workers: 1 });
      await untilSettled(installation, tenant.wishes);
    }, 120_000);
    afterAll(async () => {
      for (const name of tenant.wishes.keys()) await tenant.remove(name);
      await untilSettled(installation, tenant.wishes);
    }, 120_000);

    it.each<[edit: Edit, told: string]>([
      ['member added', 'stranger added to docker-api'],
      ['member removed', 'edited-master-0 missing from docker-api'],
      ['member moved', 'edited-master-0 at another address in docker-api'],
      ['listener added', 'it listened on port 6666'],
      ['listener removed', 'it did not listen on port 2376'],
      ['port changed', 'it listened on port 6667 instead of 2376'],
      ['all removed', 'it was gone'],
    ])(
      'is edited by hand (%s): it is put right, the tenant is told, and nothing else is touched',
      async (edit, told) => {
        const before = await lookAround(installation);
        const last = (await loadEvents(installation, 'edited')).at(-1)?.sequence ?? 0;
        await editLoadBalancer(installation, await balancerOf(installation, 'edited'), edit);
        await until('the tenant to be told', INSPECTED_WITHIN_MS, async () => {
          return (await loadEvents(installation, 'edited', last)).length > 0;
        });
        expect(await loadEvents(installation, 'edited', last)).toMatchObject([
          {
            ...{ kind: 'load-balancer-restored', level: 'warning' },
            message: `The load balancer was changed by somebody else: ${told}. It is as it was again.`,
          },
        ]);
        expect(await lookAround(installation)).toEqual(before);
      },
      60_000,
    );
  });

  it('asks a cloud that throttles no sooner than it said, and calls nothing failed', async () => {
    const tenant = openTenant(installation, 'swarm-web');
    const faults: Faults = [{ calls: ['compute.ensureMachine'], kind: 'throttles', share: 1, retryAfterSeconds: 4 }];
    await setFaults(installation, { seed, faults });
    await tenant.create('throttled', { masters: 1, workers: 3 });
    const pauses = (
      await Promise.all((['worker-1', 'worker-2'] as const).map((name) => pausesOf(installation, name, 12_000)))
    ).flat();
    await endFaults(installation);
    await untilSettled(installation, tenant.wishes);
    const told = await installation.query(`SELECT 1 FROM bay_events WHERE kind IN ('machine-failed', 'node-failed')
      AND bay_id IN (SELECT id FROM bays WHERE name = 'throttled')`);
    expect(told).toEqual([]);
    expect(pauses.length).toBeGreaterThan(0);
    expect(Math.min(...pauses)).toBeGreaterThan(3_000);
    await tenant.remove('throttled');
    await untilSettled(installation, tenant.wishes);
  }, 180_000);

  it('says that the quota of the cloud is used up, and goes on when it is not any more', async () => {
    const tenant = openTenant(installation, 'swarm-web');
    await setFaults(installation, { seed, faults: [{ calls: ['compute.ensureMachine'], kind: 'quota', share: 1 }] });
    await tenant.create('poor', { masters: 1, workers: 1 });
    const reason = async (): Promise<string> => {
      const rows = await installation.query<{ reason: string | null }>(
        `SELECT status_reason AS reason FROM bays WHERE name = 'poor'`,
      );
      return rows[0]?.reason ?? '';
    };
    const end = Date.now() + 30_000;
    while (!(await reason()).includes('quota') && Date.now() < end) await sleep(200);
    expect(await reason()).toMatch(
      /^The machine of poor-\S+ could not be made: The quota of the simulated cloud is used up\./,
    );
    await endFaults(installation);
    await untilSettled(installation, tenant.wishes);
    expect(await reason()).toBe('');
    await tenant.remove('poor');
    await untilSettled(installation, tenant.wishes);
  }, 180_000);
});
