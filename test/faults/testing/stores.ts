/** What the stores hold, read past Baykeeper: its database, and the simulated cloud's own files. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Installation } from './installation.js';

export interface NodeRow {
  readonly id: string;
  readonly bay_id: string;
  readonly name: string;
  readonly role: 'master' | 'worker';
  readonly address: string | null;
  readonly ready_at: Date | null;
  readonly registered_at: Date | null;
  readonly removal_requested_at: Date | null;
  readonly drained_at: Date | null;
  readonly left_at: Date | null;
  readonly machine_removed_at: Date | null;
}

export interface BayRow {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly status_reason: string | null;
  readonly deletion_requested_at: Date | null;
}

export interface CloudMachine {
  readonly id: string;
  readonly name: string;
  readonly bayId: string;
  readonly installation: string;
  readonly address: string;
  readonly on: boolean;
}

export interface CloudMember {
  readonly nodeId: string;
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

export interface CloudLoadBalancer {
  readonly id: string;
  readonly bayId: string;
  readonly installation: string;
  readonly address: string;
  readonly members: Readonly<Record<string, readonly CloudMember[]>>;
}

export const loadBays = (installation: Installation): Promise<readonly BayRow[]> =>
  installation.query<BayRow>('SELECT id, name, status, status_reason, deletion_requested_at FROM bays');

export const loadNodes = (installation: Installation): Promise<readonly NodeRow[]> =>
  installation.query<NodeRow>(
    `SELECT id, bay_id, name, role, address, ready_at, registered_at, removal_requested_at, drained_at, left_at,
       machine_removed_at FROM nodes`,
  );

export const machinesDirectory = (dataDirectory: string): string => join(dataDirectory, 'simulated-compute/machines');
export const loadBalancersDirectory = (dataDirectory: string): string =>
  join(dataDirectory, 'simulated-load-balancers');

export const loadMachines = ({ dataDirectory }: Installation): Promise<readonly CloudMachine[]> =>
  readRecords<CloudMachine>(machinesDirectory(dataDirectory));

export const loadLoadBalancers = ({ dataDirectory }: Installation): Promise<readonly CloudLoadBalancer[]> =>
  readRecords<CloudLoadBalancer>(loadBalancersDirectory(dataDirectory));

/** Addresses that the simulated cloud gave out and did not get back, of machines and of load balancers. */
export async function countAddresses({
  dataDirectory,
}: Installation): Promise<{ machines: number; balancers: number }> {
  const [machines, balancers] = await Promise.all(
    [join(dataDirectory, 'simulated-compute/addresses'), join(loadBalancersDirectory(dataDirectory), 'addresses')].map(
      async (directory) =>
        (await readdir(directory).catch(() => [])).filter((name) => !/\.(tmp|new)$/.test(name)).length,
    ),
  );
  return { machines: machines ?? 0, balancers: balancers ?? 0 };
}

/** Files come and go while they are read: one that is gone is passed over. */
async function readRecords<Record>(directory: string): Promise<readonly Record[]> {
  const names = (await readdir(directory).catch(() => [])).filter((name) => name.endsWith('.json'));
  const texts = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8').catch(() => null)));
  return texts.filter((text) => text !== null).map((text) => JSON.parse(text) as Record);
}
