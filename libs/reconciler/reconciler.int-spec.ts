/** The whole loop over a real database and a cloud that fails wherever it can. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import type { BayId, NodeId, ProjectId } from '@baykeeper/domain';
import { openDatabase, SYSTEM, type Database } from '@baykeeper/storage';
import { seedBay, seedProject, type SeededBay } from '@baykeeper/storage/testing/seed.js';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { loadBayState } from './bay-state.js';
import { executeRecords } from './execute-records.js';
import { reconcileBay } from './reconcile-bay.js';
import { CallAgain, runNodeStep } from './run-node-step.js';
import { openOrphanSweep } from './sweep.js';
import { CALLS, FAULTS } from './testing/fake-cloud.js';
import { TestInstallation } from './testing/test-installation.js';

jest.setTimeout(180_000);

let server: TestDatabase;
let database: Database;
let project: ProjectId;
let ours: TestInstallation;
let seeded: SeededBay;
let bayId: BayId;

beforeAll(async () => {
  server = await startTestDatabase();
  database = await openDatabase({ url: server.url });
  project = await seedProject(database.stores);
});
afterAll(async () => {
  await database.close();
  await server.stop();
});
beforeEach(() => start());

async function start(): Promise<void> {
  ours = new TestInstallation(database);
  seeded = await seedBay(database.stores, project);
  bayId = seeded.bay.id;
}

const settle = (): Promise<number> => ours.until(bayId, () => ours.settled(bayId));
const bay = () => database.stores.bays.get(bayId);
const names = async (): Promise<string[]> => (await ours.nodes(bayId)).map(({ name }) => name);
const scale = async (workers: number, masters = 1): Promise<void> => {
  const nodeCounts = [
    { nodeGroupId: seeded.masters.id, nodeCount: masters },
    { nodeGroupId: seeded.workers.id, nodeCount: workers },
  ];
  await database.stores.bays.changeWish(SYSTEM, bayId, { nodeCounts });
};
const remove = async (): Promise<void> => {
  await database.stores.bays.requestDeletion(SYSTEM, bayId);
  await ours.until(bayId, async () => (await bay()) === null);
};
const messages = async (): Promise<string[]> =>
  (await database.stores.events.list(SYSTEM, bayId, { after: 0, limit: 1_000 })).map(({ message }) => message);

async function live(): Promise<void> {
  await settle();
  await scale(3);
  await settle();
  expect(ours.cloud.machines.size).toBe(4);
  await scale(1);
  await settle();
  expect(ours.cloud.machines.size).toBe(2);
  const members = [...ours.cloud.balancers.values()].map((balancer) => balancer.members);
  expect(members.map((lists) => Object.values(lists).map((list) => list.length))).toEqual([[1, 1]]);
  await remove();
  expect([ours.cloud.machines.size, ours.cloud.balancers.size]).toEqual([0, 0]);
  expect(ours.cloud.broken).toEqual([]);
}

describe('a bay is created, grown, shrunk and deleted', () => {
  it('while nothing goes wrong', live);

  it.each(CALLS.flatMap((call) => FAULTS.map((fault) => [call, fault] as const)))(
    'while %s %s',
    async (call, fault) => {
      ours.cloud.inject(call, 1, fault);
      await live();
      expect(ours.cloud.calls).toContain(call);
    },
  );

  it('while several calls go wrong, wherever that is', async () => {
    const wrong = fc.tuple(fc.constantFrom(...CALLS), fc.integer({ min: 1, max: 8 }), fc.constantFrom(...FAULTS));
    const seed = Date.now() % 2 ** 31;
    process.stdout.write(`faults of the reconciler: seed ${String(seed)}\n`);
    await fc.assert(
      fc.asyncProperty(fc.array(wrong, { minLength: 2, maxLength: 6 }), async (faults) => {
        await start();
        for (const fault of faults) ours.cloud.inject(...fault);
        await live();
      }),
      { numRuns: 10, seed },
    );
  });
});

it('puts right what somebody else changed at the load balancer, and says so', async () => {
  await scale(3);
  await settle();
  const [balancer] = [...ours.cloud.balancers.values()];
  const web = balancer?.members['web'];
  const [first, second, third] = web ?? [];
  if (!balancer || !first || !second || !third) throw new Error('no members');
  const look = async (): Promise<readonly string[]> => {
    const before = await messages();
    ours.turnClock(60_000);
    await ours.round(bayId);
    return (await messages()).slice(before.length);
  };
  expect(await look()).toEqual([]);
  const stranger = { ...first, nodeId: randomUUID() as NodeId, name: 'stranger' };
  balancer.members = { ...balancer.members, web: [second, { ...third, port: 81 }, stranger] };
  expect(await look()).toEqual([
    `The load balancer was changed by somebody else: ${first.name} missing from web; stranger added to web; ` +
      `${third.name} at another address in web. It is as it was again.`,
  ]);
  expect(new Set([...ours.cloud.balancers.values()][0]?.members['web'])).toEqual(new Set(web));
  ours.cloud.balancers.clear();
  expect(await look()).toEqual([expect.stringContaining('it was gone')]);
  expect(new Set([...ours.cloud.balancers.values()][0]?.members['web'])).toEqual(new Set(web));
  expect(await look()).toEqual([]);
});

it('serves what the cluster’s users ask for, keeps it while nobody can be asked, and takes it away with the wish', async () => {
  const { cloud } = ours;
  cloud.takeRequests();
  await settle();
  const membersOf = (listener: string): number => [...cloud.balancers.values()][0]?.members[listener]?.length ?? 0;
  cloud.asked.push({ name: 'service-30080', port: 8080, memberPort: 30080, memberRole: 'worker' });
  await ours.until(bayId, () => Promise.resolve(cloud.announced.length > 0));
  expect([cloud.announced, membersOf('service-30080')]).toEqual([['192.0.2.250'], 1]);

  cloud.inject('engine.observe', 1, 'fails before');
  await ours.round(bayId);
  expect(membersOf('service-30080')).toBe(1);
  await settle();
  cloud.asked.length = 0;
  const listeners = (): readonly string[] => [...cloud.balancers.values()][0]?.listeners.map(({ name }) => name) ?? [];
  await ours.until(bayId, () => Promise.resolve(!listeners().includes('service-30080')));
  await settle();
  expect(listeners()).toEqual(['api', 'web']);
});

it('leaves out a port that the cluster’s users ask for and the balancer cannot have, says so once, and tries again', async () => {
  const { cloud } = ours;
  cloud.takeRequests();
  await settle();
  for (const port of [8080, 9090, 7070])
    cloud.asked.push({ name: `service-3${String(port)}`, port, memberPort: 30_000 + port, memberRole: 'worker' });
  cloud.takenPorts.add(9090);
  const ports = (): readonly number[] => [...cloud.balancers.values()][0]?.listeners.map(({ port }) => port) ?? [];
  await ours.until(bayId, () => Promise.resolve(ports().includes(7070)));
  await scale(2);
  await settle();
  const refusals = async (): Promise<readonly string[]> =>
    (await messages()).filter((message) => message.includes('does not serve'));
  const sentence =
    'The load balancer does not serve port 9090, for which a Service of the cluster asks: Port 9090 is taken. ' +
    'All else goes on; it is tried again from time to time.';
  expect([ports().filter((port) => port > 7000), await refusals()]).toEqual([[8080, 7070], [sentence]]);

  ours.turnClock(60_000);
  await settle();
  expect(await refusals()).toEqual([sentence]);
  cloud.takenPorts.clear();
  ours.turnClock(60_000);
  await ours.until(bayId, () => Promise.resolve(ports().includes(9090)));
  expect(ports().filter((port) => port > 7000)).toEqual([8080, 9090, 7070]);
});

it('makes a load balancer anew that somebody else removed while its members change', async () => {
  await settle();
  await scale(3);
  ours.cloud.balancers.clear();
  await settle();
  const [balancer] = [...ours.cloud.balancers.values()];
  expect([balancer?.members['api'], balancer?.members['web']].map((list) => list?.length)).toEqual([1, 3]);
  const told = (await messages()).filter((message) => message.includes('somebody else'));
  expect(told).toEqual(['The load balancer was changed by somebody else: it was gone. It is as it was again.']);
  ours.cloud.balancers.clear();
  await remove();
  expect([ours.cloud.machines.size, ours.cloud.balancers.size]).toEqual([0, 0]);
  expect(ours.cloud.broken).toEqual([]);
});

it('says why a machine does not go and a load balancer does not change, the latter once', async () => {
  await scale(2);
  await settle();
  // One after the other: each is the next.
  for (let call = 0; call < 4; call += 1) ours.cloud.inject('loadBalancer.changeMembers', 1, 'fails before');
  for (let call = 0; call < 3; call += 1) ours.cloud.inject('compute.removeMachine', 1, 'fails before');
  await scale(1);
  const why = 'The cloud failed, as the test wants.';
  const removal = `The machine of web-worker-1 could not be removed: ${why}`;
  const reasons: (string | null | undefined)[] = [];
  await ours.until(bayId, async () => {
    reasons.push((await bay())?.statusReason);
    return ours.settled(bayId);
  });
  expect(reasons).toContain(`Load balancer: ${why}`);
  expect(reasons).toContain(removal);
  const told = await messages();
  expect(told.filter((message) => message === `Load balancer: ${why}`)).toHaveLength(1);
  expect(told.filter((message) => message === removal)).toHaveLength(3);
});

it('does nothing more once it is settled', async () => {
  await settle();
  const before = [await ours.nodes(bayId), await bay(), await messages()];
  const writes = ours.cloud.calls.length;
  await ours.round(bayId);
  expect([await ours.nodes(bayId), await bay(), await messages()]).toEqual(before);
  expect(ours.cloud.calls.slice(writes).every((call) => /observe|listMachines/.test(call))).toBe(true);
});

it('refuses what a process writes that lost its lease', async () => {
  const stale = await database.stores.bays.acquireLease(bayId, 'the first', -1);
  const current = await database.stores.bays.acquireLease(bayId, 'the second', 60);
  const state = await loadBayState({ database }, bayId);
  if (!stale || !current || !state) throw new Error('no lease');
  const founder = randomUUID() as NodeId;
  const action = { kind: 'appoint-founder', id: 'founder', nodeId: founder } as const;
  expect(await executeRecords(ours.dependencies, state, stale.token, [action])).toBe(false);
  expect((await bay())?.foundingNodeId).toBeNull();
  expect(await executeRecords(ours.dependencies, state, current.token, [action])).toBe(true);
  expect((await bay())?.foundingNodeId).toBe(founder);
});

it('begins nothing outside when another process took over, and has the bay looked at', async () => {
  const { bays } = database.stores;
  const queue = {
    ...ours.dependencies.queue,
    // As if this process had slept here for longer than its lease.
    enqueueNodeSteps: async () => {
      await bays.renewLease(bayId, 1, -1);
      expect(await bays.acquireLease(bayId, 'the other', 60)).toEqual({ token: 2 });
    },
    enqueueReconcile: jest.fn(() => Promise.resolve()),
  };
  const outcomes: string[] = [];
  const watch = {
    ...{ leaseTaken: jest.fn(), leaseEnded: jest.fn(), nodePhase: jest.fn(), nodeFailed: jest.fn() },
    passed: (outcome: string) => void outcomes.push(outcome),
  };
  await reconcileBay({ ...ours.dependencies, queue, watch }, ours.listing, bayId);
  expect(ours.cloud.calls).toEqual([]);
  expect(outcomes).toEqual(['lost']);
  expect(watch.leaseEnded).toHaveBeenCalledWith('lost');
  expect(queue.enqueueReconcile).toHaveBeenCalledTimes(1);
  expect(await bays.holdsLease(bayId, 2)).toBe(true);
});

it('drains until the deadline, and then goes on', async () => {
  await settle();
  for (const name of await names()) ours.cloud.busy.add(name);
  await scale(0);
  for (let round = 0; round < 3; round += 1) await ours.round(bayId);
  expect(ours.cloud.machines.size).toBe(2);
  await settle();
  expect(ours.cloud.machines.size).toBe(1);
  const told = (await messages()).filter((message) => message.includes('drained'));
  expect(told).toEqual([
    'web-worker-0 was not drained in time: the deadline passed and 1 task still runs on it. It is removed all the same.',
  ]);
});

it('replaces a node that does not come up, gives up after some, says why, and can be deleted', async () => {
  for (let ordinal = 0; ordinal < 20; ordinal += 1) ours.mute.add(`web-worker-${String(ordinal)}`);
  ours.cloud.consoleText = 'no bootable device';
  const workers = async (): Promise<number> =>
    (await ours.nodes(bayId)).filter(({ role, failedAt }) => role === 'worker' && failedAt).length;
  await ours.until(bayId, async () => (await workers()) === 4);
  for (let round = 0; round < 20; round += 1) await ours.round(bayId);
  expect(await workers()).toBe(4);
  expect(ours.cloud.machines.size).toBe(2);
  ours.turnClock(3_600_000);
  await ours.round(bayId);
  expect((await bay())?.status).toBe('CREATE_FAILED');
  expect((await bay())?.statusReason).toMatch(/^Node web-worker-3 failed in phase booted: .*no bootable device$/s);
  await remove();
  expect(ours.cloud.machines.size).toBe(0);
});

it('says why a machine is not there, while it is tried again and when the node is given up', async () => {
  for (let times = 0; times < 20; times += 1) ours.cloud.inject('compute.ensureMachine', 1, 'fails before');
  for (let round = 0; round < 3; round += 1) await ours.round(bayId);
  expect(await bay()).toMatchObject({
    status: 'CREATE_IN_PROGRESS',
    statusReason: expect.stringMatching(
      /^The machine of \S+ could not be made: The cloud failed, as the test wants\.$/,
    ),
  });
  ours.turnClock(60_000);
  await ours.round(bayId);
  expect(await messages()).toContainEqual(
    expect.stringMatching(
      /failed in phase machine: it was not ready after \d+ seconds; its machine could not be made: The cloud failed, as the test wants\.$/,
    ),
  );
  await settle();
  expect((await bay())?.statusReason).toBeNull();
});

it('comes back to a provider that wants a pause when that is over, and calls nothing failed', async () => {
  ours.cloud.inject('compute.ensureMachine', 1, 'is throttled');
  await reconcileBay(ours.dependencies, ours.listing, bayId);
  const [node] = await ours.nodes(bayId);
  if (!node) throw new Error('no node was planned');
  const step = () => runNodeStep(ours.dependencies, 'create-machine', { bayId, nodeId: node.id });
  await expect(step()).rejects.toEqual(new CallAgain(7_000));
  await step();
  expect((await messages()).filter((message) => message.includes('could not'))).toEqual([]);
});

it('founds an empty cluster when its only master is lost, with workers of its own', async () => {
  await settle();
  const before = await names();
  const [master] = await ours.nodes(bayId);
  if (!master) throw new Error('no master');
  ours.cloud.machines.delete(master.id);
  await ours.round(bayId);
  await settle();
  expect((await names()).some((name) => before.includes(name))).toBe(false);
  expect((await messages()).filter((message) => message.startsWith('All masters are lost'))).toHaveLength(1);
  expect(ours.cloud.machines.size).toBe(2);
  expect(ours.cloud.broken).toEqual([]);
});

it('replaces one of three masters that is lost, and keeps the cluster', async () => {
  await scale(1, 3);
  await settle();
  const founded = (await bay())?.foundedAt;
  const [master] = await ours.nodes(bayId);
  if (!master) throw new Error('no master');
  ours.cloud.machines.delete(master.id);
  ours.cloud.cluster.set(master.name, 'down');
  await ours.round(bayId);
  await settle();
  expect((await bay())?.foundedAt).toEqual(founded);
  expect((await ours.nodes(bayId)).filter(({ role }) => role === 'master')).toHaveLength(3);
  expect(ours.cloud.broken).toEqual([]);
});

it('tells of a node that goes missing and comes back, and replaces one that stays away', async () => {
  await settle();
  const worker = (await ours.nodes(bayId)).find(({ role }) => role === 'worker');
  if (!worker) throw new Error('no worker');
  const told = async (): Promise<string[]> => (await messages()).filter((message) => message.startsWith(worker.name));
  const missed =
    'web-worker-0 is not ready any more: its cluster does not reach it. It is replaced if it does not come back within 60 seconds.';
  const before = (await told()).length;
  ours.cloud.cluster.set(worker.name, 'down');
  await ours.round(bayId);
  await ours.round(bayId);
  expect((await told()).slice(before)).toEqual([missed]);
  ours.cloud.cluster.set(worker.name, 'ready');
  await ours.round(bayId);
  expect((await told()).slice(before)).toEqual([missed, 'web-worker-0 is ready again.']);
  await settle();
  expect(await names()).toContain(worker.name);

  ours.cloud.cluster.set(worker.name, 'down');
  await ours.round(bayId);
  ours.turnClock(60_000);
  await ours.until(bayId, async () => !(await names()).includes(worker.name));
  await settle();
  expect((await names()).filter((name) => name.includes('worker'))).toEqual(['web-worker-1']);
  expect((await messages()).join('\n')).toMatch(
    /web-worker-0 failed in phase engine: its cluster has missed it for \d+ seconds\./,
  );
  expect(ours.cloud.broken).toEqual([]);
});

it('replaces a worker that was switched off, and switches on masters whose cluster does not answer', async () => {
  await settle();
  const [master, worker] = await ours.nodes(bayId);
  const switchOff = (id = ''): void => {
    const machine = ours.cloud.machines.get(id);
    if (machine) ours.cloud.machines.set(id, { ...machine, state: 'stopped', reason: 'It is off.' });
  };
  switchOff(worker?.id);
  ours.turnClock(6_000);
  await ours.until(bayId, async () => !(await names()).includes(worker?.name ?? ''));
  await settle();
  expect((await messages()).join('\n')).toContain('web-worker-0 is not ready any more: its machine is switched off.');
  switchOff(master?.id);
  ours.turnClock(6_000);
  await ours.until(bayId, () => Promise.resolve(ours.cloud.machines.get(master?.id ?? '')?.state === 'running'));
  expect((await messages()).join('\n')).toContain(
    'The machine of web-master-0 was off and no master answered, so it was switched on again.',
  );
  await settle();
  expect(await names()).toEqual(['web-master-0', 'web-worker-1']);
});

it('sweeps what carries its mark and nobody owns, after a while, and nothing else', async () => {
  await settle();
  const machine = { name: 'x', bayId, state: 'running', address: null, reason: null } as const;
  const [orphan, foreign] = [randomUUID(), randomUUID()];
  ours.cloud.machines.set(orphan, { ...machine, id: orphan, installation: 'ours' });
  ours.cloud.machines.set(foreign, { ...machine, id: foreign, installation: 'theirs' });
  const balancer = randomUUID();
  ours.cloud.balancers.set(balancer, { installation: 'ours', bayId, listeners: [], members: {} });
  const sweep = openOrphanSweep(ours.dependencies);
  expect(await sweep.run()).toEqual([]);
  ours.turnClock(59_000);
  expect(await sweep.run()).toEqual([]);
  ours.turnClock(1_500);
  expect(await sweep.run()).toEqual([orphan, balancer]);
  expect(ours.cloud.machines.has(foreign)).toBe(true);
  expect([ours.cloud.machines.size, ours.cloud.balancers.size]).toEqual([3, 1]);
});
