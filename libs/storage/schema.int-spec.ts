import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { MIGRATIONS } from '@baykeeper/migrations';
import { createDataSource } from './data-source.js';
import { openDatabase, runMigrations } from './database.js';
import { makeNewNode, seedBay, seedProject } from './testing/seed.js';
import { startTestDatabase, type TestDatabase } from './testing/start-test-database.js';

// Starting a server takes a second, and many on a machine that is busy.
jest.setTimeout(120_000);

describe('the schema', () => {
  let server: TestDatabase;
  beforeAll(async () => {
    server = await startTestDatabase();
  });
  afterAll(() => server.stop());

  it('is the same whether the migrations or the entities make it', async () => {
    const source = createDataSource({ url: server.url });
    await source.initialize();
    try {
      const { upQueries } = await source.driver.createSchemaBuilder().log();
      expect(upQueries.map(({ query }) => query)).toEqual([]);
    } finally {
      await source.destroy();
    }
  });

  it('is made once when two servers start at once', async () => {
    const url = await server.emptyUrl();
    const servers = await Promise.all([openDatabase({ url }), openDatabase({ url })]);
    try {
      const runs = await Promise.all(servers.map((database) => runMigrations(database)));
      expect(runs.map((names) => names.length).sort()).toEqual([0, MIGRATIONS.length]);
    } finally {
      await Promise.all(servers.map((database) => database.close()));
    }
  });

  it('dates nodes anew that a restored database has from a longer count of transactions', async () => {
    const url = await server.freshUrl();
    const database = await openDatabase({ url });
    const source = createDataSource({ url });
    await source.initialize();
    try {
      const { bay, workers } = await seedBay(database.stores, await seedProject(database.stores));
      await database.stores.nodes.insertMany([makeNewNode(workers, 0)]);
      await source.query('ALTER TABLE nodes DISABLE TRIGGER date_node');
      await source.query('UPDATE nodes SET revision = 4000000000000');
      await source.query('ALTER TABLE nodes ENABLE TRIGGER date_node');
      await runMigrations(database);
      const rows = await source.query<{ dated: boolean }[]>(
        'SELECT revision <= pg_current_xact_id()::text::bigint AS dated FROM nodes WHERE bay_id = $1',
        [bay.id],
      );
      expect(rows).toEqual([{ dated: true }]);
    } finally {
      await source.destroy();
      await database.close();
    }
  });

  it('can be taken back and made again', async () => {
    const source = createDataSource({ url: await server.freshUrl() });
    await source.initialize();
    try {
      for (let step = 0; step < MIGRATIONS.length; step += 1) await source.undoLastMigration();
      const left = await source.query<{ name: string }[]>(
        "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
      );
      expect(left).toEqual([{ name: 'migrations' }]);
      expect(await source.runMigrations()).toHaveLength(MIGRATIONS.length);
    } finally {
      await source.destroy();
    }
  });
});
