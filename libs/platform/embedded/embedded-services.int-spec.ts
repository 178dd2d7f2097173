import { execFile, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { Log } from '@baykeeper/domain';
import { findClosedParent } from './account.js';
import { EmbeddedPostgres } from './embedded-postgres.js';
import { EmbeddedRedis } from './embedded-redis.js';
import { endProcess, findOwnProcesses, isAlive, waitUntil } from './process-tools.js';
import { startEmbeddedServices, stopEmbeddedServices, type EmbeddedServices } from './start-embedded-services.js';

const run = promisify(execFile);
const asRoot = process.getuid?.() === 0;
const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
jest.setTimeout(120_000);

let parent: string;
let data: string;
let services: EmbeddedServices | null;

beforeEach(async () => {
  parent = await mkdtemp('/tmp/bk-embedded-');
  await chmod(parent, 0o755);
  data = path.join(parent, 'data');
  services = null;
});

afterEach(async () => {
  await services?.stop();
  await stopEmbeddedServices(data);
  await rm(parent, { recursive: true, force: true });
});

async function start(directory = data): Promise<{ databaseUrl: string; redisUrl: string }> {
  services = await startEmbeddedServices({ dataDirectory: directory, postgres: true, redis: true, log: silent });
  const { databaseUrl, redisUrl } = services;
  if (databaseUrl === null || redisUrl === null) throw new Error('a service has no URL');
  return { databaseUrl, redisUrl };
}

async function query(url: string, text: string): Promise<readonly unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ value: unknown }>(text);
    return rows.map(({ value }) => value);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function redis<Result>(url: string, work: (client: Redis) => Promise<Result>): Promise<Result> {
  const client = new Redis({ path: url.replace('unix://', ''), lazyConnect: true, retryStrategy: () => null });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    client.disconnect();
  }
}

const postgresProcesses = () =>
  findOwnProcesses({
    program: 'postgres',
    directory: path.join(data, 'postgresql/data'),
    pidFile: path.join(data, 'postgresql/data/postmaster.pid'),
  });
const redisProcesses = () =>
  findOwnProcesses({
    program: 'redis-server',
    directory: path.join(data, 'redis/data'),
    pidFile: path.join(data, 'redis/redis.pid'),
  });

async function mainProcess(find: typeof postgresProcesses): Promise<number> {
  const { main } = await find();
  if (main === null) throw new Error('it does not run');
  return main;
}

/** Until it answers with what was written before. */
async function eventually(question: () => Promise<boolean>): Promise<boolean> {
  return waitUntil(() => question().catch(() => false), 30_000);
}

async function ownerOf(file: string): Promise<number> {
  return (await stat(file)).uid;
}

describe('the embedded services', () => {
  it('start, keep what is written over a stop, and leave no process and no TCP port', async () => {
    const first = await start();
    await query(first.databaseUrl, "CREATE TABLE kept AS SELECT 'yes' AS value");
    await redis(first.redisUrl, (client) => client.set('kept', 'yes'));
    expect(await query(first.databaseUrl, 'SHOW fsync AS value').catch(() => [])).toEqual([]);
    expect(await query(first.databaseUrl, "SELECT current_setting('fsync') AS value")).toEqual(['on']);
    expect(await query(first.databaseUrl, "SELECT current_setting('listen_addresses') AS value")).toEqual(['']);
    expect(await query(first.databaseUrl, "SELECT current_setting('shared_buffers') AS value")).toEqual(['64MB']);
    expect(await redis(first.redisUrl, (client) => client.config('GET', 'appendonly'))).toEqual(['appendonly', 'yes']);
    expect(await redis(first.redisUrl, (client) => client.config('GET', 'port'))).toEqual(['port', '0']);

    await services?.stop();
    expect((await postgresProcesses()).all).toEqual([]);
    expect((await redisProcesses()).all).toEqual([]);

    const second = await start();
    expect(second).toEqual(first);
    expect(await query(second.databaseUrl, 'SELECT value FROM kept')).toEqual(['yes']);
    expect(await redis(second.redisUrl, (client) => client.get('kept'))).toBe('yes');
  });

  it('run without root rights, in directories that only their account may enter', async () => {
    await start();
    const uid = process.getuid?.();
    for (const find of [postgresProcesses, redisProcesses]) {
      const status = await readFile(`/proc/${await mainProcess(find)}/status`, 'utf8');
      const owner = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
      if (asRoot) expect(owner).not.toBe(0);
      else expect(owner).toBe(uid);
      expect(/^Groups:\s*$/m.test(status) || !asRoot).toBe(true);
    }
    for (const directory of ['postgresql', 'postgresql/run', 'redis', 'redis/run']) {
      expect((await stat(path.join(data, directory))).mode & 0o777).toBe(0o700);
    }
    expect((await stat(data)).mode & 0o777).toBe(asRoot ? 0o711 : 0o700);
    expect((await stat(path.join(data, 'postgresql/postgresql.log'))).mode & 0o777).toBe(0o600);
    if (asRoot) expect(await ownerOf(path.join(data, 'postgresql'))).not.toBe(0);
  });

  it('come back after kill -9, with everything that was committed', async () => {
    const { databaseUrl, redisUrl } = await start();
    await query(databaseUrl, 'CREATE TABLE kept (value int)');
    const open = new pg.Client({ connectionString: databaseUrl });
    open.on('error', () => undefined);
    await open.connect();
    await redis(redisUrl, (client) => client.set('kept', 'yes'));
    await redis(redisUrl, (client) => client.config('SET', 'appendfsync', 'always'));
    await redis(redisUrl, (client) => client.set('kept', 'still'));
    for (let round = 1; round <= 3; round += 1) {
      await query(databaseUrl, `INSERT INTO kept VALUES (${round})`);
      const postgres = await mainProcess(postgresProcesses);
      process.kill(postgres, 'SIGKILL');
      expect(
        await eventually(
          async () => (await query(databaseUrl, 'SELECT count(*)::int AS value FROM kept'))[0] === round,
        ),
      ).toBe(true);
      expect(await mainProcess(postgresProcesses)).not.toBe(postgres);
    }
    const server = await mainProcess(redisProcesses);
    process.kill(server, 'SIGKILL');
    expect(await eventually(async () => (await redis(redisUrl, (client) => client.get('kept'))) === 'still')).toBe(
      true,
    );
    expect(await mainProcess(redisProcesses)).not.toBe(server);
    await open.end().catch(() => undefined);
  });

  it('come back when the kill hit a backend only', async () => {
    const { databaseUrl } = await start();
    const main = await mainProcess(postgresProcesses);
    const child = (await postgresProcesses()).all.find((pid) => pid !== main);
    process.kill(child ?? 0, 'SIGKILL');
    expect(await eventually(async () => (await query(databaseUrl, 'SELECT 1 AS value'))[0] === 1)).toBe(true);
    expect(await mainProcess(postgresProcesses)).toBe(main);
  });

  it('take over from a life of the server that was killed, without two servers on the same data', async () => {
    const postgres = await new EmbeddedPostgres({ dataDirectory: await made(data) }).start();
    const redisServer = await new EmbeddedRedis({ dataDirectory: data }).start();
    // Nobody watches these two: they are what a killed server leaves.
    const { databaseUrl, redisUrl } = await start();
    expect(await isAlive(postgres.pid ?? 0)).toBe(false);
    expect(await isAlive(redisServer.pid ?? 0)).toBe(false);
    expect(await query(databaseUrl, 'SELECT 1 AS value')).toEqual([1]);
    expect(await redis(redisUrl, (client) => client.ping())).toBe('PONG');
  });

  it("start over stale lock files that name a stranger's process", async () => {
    const { databaseUrl } = await start();
    await services?.stop();
    const account = await ownerOf(path.join(data, 'postgresql/data'));
    const stranger = spawn('sleep', ['300'], asRoot ? { uid: account } : {});
    const pidFile = path.join(data, 'postgresql/data/postmaster.pid');
    try {
      await writeFile(pidFile, `${String(stranger.pid)}\n${path.join(data, 'postgresql/data')}\n0\n5432\n`);
      // PostgreSQL has another of these beside its socket.
      const socketLock = path.join(data, 'postgresql/run/.s.PGSQL.5432.lock');
      const lines = [
        String(stranger.pid),
        path.join(data, 'postgresql/data'),
        '0',
        '5432',
        path.dirname(socketLock),
        '',
      ];
      await writeFile(socketLock, lines.join('\n'));
      await writeFile(path.join(data, 'redis/redis.pid'), `${String(stranger.pid)}\n`);
      await start();
      expect(await query(databaseUrl, 'SELECT 1 AS value')).toEqual([1]);
      expect(await isAlive(stranger.pid ?? 0)).toBe(true);
    } finally {
      await endProcess(stranger.pid ?? 0, [['SIGKILL', 5_000]]);
    }
  });

  it('use a short directory for their sockets below a long data directory, and remove it in the end', async () => {
    data = path.join(parent, 'a-very-long-name-of-a-directory'.repeat(4), 'data');
    const { databaseUrl, redisUrl } = await start();
    const host = new URL(databaseUrl.replace('postgres:///', 'postgres://x/')).searchParams.get('host') ?? '';
    expect(host).toMatch(/^\/(run|tmp)\/baykeeper-\w{6}$/);
    expect((await stat(host)).mode & 0o777).toBe(0o700);
    expect(await query(databaseUrl, 'SELECT 1 AS value')).toEqual([1]);
    expect(await redis(redisUrl, (client) => client.ping())).toBe('PONG');
    await services?.stop();
    services = null;
    await expect(stat(host)).rejects.toThrow('ENOENT');
    await expect(stat(path.dirname(redisUrl.replace('unix://', '')))).rejects.toThrow('ENOENT');
  });

  it("work with the npm package's PostgreSQL where the system has none", async () => {
    const postgres = new EmbeddedPostgres({ dataDirectory: await made(data), sources: ['packaged'] });
    await postgres.start();
    expect(postgres.description).toMatch(/^PostgreSQL 15\.\d+ \(packaged\)$/);
    expect(await query(postgres.url, 'SELECT version() AS value')).toEqual([expect.stringMatching(/^PostgreSQL 15\./)]);
    expect((await readdir(path.join(data, 'postgresql'))).some((name) => name.startsWith('programs-15.'))).toBe(true);
    await postgres.stop();
  });

  it('start over a database that was only half made', async () => {
    await mkdir(path.join(await made(data), 'postgresql/data.partial-0001/base'), { recursive: true });
    const { databaseUrl } = await start();
    expect(await query(databaseUrl, 'SELECT 1 AS value')).toEqual([1]);
    expect((await readdir(path.join(data, 'postgresql'))).filter((name) => name.includes('partial'))).toEqual([]);
  });

  (asRoot ? it : it.skip)('say which directory shuts their accounts out (needs root)', async () => {
    await chmod(parent, 0o700);
    await expect(start()).rejects.toMatchObject({
      code: 'invalid-input',
      publicMessage: expect.stringContaining(`chmod o+x ${parent}`),
    });
    await chmod(parent, 0o755);
  });

  (asRoot ? it : it.skip)('work for an ordinary user, who then owns everything (needs root)', async () => {
    const nobody = { uid: 65_534, gid: 65_534 };
    // Another process, since the user of a process decides; it needs the build, and a checkout that nobody may read.
    const entry = path.resolve(import.meta.dirname, '../dist/index.js');
    if ((await findClosedParent(entry, nobody)) !== null) {
      process.stdout.write('skipped: the checkout lies in a directory that is closed to other users\n');
      return;
    }
    const directory = await made(data);
    await run('chown', ['65534:65534', directory]);
    const text = `
      import { startEmbeddedServices } from ${JSON.stringify(entry)};
      const log = { debug() {}, info() {}, warn() {}, error() {} };
      const services = await startEmbeddedServices({ dataDirectory: ${JSON.stringify(directory)}, postgres: true, redis: true, log });
      console.log(services.databaseUrl, services.redisUrl);
      await services.stop();
    `;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', text], { ...nobody, cwd: '/' });
    expect(stdout).toMatch(/^postgres:\/\/\/baykeeper\?host=.* unix:\/\/.*redis\.sock\n$/);
    expect((await stat(directory)).mode & 0o777).toBe(0o755);
    for (const name of ['postgresql/data/PG_VERSION', 'redis/redis.conf']) {
      expect(await ownerOf(path.join(directory, name))).toBe(65_534);
    }
  });
});

async function made(directory: string): Promise<string> {
  await mkdir(directory, { mode: 0o755 });
  return directory;
}
