/** What the processes of a service cost, read from /proc. */
import { readdir, readFile } from 'node:fs/promises';

/** The applications by what stands in `apps/`, and those that the service starts. */
export type Program = 'api' | 'worker' | 'server' | 'postgresql' | 'redis' | 'other';

export interface Cost {
  /** Seconds of processor time so far, those of children that ended included. */
  readonly cpuSeconds: number;
  /** The most memory that a process of the program ever had resident, in MiB. */
  readonly peakMebibytes: number;
}

/** Linux counts processor time in ticks, a hundred a second on every platform that Node.js runs on. */
const TICKS_PER_SECOND = 100;

/** Of the process and all that descend from it. */
export async function costsOf(root: number): Promise<ReadonlyMap<Program, Cost>> {
  const stats = new Map<number, { readonly parent: number; readonly ticks: number }>();
  for (const name of await readdir('/proc')) {
    const text = /^\d+$/.test(name) ? await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '') : '';
    // The second field is the program's name in parentheses, and may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    if (fields.length < 16) continue;
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    stats.set(Number(name), { parent: Number(fields[1]), ticks });
  }
  const costs = new Map<Program, Cost>();
  for (const [pid, { ticks }] of stats) {
    if (!descends(stats, pid, root)) continue;
    const command = await readFile(`/proc/${String(pid)}/cmdline`, 'utf8').catch(() => '');
    const status = await readFile(`/proc/${String(pid)}/status`, 'utf8').catch(() => '');
    const peak = Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
    const program = programOf(command);
    const known = costs.get(program);
    costs.set(program, {
      cpuSeconds: (known?.cpuSeconds ?? 0) + ticks / TICKS_PER_SECOND,
      peakMebibytes: Math.max(known?.peakMebibytes ?? 0, peak),
    });
  }
  return costs;
}

function programOf(command: string): Program {
  const application = /apps\/(api|worker|server)\//.exec(command)?.[1];
  if (application === 'api' || application === 'worker' || application === 'server') return application;
  if (command.includes('postgres')) return 'postgresql';
  return command.includes('redis-server') ? 'redis' : 'other';
}

function descends(stats: ReadonlyMap<number, { readonly parent: number }>, pid: number, root: number): boolean {
  for (let current: number | undefined = pid; current !== undefined && current > 1;)
    if (current === root) return true;
    else current = stats.get(current)?.parent;
  return false;
}
