/** How often somebody may log in and send requests, counted in a real Redis by several processes. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Log } from '@baykeeper/domain';
import { createSwarmEngine } from '@baykeeper/drivers/engines/swarm/swarm.engine.js';
import { EmbeddedRedis } from '@baykeeper/platform/embedded/embedded-redis.js';
import { openRateLimiter, openRedis, type RedisConnection } from '@baykeeper/queue';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { openIdentity } from '@baykeeper/tenancy';
import { send, type Answer } from '../testing/api-client.js';
import { startTestApi, type TestApi } from '../testing/start-test-api.js';
import { openLoginLimiter } from './login-limiter.js';

jest.setTimeout(120_000);

const PASSWORD = 'correct horse';
const SLOW = { perMinute: 1, burst: 3 };

let directory: string;
let redisServer: EmbeddedRedis;
let postgres: TestDatabase;
const connections: RedisConnection[] = [];
const warnings: string[] = [];
const ignore = (): void => undefined;
const log: Log = { debug: ignore, info: ignore, warn: (_facts, message) => warnings.push(message), error: ignore };

/** As another process would have it. */
async function connect(): Promise<RedisConnection> {
  const connection = openRedis(redisServer.url);
  connection.on('error', ignore);
  connections.push(connection);
  await connection.ping();
  return connection;
}

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'baykeeper-limits-'));
  // The server has an account of its own.
  await chmod(directory, 0o711);
  redisServer = new EmbeddedRedis({ dataDirectory: directory });
  await redisServer.start();
  postgres = await startTestDatabase();
});
afterAll(async () => {
  for (const connection of connections) await connection.quit().catch(ignore);
  await redisServer.stop();
  await postgres.stop();
  await rm(directory, { recursive: true, force: true });
});

describe('a rate', () => {
  test('is one for all processes, and says when to come again', async () => {
    const [one, other] = [openRateLimiter(await connect(), log), openRateLimiter(await connect(), log)];
    const taken = [];
    for (const limiter of [one, other, one, other, one]) taken.push(await limiter.take('shared', SLOW));
    expect(taken.slice(0, 3)).toEqual([0, 0, 0]);
    for (const seconds of taken.slice(3)) {
      expect(seconds).toBeGreaterThan(50);
      expect(seconds).toBeLessThanOrEqual(60);
    }
    expect(await one.take('another one', SLOW)).toBe(0);
  });

  test('lets exactly so many of many at once through', async () => {
    const limiter = openRateLimiter(await connect(), log);
    const rate = { perMinute: 1, burst: 20 };
    const taken = await Promise.all(Array.from({ length: 50 }, () => limiter.take('rush', rate)));
    expect(taken.filter((seconds) => seconds === 0)).toHaveLength(20);
  });

  test('comes back evenly', async () => {
    const limiter = openRateLimiter(await connect(), log);
    const rate = { perMinute: 60_000, burst: 1 };
    const taken: number[] = [];
    // A millisecond each: of a hundred round trips some take that long.
    for (let count = 0; count < 100; count += 1) taken.push(await limiter.take('even', rate));
    expect(taken.filter((seconds) => seconds === 0).length).toBeGreaterThan(1);
  });

  test('is none, with one line in the log, while Redis is away', async () => {
    const connection = await connect();
    const limiter = openRateLimiter(connection, log);
    connection.disconnect();
    const before = warnings.length;
    const begun = Date.now();
    const taken = await Promise.all(Array.from({ length: 10 }, () => limiter.take('away', { perMinute: 1, burst: 1 })));
    expect(taken).toEqual(Array.from({ length: 10 }, () => 0));
    expect(Date.now() - begun).toBeLessThan(2_000);
    expect(warnings.slice(before)).toEqual(['limiting no rates, because Redis does not answer']);
  });
});

describe('the API', () => {
  let api: TestApi;
  beforeEach(async () => {
    await (await connect()).flushall();
    api = await startTestApi(await postgres.freshUrl(), createSwarmEngine({ templatesDirectory: '/nowhere' }), {
      logins: openLoginLimiter(openRateLimiter(await connect(), log), { address: 8, user: 8 }),
      requestsPerSecond: 5,
      trustedProxies: ['127.0.0.1'],
    });
    await openIdentity({ database: api.database, passwordCost: { logN: 4, r: 8, p: 1 } }).bootstrapAdministrator({
      password: PASSWORD,
    });
  });
  afterEach(() => api.close());

  function login(name: string, password: string, from: string): Promise<Answer> {
    const identity = { methods: ['password'], password: { user: { name, domain: { id: 'default' }, password } } };
    return send(api.url, 'POST', '/identity/v3/auth/tokens', {
      headers: { 'X-Forwarded-For': from },
      body: { auth: { identity } },
    });
  }

  test('bounds the logins of an address, right or wrong, and not those of others', async () => {
    const statuses: number[] = [];
    for (const password of ['wrong', PASSWORD]) {
      statuses.push((await login('admin', password, '192.0.2.1')).status);
    }
    expect(statuses).toEqual([401, 201]);
    const refused = await login('nobody', PASSWORD, '192.0.2.1');
    expect(refused).toMatchObject({ status: 429, body: { error: { code: 429, title: 'Too Many Requests' } } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(8);
    expect((await login('nobody', PASSWORD, '192.0.2.2')).status).toBe(401);
  });

  test('bounds the logins of a user from everywhere, but from where it is at home', async () => {
    expect((await login('admin', PASSWORD, '192.0.2.1')).status).toBe(201);
    const statuses: number[] = [];
    for (const last of [10, 11, 12]) statuses.push((await login('admin', 'x', `192.0.2.${last}`)).status);
    expect(statuses).toEqual([401, 429, 429]);
    expect((await login('admin', PASSWORD, '192.0.2.1')).status).toBe(201);
    expect((await login('nobody', 'x', '192.0.2.12')).status).toBe(401);
  });

  test('keeps no name that was typed in Redis', async () => {
    await login('my password', 'admin', '192.0.2.1');
    const keys = await (await connect()).keys('*');
    expect(keys).toHaveLength(2);
    expect(keys.join(' ')).not.toContain('my password');
  });

  test('believes a proxy that it does not know nothing', async () => {
    const plain = await startTestApi(await postgres.freshUrl(), createSwarmEngine({ templatesDirectory: '/nowhere' }), {
      logins: openLoginLimiter(openRateLimiter(await connect(), log), { address: 4, user: 0 }),
    });
    try {
      const statuses: number[] = [];
      for (const from of ['192.0.2.1', '192.0.2.2']) {
        const identity = { methods: ['password'], password: { user: { name: 'x', password: 'y' } } };
        const request = { headers: { 'X-Forwarded-For': from }, body: { auth: { identity } } };
        statuses.push((await send(plain.url, 'POST', '/identity/v3/auth/tokens', request)).status);
      }
      expect(statuses).toEqual([401, 429]);
    } finally {
      await plain.close();
    }
  });

  test('bounds the requests of a token, in the form of the service that was asked', async () => {
    const token = await api.token(await api.project(), 'reader');
    const burst = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        send(api.url, 'GET', index % 2 === 0 ? '/v1/bays' : '/identity/v3/roles', { token }),
      ),
    );
    const refused = burst.filter(({ status }) => status === 429);
    expect(burst.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(5);
    for (const { headers } of refused) expect(headers.get('retry-after')).toBe('1');
    expect(refused.some(({ body }) => typeof body === 'object' && body !== null && 'errors' in body)).toBe(true);
    expect(refused.some(({ body }) => typeof body === 'object' && body !== null && 'error' in body)).toBe(true);
    const other = await api.token(await api.project(), 'reader');
    expect((await send(api.url, 'GET', '/v1/bays', { token: other })).status).toBe(200);
  });
});
