/** Finds HAProxy's processes by what the kernel says about them, so that a pid that another program has got is never taken for ours. */
import { readdir, readFile } from 'node:fs/promises';

/** @returns pids, ascending, of running processes (no zombies) that were started with this configuration file. */
export async function findHaproxyProcesses(configuration: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number);
  const found: number[] = [];
  for (const pid of pids.sort((one, other) => one - other)) if (await isHaproxy(pid, configuration)) found.push(pid);
  return found;
}

/** @param files what it must have been started with: one that an earlier version of us started may lack some. */
export async function isHaproxy(pid: number, ...files: readonly string[]): Promise<boolean> {
  // A zombie has no command line. `-W`: not a mere check of the configuration, nor an editor that has the file open.
  const words = (await readFile(`/proc/${String(pid)}/cmdline`, 'utf8').catch(() => '')).split('\0');
  return ['-W', ...files].every((word) => words.includes(word));
}
