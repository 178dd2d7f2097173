import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import type { DataSource } from 'typeorm';
import type { Stores } from './contracts/stores.js';
import { createDataSource } from './data-source.js';
import { openDatabase } from './database.js';
import { SYSTEM } from './scope.js';
import { createStores } from './stores/create-stores.js';
import { makeNewNode, seedBay, seedProject } from './testing/seed.js';
import { startTestDatabase, type TestDatabase } from './testing/start-test-database.js';

// Starting a server takes a second, and many on a machine that is busy.
jest.setTimeout(120_000);

let server: TestDatabase;
let source: DataSource;
let stores: Stores;

beforeAll(async () => {
  server = await startTestDatabase();
  source = await createDataSource({ url: await server.freshUrl() }).initialize();
  stores = createStores(source.manager);
});
afterAll(async () => {
  await source.destroy();
  await server.stop();
});

it('measures nothing where nothing is', async () => {
  expect(await stores.measures.read()).toEqual({
    outbox: { rows: 0, oldestSeconds: 0 },
    leases: { held: 0, expired: 0 },
    baysByStatus: {},
    oldestWishSeconds: 0,
    processesUp: { api: 0, worker: 0 },
  });
  expect(await stores.measures.readExpiry()).toEqual({ node: null, oldestAuthorityMadeAt: null });
});

it('counts what waits, what is held and what is wished, of all projects', async () => {
  const [one, other] = [
    await seedBay(stores, await seedProject(stores)),
    await seedBay(stores, await seedProject(stores)),
  ];
  await source.query("UPDATE outbox SET created_at = now() - interval '40 seconds' WHERE bay_id = $1", [one.bay.id]);
  await source.query("UPDATE bays SET generation_at = now() - interval '90 seconds' WHERE id = $1", [one.bay.id]);
  await stores.bays.acquireLease(one.bay.id, 'somebody', 60);
  await stores.bays.acquireLease(other.bay.id, 'a process that died', 0);
  await stores.processes.report({ host: 'a', kind: 'worker', slot: 0 }, { version: '1', isFirst: true });
  const place = { host: 'a', kind: 'worker', slot: 1 } as const;
  const startedAt = await stores.processes.report(place, { version: '1', isFirst: true });
  await stores.processes.reportStopped(place, startedAt);

  const read = await stores.measures.read();
  expect(read).toMatchObject({
    outbox: { rows: 2 },
    leases: { held: 1, expired: 1 },
    baysByStatus: { CREATE_IN_PROGRESS: 2 },
    processesUp: { api: 0, worker: 1 },
  });
  expect(Math.round(read.outbox.oldestSeconds / 10)).toBe(4);
  expect(Math.round(read.oldestWishSeconds / 10)).toBe(9);

  await source.query('UPDATE bays SET settled_generation = generation');
  expect((await stores.measures.read()).oldestWishSeconds).toBe(0);
});

it('finds the certificate that a node lives by and that ends first', async () => {
  const { bay, workers } = await seedBay(stores, await seedProject(stores));
  const [early, renewed, revoked] = [0, 1, 2].map((ordinal) => makeNewNode(workers, ordinal));
  if (!early || !renewed || !revoked) throw new Error('no nodes');
  await stores.nodes.insertMany([early, renewed, revoked]);
  const issue = (nodeId: string | null, serial: string, notAfter: string) =>
    stores.certificates.insert(SYSTEM, {
      ...{ bayId: bay.id, serial, subject: 'x', kind: 'node', userId: null, notAfter: new Date(notAfter) },
      nodeId: nodeId as typeof early.id | null,
    });
  await issue(null, '01', '2030-01-01');
  await issue(renewed.id, '02', '2030-02-01');
  await issue(renewed.id, '03', '2031-02-01');
  await issue(revoked.id, '04', '2030-03-01');
  await stores.certificates.revoke(SYSTEM, bay.id, '04');
  await issue(early.id, '05', '2030-04-01');
  expect(await stores.measures.readExpiry()).toEqual({ node: new Date('2030-04-01'), oldestAuthorityMadeAt: null });
});

it('says how many connections there are', async () => {
  const database = await openDatabase({ url: server.url, poolSize: 1 });
  await database.ping();
  expect(database.pool()).toEqual({ open: 1, idle: 1, waiting: 0 });
  let waiting: Promise<void> = Promise.resolve();
  await database.transaction(() => {
    waiting = database.ping();
    expect(database.pool()).toEqual({ open: 1, idle: 0, waiting: 1 });
    return Promise.resolve();
  });
  await waiting;
  await database.close();
});
