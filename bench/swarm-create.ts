/**
 * From `bay create` to `CREATE_COMPLETE` for one manager and two workers on real nodes of this machine, beside a plain shell
 * script that makes the same swarm by hand from the same root filesystem. Both take turns, so that what else the machine
 * does strikes both.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median, ROOT, type BenchmarkResult } from './result.js';
import { run, startService, type BenchService } from './service.js';

const ROUNDS = 5;
/** The images that tests built are good enough, and are built the same way when there are none. */
const IMAGES = '/var/tmp/baykeeper-test-images';

export async function benchSwarmCreate(): Promise<readonly BenchmarkResult[]> {
  await buildImage();
  const image = await findRootFilesystem();
  const service = await startService({ BAYKEEPER_IMAGES: IMAGES, BAYKEEPER_COMPUTE: 'local' });
  const ours: number[] = [];
  const byHand: number[] = [];
  try {
    // Logged in once, as a person is: a password is slow to check, on purpose.
    await login(service);
    const bay = (args: readonly string[]) =>
      run(join(ROOT, 'apps/cli/bay'), [...args], { env: service.environment, timeout: 300_000 });
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
    await service.close();
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

async function buildImage(): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), 'baykeeper-bench-'));
  const built = join(ROOT, 'libs/drivers/dist/prepare.js');
  await run('node', [built, '--data', data, '--images', IMAGES], { timeout: 600_000 });
  await rm(data, { recursive: true, force: true });
}

async function findRootFilesystem(): Promise<string> {
  const entries = await readdir(IMAGES, { withFileTypes: true, recursive: true });
  const dockerd = entries.find((entry) => entry.name === 'dockerd' && entry.parentPath.endsWith('/usr/sbin'));
  if (!dockerd) throw new Error(`no root filesystem with dockerd was found below ${IMAGES}`);
  return dockerd.parentPath.slice(0, -'/usr/sbin'.length);
}

function login({ url, environment, openrc }: BenchService): Promise<void> {
  const { OS_USERNAME: user = '', OS_PROJECT_NAME: project = '', OS_PASSWORD: password = '' } = openrc;
  return new Promise((resolve, reject) => {
    const args = ['login', '--url', url, '--user', user, '--project', project, '--password-stdin'];
    const child = execFile(join(ROOT, 'apps/cli/bay'), args, { env: environment, timeout: 30_000 }, (error) => {
      if (error) reject(new Error(error.message));
      else resolve();
    });
    child.stdin?.end(password);
  });
}
