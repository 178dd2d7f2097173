/**
 * Whatever the cloud does wrong, the tenant of the bay reads a sentence about it: what could not be done, why, and that it
 * is tried again or what to do; in the bay's events, and in its `status_reason` while it lasts. Afterwards the bay becomes
 * what was asked for.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/run.js';
import { endFaults, loseMachine, setFaults, type Faults } from './testing/faulty-cloud.js';
import { findUnreadable } from './testing/find-unreadable.js';
import { startInstallation, type Installation } from './testing/installation.js';
import { loadEvents } from './testing/read-events.js';
import { loadBays, loadNodes } from './testing/stores.js';
import { openTenant, type Tenant } from './testing/tenant.js';
import { untilSettled } from './testing/until-settled.js';

/** A driver's patience, a step's pauses between its tries, and the sweep, on a busy machine. */
const TOLD_WITHIN_MS = 45_000;
const FAILED = 'The simulated cloud failed, as its faults ask for. It will be tried again.';
const SILENT = 'The provider did not answer for 3 seconds. It is tried again.';
const THROTTLED = 'The simulated cloud was asked too often, as its faults ask for. It will be tried again.';
const QUOTA =
  'The quota of the simulated cloud is used up. Remove what is not needed, or ask whoever runs this service for more; ' +
  'it is tried again.';

type Call = Faults[number]['calls'][number];
type Kind = Faults[number]['kind'];

describe('a tenant', () => {
  let installation: Installation;
  let tenant: Tenant;
  let bays = 0;
  beforeAll(async () => {
    installation = await startInstallation({ BAYKEEPER_DRIVER_TIMEOUT_SECONDS: '3' });
    tenant = openTenant(installation, 'swarm-web');
  }, 120_000);
  afterAll(() => installation.stop(), 60_000);

  const reasonOf = async (name: string): Promise<string> =>
    (await loadBays(installation)).find((bay) => bay.name === name)?.status_reason ?? '';
  const messagesOf = async (name: string): Promise<readonly string[]> =>
    (await loadEvents(installation, name)).map(({ message }) => message);

  /** The bay with the trouble, whose name begins its nodes' names. */
  async function expectTold(name: string, inEvents: boolean, sentence: string): Promise<void> {
    let seen = '';
    await until(`${name} to say: ${sentence}`, TOLD_WITHIN_MS, async () => {
      seen = await reasonOf(name);
      return seen.includes(sentence);
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}; it says: ${seen}`);
    });
    if (inEvents) expect((await messagesOf(name)).join('\n')).toContain(sentence);
    expect(await findUnreadable(installation)).toEqual([]);
  }

  async function settleAndRemove(name: string): Promise<void> {
    await endFaults(installation);
    await untilSettled(installation, tenant.wishes);
    if (tenant.wishes.get(name) === null) return;
    expect(await reasonOf(name)).toBe('');
    await tenant.remove(name);
    await untilSettled(installation, tenant.wishes);
  }

  const fail = (call: Call, kind: Kind): Promise<void> =>
    setFaults(installation, { seed: 1, faults: [{ calls: [call], kind, share: 1, retryAfterSeconds: 1 }] });

  it.each<[call: Call, kind: Kind, inEvents: boolean, told: (bay: string) => string]>([
    [
      'compute.ensureMachine',
      'fails-before',
      true,
      (bay) => `The machine of ${bay}-master-0 could not be made: ${FAILED}`,
    ],
    [
      'compute.ensureMachine',
      'fails-after',
      true,
      (bay) => `The machine of ${bay}-master-0 could not be made: ${FAILED}`,
    ],
    [
      'compute.ensureMachine',
      'hangs-before',
      true,
      (bay) => `The machine of ${bay}-master-0 could not be made: ${SILENT}`,
    ],
    ['compute.ensureMachine', 'quota', true, (bay) => `The machine of ${bay}-master-0 could not be made: ${QUOTA}`],
    // A pause that the provider asks for is no failure: it is said while it lasts.
    [
      'compute.ensureMachine',
      'throttles',
      false,
      (bay) => `The machine of ${bay}-master-0 could not be made: ${THROTTLED}`,
    ],
    ['load-balancer.ensureLoadBalancer', 'fails-before', true, () => `Load balancer: ${FAILED}`],
    ['load-balancer.ensureLoadBalancer', 'hangs-after', true, () => `Load balancer: ${SILENT}`],
    ['load-balancer.changeMembers', 'fails-after', true, () => `Load balancer: ${FAILED}`],
    ['load-balancer.changeMembers', 'throttles', false, () => `Load balancer: ${THROTTLED}`],
  ])(
    'reads why a bay does not come up when %s %s',
    async (call, kind, inEvents, told) => {
      const name = `up-${String((bays += 1))}`;
      await fail(call, kind);
      await tenant.create(name, { masters: 1, workers: 0 });
      await expectTold(name, inEvents, told(name));
      await settleAndRemove(name);
    },
    240_000,
  );

  it.each<[call: Call, kind: Kind, inEvents: boolean, told: (bay: string) => string]>([
    [
      'compute.removeMachine',
      'fails-before',
      true,
      (bay) => `The machine of ${bay}-worker-0 could not be removed: ${FAILED}`,
    ],
    [
      'compute.removeMachine',
      'hangs-after',
      true,
      (bay) => `The machine of ${bay}-worker-0 could not be removed: ${SILENT}`,
    ],
    [
      'compute.removeMachine',
      'throttles',
      false,
      (bay) => `The machine of ${bay}-worker-0 could not be removed: ${THROTTLED}`,
    ],
    ['load-balancer.changeMembers', 'hangs-before', true, () => `Load balancer: ${SILENT}`],
  ])(
    'reads why a bay does not become smaller when %s %s',
    async (call, kind, inEvents, told) => {
      const name = `down-${String((bays += 1))}`;
      await tenant.create(name, { masters: 1, workers: 1 });
      await untilSettled(installation, tenant.wishes);
      await fail(call, kind);
      await tenant.scale(name, 0);
      await expectTold(name, inEvents, told(name));
      await settleAndRemove(name);
    },
    240_000,
  );

  it.each<[call: Call, told: (bay: string) => string]>([
    ['compute.removeMachine', (bay) => `The machine of ${bay}-master-0 could not be removed: ${FAILED}`],
    ['load-balancer.removeLoadBalancer', () => `Load balancer: ${FAILED}`],
  ])(
    'reads why a bay does not go away when %s fails',
    async (call, told) => {
      const name = `gone-${String((bays += 1))}`;
      await tenant.create(name, { masters: 1, workers: 0 });
      await untilSettled(installation, tenant.wishes);
      await fail(call, 'fails-before');
      await tenant.remove(name);
      await expectTold(name, true, told(name));
      await settleAndRemove(name);
    },
    240_000,
  );

  it('reads which machine vanished, and that another one takes its place', async () => {
    await tenant.create('vanished', { masters: 1, workers: 1 });
    await untilSettled(installation, tenant.wishes);
    const worker = (await loadNodes(installation)).find(({ name }) => name === 'vanished-worker-0');
    await loseMachine(installation, worker?.id ?? '');
    await until('the tenant to be told', 2 * TOLD_WITHIN_MS, async () =>
      (await messagesOf('vanished')).some((message) =>
        message.includes('Node vanished-worker-0 failed in phase machine: the machine disappeared.'),
      ),
    );
    await untilSettled(installation, tenant.wishes, 180_000);
    expect((await messagesOf('vanished')).join('\n')).toContain('vanished-worker-1');
    expect(await findUnreadable(installation)).toEqual([]);
    await settleAndRemove('vanished');
  }, 360_000);
});
