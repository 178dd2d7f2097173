import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Listener, LoadBalancerId, NodeId, ProjectId } from '@baykeeper/domain';
import { seconds, T0 } from '@baykeeper/domain/testing/builders.js';
import type { Database } from './contracts/stores.js';
import { openDatabase } from './database.js';
import { SYSTEM } from './scope.js';
import { makeNewNode, seedBay, seedProject, type SeededBay } from './testing/seed.js';
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
});

describe('nodes', () => {
  it('are inserted once per ordinal and listed masters first, in order', async () => {
    const { nodes } = database.stores;
    const { bay, masters, workers } = seeded;
    const first = makeNewNode(workers, 0);
    await nodes.insertMany([makeNewNode(workers, 1), first, makeNewNode(masters, 0)]);
    await nodes.insertMany([makeNewNode(workers, 0, { name: 'another' }), makeNewNode(workers, 2)]);
    await nodes.insertMany([]);
    const names = (await nodes.listByBay({ projectId }, bay.id)).map(({ name }) => name);
    expect(names).toEqual(['web-master-0', 'web-worker-1', 'web-worker-0', 'web-worker-2']);
    expect(await nodes.find(SYSTEM, first.id)).toEqual({
      ...first,
      address: null,
      machineRequestedAt: null,
      machineCreatedAt: null,
      bootedAt: null,
      certifiedAt: null,
      joinGrantedAt: null,
      joinedAt: null,
      readyAt: null,
      registeredAt: null,
      failedAt: null,
      failure: null,
      removalRequestedAt: null,
      removalReason: null,
      deregisteredAt: null,
      drainedAt: null,
      leftAt: null,
      machineRemovedAt: null,
      engineState: null,
      unreadySince: null,
    });
  });

  it('keep the first time, failure and reason, and the latest address and engine state', async () => {
    const { nodes } = database.stores;
    const node = makeNewNode(seeded.workers, 0);
    await nodes.insertMany([node]);
    const failure = { phase: 'join', message: 'no route', logTail: 'line 1\nline 2' } as const;
    await nodes.recordFacts(node.id, {
      bootedAt: seconds(1),
      address: '192.0.2.1',
      engineState: 'ready',
      failedAt: seconds(2),
      failure,
      removalRequestedAt: seconds(3),
      removalReason: 'replaced',
    });
    await nodes.recordFacts(node.id, {
      bootedAt: seconds(9),
      address: '192.0.2.2',
      engineState: null,
      failedAt: seconds(9),
      failure: { phase: 'machine', message: 'later', logTail: '' },
      removalRequestedAt: seconds(9),
      removalReason: 'bay-deleted',
      joinedAt: seconds(9),
    });
    await nodes.recordFacts(node.id, {});
    await nodes.recordFacts(node.id, { bootedAt: null });
    expect(await nodes.find(SYSTEM, node.id)).toMatchObject({
      bootedAt: seconds(1),
      address: '192.0.2.2',
      engineState: null,
      failedAt: seconds(2),
      failure,
      removalRequestedAt: seconds(3),
      removalReason: 'replaced',
      joinedAt: seconds(9),
      readyAt: null,
    });
  });

  it('keep since when they are not ready, until they are', async () => {
    const { nodes } = database.stores;
    const node = makeNewNode(seeded.workers, 0);
    await nodes.insertMany([node]);
    const down = { engineState: 'down', unreadySince: seconds(1) } as const;
    await nodes.recordEngineStates(new Map([[node.id, down]]));
    expect(await nodes.find(SYSTEM, node.id)).toMatchObject(down);
    const ready = { engineState: 'ready', unreadySince: null } as const;
    await nodes.recordEngineStates(new Map([[node.id, ready]]));
    expect(await nodes.find(SYSTEM, node.id)).toMatchObject(ready);
  });

  it('never move to another bay or change their name by a fact', async () => {
    const { nodes } = database.stores;
    const node = makeNewNode(seeded.workers, 0);
    await nodes.insertMany([node]);
    const facts = { readyAt: T0, name: 'x', bayId: randomUUID() };
    await nodes.recordFacts(node.id, facts);
    expect(await nodes.find(SYSTEM, node.id)).toMatchObject({ name: node.name, bayId: node.bayId, readyAt: T0 });
  });

  it('by the thousand take one statement', async () => {
    const { nodes } = database.stores;
    const { bay, workers } = seeded;
    await nodes.insertMany(Array.from({ length: 10_000 }, (_, ordinal) => makeNewNode(workers, ordinal)));
    const listed = await nodes.listByBay(SYSTEM, bay.id);
    expect(listed).toHaveLength(10_000);
    expect(listed[9_999]).toMatchObject({ ordinal: 9_999 });
  });

  it('of a large bay are read again only where they changed', async () => {
    const { nodes } = database.stores;
    const { bay, masters, workers } = seeded;
    const made = Array.from({ length: 300 }, (_, ordinal) => makeNewNode(workers, ordinal));
    await nodes.insertMany([...made, makeNewNode(masters, 0)]);
    const first = await nodes.readByBay(bay.id);
    expect(first).toEqual(await nodes.listByBay(SYSTEM, bay.id));

    const [changed, removed] = [first[7], first[100]];
    await nodes.recordFacts(changed?.id ?? ('' as NodeId), { address: '192.0.2.7' });
    await nodes.remove(removed?.id ?? ('' as NodeId));
    await nodes.insertMany([makeNewNode(workers, 900), makeNewNode(masters, 1)]);
    const second = await nodes.readByBay(bay.id);
    expect(second).toEqual(await nodes.listByBay(SYSTEM, bay.id));
    expect(second).toHaveLength(302);
    const known = new Set(first);
    expect(second.filter((node) => !known.has(node)).map(({ ordinal }) => ordinal)).toEqual([1, changed?.ordinal, 900]);
    expect(await nodes.readByBay(bay.id)).toEqual(second);
    expect(await nodes.readByBay(randomUUID() as typeof bay.id)).toEqual([]);
  });

  it('take the facts of many in one statement, those of one node in their order', async () => {
    const { nodes } = database.stores;
    const [one, other] = [makeNewNode(seeded.workers, 0), makeNewNode(seeded.workers, 1)];
    await nodes.insertMany([one, other]);
    await nodes.recordFactsOfMany([
      { id: one.id, facts: { bootedAt: T0, address: '192.0.2.1', engineState: 'ready' } },
      { id: other.id, facts: { readyAt: seconds(5) } },
      { id: one.id, facts: { bootedAt: seconds(9), address: '192.0.2.2' } },
      { id: randomUUID() as NodeId, facts: { bootedAt: T0 } },
    ]);
    await nodes.recordFactsOfMany([{ id: one.id, facts: { engineState: null, bootedAt: seconds(10) } }]);
    expect(await nodes.find(SYSTEM, one.id)).toMatchObject({ bootedAt: T0, address: '192.0.2.2', engineState: null });
    expect(await nodes.find(SYSTEM, other.id)).toMatchObject({ bootedAt: null, address: null, readyAt: seconds(5) });
  });

  it('may exist outside as long as their machine was not removed', async () => {
    const { nodes } = database.stores;
    const [kept, removed] = [makeNewNode(seeded.workers, 0), makeNewNode(seeded.workers, 1)];
    await nodes.insertMany([kept, removed]);
    await nodes.recordFacts(removed.id, { machineRemovedAt: T0 });
    const ids = [kept.id, removed.id, randomUUID(), 'not-an-id', ''];
    expect(await nodes.existingIds(ids)).toEqual(new Set([kept.id]));
    expect(await nodes.existingIds([])).toEqual(new Set());
  });

  it('that are removed take their credentials and operations along', async () => {
    const { nodes, operations } = database.stores;
    const node = makeNewNode(seeded.workers, 0);
    await nodes.insertMany([node]);
    await nodes.setEnrolmentToken(node.id, `gone-${node.id}`);
    await operations.begin({ id: `op-${node.id}`, bayId: node.bayId, nodeId: node.id, kind: 'drain' });
    await nodes.remove(node.id);
    await nodes.remove(node.id);
    expect(await nodes.find(SYSTEM, node.id)).toBeNull();
    expect(await nodes.findByEnrolmentToken(`gone-${node.id}`)).toBeNull();
    expect(await operations.listOpen(node.bayId)).toEqual([]);
  });

  it('are enrolled by the first key that shows the token, and by no other', async () => {
    const { nodes } = database.stores;
    const node = makeNewNode(seeded.workers, 0);
    await nodes.insertMany([node]);
    await nodes.setEnrolmentToken(node.id, 'token');
    expect(await nodes.findByEnrolmentToken('token')).toMatchObject({ id: node.id });
    expect(await nodes.findBySessionToken('session-1')).toBeNull();

    expect(await nodes.bindEnrolment(node.id, 'wrong', 'key', 'session-0')).toBe(false);
    const races = await Promise.all([
      nodes.bindEnrolment(node.id, 'token', 'key', 'session-1'),
      nodes.bindEnrolment(node.id, 'token', 'thief', 'session-2'),
    ]);
    expect(races.filter(Boolean)).toHaveLength(1);
    const winner = races[0] ? 'key' : 'thief';
    const loser = races[0] ? 'thief' : 'key';
    expect(await nodes.bindEnrolment(node.id, 'token', loser, 'session-3')).toBe(false);
    expect(await nodes.bindEnrolment(node.id, 'token', winner, 'session-4')).toBe(true);
    expect(await nodes.findBySessionToken('session-4')).toMatchObject({ id: node.id });
    expect(await nodes.findBySessionToken(races[0] ? 'session-1' : 'session-2')).toBeNull();

    await nodes.setEnrolmentToken(node.id, 'token');
    expect(await nodes.findBySessionToken('session-4')).toMatchObject({ id: node.id });
    await nodes.setEnrolmentToken(node.id, 'fresh');
    expect(await nodes.findBySessionToken('session-4')).toBeNull();
    expect(await nodes.findByEnrolmentToken('token')).toBeNull();
    expect(await nodes.bindEnrolment(node.id, 'fresh', loser, 'session-5')).toBe(true);
  });

  it('get ordinals that are never given twice', async () => {
    const { nodeGroups } = database.stores;
    const { bay, workers } = seeded;
    const firsts = await Promise.all([1, 2, 3].map(() => nodeGroups.takeOrdinals(workers.id, 10)));
    expect(firsts.sort((a, b) => a - b)).toEqual([0, 10, 20]);
    await nodeGroups.reserveOrdinals(workers.id, 7);
    await nodeGroups.reserveOrdinals(workers.id, 35);
    expect(await nodeGroups.find(SYSTEM, bay.id, workers.id)).toMatchObject({ nextOrdinal: 35 });
  });
});

describe('a load balancer', () => {
  const listener: Listener = { name: 'docker-api', port: 2376, memberPort: 2376, memberRole: 'master' };

  it('is one per bay, with times that are written once', async () => {
    const { loadBalancers } = database.stores;
    const { bay } = seeded;
    const id = randomUUID() as LoadBalancerId;
    const row = { id, bayId: bay.id, projectId, listeners: [listener], requestedAt: T0 };
    const made = await loadBalancers.insert(row);
    expect(made).toEqual({ ...row, address: null, createdAt: null, removedAt: null });
    expect(await loadBalancers.insert({ ...row, id: randomUUID() as LoadBalancerId })).toEqual(made);

    await loadBalancers.recordFacts(id, { address: '192.0.2.9', createdAt: seconds(1) });
    await loadBalancers.recordFacts(id, { address: '192.0.2.10', createdAt: seconds(5), listeners: [] });
    expect(await loadBalancers.findByBay({ projectId }, bay.id)).toEqual({
      ...made,
      address: '192.0.2.10',
      createdAt: seconds(1),
      listeners: [],
    });
    expect((await loadBalancers.listAll()).map((known) => known.id)).toContain(id);
    expect(await loadBalancers.existingIds([id, 'x'])).toEqual(new Set([id]));
    await loadBalancers.recordFacts(id, { removedAt: seconds(9) });
    expect(await loadBalancers.existingIds([id])).toEqual(new Set());
  });
});
