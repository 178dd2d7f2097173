/** What is known of each machine, in `machine.json` of its directory. Present before anything else of the machine is made. */
import { mkdir, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { LocalPaths } from './local.config.js';
import { absentAsUndefined, writeAtomically } from './write-atomically.js';

const machineRecord = z.object({
  id: z.string(),
  name: z.string(),
  installation: z.string(),
  bayId: z.string(),
  image: z.string(),
  address: z.string().nullable(),
  /**
   * `making`: its files may be half written, so they are written anew. `made`: complete, never started. `started`: its
   * tree belongs to the tenant from here on, and the host must never write to or read from it again (a path in it may
   * be a link that points anywhere).
   */
  phase: z.enum(['making', 'made', 'started']),
  /** Why the last start failed, for a tenant. */
  failure: z.string().nullable(),
});
export type MachineRecord = z.infer<typeof machineRecord>;

export interface MachinePaths {
  readonly directory: string;
  readonly record: string;
  readonly lxcConfiguration: string;
  readonly lxcLog: string;
  readonly console: string;
  readonly upper: string;
  /** LXC's name for the overlay's work directory, beside the upper one. */
  readonly overlayWork: string;
  readonly dataDirectories: string;
}

export function machinePaths(paths: LocalPaths, id: string): MachinePaths {
  const directory = join(paths.machines, id);
  return {
    directory,
    record: join(directory, 'machine.json'),
    lxcConfiguration: join(directory, 'config'),
    lxcLog: join(directory, 'lxc.log'),
    console: join(directory, 'console.log'),
    upper: join(directory, 'upper'),
    overlayWork: join(directory, 'olwork'),
    dataDirectories: join(directory, 'data'),
  };
}

export async function loadMachineRecord(paths: LocalPaths, id: string): Promise<MachineRecord | null> {
  const text = await absentAsUndefined(readFile(machinePaths(paths, id).record, 'utf8'));
  return text === undefined ? null : machineRecord.parse(JSON.parse(text));
}

export async function saveMachineRecord(paths: LocalPaths, record: MachineRecord): Promise<void> {
  const machine = machinePaths(paths, record.id);
  await mkdir(machine.directory, { recursive: true, mode: 0o700 });
  await writeAtomically(machine.record, `${JSON.stringify(record, null, 2)}\n`, 0o600);
}

/** Ids of all machine directories, complete or not. */
export async function listMachineIds(paths: LocalPaths): Promise<readonly string[]> {
  return (await absentAsUndefined(readdir(paths.machines))) ?? [];
}
