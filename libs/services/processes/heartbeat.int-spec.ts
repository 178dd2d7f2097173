import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import type { Log } from '@baykeeper/domain';
import { openDatabase, type Database } from '@baykeeper/storage';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { startHeartbeat } from './heartbeat.js';

jest.setTimeout(120_000);

let server: TestDatabase;
let database: Database;
const warnings: string[] = [];
const ignore = (): void => undefined;
const log: Log = { debug: ignore, info: ignore, error: ignore, warn: (_facts, message) => warnings.push(message) };

beforeAll(async () => {
  server = await startTestDatabase();
  database = await openDatabase({ url: await server.freshUrl() });
});
afterAll(async () => {
  await database.close();
  await server.stop();
});

it('keeps one record per place, which begins anew with each start, and tells a good end', async () => {
  const facts = { kind: 'worker', slot: 0, version: '1.0.0' } as const;
  const { processes } = database.stores;
  const first = await startHeartbeat({ database, log }, facts);
  const [record] = await processes.list();
  expect(record).toMatchObject({ kind: 'worker', slot: 0, version: '1.0.0', reportCount: 1, isUp: true });
  await first.stop();
  expect(await processes.list()).toMatchObject([{ isUp: false }]);

  // Killed: nothing was said, and the next one takes the same place.
  await startHeartbeat({ database, log }, facts);
  const again = await startHeartbeat({ database, log }, { ...facts, version: '1.0.1' });
  expect(await processes.list()).toMatchObject([{ id: record?.id, version: '1.0.1', reportCount: 3, isUp: true }]);
  // One that ends after another took its place says nothing about that one.
  const next = await startHeartbeat({ database, log }, { ...facts, version: '1.0.2' });
  await again.stop();
  expect(await processes.list()).toMatchObject([{ version: '1.0.2', isUp: true }]);
  const other = await startHeartbeat({ database, log }, { ...facts, kind: 'api' });
  expect(await processes.list()).toHaveLength(2);
  await Promise.all([next.stop(), other.stop()]);
});

it('does not keep a process from working when the database is away', async () => {
  const broken = await openDatabase({ url: await server.freshUrl() });
  await broken.close();
  const heartbeat = await startHeartbeat({ database: broken, log }, { kind: 'api', slot: 0, version: '1.0.0' });
  expect(warnings).toEqual(['reporting that the process lives failed']);
  await heartbeat.stop();
});
