/** A Baykeeper of its own for a benchmark: started, logged in to, measured, stopped, and removed with all that it made. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { costsOf, type Cost, type Program } from './processes.js';
import { ROOT } from './result.js';

export const run = promisify(execFile);

const PORTS = { BAYKEEPER_PORT: '29611', BAYKEEPER_NODE_PORT: '29612' };

export interface BenchService {
  readonly url: string;
  /** For programs that speak to it, such as `bay`. */
  readonly environment: Readonly<Record<string, string>>;
  readonly data: string;
  /** What `admin-openrc` says. */
  readonly openrc: Readonly<Record<string, string>>;
  /** A token of the first administrator, or of whom the variables of an `openrc` file name. */
  token(openrc?: Readonly<Record<string, string>>): Promise<string>;
  /** What its processes cost so far, PostgreSQL and Redis included. */
  costs(): Promise<ReadonlyMap<Program, Cost>>;
  /** Memory of its Node.js processes by application, in MiB; what several share (the program itself) is shared out. */
  memory(): Promise<ReadonlyMap<string, number>>;
  close(): Promise<void>;
}

/** @param settings besides the ports and the data directory */
export async function startService(settings: Readonly<Record<string, string>>): Promise<BenchService> {
  const data = await mkdtemp(join(tmpdir(), 'baykeeper-bench-'));
  const environment: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    HOME: data,
    BAYKEEPER_DATA: data,
    ...PORTS,
    ...settings,
  };
  const url = `http://127.0.0.1:${environment['BAYKEEPER_PORT'] ?? ''}`;
  const server = spawn(join(ROOT, 'script/server'), [], { env: environment, stdio: 'ignore' });
  const close = async (): Promise<void> => {
    const ended = server.exitCode === null ? new Promise((resolve) => server.once('exit', resolve)) : null;
    server.kill('SIGTERM');
    await ended;
    await run(join(ROOT, 'script/stop'), ['--purge'], { env: environment, timeout: 120_000 });
    await rm(data, { recursive: true, force: true });
  };
  try {
    await untilReady(server, url);
    const openrc = await readOpenrc(data);
    return {
      ...{ url, environment, data, openrc, close },
      token: (of = openrc) => issueToken(url, of),
      costs: () => costsOf(server.pid ?? 0),
      memory: () => memoryOf(server.pid ?? 0),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The body of a login by password, in Keystone's form. */
export function loginBody({
  OS_USERNAME = '',
  OS_PROJECT_NAME = '',
  OS_PASSWORD = '',
}: Readonly<Record<string, string>>) {
  const domain = { id: 'default' };
  return {
    auth: {
      identity: { methods: ['password'], password: { user: { name: OS_USERNAME, domain, password: OS_PASSWORD } } },
      scope: { project: { name: OS_PROJECT_NAME, domain } },
    },
  };
}

async function issueToken(url: string, openrc: Readonly<Record<string, string>>): Promise<string> {
  const answer = await fetch(`${url}/identity/v3/auth/tokens`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(loginBody(openrc)),
  });
  const token = answer.headers.get('x-subject-token');
  if (token === null) throw new Error(`no token: ${String(answer.status)} ${await answer.text()}`);
  return token;
}

async function untilReady(server: ChildProcess, url: string): Promise<void> {
  const end = Date.now() + 120_000;
  for (;;) {
    const answer = await fetch(`${url}/readyz`).catch(() => null);
    if (answer?.ok) return;
    if (server.exitCode !== null || Date.now() > end)
      throw new Error('the server did not start; run script/server to see why');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function readOpenrc(data: string): Promise<Record<string, string>> {
  const text = await readFile(join(data, 'admin-openrc'), 'utf8');
  return Object.fromEntries(
    [...text.matchAll(/^export (\w+)='([^']*)'$/gm)].map(([, name, value]) => [name ?? '', value ?? '']),
  );
}

/** Of the process and all that descend from it; PostgreSQL and Redis share pages and are left out. */
async function memoryOf(root: number): Promise<ReadonlyMap<string, number>> {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc')) {
    const status = /^\d+$/.test(name) ? await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '') : '';
    const parent = /^\d+ \(.*\) \S (\d+)/s.exec(status)?.[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const memory = new Map<string, number>();
  for (const pid of parents.keys()) {
    if (!descendsFrom(parents, pid, root)) continue;
    const command = await readFile(`/proc/${String(pid)}/cmdline`, 'utf8').catch(() => '');
    const [program = '', script = ''] = command.split('\0').filter((word) => !word.startsWith('--'));
    const status = await readFile(`/proc/${String(pid)}/smaps_rollup`, 'utf8').catch(() => '');
    const kib = Number(/^Pss:\s+(\d+)/m.exec(status)?.[1] ?? 0);
    if (!/(^|\/)node$/.test(program)) continue;
    const name = /apps\/(\w+)\//.exec(script)?.[1] ?? 'other';
    memory.set(name, (memory.get(name) ?? 0) + kib / 1024);
  }
  return memory;
}

function descendsFrom(parents: ReadonlyMap<number, number>, pid: number, root: number): boolean {
  for (let current: number | undefined = pid; current !== undefined && current > 1; current = parents.get(current))
    if (current === root) return true;
  return false;
}
