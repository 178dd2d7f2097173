/** What `bay` does beside a plain shell script that does the same by hand: both take turns, so that what else the machine does strikes both. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median, ROOT, type BenchmarkResult } from './result.js';
import { run, type BenchService } from './service.js';

/** The images that tests built are good enough, and are built the same way when there are none. */
export const IMAGES = '/var/tmp/baykeeper-test-images';

export interface Contest {
  /** What the results are called by. */
  readonly name: string;
  readonly what: string;
  readonly rounds: number;
  /** Does it with Baykeeper. @returns seconds */
  readonly ours: (round: number) => Promise<number>;
  /** The script in this folder and its arguments; it prints its seconds. */
  readonly byHand: readonly string[];
}

export async function takeTurns({ name, what, rounds, ours, byHand }: Contest): Promise<readonly BenchmarkResult[]> {
  const seconds: { ours: number; byHand: number }[] = [];
  const [script = '', ...args] = byHand;
  for (let round = 0; round < rounds; round += 1) {
    const took = await ours(round);
    const { stdout } = await run(join(ROOT, 'bench', script), args, { timeout: 600_000 });
    const last = { ours: took, byHand: Number(stdout.trim()) };
    seconds.push(last);
    console.log(
      `  round ${String(round + 1)} of ${String(rounds)}: bay create ${last.ours.toFixed(2)} s, by hand ${last.byHand.toFixed(2)} s`,
    );
  }
  const result = (label: string, samples: readonly number[]): BenchmarkResult => ({
    ...{ name: `${name}: ${label}`, unit: 's', value: median(samples), samples },
  });
  const create = result(
    `bay create, ${what}`,
    seconds.map((round) => round.ours),
  );
  const hand = result(
    'the same by hand',
    seconds.map((round) => round.byHand),
  );
  const ratios = seconds.map((round) => round.ours / round.byHand);
  return [create, hand, { name: `${name}: ratio`, unit: '', value: create.value / hand.value, samples: ratios }];
}

/** Builds the root filesystem of Docker's nodes when there is none. */
export async function buildImage(): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), 'baykeeper-bench-'));
  const built = join(ROOT, 'libs/drivers/dist/prepare.js');
  await run('node', [built, '--data', data, '--images', IMAGES], { timeout: 600_000 });
  await rm(data, { recursive: true, force: true });
}

/** `bay` with its arguments, as somebody who has logged in: a password is slow to check, on purpose. */
export async function openBay(service: BenchService): Promise<(args: readonly string[]) => Promise<string>> {
  const program = join(ROOT, 'apps/cli/bay');
  const { OS_USERNAME: user = '', OS_PROJECT_NAME: project = '', OS_PASSWORD: password = '' } = service.openrc;
  await new Promise<void>((resolve, reject) => {
    const args = ['login', '--url', service.url, '--user', user, '--project', project, '--password-stdin'];
    const child = execFile(program, args, { env: service.environment, timeout: 30_000 }, (error) => {
      if (error) reject(new Error(error.message));
      else resolve();
    });
    child.stdin?.end(password);
  });
  return async (args) =>
    (await run(program, [...args], { env: service.environment, timeout: 1_500_000, maxBuffer: 2 ** 26 })).stdout;
}
