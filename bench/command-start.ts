/** How long `bay` takes before it does anything, beside a Node.js that does nothing. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median, ROOT, type BenchmarkResult } from './result.js';
import { run } from './service.js';

const ROUNDS = 40;

export async function benchCommandStart(): Promise<readonly BenchmarkResult[]> {
  const home = await mkdtemp(join(tmpdir(), 'baykeeper-bench-'));
  const env = { PATH: process.env['PATH'] ?? '', HOME: home };
  const measure = async (what: string, program: string, args: readonly string[]): Promise<BenchmarkResult> => {
    const samples: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const started = performance.now();
      await run(program, [...args], { env, timeout: 30_000 });
      samples.push(performance.now() - started);
    }
    return { name: `command: ${what}`, unit: 'ms', value: median(samples), samples };
  };
  const bay = join(ROOT, 'apps/cli/bay');
  try {
    return [
      await measure('bay --version', bay, ['--version']),
      await measure('bay create --help', bay, ['create', '--help']),
      await measure('a Node.js that does nothing', 'node', ['-e', '0']),
    ];
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
