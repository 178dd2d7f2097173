import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { ProjectId } from '@baykeeper/domain';
import type { Database } from './contracts/stores.js';
import { openDatabase } from './database.js';
import type { Page } from './page.js';
import { SYSTEM, type Scope } from './scope.js';
import { makeNewBaymodel, seedBay, seedBaymodel, seedProject } from './testing/seed.js';
import { startTestDatabase, type TestDatabase } from './testing/start-test-database.js';

// Starting a server takes a second, and many on a machine that is busy.
jest.setTimeout(120_000);

let server: TestDatabase;
let database: Database;
let projectId: ProjectId;
let scope: Scope;

beforeAll(async () => {
  server = await startTestDatabase();
  database = await openDatabase({ url: server.url });
  projectId = await seedProject(database.stores);
  scope = { projectId };
});
afterAll(async () => {
  await database.close();
  await server.stop();
});

describe('pages', () => {
  // Ties, and rows without a value, in an order that is nobody's sorting.
  const NAMES = ['b', 'a', 'c', 'a', 'd'];
  const FLAVORS = ['big', null, 'small', null, 'big'];
  const labels: string[] = [];
  beforeAll(async () => {
    for (const [index, name] of NAMES.entries()) {
      const { bay } = await seedBay(database.stores, projectId, { name, flavorId: FLAVORS[index] ?? null });
      labels.push(bay.id);
    }
  });

  /** The order in which pages of `limit` give the rows, by their place in NAMES. */
  async function walk(limit: number, sortKey: string, sortDir: Page['sortDir']): Promise<number[]> {
    const seen: number[] = [];
    let marker: string | null = null;
    for (;;) {
      const rows = await database.stores.bayViews.page(scope, { limit, marker, sortKey, sortDir });
      seen.push(...rows.map(({ id }) => labels.indexOf(id)));
      marker = rows.at(-1)?.id ?? null;
      if (rows.length < limit || seen.length > 20) return seen;
    }
  }

  it.each([
    ['id', 'asc', [0, 1, 2, 3, 4]],
    ['id', 'desc', [4, 3, 2, 1, 0]],
    ['name', 'asc', [1, 3, 0, 2, 4]],
    ['name', 'desc', [4, 2, 0, 3, 1]],
    ['flavor_id', 'asc', [0, 4, 2, 1, 3]],
    ['flavor_id', 'desc', [3, 1, 2, 4, 0]],
    ['updated_at', 'asc', [0, 1, 2, 3, 4]],
    ['created_at', 'desc', [4, 3, 2, 1, 0]],
    ['status', 'desc', [4, 3, 2, 1, 0]],
  ] as const)('sorted by %s %s have the same order whatever their size', async (sortKey, sortDir, order) => {
    expect(await walk(100, sortKey, sortDir)).toEqual(order);
    expect(await walk(1, sortKey, sortDir)).toEqual(order);
    expect(await walk(2, sortKey, sortDir)).toEqual(order);
  });

  it.each(['node_count', 'nonsense', 'project_id; DROP TABLE bays', 'toString', '__proto__', ''])(
    'can not be sorted by "%s"',
    async (sortKey) => {
      const page = { limit: 1, marker: null, sortKey, sortDir: 'asc' } as const;
      await expect(database.stores.bayViews.page(scope, page)).rejects.toMatchObject({ code: 'invalid-input' });
      await expect(database.stores.baymodels.list(scope, page)).rejects.toMatchObject({ code: 'invalid-input' });
    },
  );

  it.each(['00000000-0000-4000-8000-999999999999', 'a', "'"])('know no marker %s', async (marker) => {
    const page = { limit: 1, marker, sortKey: 'id', sortDir: 'asc' } as const;
    await expect(database.stores.bayViews.page(scope, page)).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('looking up', () => {
  it('by uuid is exact, and by name when it is no uuid', async () => {
    const { bays } = database.stores;
    const { bay } = await seedBay(database.stores, projectId, { name: 'lookup' });
    expect(await bays.find(scope, bay.id)).toMatchObject({ name: 'lookup' });
    expect(await bays.find(scope, 'lookup')).toMatchObject({ id: bay.id });
    for (const ident of [bay.id.toUpperCase(), bay.id.replaceAll('-', ''), `{${bay.id}}`, 'Lookup', '', '\0', '%']) {
      await expect(bays.find(scope, ident)).rejects.toMatchObject({ code: 'not-found' });
    }
  });

  it('finds no row whose name has the form of a uuid by that name', async () => {
    const name = '11111111-1111-4111-8111-111111111111';
    await seedBaymodel(database.stores, projectId, { name });
    await expect(database.stores.baymodels.find(scope, name)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('by a name that several have is a conflict, until it is one again', async () => {
    const { baymodels } = database.stores;
    const first = await seedBaymodel(database.stores, projectId, { name: 'twice' });
    const second = await seedBaymodel(database.stores, projectId, { name: 'twice' });
    await expect(baymodels.find(scope, 'twice')).rejects.toMatchObject({ code: 'conflict' });
    expect(await baymodels.find(scope, second.id)).toMatchObject({ id: second.id });
    await baymodels.remove(scope, second.id);
    expect(await baymodels.find(scope, 'twice')).toMatchObject({ id: first.id });
  });

  it('by a name that an own and a public baymodel have is a conflict', async () => {
    const other = await seedProject(database.stores);
    await seedBaymodel(database.stores, other, { name: 'shared', public: true });
    expect(await database.stores.baymodels.find(scope, 'shared')).toMatchObject({ projectId: other });
    await seedBaymodel(database.stores, projectId, { name: 'shared' });
    await expect(database.stores.baymodels.find(scope, 'shared')).rejects.toMatchObject({ code: 'conflict' });
  });

  it('finds a node group by uuid, name and number', async () => {
    const { nodeGroups } = database.stores;
    const { bay, workers } = await seedBay(database.stores, projectId);
    expect(await nodeGroups.find(scope, bay.id, workers.id)).toEqual(workers);
    expect(await nodeGroups.find(scope, bay.id, 'default-worker')).toEqual(workers);
    const numbers = await Promise.all(
      Array.from({ length: 40 }, (_, number) =>
        nodeGroups.find(scope, bay.id, String(number)).then(
          (group) => group.name,
          () => null,
        ),
      ),
    );
    expect(numbers.filter((name) => name !== null)).toEqual(['default-master', 'default-worker']);
  });
});

describe('a baymodel', () => {
  it('is stored with all its fields and changed one by one', async () => {
    const { baymodels } = database.stores;
    const wanted = makeNewBaymodel(projectId, {
      dockerVolumeSize: 5,
      apiserverPort: 8080,
      labels: { a: "it's", 'ü"': '{}' },
      tags: '',
      httpProxy: 'http://proxy.example:3128',
    });
    const stored = await baymodels.insert(scope, wanted);
    const { fields, ...own } = wanted;
    expect(stored).toMatchObject({ ...own, ...fields });
    expect(stored.updatedAt).toBeNull();
    const changed = await baymodels.update(scope, wanted.id, { name: 'new', labels: {}, dockerVolumeSize: null });
    expect(changed).toMatchObject({ ...own, ...fields, name: 'new', labels: {}, dockerVolumeSize: null });
    expect(changed.createdAt).toEqual(stored.createdAt);
    expect(changed.updatedAt).not.toBeNull();
  });

  it('with an id that is taken is a conflict, also when another project has it', async () => {
    const other = await seedBaymodel(database.stores, await seedProject(database.stores));
    const same = makeNewBaymodel(projectId, { id: other.id });
    await expect(database.stores.baymodels.insert(SYSTEM, same)).rejects.toMatchObject({ code: 'conflict' });
  });
});
