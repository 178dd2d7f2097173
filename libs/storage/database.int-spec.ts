import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Client } from 'pg';
import { openDatabase } from './database.js';
import { startTestDatabase, type TestDatabase } from './testing/start-test-database.js';
import type { ProjectId } from '@baykeeper/domain';

// Starting a server takes a second, and many on a machine that is busy.
jest.setTimeout(120_000);

describe('the database', () => {
  let server: TestDatabase;
  beforeAll(async () => {
    server = await startTestDatabase();
  });
  afterAll(() => server.stop());

  async function asOperator(sql: string, url = server.url): Promise<void> {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  }

  it('that can not be reached is said to be unavailable', async () => {
    for (const url of ['postgres:///none?host=/nonexistent', 'postgres://u:secret@127.0.0.1:1/none']) {
      const failure: unknown = await openDatabase({ url }).catch((error: unknown) => error);
      expect(failure).toMatchObject({
        code: 'provider-unavailable',
        publicMessage: 'The database can not be reached. Try again later.',
      });
      expect(String(failure)).not.toContain('secret');
    }
  });

  it('answers again after its connections were cut', async () => {
    const database = await openDatabase({ url: server.url, poolSize: 3, applicationName: 'cut-me' });
    try {
      await Promise.all([database.ping(), database.ping(), database.ping()]);
      await asOperator("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cut-me'");
      // Whoever is hit by it may be told so; after that all is well.
      for (let round = 0; round < 3; round += 1) await database.ping().catch(() => undefined);
      await database.ping();
    } finally {
      await database.close();
    }
  });

  it('stops a statement that takes too long, and says that it is busy', async () => {
    const database = await openDatabase({ url: await server.freshUrl(), statementTimeoutMs: 200 });
    const id = randomUUID() as ProjectId;
    try {
      await database.transaction(async ({ projects }) => {
        await projects.insert({ id, name: 'held' });
        const waiting = database.stores.projects.insert({ id: randomUUID() as ProjectId, name: 'held' });
        await expect(waiting).rejects.toMatchObject({ code: 'timeout' });
      });
    } finally {
      await database.close();
    }
  });

  it('takes all of a transaction or nothing', async () => {
    const database = await openDatabase({ url: server.url });
    const id = randomUUID() as ProjectId;
    try {
      const failing = database.transaction(async ({ projects }) => {
        await projects.insert({ id, name: 'half' });
        await projects.insert({ id, name: 'other half' });
      });
      await expect(failing).rejects.toMatchObject({ code: 'conflict' });
      expect(await database.stores.projects.findById(id)).toBeNull();
    } finally {
      await database.close();
    }
  });

  it('can be closed twice', async () => {
    const database = await openDatabase({ url: server.url });
    await database.close();
    await database.close();
  });
});
