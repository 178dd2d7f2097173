/** What a cloud does wrong, and what happens in it that nobody asked for. The store is the product's own. */
import { rename, rm, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { createSimulatedCompute } from '@baykeeper/drivers/compute/simulated/simulated.driver.js';
import type { SimulatedFaults } from '@baykeeper/drivers/inject-faults.js';
import { createSimulatedLoadBalancer } from '@baykeeper/drivers/load-balancers/simulated/simulated.driver.js';
import type { Installation } from './installation.js';

export type Faults = SimulatedFaults['faults'];

/** Holds from a moment on, at the latest when a process next looks. */
export async function setFaults(installation: Installation, faults: SimulatedFaults): Promise<void> {
  const fresh = `${installation.faultsPath}.new`;
  await writeFile(fresh, JSON.stringify(faults));
  await rename(fresh, installation.faultsPath);
}

export const endFaults = ({ faultsPath }: Installation): Promise<void> => rm(faultsPath, { force: true });

/** A machine goes, as when somebody deletes it in the cloud's own console. */
export async function loseMachine({ dataDirectory }: Installation, id: string): Promise<void> {
  await createSimulatedCompute({ dataDirectory, latencyMs: 0, failureRate: 0, capacity: 100_000 }).removeMachine(id);
}

/** Somebody else's machine and load balancer in the same cloud. */
export interface Foreign {
  /** What became of them that should not. */
  findDamage(): Promise<readonly string[]>;
  remove(): Promise<void>;
}

const FOREIGN = 'another installation';

export async function placeForeign({ dataDirectory }: Installation): Promise<Foreign> {
  const compute = createSimulatedCompute({ dataDirectory, latencyMs: 0, failureRate: 0, capacity: 100_000 });
  const balancers = createSimulatedLoadBalancer({ dataDirectory });
  const [id, bayId] = [randomUUID(), randomUUID()];
  await compute.ensureMachine({
    ...{ id, bayId, name: 'foreign', installation: FOREIGN, image: 'any', flavor: null, network: null },
    ...{ files: [], bootCommand: '/x' },
  });
  await balancers.ensureLoadBalancer({ id, bayId, installation: FOREIGN, listeners: [] });
  return {
    async findDamage() {
      const [machines, loadBalancers] = await Promise.all([compute.listMachines(FOREIGN), balancers.list(FOREIGN)]);
      return [
        ...(machines.length === 1 ? [] : ['a machine that is not ours was removed']),
        ...(loadBalancers.length === 1 ? [] : ['a load balancer that is not ours was removed']),
      ];
    },
    async remove() {
      await Promise.all([compute.removeMachine(id), balancers.removeLoadBalancer(id)]);
    },
  };
}
