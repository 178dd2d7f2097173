/**
 * A private PostgreSQL. It keeps full durability (fsync on): after a kill of anything at any moment every committed row
 * is there again. It listens on one Unix socket in a directory that only its own account and root may enter, and so
 * needs no password.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import pg from 'pg';
import { BaykeeperError } from '@baykeeper/domain';
import { processEnvironment } from '../config/environment.js';
import { checkAccountReaches, chooseAccount, ensurePrivateDirectory, type Account } from './account.js';
import type { EmbeddedService } from './embedded-service.js';
import { openServiceLog, tailOfServiceLog } from './service-log.js';
import { findPostgresPrograms, type PostgresPrograms } from './postgres-programs.js';
import { endProcess, findOwnProcesses, isErrorCode, pause, waitUntil } from './process-tools.js';
import { ensureSocketDirectory, removeSocketDirectory } from './socket-directory.js';

const run = promisify(execFile);
const ROLE = 'baykeeper';
const DATABASE = 'baykeeper';
/** Only part of the socket's name; nothing listens on TCP. */
const PORT = 5432;
/** Recovery after a crash replays at most a checkpoint's worth of log; this is far beyond it. */
const START_MILLISECONDS = 300_000;
/** Fast shutdown, then an immediate one (recovers at the next start), then none. */
const STOP_STEPS = [
  ['SIGINT', 60_000],
  ['SIGQUIT', 10_000],
  ['SIGKILL', 5_000],
] as const;

const ORPHAN_MILLISECONDS = 10_000;

/** Small, because it shares a machine with everything else; durable, because it holds the only truth. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '',
  port: String(PORT),
  unix_socket_permissions: '0700',
  max_connections: '200',
  shared_buffers: '64MB',
  work_mem: '4MB',
  maintenance_work_mem: '32MB',
  max_wal_size: '256MB',
  max_worker_processes: '4',
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  logging_collector: 'off',
  log_line_prefix: '%m [%p] ',
  log_statement: 'none',
  // A failing statement's values could be secrets.
  log_parameter_max_length_on_error: '0',
  // A container's /dev/shm may be tiny.
  dynamic_shared_memory_type: 'mmap',
};

export interface EmbeddedPostgresFacts {
  readonly dataDirectory: string;
  /** For tests: where the programs come from. */
  readonly sources?: readonly PostgresPrograms['source'][];
}

export class EmbeddedPostgres implements EmbeddedService {
  readonly name = 'PostgreSQL';
  url = '';
  description = '';
  private readonly home: string;
  private readonly data: string;

  constructor(private readonly facts: EmbeddedPostgresFacts) {
    this.home = path.join(facts.dataDirectory, 'postgresql');
    this.data = path.join(this.home, 'data');
  }

  async start(): Promise<ChildProcess> {
    const account = await chooseAccount(this.home, ['postgres']);
    await checkAccountReaches(this.home, account);
    await ensurePrivateDirectory(this.home, account);
    await this.stopRunning();

    const programs = await findPostgresPrograms({
      account,
      home: this.home,
      major: await this.majorOnDisk(),
      ...(this.facts.sources && { sources: this.facts.sources }),
    });
    await this.ensureCluster(programs, account);
    const sockets = await ensureSocketDirectory(this.home, `.s.PGSQL.${PORT}`, account);
    // Stale as well, now that no process of it is left (stopRunning says why it must go).
    if (process.platform === 'linux') await rm(path.join(sockets, `.s.PGSQL.${PORT}.lock`), { force: true });
    this.url = `postgres:///${DATABASE}?host=${encodeURIComponent(sockets)}&user=${ROLE}`;
    this.description = `PostgreSQL ${programs.version} (${programs.source})`;

    const log = await openServiceLog(this.logFile, account);
    const settings = Object.entries({ ...SETTINGS, unix_socket_directories: quoteList(sockets) });
    const child = spawn(
      path.join(programs.directory, 'postgres'),
      ['-D', this.data, ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      { ...this.identity(account), detached: true, stdio: ['ignore', log.fd, log.fd] },
    );
    const failure = new Promise<string>((resolve) => {
      child.once('error', (error) => {
        resolve(error.message);
      });
      child.once('exit', (code, signal) => {
        resolve(`it ended with ${signal ?? `code ${String(code)}`}`);
      });
    });
    await log.close();
    try {
      await this.waitUntilReady(sockets, failure);
    } catch (error) {
      if (child.pid !== undefined && child.exitCode === null) await endProcess(child.pid, STOP_STEPS);
      throw error;
    }
    return child;
  }

  async stop(): Promise<void> {
    await this.stopRunning();
    await removeSocketDirectory(this.home, await chooseAccount(this.home, ['postgres']));
  }

  private get logFile(): string {
    return path.join(this.home, 'postgresql.log');
  }

  /**
   * Ends the server and every process of it. Only then may its lock file go: it is what keeps a second server away from
   * data that backends without their parent still write to. And then it must go: the number in it may by now be a
   * stranger's of the same account, which PostgreSQL would take for a running server.
   */
  private async stopRunning(): Promise<void> {
    const pidFile = path.join(this.data, 'postmaster.pid');
    const find = () => findOwnProcesses({ program: 'postgres', directory: this.data, pidFile });
    const { main } = await find();
    if (main !== null) await endProcess(main, STOP_STEPS);
    // Backends notice by themselves that their parent has gone.
    await waitUntil(async () => (await find()).all.length === 0, ORPHAN_MILLISECONDS);
    for (const pid of (await find()).all) await endProcess(pid, STOP_STEPS.slice(1));
    if (process.platform === 'linux') await rm(pidFile, { force: true });
  }

  private async majorOnDisk(): Promise<number | null> {
    try {
      return Number.parseInt(await readFile(path.join(this.data, 'PG_VERSION'), 'utf8'), 10);
    } catch (error) {
      if (isErrorCode(error, 'ENOENT')) return null;
      throw error;
    }
  }

  /** Made aside and renamed when complete: an `initdb` that was killed leaves nothing that looks like a database. */
  private async ensureCluster(programs: PostgresPrograms, account: Account | null): Promise<void> {
    if ((await this.majorOnDisk()) !== null) return;
    for (const name of await readdir(this.home)) {
      if (name.startsWith('data.partial-')) await rm(path.join(this.home, name), { recursive: true, force: true });
    }
    // A name of its own: an `initdb` that outlived its server may still be writing to the last one.
    const partial = `${this.data}.partial-${randomBytes(4).toString('hex')}`;
    try {
      await run(
        path.join(programs.directory, 'initdb'),
        ['-D', partial, '-U', ROLE, '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-instructions'],
        { ...this.identity(account), timeout: 120_000 },
      );
    } catch (error) {
      throw new BaykeeperError({
        code: 'internal',
        publicMessage: 'The embedded PostgreSQL could not make its database. Set DATABASE_URL to use another one.',
        detail: String((error as { stderr?: unknown }).stderr ?? error),
        cause: error,
      });
    }
    await rename(partial, this.data);
  }

  private identity(account: Account | null) {
    const { PATH, TZ } = processEnvironment();
    const environment = { PATH, TZ, LC_ALL: 'C', HOME: this.home };
    return { cwd: this.home, env: environment, ...(account ?? {}) };
  }

  /** Ready is: answers, and has the database. */
  private async waitUntilReady(sockets: string, failure: Promise<string>): Promise<void> {
    let ended: string | null = null;
    void failure.then((reason) => (ended = reason));
    const end = performance.now() + START_MILLISECONDS;
    for (;;) {
      const client = new pg.Client({ host: sockets, port: PORT, user: ROLE, database: 'postgres' });
      // Also raised when the server goes away between two calls; the call itself says so too.
      client.on('error', () => undefined);
      try {
        await client.connect();
        const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
        if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
        return;
      } catch (error) {
        // Set by the callback above, which the compiler does not follow.
        const reason = ended as string | null;
        if (reason !== null || performance.now() >= end) {
          throw new BaykeeperError({
            code: 'internal',
            publicMessage: `The embedded PostgreSQL did not start; its log is ${this.logFile}.`,
            detail: `${reason ?? 'it does not answer'}: ${await tailOfServiceLog(this.logFile)}`,
            cause: error,
          });
        }
        await pause(25);
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  }
}

/** A value for a list setting: in double quotes, since a path may hold commas and spaces. */
function quoteList(value: string): string {
  return `"${value.replaceAll('"', '""')}"`;
}
