/** What a piece of work costs: time, processors, memory. */
import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import type { Cost, Program } from './processes.js';
import type { BenchmarkResult } from './result.js';
import type { BenchService } from './service.js';

const PROGRAMS = ['api', 'worker', 'postgresql', 'redis'] as const satisfies readonly Program[];

/** What a piece of work took. */
export interface Work<T> {
  readonly value: T;
  readonly seconds: number;
  readonly costs: ReadonlyMap<Program, Cost>;
  /** Nodes that became ready meanwhile, whoever had asked for them. */
  readonly nodes: number;
  /** Share of the machine's processor time that nobody used. */
  readonly idle: number;
}

export async function measureWork<T>(service: BenchService, work: () => Promise<T>): Promise<Work<T>> {
  const before = await service.costs();
  const [readyBefore, timesBefore] = await Promise.all([readyNodes(service), processorTimes()]);
  const start = performance.now();
  const value = await work();
  const seconds = (performance.now() - start) / 1_000;
  const costs = new Map<Program, Cost>();
  for (const [program, cost] of await service.costs())
    costs.set(program, { ...cost, cpuSeconds: cost.cpuSeconds - (before.get(program)?.cpuSeconds ?? 0) });
  const [ready, times] = await Promise.all([readyNodes(service), processorTimes()]);
  const idle = (times.idle - timesBefore.idle) / (times.all - timesBefore.all);
  return { value, seconds, costs, nodes: ready - readyBefore, idle };
}

/** @param nodes that the costs are shared by */
export function report(title: string, nodes: number, { seconds, costs, idle }: Work<unknown>): BenchmarkResult[] {
  const perNode = new Map(PROGRAMS.map((name) => [name, ((costs.get(name)?.cpuSeconds ?? 0) * 1_000) / nodes]));
  const all = [...perNode.values()].reduce((sum, cost) => sum + cost, 0);
  const parts = PROGRAMS.map((name) => `${name} ${(perNode.get(name) ?? 0).toFixed(2)}`).join(', ');
  const peak = costs.get('worker')?.peakMebibytes ?? Number.NaN;
  console.log(`  ${title}: ${seconds.toFixed(1)} s; ${all.toFixed(2)} ms of processor time a node (${parts})`);
  const used = (all * nodes) / 1_000 / seconds;
  const share = `${used.toFixed(2)} of ${String(cpus().length)} processors, the machine idle for ${(idle * 100).toFixed(0)}%`;
  console.log(`    ${(nodes / seconds).toFixed(1)} nodes a second with ${share}`);
  console.log(`    memory of the worker, at most: ${peak.toFixed(0)} MiB`);
  const one = (name: string, unit: string, value: number): BenchmarkResult => ({ name, unit, value, samples: [value] });
  return [
    one(title, 's', seconds),
    one(`${title}, processors`, 'ms', all),
    ...PROGRAMS.map((name) => one(`${title}, ${name}`, 'ms', perNode.get(name) ?? 0)),
    one(`${title}, throughput`, '1/s', nodes / seconds),
    one(`${title}, processors in use`, '', used),
    one(`${title}, idle`, '%', idle * 100),
    one(`${title}, memory of the worker`, 'MiB', peak),
  ];
}

/** As the workers have counted since they started. */
async function readyNodes(service: BenchService): Promise<number> {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  const counts = text.matchAll(/^baykeeper_node_phase_seconds_count\{[^}]*phase="ready"[^}]*\} (\d+)$/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** Of the whole machine, in ticks; a processor that waits for a disk is idle. */
async function processorTimes(): Promise<{ readonly idle: number; readonly all: number }> {
  const [line = ''] = (await readFile('/proc/stat', 'utf8')).split('\n');
  const ticks = line.split(/\s+/).slice(1, 9).map(Number);
  return { idle: (ticks[3] ?? 0) + (ticks[4] ?? 0), all: ticks.reduce((sum, count) => sum + count, 0) };
}
