/** What the stores hold, read past Baykeeper: its database, and the simulated cloud's own files. */
import type { Listener, Member } from '@baykeeper/domain';
import { simulatedComputeDirectory } from '@baykeeper/drivers/compute/simulated/simulated.driver.js';
import { MOST_MACHINES, SimulatedMachines } from '@baykeeper/drivers/compute/simulated/simulated-machines.js';
import { SimulatedBalancers } from '@baykeeper/drivers/load-balancers/simulated/simulated-balancers.js';
import { simulatedLoadBalancersDirectory } from '@baykeeper/drivers/load-balancers/simulated/simulated.driver.js';
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

export interface CloudLoadBalancer {
  readonly id: string;
  readonly bayId: string;
  readonly installation: string;
  readonly address: string;
  readonly listeners: readonly Listener[];
  readonly members: Readonly<Record<string, readonly Member[]>>;
}

export const loadBays = (installation: Installation): Promise<readonly BayRow[]> =>
  installation.query<BayRow>('SELECT id, name, status, status_reason, deletion_requested_at FROM bays');

export const loadNodes = (installation: Installation): Promise<readonly NodeRow[]> =>
  installation.query<NodeRow>(
    `SELECT id, bay_id, name, role, address, ready_at, registered_at, removal_requested_at, drained_at, left_at,
       machine_removed_at FROM nodes`,
  );

interface Cloud {
  readonly machines: SimulatedMachines;
  readonly balancers: SimulatedBalancers;
}
const clouds = new Map<string, Cloud>();

/** As another process sees it. */
function cloudOf({ dataDirectory }: Pick<Installation, 'dataDirectory'>): Cloud {
  const cloud = clouds.get(dataDirectory) ?? {
    machines: new SimulatedMachines(simulatedComputeDirectory(dataDirectory), MOST_MACHINES),
    balancers: new SimulatedBalancers(simulatedLoadBalancersDirectory(dataDirectory)),
  };
  clouds.set(dataDirectory, cloud);
  return cloud;
}

export const loadMachines = (installation: Installation): Promise<readonly CloudMachine[]> =>
  Promise.resolve(cloudOf(installation).machines.list());

export const loadLoadBalancers = (installation: Installation): Promise<readonly CloudLoadBalancer[]> =>
  Promise.resolve(
    cloudOf(installation)
      .balancers.list()
      .map((balancer) => ({
        ...balancer,
        members: Object.fromEntries([...balancer.members].map(([name, members]) => [name, [...members.values()]])),
      })),
  );
