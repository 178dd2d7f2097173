/**
 * A private Redis with its append-only file on. What it holds can be made again from PostgreSQL (the sweeps do), so losing
 * the last second of it at a kill is fine; evicting a queue's keys under memory pressure is not, hence `noeviction`.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { BaykeeperError } from '@baykeeper/domain';
import { processEnvironment } from '../config/environment.js';
import { checkAccountReaches, chooseAccount, ensurePrivateDirectory, type Account } from './account.js';
import type { EmbeddedService } from './embedded-service.js';
import { openServiceLog, tailOfServiceLog, writeOwned } from './service-log.js';
import { endProcess, findOwnProcesses, pause } from './process-tools.js';
import { ensureSocketDirectory, removeSocketDirectory } from './socket-directory.js';

const run = promisify(execFile);
const SOCKET = 'redis.sock';
const START_MILLISECONDS = 300_000;
/** SIGTERM writes the append-only file out before it ends. */
const STOP_STEPS = [
  ['SIGTERM', 30_000],
  ['SIGKILL', 5_000],
] as const;

export class EmbeddedRedis implements EmbeddedService {
  readonly name = 'Redis';
  url = '';
  description = '';
  private readonly home: string;
  private readonly data: string;

  constructor(facts: { readonly dataDirectory: string }) {
    this.home = path.join(facts.dataDirectory, 'redis');
    this.data = path.join(this.home, 'data');
  }

  async start(): Promise<ChildProcess> {
    const program = await findRedisServer();
    const account = await chooseAccount(this.home, ['redis']);
    await checkAccountReaches(this.home, account);
    await ensurePrivateDirectory(this.home, account);
    await ensurePrivateDirectory(this.data, account);
    await this.stopRunning();

    const socket = path.join(await ensureSocketDirectory(this.home, SOCKET, account), SOCKET);
    this.url = `unix://${socket}`;
    this.description = `Redis ${program.version} (system)`;
    const configuration = await this.writeConfiguration(socket, account);
    const log = await openServiceLog(this.logFile, account);
    const { PATH, TZ } = processEnvironment();
    const child = spawn(program.path, [configuration], {
      cwd: this.data,
      env: { PATH, TZ, LC_ALL: 'C' },
      ...(account ?? {}),
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
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
      await this.waitUntilReady(socket, failure);
    } catch (error) {
      if (child.pid !== undefined && child.exitCode === null) await endProcess(child.pid, STOP_STEPS);
      throw error;
    }
    return child;
  }

  async stop(): Promise<void> {
    await this.stopRunning();
    await removeSocketDirectory(this.home, await chooseAccount(this.home, ['redis']));
  }

  private get logFile(): string {
    return path.join(this.home, 'redis.log');
  }

  private get pidFile(): string {
    return path.join(this.home, 'redis.pid');
  }

  private async stopRunning(): Promise<void> {
    const { all } = await findOwnProcesses({ program: 'redis-server', directory: this.data, pidFile: this.pidFile });
    for (const pid of all) await endProcess(pid, STOP_STEPS);
  }

  private async writeConfiguration(socket: string, account: Account | null): Promise<string> {
    const file = path.join(this.home, 'redis.conf');
    const lines = [
      '# Written at every start.',
      'port 0',
      `unixsocket ${quote(socket)}`,
      'unixsocketperm 700',
      `dir ${quote(this.data)}`,
      `pidfile ${quote(this.pidFile)}`,
      'daemonize no',
      'appendonly yes',
      'appendfsync everysec',
      'aof-load-truncated yes',
      'save ""',
      'maxmemory-policy noeviction',
      'databases 1',
      'loglevel notice',
    ];
    await writeOwned(file, `${lines.join('\n')}\n`, account);
    return file;
  }

  /** Ready is: answers PING, which it refuses while it loads its data. */
  private async waitUntilReady(socket: string, failure: Promise<string>): Promise<void> {
    let ended: string | null = null;
    void failure.then((reason) => (ended = reason));
    const end = performance.now() + START_MILLISECONDS;
    for (;;) {
      const client = new Redis({ path: socket, lazyConnect: true, retryStrategy: () => null, enableReadyCheck: false });
      client.on('error', () => undefined);
      try {
        await client.connect();
        await client.ping();
        return;
      } catch (error) {
        // Set by the callback above, which the compiler does not follow.
        const reason = ended as string | null;
        if (reason !== null || performance.now() >= end) {
          throw new BaykeeperError({
            code: 'internal',
            publicMessage: `The embedded Redis did not start; its log is ${this.logFile}.`,
            detail: `${reason ?? 'it does not answer'}: ${await tailOfServiceLog(this.logFile)}`,
            cause: error,
          });
        }
        await pause(25);
      } finally {
        client.disconnect();
      }
    }
  }
}

/** @throws BaykeeperError `invalid-input` when there is none on this machine. */
async function findRedisServer(): Promise<{ path: string; version: string }> {
  const directories = (processEnvironment()['PATH'] ?? '').split(':').filter((entry) => entry.startsWith('/'));
  for (const directory of [...directories, '/usr/bin', '/usr/local/bin']) {
    const candidate = path.join(directory, 'redis-server');
    try {
      await access(candidate, constants.X_OK);
      const { stdout } = await run(candidate, ['--version'], { timeout: 10_000 });
      return { path: candidate, version: /\bv=([\d.]+)/.exec(stdout)?.[1] ?? 'of unknown version' };
    } catch {
      continue;
    }
  }
  throw new BaykeeperError({
    code: 'invalid-input',
    publicMessage: 'No redis-server was found on this machine. Run script/install as root, or set REDIS_URL.',
  });
}

/** As redis.conf wants a value in double quotes. */
function quote(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}
