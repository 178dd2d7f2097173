/** `script/bench [NAME] [--OPTION VALUE]`: runs the benchmarks, prints a table, writes bench/results.json. */
import { readFile, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchApiRequests } from './api-requests.js';
import { benchCommandStart } from './command-start.js';
import { benchKubernetesCreate } from './kubernetes-create.js';
import { benchReconcile } from './reconcile.js';
import { benchScale } from './scale.js';
import { readScaleOptions, SCALE_OPTIONS } from './scale-options.js';
import { ROOT, type BenchmarkResult } from './result.js';
import { benchSwarmCreate } from './swarm-create.js';

const { positionals: asked, values } = parseArgs({ allowPositionals: true, options: SCALE_OPTIONS });
const benchmarks: Readonly<Record<string, () => Promise<readonly BenchmarkResult[]>>> = {
  swarm: benchSwarmCreate,
  kubernetes: benchKubernetesCreate,
  command: benchCommandStart,
  api: benchApiRequests,
  reconcile: benchReconcile,
  scale: () => benchScale(readScaleOptions(values)),
};
const FILE = join(ROOT, 'bench/results.json');

interface Results {
  readonly machine: string;
  readonly results: Readonly<Record<string, readonly BenchmarkResult[]>>;
}

const unknown = asked.filter((name) => !Object.hasOwn(benchmarks, name));
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}: give any of ${Object.keys(benchmarks).join(', ')}.`);
  process.exit(2);
}
const before = await readFile(FILE, 'utf8').then(
  (text) => (JSON.parse(text) as Results).results,
  () => ({}),
);
const results: Record<string, readonly BenchmarkResult[]> = { ...before };
for (const [name, bench] of Object.entries(benchmarks)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  console.log(`${name}:`);
  results[name] = await bench();
}
const machine = `${String(cpus().length)} processors (${cpus()[0]?.model.trim() ?? 'unknown'}), ${String(Math.round(totalmem() / 2 ** 30))} GiB, Node.js ${process.version}`;
await writeFile(FILE, `${JSON.stringify({ machine, results } satisfies Results, null, 2)}\n`);
console.log(`\n${machine}`);
for (const result of Object.values(results).flat()) {
  const spread = `${Math.min(...result.samples).toFixed(2)} to ${Math.max(...result.samples).toFixed(2)}`;
  console.log(`${result.name.padEnd(44)} ${result.value.toFixed(2).padStart(8)} ${result.unit.padEnd(3)} (${spread})`);
}
