import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { ProjectId } from '@baykeeper/domain';
import type { Database } from './contracts/stores.js';
import { openDatabase } from './database.js';
import { FIRST_PAGE } from './page.js';
import { SYSTEM, type Scope } from './scope.js';
import { makeNewNode, seedBay, seedProject, type SeededBay } from './testing/seed.js';
import { startTestDatabase, type TestDatabase } from './testing/start-test-database.js';

// Starting a server takes a second, and many on a machine that is busy.
jest.setTimeout(120_000);

let server: TestDatabase;
let database: Database;
let projectId: ProjectId;
let scope: Scope;
let seeded: SeededBay;

beforeAll(async () => {
  server = await startTestDatabase();
  database = await openDatabase({ url: await server.freshUrl() });
  projectId = await seedProject(database.stores);
  scope = { projectId };
  seeded = await seedBay(database.stores, projectId);
});
afterAll(async () => {
  await database.close();
  await server.stop();
});

it('shows a bay as its own store does, with groups, addresses of those that stay, and the template’s labels', async () => {
  const { bays, bayViews, nodes, nodeGroups } = database.stores;
  const { bay, masters, workers } = seeded;
  const rows = [makeNewNode(workers, 0), makeNewNode(masters, 0), makeNewNode(workers, 1), makeNewNode(workers, 2)];
  await nodes.insertMany(rows);
  for (const [index, { id }] of rows.slice(0, 3).entries())
    await nodes.recordFacts(id, { address: `10.0.0.${String(index + 1)}` });
  await nodes.recordFacts(rows[2]?.id ?? seededNone(), { removalRequestedAt: new Date() });

  const [view] = await bayViews.overviews(scope, [bay.id]);
  if (view === undefined) throw new Error('the bay is not there');
  expect(view.bay).toEqual(await bays.get(bay.id));
  expect(view.addresses).toEqual({ worker: ['10.0.0.1'], master: ['10.0.0.2'] });
  expect(view.parentLabels).toEqual({ lb_ports: '80' });
  const groups = await nodeGroups.listByBay(scope, bay.id);
  expect(view.groups).toEqual(
    groups.map(({ id, name, role, isDefault, nodeCount }) => ({ id, name, role, isDefault, nodeCount })),
  );
  expect(await bayViews.summaries(scope, [bay.id])).toEqual([{ bay: view.bay, groups: view.groups }]);
});

describe('a version', () => {
  async function version(): Promise<string> {
    const rows = await database.stores.bayViews.page(scope, FIRST_PAGE);
    return rows.find(({ id }) => id === seeded.bay.id)?.version ?? '';
  }

  it('stays while nothing changes', async () => {
    expect(await version()).toBe(await version());
  });

  it('changes with each wish and each fact', async () => {
    const { bays, nodeGroups } = database.stores;
    const { bay, workers } = seeded;
    const seen = new Set([await version()]);
    await nodeGroups.setNodeCount(scope, workers.id, 7);
    seen.add(await version());
    await bays.changeWish(scope, bay.id, { fields: { name: 'other' } });
    seen.add(await version());
    const lease = await bays.acquireLease(bay.id, 'test', 60);
    await bays.saveFacts(bay.id, lease?.token ?? 0, { status: 'CREATE_COMPLETE', healthStatus: 'HEALTHY' });
    seen.add(await version());
    await bays.requestDeletion(SYSTEM, bay.id);
    seen.add(await version());
    expect(seen.size).toBe(5);
  });
});

describe('the version of an overview', () => {
  it('is the same by id, by name and among others, and in its own scope only', async () => {
    const { bayViews, bays } = database.stores;
    const elsewhere = await seedBay(database.stores, await seedProject(database.stores));
    const { id, name } = (await bays.get(seeded.bay.id)) ?? seeded.bay;
    const [byId, byName, foreign, absent] = await Promise.allSettled([
      bayViews.find(scope, id),
      bayViews.find(scope, name),
      bayViews.find(scope, elsewhere.bay.id),
      bayViews.find(scope, randomUUID()),
    ]);
    const version = await bayViews.find(SYSTEM, id);
    expect(byId).toEqual({ status: 'fulfilled', value: version });
    expect(byName).toEqual({ status: 'fulfilled', value: version });
    expect(foreign).toMatchObject({ status: 'rejected', reason: { code: 'not-found' } });
    expect(absent).toMatchObject({ status: 'rejected', reason: { code: 'not-found' } });
    expect(await bayViews.versions(scope, [elsewhere.bay.id, id])).toEqual([version]);
    expect((await bayViews.find(SYSTEM, elsewhere.bay.id)).id).toBe(elsewhere.bay.id);
  });

  it('changes with the addresses of its nodes and with its template, without a wish', async () => {
    const { bayViews, baymodels, nodes } = database.stores;
    const { bay, workers } = await seedBay(database.stores, projectId);
    const version = async (): Promise<string> => (await bayViews.find(scope, bay.id)).version;
    const seen = new Set([await version(), await version()]);
    expect(seen.size).toBe(1);
    const node = makeNewNode(workers, 0);
    await nodes.insertMany([node]);
    await nodes.recordFacts(node.id, { address: '10.0.0.9' });
    seen.add(await version());
    await nodes.recordFacts(node.id, { removalRequestedAt: new Date() });
    seen.add(await version());
    await nodes.remove(node.id);
    seen.add(await version());
    const model = await baymodels.find(scope, bay.baymodelId);
    await baymodels.update(scope, model.id, { labels: { other: '1' } });
    seen.add(await version());
    expect(seen.size).toBe(5);
  });

  it('changes with what an older transaction wrote that ends after a younger one, and with one that was longer under way', async () => {
    const { bayViews, nodes } = database.stores;
    const { bay, workers } = await seedBay(database.stores, projectId);
    const [first, second] = [makeNewNode(workers, 0), makeNewNode(workers, 1)];
    await nodes.insertMany([first, second]);
    const version = async (): Promise<string> => (await bayViews.find(scope, bay.id)).version;
    const seen: string[] = [];
    await database.transaction(async (old) => {
      await old.nodes.recordFacts(first.id, { address: '10.0.0.1' });
      await database.transaction(async (unrelated) => {
        await unrelated.settings.ensure(randomUUID(), () => 'x');
        await nodes.recordFacts(second.id, { address: '10.0.0.2' });
        seen.push(await version());
      });
      seen.push(await version());
    });
    seen.push(await version());
    expect(seen[2]).not.toBe(seen[0]);
    expect(seen[2]).not.toBe(seen[1]);
    expect(await version()).toBe(seen[2]);
  });
});

function seededNone(): never {
  throw new Error('no such row');
}
