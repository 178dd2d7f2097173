import { randomInt } from 'node:crypto';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { stopEmbeddedServices } from '@baykeeper/platform';

const run = promisify(execFile);
const dist = path.join(import.meta.dirname, 'dist');
const MAIN = path.join(dist, 'main.js');
jest.setTimeout(120_000);

interface Server {
  readonly process: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
}

let data: string;
let port: number;
let servers: Server[];

beforeEach(async () => {
  await stat(MAIN).catch(() => {
    throw new Error('these tests run the built server: run "npx tsc -b" first');
  });
  data = await mkdtemp('/tmp/bk-server-');
  await chmod(data, 0o755);
  port = await freePort();
  servers = [];
});

afterEach(async () => {
  for (const server of servers) {
    if (server.process.exitCode === null) server.process.kill('SIGTERM');
    await server.ended;
  }
  await stopEmbeddedServices(data);
  await rm(data, { recursive: true, force: true });
});

/**
 * With the next one free, too. Below those that the system gives to connections: one of these may take a port while a server
 * is started again.
 */
async function freePort(): Promise<number> {
  for (;;) {
    const first = randomInt(12_000, 32_000);
    if ((await isFree(first)) && (await isFree(first + 1))) return first;
  }
}

function isFree(wanted: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen(wanted, () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}

function environment(more: Record<string, string> = {}): Record<string, string> {
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    BAYKEEPER_DATA: data,
    BAYKEEPER_PORT: String(port),
    BAYKEEPER_NODE_PORT: String(port + 1),
    BAYKEEPER_COMPUTE: 'simulated',
    ...more,
  };
}

interface Wish {
  readonly env?: Record<string, string>;
  readonly api?: string;
}

function launch({ env = {}, api = 'echo-api' }: Wish = {}): Server {
  const parameters = [`--api-entry=${dist}/testing/${api}.js`, `--worker-entry=${dist}/testing/idle-worker.js`];
  const child = spawn(process.execPath, [MAIN, ...parameters], {
    env: environment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const server = { process: child, output: () => text, ended };
  servers.push(server);
  return server;
}

async function launchReady(wish: Wish = {}): Promise<Server> {
  const server = launch(wish);
  // The last of the lines that it then says.
  await eventually(() => server.output().includes('Ctrl-C here, or script/stop'), server);
  return server;
}

async function eventually(question: () => boolean | Promise<boolean>, server?: Server): Promise<void> {
  const end = performance.now() + 60_000;
  while (!(await Promise.resolve(question()).catch(() => false))) {
    if (performance.now() > end || (server !== undefined && server.process.exitCode !== null)) {
      throw new Error(`it did not come about; the server said:\n${server?.output() ?? ''}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function ask(): Promise<Record<string, string | number>> {
  const response = await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(5_000) });
  return (await response.json()) as Record<string, string | number>;
}

async function isGone(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return status === '' || / [ZX] /.test(status);
}

/** Every process that has the data directory in its command line or works below it. */
async function processesOf(directory: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const { stdout } = await run('readlink', [`/proc/${pid}/cwd`]).catch(() => ({ stdout: '' }));
    if (stdout.startsWith(directory)) found.push(pid);
  }
  return found;
}

describe('the server', () => {
  it('starts everything, says where it is, shows the password once, and stops everything', async () => {
    const server = await launchReady();
    const output = server.output();
    expect(output).toContain(`Its data is in ${data}.`);
    expect(output).toContain('machines       SIMULATED, no real machine is made: BAYKEEPER_COMPUTE is simulated');
    expect(output).toMatch(/database {7}embedded PostgreSQL \d+\.\d+ \(system|packaged\)/);
    expect(output).toMatch(/queue {10}embedded Redis \d+\.\d+/);
    expect(output).toContain(`API, dashboard http://127.0.0.1:${port}`);
    const password = /administrator {2}admin, password (\S+) \(shown this once/.exec(output)?.[1] ?? '';
    expect(password).toMatch(/^[\w-]{24}$/);
    expect(output.split(password)).toHaveLength(2);
    expect(await readFile(path.join(data, 'admin-openrc'), 'utf8')).toContain(`export OS_PASSWORD='${password}'`);
    expect(await readFile(path.join(data, 'server.pid'), 'utf8')).toBe(`${String(server.process.pid)}\n`);

    const api = await ask();
    expect(api['DATABASE_URL']).toMatch(/^postgres:\/\/\/baykeeper\?host=/);
    expect(api['REDIS_URL']).toBe(`unix://${data}/redis/run/redis.sock`);
    expect(api['BAYKEEPER_COMPUTE']).toBe('simulated');
    expect(api['BAYKEEPER_ADMIN_PASSWORD']).toBe(password);
    const workers = (await readdir(data)).filter((name) => name.startsWith('worker-'));
    expect(workers).toHaveLength(1);
    expect(await readFile(path.join(data, workers[0] ?? ''), 'utf8')).toBe('no password');

    server.process.kill('SIGTERM');
    expect(await server.ended).toBe(0);
    expect(await readdir(data)).toContain(`${workers[0] ?? ''}-closed`);
    expect(await readdir(data)).not.toContain('server.pid');
    expect(await processesOf(data)).toEqual([]);
    await expect(ask()).rejects.toThrow('fetch failed');

    const again = await launchReady();
    expect(again.output()).not.toContain(password);
    expect((await ask())['BAYKEEPER_ADMIN_PASSWORD']).toBe(password);
  });

  it('refuses to start a second time on the same data, and leaves the first alone', async () => {
    const first = await launchReady();
    const second = launch({ env: { BAYKEEPER_PORT: String(await freePort()), BAYKEEPER_NODE_PORT: '1' } });
    expect(await second.ended).toBe(1);
    expect(second.output()).toBe(
      `A server (process ${String(first.process.pid)}) already runs with the data directory ${data}. Stop it with script/stop, or set BAYKEEPER_DATA and the ports to run a second one.\n`,
    );
    expect((await ask())['pid']).toBeGreaterThan(0);
    expect(await readFile(path.join(data, 'server.pid'), 'utf8')).toBe(`${String(first.process.pid)}\n`);
  });

  it('lets only one of two simultaneous starts win', async () => {
    const both = [launch(), launch()];
    await eventually(() => both.some((server) => server.output().includes('Baykeeper is ready after')));
    const loser = both.find((server) => !server.output().includes('Baykeeper is ready after'));
    expect(await loser?.ended).toBe(1);
    expect(loser?.output()).toContain('already runs with the data directory');
  });

  it('starts a child again that was killed, and listens on the same port', async () => {
    await launchReady();
    const { pid } = await ask();
    process.kill(Number(pid), 'SIGKILL');
    await eventually(async () => (await ask())['pid'] !== pid);
    const worker = (await readdir(data)).find((name) => name.startsWith('worker-'))?.slice('worker-'.length);
    process.kill(Number(worker), 'SIGKILL');
    await eventually(async () => (await readdir(data)).filter((name) => name.startsWith('worker-')).length === 2);
  });

  it('runs several API processes on one port, and one scrape counts for all', async () => {
    await launchReady({ env: { BAYKEEPER_API_PROCESSES: '2', BAYKEEPER_WORKER_PROCESSES: '2' } });
    const pids = new Set<unknown>();
    let asked = 0;
    // Whichever is free takes the next one, so only many at a time reach both.
    while (pids.size < 2 && asked < 500) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => ask()));
      for (const answer of answers) pids.add(answer['pid']);
      asked += answers.length;
    }
    expect(pids.size).toBe(2);
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(text).toContain(`requests_total{process="api"} ${asked + 1}\n`);
    expect(text).toContain('process_cpu_user_seconds_total{process="worker"}');
  });

  it('replaces its processes one at a time, and no request fails', async () => {
    await launchReady({ env: { BAYKEEPER_API_PROCESSES: '2' } });
    const before = new Set<unknown>();
    while (before.size < 2) for (const { pid } of await Promise.all(Array.from({ length: 20 }, ask))) before.add(pid);
    const after: unknown[] = [];
    let isDone = false;
    const clients = Array.from({ length: 4 }, async () => {
      while (!isDone) after.push((await ask())['pid']);
    });
    const { stdout } = await run(process.execPath, [path.join(dist, 'restart.js')], { env: environment() });
    isDone = true;
    await Promise.all(clients);
    expect(stdout).toMatch(/^Replacing the processes of the server .*\nAll processes were replaced\.\n$/);
    expect(new Set(after).size).toBeGreaterThan(2);
    expect(before.has((await ask())['pid'])).toBe(false);
    const workers = (await readdir(data)).filter((name) => name.startsWith('worker-'));
    expect(workers.filter((name) => name.endsWith('-closed'))).toHaveLength(1);
    expect(workers).toHaveLength(3);
  });

  it('goes on with the old processes when new ones do not start', async () => {
    await launchReady();
    const { pid } = await ask();
    await writeFile(path.join(data, 'refuse'), '');
    const restart = () => run(process.execPath, [path.join(dist, 'restart.js')], { env: environment() });
    await expect(restart()).rejects.toMatchObject({
      code: 1,
      stderr: 'Not all processes could be replaced, and the old ones go on. The log of the server says why.\n',
    });
    expect((await ask())['pid']).toBe(pid);
    await rm(path.join(data, 'refuse'));
    expect((await restart()).stdout).toContain('All processes were replaced.');
    expect((await ask())['pid']).not.toBe(pid);
  });

  it('leaves no child behind when it is killed with -9, and takes over from that at the next start', async () => {
    const server = await launchReady();
    const { pid, DATABASE_URL } = await ask();
    const worker = (await readdir(data)).find((name) => name.startsWith('worker-'))?.slice('worker-'.length);
    const left = await processesOf(data);
    expect(left.length).toBeGreaterThan(1);
    server.process.kill('SIGKILL');
    await server.ended;
    await eventually(async () => (await isGone(Number(pid))) && (await isGone(Number(worker))));

    await launchReady();
    expect((await ask())['DATABASE_URL']).toBe(DATABASE_URL);
    const now = await processesOf(data);
    expect(now.filter((process) => left.includes(process))).toEqual([]);
  });

  it('ends with a sentence when a child can not start, and leaves nothing running', async () => {
    const server = launch({ api: 'broken-child' });
    expect(await server.ended).toBe(1);
    expect(server.output()).toContain(
      'The API process does not start: it ended with code 7, 4 times in a row. Its own lines above say why.',
    );
    expect(server.output()).toContain('it is broken');
    expect(await processesOf(data)).toEqual([]);
  });

  it('does not start a child again that a setting keeps from starting', async () => {
    const server = launch({ api: 'refusing-child' });
    expect(await server.ended).toBe(1);
    expect(server.output()).toContain('The API process refuses to start. Its own line above says what to change.');
    expect(server.output().match(/change the setting/g)).toHaveLength(1);
    expect(await processesOf(data)).toEqual([]);
  });

  it('stops in the middle of its start', async () => {
    const server = launch();
    await eventually(() => server.output().includes('Baykeeper is starting'));
    server.process.kill('SIGINT');
    expect(await server.ended).toBe(0);
    expect(server.output()).not.toContain('Baykeeper is ready');
    expect(await processesOf(data)).toEqual([]);
  });

  it.each([
    [{ BAYKEEPER_PROT: '1' }, 'BAYKEEPER_PROT is no setting of Baykeeper: did you mean BAYKEEPER_PORT?\n'],
    [{ BAYKEEPER_PORT: 'x' }, 'BAYKEEPER_PORT must be a whole number from 1 to 65535, not "x".\n'],
  ])('says in one line what is wrong with %j', async (env, line) => {
    const server = launch({ env });
    expect(await server.ended).toBe(1);
    expect(server.output()).toBe(line);
  });

  it('says which port is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    try {
      const server = launch();
      expect(await server.ended).toBe(1);
      expect(server.output()).toBe(
        `Port ${port} is in use. Stop what uses it, or set BAYKEEPER_PORT to another one.\n`,
      );
    } finally {
      other.close();
    }
  });

  it('is stopped by the stop command, which also ends what a killed server left', async () => {
    const stop = () => run(process.execPath, [path.join(dist, 'stop.js')], { env: environment() });
    const server = await launchReady();
    expect((await stop()).stdout).toBe(
      `Stopping the server (process ${String(server.process.pid)}) …\nThe server has stopped.\n`,
    );
    expect(await server.ended).toBe(0);
    const second = await launchReady();
    second.process.kill('SIGKILL');
    await second.ended;
    expect((await stop()).stdout).toBe(`No server runs with the data directory ${data}.\n`);
    expect(await processesOf(data)).toEqual([]);
  });

  it('is removed without a trace by the stop command, after the drivers removed what they made', async () => {
    const inner = path.join(data, 'installation');
    const env = environment({ BAYKEEPER_DATA: inner });
    const purge = path.join(data, 'purge.mjs');
    await writeFile(
      purge,
      `import { readdirSync, writeFileSync } from 'node:fs';
       writeFileSync(${JSON.stringify(path.join(data, 'purged'))}, process.argv.slice(2).join(' ') + ' ' + readdirSync(process.argv[3]).includes('postgresql'));`,
    );
    const stop = () =>
      run(process.execPath, [path.join(dist, 'stop.js'), '--purge', `--drivers-purge=${purge}`], { env });
    const server = await launchReady({ env: { BAYKEEPER_DATA: inner } });
    // The test's workers leave files there that no real one leaves: those are nobody's to remove.
    expect((await stop()).stdout).toContain(
      `Removed what Baykeeper made in ${inner}. Kept what it did not make: worker-`,
    );
    expect(await server.ended).toBe(0);
    expect(await readFile(path.join(data, 'purged'), 'utf8')).toBe(`--data ${inner} true`);
    const left = await readdir(inner);
    expect(left.filter((name) => !name.startsWith('worker-'))).toEqual([]);
    for (const name of left) await rm(path.join(inner, name));
    expect((await stop()).stdout).toContain(`Removed ${inner} and everything in it.\n`);
    await expect(stat(inner)).rejects.toThrow('ENOENT');
    expect((await stop()).stdout).toContain(`There is no data directory ${inner}.`);
  });

  it('keeps the data when the drivers could not remove what they made', async () => {
    const purge = path.join(data, 'purge.mjs');
    await writeFile(purge, 'process.exit(4);');
    await mkdir(path.join(data, 'postgresql'));
    await writeFile(path.join(data, 'admin-openrc'), '');
    const stop = run(process.execPath, [path.join(dist, 'stop.js'), '--purge', `--drivers-purge=${purge}`], {
      env: environment(),
    });
    await expect(stop).rejects.toMatchObject({
      code: 1,
      stderr: 'purge.mjs failed, so the data directory was kept. Its lines above say why; then try again.\n',
    });
    expect(await readdir(data)).toContain('postgresql');
  });

  it('never removes a directory that is none of its own', async () => {
    const purge = path.join(data, 'none.mjs');
    await writeFile(path.join(data, 'thesis.txt'), 'all of my work');
    // As in /var/lib of a machine with PostgreSQL.
    await mkdir(path.join(data, 'postgresql'));
    const stop = run(process.execPath, [path.join(dist, 'stop.js'), '--purge', `--drivers-purge=${purge}`], {
      env: environment(),
    });
    await expect(stop).rejects.toMatchObject({ stderr: expect.stringContaining('nothing was removed') });
    expect(await readFile(path.join(data, 'thesis.txt'), 'utf8')).toBe('all of my work');
  });

  (process.getuid?.() === 0 ? it : it.skip)(
    'unmounts before it removes, so that what was mounted stays (root)',
    async () => {
      const inner = path.join(data, 'installation');
      const treasure = path.join(data, 'treasure');
      await mkdir(path.join(inner, 'images', 'a b'), { recursive: true });
      await mkdir(treasure);
      await writeFile(path.join(treasure, 'file'), 'kept');
      await run('mount', ['--bind', treasure, path.join(inner, 'images', 'a b')]);
      await run(process.execPath, [path.join(dist, 'stop.js'), '--purge', '--drivers-purge=/nonexistent'], {
        env: environment({ BAYKEEPER_DATA: inner }),
      });
      await expect(stat(inner)).rejects.toThrow('ENOENT');
      expect(await readFile(path.join(treasure, 'file'), 'utf8')).toBe('kept');
    },
  );
});
