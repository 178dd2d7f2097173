/**
 * A private PostgreSQL for tests: a server of its own in a temporary directory, on a Unix socket, without durability.
 * Start one per test file; take a database of its own for every test from {@link TestDatabase.freshUrl}.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, chown, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Client } from 'pg';
import { openDatabase } from '../database.js';

export interface TestDatabase {
  /** A database with the schema of all migrations. */
  readonly url: string;
  /** Another such database, empty; takes about a tenth of a second. */
  freshUrl(): Promise<string>;
  /** Another database without any schema. */
  emptyUrl(): Promise<string>;
  /** Where it listens. */
  readonly directory: string;
  /** Ends it at once, as a crash does. What was committed is only kept by one that is durable. */
  kill(): Promise<void>;
  /** Starts it again over the same data; resolves when it takes connections. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const SUPERUSER = 'baykeeper';
const TEMPLATE = 'migrated';
const LONGEST_START_MS = 20_000;
const SETTINGS = {
  listen_addresses: '',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '60',
  shared_buffers: '16MB',
  autovacuum: 'off',
  // A server without readers of its log must not fill a disk.
  logging_collector: 'off',
};

/** A commit that was answered is in the operating system's hands, which a killed process does not lose. */
const DURABLE_SETTINGS = { ...SETTINGS, synchronous_commit: 'on', restart_after_crash: 'on' };

/** @param options.isDurable whether it keeps all that was committed when it is killed */
export async function startTestDatabase({ isDurable = false } = {}): Promise<TestDatabase> {
  const binaries = await findBinaries();
  const owner = await unprivilegedOwner();
  const directory = await mkdtemp(join(tmpdir(), 'baykeeper-pg-'));
  if (owner) await chown(directory, owner.uid, owner.gid);
  const data = join(directory, 'data');
  await run(join(binaries, 'initdb'), owner, directory, [
    ...['-D', data, '-U', SUPERUSER, '-E', 'UTF8', '--locale=C.UTF-8'],
    ...['--auth-local=trust', '--auth-host=reject', '--no-sync', '--no-instructions'],
  ]);
  const settings = Object.entries(isDurable ? DURABLE_SETTINGS : SETTINGS).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const launch = (): ChildProcess =>
    spawn(join(binaries, 'postgres'), ['-D', data, '-k', directory, ...settings], {
      cwd: directory,
      stdio: ['ignore', 'ignore', 'pipe'],
      ...owner,
    });
  let server = launch();
  let log = collect(server);
  // A test process that ends without `stop` must leave neither server nor directory.
  const abandon = (): void => {
    server.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  };
  process.once('exit', abandon);
  const urlOf = (database: string): string => `postgres:///${database}?host=${directory}&user=${SUPERUSER}`;

  const stop = async (): Promise<void> => {
    process.off('exit', abandon);
    await stopServer(server);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await waitUntilReady(server, urlOf('postgres'), log);
    await createDatabase(urlOf('postgres'), TEMPLATE, 'template1');
    const template = await openDatabase({ url: urlOf(TEMPLATE), poolSize: 2 });
    await template.migrate();
    await template.close();
    let made = 0;
    const make = async (from: string): Promise<string> => {
      made += 1;
      const name = `test_${String(made)}`;
      await createDatabase(urlOf('postgres'), name, from);
      return urlOf(name);
    };
    return {
      url: await make(TEMPLATE),
      freshUrl: () => make(TEMPLATE),
      emptyUrl: () => make('template1'),
      directory,
      async kill() {
        if (server.exitCode !== null || server.signalCode !== null) return;
        const ended = once(server, 'exit');
        server.kill('SIGKILL');
        await ended;
      },
      async start() {
        const end = Date.now() + LONGEST_START_MS;
        for (;;) {
          server = launch();
          log = collect(server);
          try {
            await waitUntilReady(server, urlOf('postgres'), log);
            return;
          } catch (error) {
            // Processes of the one that was killed hold its memory until they notice.
            if (server.exitCode === null || Date.now() > end) throw error;
            await setTimeout(20);
          }
        }
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Debian keeps the server's programs outside of PATH, one directory per version; the newest is taken. */
async function findBinaries(): Promise<string> {
  const debian = '/usr/lib/postgresql';
  const versions = await readdir(debian).catch(() => []);
  const candidates = [
    ...versions.sort((a, b) => Number(b) - Number(a)).map((version) => join(debian, version, 'bin')),
    '/usr/local/bin',
    '/usr/bin',
  ];
  for (const candidate of candidates) {
    const found = await Promise.all(['initdb', 'postgres'].map((name) => access(join(candidate, name)))).then(
      () => true,
      () => false,
    );
    if (found) return candidate;
  }
  throw new Error('no PostgreSQL server was found: install the package postgresql');
}

/** PostgreSQL refuses to run as root: then it runs as `nobody`. Null when we are not root. */
async function unprivilegedOwner(): Promise<Owner | null> {
  if (process.getuid?.() !== 0) return null;
  const users = await readFile('/etc/passwd', 'utf8');
  const fields = users
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === 'nobody');
  return { uid: Number(fields?.[2] ?? 65_534), gid: Number(fields?.[3] ?? 65_534) };
}

function collect(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-8_192);
  });
  return () => text;
}

function run(program: string, owner: Owner | null, cwd: string, parameters: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, { cwd, stdio: ['ignore', 'ignore', 'pipe'], ...owner });
    const log = collect(child);
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} ended with ${String(code)}: ${log()}`));
    });
  });
}

async function waitUntilReady(server: ChildProcess, url: string, log: () => string): Promise<void> {
  const deadline = Date.now() + LONGEST_START_MS;
  for (;;) {
    const client = new Client({ connectionString: url });
    try {
      await client.connect();
      return;
    } catch (error) {
      if (server.exitCode !== null || Date.now() > deadline) {
        throw new Error(`PostgreSQL did not start: ${log()}`, { cause: error });
      }
      await setTimeout(20);
    } finally {
      await client.end();
    }
  }
}

async function createDatabase(adminUrl: string, name: string, template: string): Promise<void> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(
      `CREATE DATABASE ${client.escapeIdentifier(name)} TEMPLATE ${client.escapeIdentifier(template)}`,
    );
  } finally {
    await client.end();
  }
}

/** SIGINT is PostgreSQL's fast stop: connections are cut, files are closed. */
async function stopServer(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGINT');
  await ended;
}
