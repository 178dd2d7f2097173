/**
 * From `bay create` to `CREATE_COMPLETE` for one manager and two workers on real nodes of this machine, beside a plain shell
 * script that makes the same swarm by hand from the same root filesystem. Both take turns, so that what else the machine
 * does strikes both.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT, type BenchmarkResult } from './result.js';

const run = promisify(execFile);
const ROUNDS = 5;
/** The images that tests built are good enough, and are built the same way when there are none. */
const IMAGES = '/var/tmp/baykeeper-test-images';
const PORTS = { BAYKEEPER_PORT: '29611', BAYKEEPER_NODE_PORT: '29612' };

export async function benchSwarmCreate(): Promise<readonly BenchmarkResult[]> {
  const data = await mkdtemp(join(tmpdir(), 'baykeeper-bench-'));
  const environment = {
    PATH: process.env['PATH'] ?? '',
    HOME: data,
    BAYKEEPER_DATA: data,
    BAYKEEPER_IMAGES: IMAGES,
    BAYKEEPER_COMPUTE: 'local',
    ...PORTS,
  };
  const built = join(ROOT, 'libs/drivers/dist/prepare.js');
  await run('node', [built, '--data', data, '--images', IMAGES], { timeout: 600_000 });
  const image = await findRootFilesystem();
  const server = await startServer(environment);
  const ours: number[] = [];
  const byHand: number[] = [];
  try {
    // Logged in once, as a person is: a password is slow to check, on purpose.
    await login(environment, await readOpenrc(data));
    const bay = (args: readonly string[]) =>
      run(join(ROOT, 'apps/cli/bay'), [...args], { env: environment, timeout: 300_000 });
    for (let round = 0; round < ROUNDS; round += 1) {
      const name = `bench${String(round)}`;
      const started = performance.now();
      await bay(['create', name, '--template', 'swarm', '--nodes', '2', '--wait']);
      ours.push((performance.now() - started) / 1000);
      await bay(['rm', name, '--yes', '--wait']);
      const { stdout } = await run(join(ROOT, 'bench/swarm-by-hand.sh'), [image], { timeout: 300_000 });
      byHand.push(Number(stdout.trim()));
      console.log(
        `  round ${String(round + 1)} of ${String(ROUNDS)}: bay create ${(ours.at(-1) ?? 0).toFixed(2)} s, by hand ${(byHand.at(-1) ?? 0).toFixed(2)} s`,
      );
    }
  } finally {
    server.kill('SIGTERM');
    await new Promise((resolve) => server.once('exit', resolve));
    await run(join(ROOT, 'script/stop'), ['--purge'], { env: environment, timeout: 120_000 });
    await rm(data, { recursive: true, force: true });
  }
  return [
    { name: 'swarm: bay create, 1 manager + 2 workers', unit: 's', value: median(ours), samples: ours },
    { name: 'swarm: the same by hand', unit: 's', value: median(byHand), samples: byHand },
    {
      name: 'swarm: ratio',
      unit: '',
      value: median(ours) / median(byHand),
      samples: ours.map((value, index) => value / (byHand[index] ?? Number.NaN)),
    },
  ];
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function findRootFilesystem(): Promise<string> {
  const entries = await readdir(IMAGES, { withFileTypes: true, recursive: true });
  const dockerd = entries.find((entry) => entry.name === 'dockerd' && entry.parentPath.endsWith('/usr/sbin'));
  if (!dockerd) throw new Error(`no root filesystem with dockerd was found below ${IMAGES}`);
  return dockerd.parentPath.slice(0, -'/usr/sbin'.length);
}

async function startServer(environment: Readonly<Record<string, string>>): Promise<ChildProcess> {
  const server = spawn(join(ROOT, 'script/server'), [], { env: environment, stdio: 'ignore' });
  const end = Date.now() + 120_000;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${PORTS.BAYKEEPER_PORT}/readyz`).catch(() => null);
    if (answer?.ok) return server;
    if (server.exitCode !== null || Date.now() > end)
      throw new Error('the server did not start; run script/server to see why');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function login(environment: Readonly<Record<string, string>>, openrc: Readonly<Record<string, string>>): Promise<void> {
  const { OS_USERNAME: user = '', OS_PROJECT_NAME: project = '', OS_PASSWORD: password = '' } = openrc;
  const url = `http://127.0.0.1:${PORTS.BAYKEEPER_PORT}`;
  return new Promise((resolve, reject) => {
    const args = ['login', '--url', url, '--user', user, '--project', project, '--password-stdin'];
    const child = execFile(join(ROOT, 'apps/cli/bay'), args, { env: environment, timeout: 30_000 }, (error) => {
      if (error) reject(new Error(error.message));
      else resolve();
    });
    child.stdin?.end(password);
  });
}

async function readOpenrc(data: string): Promise<Record<string, string>> {
  const text = await readFile(join(data, 'admin-openrc'), 'utf8');
  return Object.fromEntries(
    [...text.matchAll(/^export (\w+)='([^']*)'$/gm)].map(([, name, value]) => [name ?? '', value ?? '']),
  );
}
