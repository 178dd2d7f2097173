/** Starts the real service, as `script/server` does, in a data directory and on ports of its own, and stops it again. */
import { spawn, type ChildProcess } from 'node:child_process';
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, until, type RunOptions, type RunResult } from './run.js';

/** Of the repository, from the source as from what is built of it. */
export const ROOT = new URL(import.meta.url.includes('/test/dist/') ? '../../..' : '../..', import.meta.url).pathname;

export interface RunningServer {
  readonly url: string;
  readonly dataDirectory: string;
  /** The supervisor's process. */
  readonly process: () => ChildProcess;
  readonly openrc: () => Promise<Readonly<Record<string, string>>>;
  start(): Promise<void>;
  /** As a power cut would: nobody gets to say goodbye. */
  kill(): Promise<void>;
  stop(): Promise<void>;
  /** Stops it and removes everything it made. */
  purge(): Promise<void>;
  log(): Promise<string>;
  /** Process ids of the children that run now, by what they are. */
  children(kind: 'API' | 'worker'): Promise<readonly number[]>;
  /** The CLI as a person uses it, logged in by the openrc. */
  bay(args: readonly string[], options?: Pick<RunOptions, 'mayFail' | 'timeoutMs' | 'input'>): Promise<RunResult>;
}

/** Simulated machines, for clients that log in anew for every command, faster than people type. */
export const FOR_CLIENTS = {
  BAYKEEPER_COMPUTE: 'simulated',
  BAYKEEPER_SIMULATED_LATENCY_MS: '50',
  BAYKEEPER_LOGINS_PER_MINUTE: '0',
} as const;

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

export async function startServer(settings: Readonly<Record<string, string>> = {}): Promise<RunningServer> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'baykeeper-e2e-'));
  const [port, nodePort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${String(port)}`;
  const environment = {
    PATH: process.env['PATH'] ?? '',
    HOME: process.env['HOME'] ?? '/root',
    BAYKEEPER_DATA: dataDirectory,
    BAYKEEPER_PORT: String(port),
    BAYKEEPER_NODE_PORT: String(nodePort),
    BAYKEEPER_LOG_LEVEL: 'debug',
    ...settings,
  };
  let child: ChildProcess | null = null;
  const output: string[] = [];

  const server: RunningServer = {
    url,
    dataDirectory,
    process: () => {
      if (!child) throw new Error('the server does not run');
      return child;
    },
    async openrc() {
      const text = await readFile(join(dataDirectory, 'admin-openrc'), 'utf8');
      return Object.fromEntries(
        [...text.matchAll(/^export (\w+)='?([^'\n]*)'?$/gm)].map(([, name, value]) => [name ?? '', value ?? '']),
      );
    },
    async start() {
      const started = spawn(join(ROOT, 'script/server'), [], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
      child = started;
      for (const stream of [started.stdout, started.stderr])
        stream.on('data', (chunk: Buffer) => output.push(chunk.toString()));
      await until('the server to be ready', 120_000, async () => {
        if (started.exitCode !== null) throw new Error(`the server ended:\n${output.join('').slice(-4_000)}`);
        const answer = await fetch(`${url}/readyz`).catch(() => null);
        return answer?.ok === true;
      });
    },
    async kill() {
      const killed = child;
      if (!killed) return;
      const gone = new Promise((resolve) => killed.once('exit', resolve));
      killed.kill('SIGKILL');
      await gone;
      child = null;
    },
    async stop() {
      const stopped = child;
      if (!stopped || stopped.exitCode !== null) return;
      const gone = new Promise((resolve) => stopped.once('exit', resolve));
      stopped.kill('SIGTERM');
      await gone;
      child = null;
    },
    async purge() {
      await server.stop();
      await run(join(ROOT, 'script/stop'), ['--purge'], { env: environment, timeoutMs: 120_000 });
      await rm(dataDirectory, { recursive: true, force: true });
    },
    log: () => Promise.resolve(output.join('')),
    async children(kind) {
      const started = [...output.join('').matchAll(/"child":"(\w+)".*?"child_pid":(\d+)/g)]
        .filter(([, name]) => name === kind)
        .map(([, , pid]) => Number(pid));
      const alive = await Promise.all(
        started.map((pid) =>
          access(`/proc/${String(pid)}`).then(
            () => true,
            () => false,
          ),
        ),
      );
      return started.filter((_, index) => alive[index]);
    },
    async bay(args, options = {}) {
      const env = {
        PATH: process.env['PATH'] ?? '',
        HOME: dataDirectory,
        XDG_CONFIG_HOME: join(dataDirectory, 'cli-config'),
        XDG_DATA_HOME: join(dataDirectory, 'cli-data'),
        ...(await server.openrc()),
      };
      return run(join(ROOT, 'apps/cli/bay'), args, { env, timeoutMs: 600_000, ...options });
    },
  };
  await server.start();
  return server;
}
