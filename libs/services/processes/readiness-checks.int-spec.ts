import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { ReadinessProbe } from '@baykeeper/platform';
import { openDatabase, type Database } from '@baykeeper/storage';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { Client } from 'pg';
import { readinessChecks } from './readiness-checks.js';

jest.setTimeout(120_000);

let server: TestDatabase;
let url: string;
let database: Database;
let time = 0;

beforeAll(async () => {
  server = await startTestDatabase();
  url = await server.freshUrl();
  database = await openDatabase({ url });
});
afterAll(async () => {
  await database.close();
  await server.stop();
});

it('tells what is missing, and is not ready without a database, Redis or the newest schema', async () => {
  let redisIsAway = false;
  const redis = { ping: () => (redisIsAway ? Promise.reject(new Error('ECONNREFUSED')) : Promise.resolve('PONG')) };
  const probe = new ReadinessProbe(readinessChecks({ database, redis }), undefined, () => (time += 1_000));
  expect(await probe.read()).toMatchObject({
    ready: true,
    checks: { database: true, redis: true, schema: true, worker: false },
    reasons: ['No worker was heard of lately, so wishes are kept and wait.'],
  });
  await database.stores.processes.report({ host: 'a', kind: 'worker', slot: 0 }, { version: '1', isFirst: true });
  expect(await probe.read()).toMatchObject({ ready: true, reasons: [] });

  redisIsAway = true;
  expect(await probe.read()).toMatchObject({ ready: false, reasons: ['Redis does not answer.'] });
  redisIsAway = false;

  // As after the restore of an older dump. One that a newer version ran is no reason.
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query("DELETE FROM migrations WHERE name LIKE 'IndexExpiry%'");
  await client.query("INSERT INTO migrations (timestamp, name) VALUES (9999999999999, 'OfTomorrow9999999999999')");
  await client.end();
  const behind = await probe.read();
  expect(behind).toMatchObject({ ready: false, checks: { schema: false } });
  expect(behind.reasons).toEqual([
    'The schema of the database is older than this process: IndexExpiry1795401000000 did not run. Start any process of this version again, which runs what is missing.',
  ]);

  await database.close();
  expect(await probe.read()).toMatchObject({
    ready: false,
    checks: { database: false, redis: true, schema: false, worker: false },
  });
});
