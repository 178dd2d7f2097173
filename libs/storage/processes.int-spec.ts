import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import type { DataSource } from 'typeorm';
import type { ProcessStore } from './contracts/processes.js';
import { createDataSource } from './data-source.js';
import { createStores } from './stores/create-stores.js';
import { startTestDatabase, type TestDatabase } from './testing/start-test-database.js';

// Starting a server takes a second, and many on a machine that is busy.
jest.setTimeout(120_000);

let server: TestDatabase;
let source: DataSource;
let processes: ProcessStore;

beforeAll(async () => {
  server = await startTestDatabase();
  source = await createDataSource({ url: await server.freshUrl() }).initialize();
  ({ processes } = createStores(source.manager));
});
afterAll(async () => {
  await source.destroy();
  await server.stop();
});

it('a process that was silent for three minutes is down, and forgotten after a day', async () => {
  const silentFor = (time: string): Promise<unknown> =>
    source.query('UPDATE processes SET started_at = now() - $1::interval, last_seen_at = now() - $1::interval', [time]);
  await processes.report({ host: 'one', kind: 'worker', slot: 0 }, { version: '1', isFirst: true });
  await silentFor('40 seconds');
  expect(await processes.isAnyUp('worker', 45)).toBe(true);
  expect(await processes.isAnyUp('worker', 35)).toBe(false);
  expect(await processes.isAnyUp('api', 45)).toBe(false);
  await silentFor('170 seconds');
  expect(await processes.list()).toMatchObject([{ isUp: true }]);
  await silentFor('190 seconds');
  expect(await processes.list()).toMatchObject([{ isUp: false }]);
  expect(await processes.removeForgotten()).toBe(0);
  await silentFor('25 hours');
  expect(await processes.list()).toEqual([]);
  expect(await processes.removeForgotten()).toBe(1);
});
