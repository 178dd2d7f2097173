import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { NodeId, ProjectId } from '@baykeeper/domain';
import type { Database } from './contracts/stores.js';
import { openDatabase } from './database.js';
import { SYSTEM } from './scope.js';
import { makeNewNode, seedBay, seedProject, type SeededBay } from './testing/seed.js';
import { laterMillisecond } from './testing/later-millisecond.js';
import { startTestDatabase, type TestDatabase } from './testing/start-test-database.js';

// Starting a server takes a second, and many on a machine that is busy.
jest.setTimeout(120_000);

let server: TestDatabase;
let database: Database;
let projectId: ProjectId;
let seeded: SeededBay;

beforeAll(async () => {
  server = await startTestDatabase();
  database = await openDatabase({ url: server.url });
  projectId = await seedProject(database.stores);
});
afterAll(async () => {
  await database.close();
  await server.stop();
});
beforeEach(async () => {
  seeded = await seedBay(database.stores, projectId);
  await drainOutbox();
});

function drainOutbox(): Promise<string[]> {
  return database.transaction(async ({ outbox }) => {
    const rows = await outbox.take(1_000);
    await outbox.remove(rows.map(({ id }) => id));
    return rows.map(({ bayId }) => bayId);
  });
}

it('gives a bay to those who work on one node without what names all of them', async () => {
  const { bays } = database.stores;
  const { bay } = await seedBay(database.stores, await seedProject(database.stores));
  const lease = await bays.acquireLease(bay.id, 'test', 15);
  await bays.saveFacts(bay.id, lease?.token ?? 0, { healthStatusReason: { api: 'ok', 'a.Ready': 'True' } });
  const whole = await bays.get(bay.id);
  expect(whole?.healthStatusReason).toEqual({ api: 'ok', 'a.Ready': 'True' });
  expect(await bays.getForNode(bay.id)).toEqual({ ...whole, healthStatusReason: {} });
});

describe('a wish', () => {
  it('begins a bay with generation 1, empty facts and a row in the outbox', async () => {
    const { bay, masters, workers } = await seedBay(database.stores, projectId, { name: 'api' });
    expect(bay).toMatchObject({
      projectId,
      name: 'api',
      engine: 'swarm',
      labels: {},
      generation: 1,
      settledGeneration: 0,
      status: 'CREATE_IN_PROGRESS',
      statusReason: null,
      healthStatus: null,
      healthStatusReason: {},
      deletionRequestedAt: null,
      updatedAt: null,
      foundedAt: null,
    });
    expect(Math.abs(bay.createdAt.getTime() - Date.now())).toBeLessThan(60_000);
    expect(masters).toMatchObject({ role: 'master', nodeCount: 1, nextOrdinal: 0, isDefault: true });
    expect(workers).toMatchObject({ role: 'worker', nodeCount: 1, nextOrdinal: 0, isDefault: true });
    expect(await drainOutbox()).toEqual([bay.id]);
    expect(await database.stores.bays.get(bay.id)).toEqual(bay);
  });

  it('changes fields and counts together, one generation on, with a fresh deadline', async () => {
    const { bay, workers } = seeded;
    const changed = await database.stores.bays.changeWish({ projectId }, bay.id, {
      fields: { name: 'renamed', labels: { lb_ports: '443' } },
      nodeCounts: [{ nodeGroupId: workers.id, nodeCount: 5 }],
    });
    expect(changed).toMatchObject({ name: 'renamed', labels: { lb_ports: '443' }, generation: 2, flavorId: null });
    expect(changed.generationAt.getTime()).toBeGreaterThanOrEqual(bay.generationAt.getTime());
    expect(changed.updatedAt).toEqual(changed.generationAt);
    expect(await database.stores.nodeGroups.find({ projectId }, bay.id, 'default-worker')).toMatchObject({
      nodeCount: 5,
    });
    expect(await drainOutbox()).toEqual([bay.id]);
  });

  it('without content is the same wish again', async () => {
    const changed = await database.stores.bays.changeWish({ projectId }, seeded.bay.id, {});
    expect(changed).toMatchObject({ name: 'web', generation: 2 });
    expect(await drainOutbox()).toEqual([seeded.bay.id]);
  });

  it('leaves nothing behind when its transaction fails', async () => {
    const { bay, workers } = seeded;
    const failing = database.transaction(async (stores) => {
      await stores.nodeGroups.setNodeCount({ projectId }, workers.id, 9);
      throw new Error('after the change');
    });
    await expect(failing).rejects.toThrow('after the change');
    expect(await database.stores.bays.get(bay.id)).toMatchObject({ generation: 1 });
    expect(await database.stores.nodeGroups.find(SYSTEM, bay.id, workers.id)).toMatchObject({ nodeCount: 1 });
    expect(await drainOutbox()).toEqual([]);
  });

  it('never changes whose bay it is, whatever is handed in', async () => {
    const other = await seedProject(database.stores);
    const fields = { name: 'x', projectId: other, generation: 77, status: 'CREATE_COMPLETE' };
    const changed = await database.stores.bays.changeWish({ projectId }, seeded.bay.id, { fields });
    expect(changed).toMatchObject({ name: 'x', projectId, generation: 2, status: 'CREATE_IN_PROGRESS' });
  });

  it('counts every one of many at once', async () => {
    const { bay } = seeded;
    await Promise.all(Array.from({ length: 8 }, () => database.stores.bays.changeWish(SYSTEM, bay.id, {})));
    expect(await database.stores.bays.get(bay.id)).toMatchObject({ generation: 9 });
  });

  it('to delete stays, can be made again, and refuses other wishes', async () => {
    const { bay } = seeded;
    const first = await database.stores.bays.requestDeletion({ projectId }, bay.id);
    const second = await database.stores.bays.requestDeletion({ projectId }, bay.id);
    expect(first).toMatchObject({ generation: 2 });
    expect(second).toMatchObject({ generation: 3, deletionRequestedAt: first.deletionRequestedAt });
    expect(first.deletionRequestedAt).not.toBeNull();
    expect(await drainOutbox()).toEqual([bay.id, bay.id]);
    await expect(database.stores.bays.changeWish({ projectId }, bay.id, {})).rejects.toMatchObject({
      code: 'conflict',
    });
  });

  it('with a count no integer can hold is refused', async () => {
    const change = { nodeCounts: [{ nodeGroupId: seeded.workers.id, nodeCount: 3_000_000_000 }] };
    await expect(database.stores.bays.changeWish(SYSTEM, seeded.bay.id, change)).rejects.toMatchObject({
      code: 'invalid-input',
    });
  });
});

describe('a lease', () => {
  it('has one holder, and each later one a larger token', async () => {
    const { bays } = database.stores;
    const { id } = seeded.bay;
    const tries = await Promise.all(Array.from({ length: 6 }, (_, index) => bays.acquireLease(id, `w${index}`, 60)));
    expect(tries.filter((lease) => lease !== null)).toEqual([{ token: 1 }]);
    await bays.releaseLease(id, 1);
    expect(await bays.acquireLease(id, 'next', 60)).toEqual({ token: 2 });
  });

  it('can be taken over when its time is up, and then fences off the one who had it', async () => {
    const { bays } = database.stores;
    const { id } = seeded.bay;
    const old = await bays.acquireLease(id, 'slow', 0);
    expect(await bays.renewLease(id, 1, 0)).toBe(true);
    const taken = await bays.acquireLease(id, 'quick', 60);
    expect([old, taken]).toEqual([{ token: 1 }, { token: 2 }]);

    expect(await bays.renewLease(id, 1, 60)).toBe(false);
    expect(await bays.holdsLease(id, 1)).toBe(false);
    expect(await bays.saveFacts(id, 1, { status: 'CREATE_COMPLETE' })).toBe(false);
    expect(await bays.saveFacts(id, 1, {})).toBe(false);
    expect(await bays.remove(id, 1)).toBe(false);
    expect(await bays.releaseLease(id, 1)).toBe(false);
    expect(await bays.get(id)).toMatchObject({ status: 'CREATE_IN_PROGRESS' });
    expect(await bays.holdsLease(id, 2)).toBe(true);
  });

  it('that was let go no longer lets anybody save', async () => {
    const { bays } = database.stores;
    const { id } = seeded.bay;
    await bays.acquireLease(id, 'w', 60);
    expect(await bays.releaseLease(id, 1)).toBe(true);
    expect(await bays.saveFacts(id, 1, { status: 'CREATE_COMPLETE' })).toBe(false);
    expect(await bays.renewLease(id, 1, 60)).toBe(false);
  });

  it("of a bay that is gone is nobody's", async () => {
    const { bays } = database.stores;
    const { id } = seeded.bay;
    await bays.acquireLease(id, 'w', 60);
    expect(await bays.remove(id, 1)).toBe(true);
    expect(await bays.acquireLease(id, 'w', 60)).toBeNull();
    expect(await bays.get(id)).toBeNull();
  });

  it('that is held in a transaction can not be taken over before its end', async () => {
    const { id } = seeded.bay;
    await database.stores.bays.acquireLease(id, 'slow', 0);
    const order: string[] = [];
    let takeover: Promise<unknown> = Promise.resolve();
    await database.transaction(async (stores) => {
      expect(await stores.bays.holdsLease(id, 1)).toBe(true);
      takeover = database.stores.bays
        .acquireLease(id, 'quick', 60)
        .then((lease) => order.push(`taken ${lease?.token}`));
      // A round trip on another connection: the takeover has had its chance.
      await database.ping();
      await database.ping();
      expect(await stores.bays.saveFacts(id, 1, { foundedAt: new Date('2026-01-01T00:00:00Z') })).toBe(true);
      order.push('saved');
    });
    await takeover;
    expect(order).toEqual(['saved', 'taken 2']);
  });
});

describe('facts of a bay', () => {
  it('are saved one by one, and touch the time of change only when something changed', async () => {
    const { bays } = database.stores;
    const { id } = seeded.bay;
    await bays.acquireLease(id, 'w', 60);
    const foundedAt = new Date('2026-01-01T00:00:01.234Z');
    const founder = '00000000-0000-4000-8000-0000000000f0' as NodeId;
    await bays.saveFacts(id, 1, { foundedAt, foundingNodeId: founder, healthStatusReason: { api: 'ok' } });
    const first = await bays.get(id);
    expect(first).toMatchObject({ foundedAt, foundingNodeId: founder, healthStatusReason: { api: 'ok' } });
    expect(first?.updatedAt).not.toBeNull();

    expect(await bays.saveFacts(id, 1, { foundedAt, healthStatusReason: { api: 'ok' } })).toBe(true);
    expect(await bays.get(id)).toEqual(first);

    await bays.saveFacts(id, 1, { status: 'CREATE_COMPLETE', settledGeneration: 1, statusReason: 'done' });
    const second = await bays.get(id);
    expect(second).toMatchObject({ status: 'CREATE_COMPLETE', settledGeneration: 1, statusReason: 'done', foundedAt });
    await bays.saveFacts(id, 1, { statusReason: null });
    expect(await bays.get(id)).toMatchObject({ status: 'CREATE_COMPLETE', statusReason: null });
  });

  it('never write what the tenant wants', async () => {
    const { bays } = database.stores;
    await bays.acquireLease(seeded.bay.id, 'w', 60);
    const facts = { status: 'CREATE_COMPLETE', name: 'x', generation: 9 } as const;
    await bays.saveFacts(seeded.bay.id, 1, facts);
    expect(await bays.get(seeded.bay.id)).toMatchObject({ status: 'CREATE_COMPLETE', name: 'web', generation: 1 });
  });
});

describe('the sweep', () => {
  it('wakes what is not settled, and settled bays only after a while, longest unseen first', async () => {
    const own = await openDatabase({ url: await server.freshUrl() });
    try {
      const { bays } = own.stores;
      const project = await seedProject(own.stores);
      const [never, unsettled, settled, leaving] = await Promise.all([
        seedBay(own.stores, project),
        seedBay(own.stores, project),
        seedBay(own.stores, project),
        seedBay(own.stores, project),
      ]);
      for (const { bay } of [leaving, settled, unsettled]) {
        await bays.acquireLease(bay.id, 'w', 60);
        await bays.saveFacts(bay.id, 1, { settledGeneration: bay === unsettled.bay ? 0 : 1 });
        await laterMillisecond();
      }
      await bays.requestDeletion(SYSTEM, leaving.bay.id);
      await bays.acquireLease(leaving.bay.id, 'w', 60);
      await bays.saveFacts(leaving.bay.id, 1, { settledGeneration: 2 });

      const wake = async (settledOlderThanSeconds: number, limit: number) =>
        (await bays.listToSweep({ settledOlderThanSeconds, limit })).map(({ id, projectId: owner }) => {
          expect(owner).toBe(project);
          return id;
        });
      expect(await wake(3_600, 10)).toEqual([never.bay.id, leaving.bay.id, unsettled.bay.id]);
      expect(await wake(0, 10)).toEqual([never.bay.id, leaving.bay.id, settled.bay.id, unsettled.bay.id]);
      expect(await wake(0, 2)).toEqual([never.bay.id, leaving.bay.id]);
    } finally {
      await own.close();
    }
  });
});

describe('removing a bay', () => {
  it('takes everything that hangs on it, and leaves the list of its certificates', async () => {
    const { stores } = database;
    const { bay, workers } = seeded;
    const node = makeNewNode(workers, 0);
    await stores.nodes.insertMany([node]);
    await stores.nodes.setEnrolmentToken(node.id, 'hash');
    await stores.operations.begin({ id: 'op', bayId: bay.id, nodeId: node.id, kind: 'create-machine' });
    await stores.events.append({
      bayId: bay.id,
      projectId,
      nodeId: null,
      kind: 'node-ready',
      level: 'info',
      message: 'm',
    });
    await stores.certificates.insert(SYSTEM, {
      bayId: bay.id,
      serial: '0a',
      subject: 'CN=node',
      kind: 'node',
      nodeId: node.id,
      userId: null,
      notAfter: new Date('2027-01-01T00:00:00Z'),
    });
    await stores.certificates.revokeByNode(node.id);
    await stores.bays.acquireLease(bay.id, 'w', 60);
    expect(await stores.bays.remove(bay.id, 1)).toBe(true);

    await expect(stores.bays.find(SYSTEM, bay.id)).rejects.toMatchObject({ code: 'not-found' });
    expect(await stores.nodeGroups.listByBay(SYSTEM, bay.id)).toEqual([]);
    expect(await stores.nodes.find(SYSTEM, node.id)).toBeNull();
    expect(await stores.nodes.findByEnrolmentToken('hash')).toBeNull();
    expect(await stores.events.list(SYSTEM, bay.id, { after: 0, limit: 10 })).toEqual([]);
    expect(await stores.operations.listOpen(bay.id)).toEqual([]);
    expect(await stores.certificates.listRevoked({ projectId }, bay.id)).toMatchObject([{ serial: '0a' }]);

    // Whoever comes late does no harm.
    await stores.nodes.recordFacts(node.id, { joinedAt: new Date() });
    await stores.operations.finish('op', { error: null });
    await stores.events.append({
      bayId: bay.id,
      projectId,
      nodeId: null,
      kind: 'node-ready',
      level: 'info',
      message: 'm',
    });
    await expect(
      stores.operations.begin({ id: 'late', bayId: bay.id, nodeId: node.id, kind: 'create-machine' }),
    ).rejects.toMatchObject({ code: 'not-found' });
  });

  it('leaves its baymodel, which can then go, too', async () => {
    const { stores } = database;
    const { bay } = seeded;
    expect(await stores.baymodels.isReferenced(bay.baymodelId)).toBe(true);
    await expect(stores.baymodels.remove(SYSTEM, bay.baymodelId)).rejects.toMatchObject({ code: 'conflict' });
    await stores.bays.acquireLease(bay.id, 'w', 60);
    await stores.bays.remove(bay.id, 1);
    expect(await stores.baymodels.isReferenced(bay.baymodelId)).toBe(false);
    await stores.baymodels.remove(SYSTEM, bay.baymodelId);
  });
});
