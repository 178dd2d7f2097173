/** What a cloud does wrong, and what happens in it that nobody asked for. The store is the product's own. */
import { rename, rm, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { createSimulatedCompute } from '@baykeeper/drivers/compute/simulated/simulated.driver.js';
import type { SimulatedFaults } from '@baykeeper/drivers/inject-faults.js';
import { createSimulatedLoadBalancer } from '@baykeeper/drivers/load-balancers/simulated/simulated.driver.js';
import type { Listener, Member, NodeId } from '@baykeeper/domain';
import type { Installation } from './installation.js';
import { loadLoadBalancers } from './stores.js';

export type Faults = SimulatedFaults['faults'];

/** Holds from now on, for every process. */
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

export const EDITS = [
  'member added',
  'member removed',
  'member moved',
  'listener added',
  'listener removed',
  'port changed',
  'all removed',
] as const;
export type Edit = (typeof EDITS)[number];

/** A load balancer is edited, as somebody does in the cloud's own console; of what there is to edit, the first. */
export async function editLoadBalancer(installation: Installation, id: string, edit: Edit): Promise<void> {
  const driver = createSimulatedLoadBalancer(installation);
  const balancer = (await loadLoadBalancers(installation)).find((known) => known.id === id);
  // It went before the hand was there.
  if (balancer === undefined) return;
  const { listeners, members } = balancer;
  const listener = listeners.find(({ name }) => (members[name]?.length ?? 0) > 0)?.name ?? '';
  const [first] = members[listener] ?? [];
  const putMember = (change: Partial<Member>): Promise<void> =>
    first === undefined
      ? Promise.resolve()
      : driver.changeMembers(id, { [listener]: { put: [{ ...first, ...change }], remove: [] } });
  const putListeners = async (wanted: readonly Listener[]): Promise<void> => {
    await driver.ensureLoadBalancer({ ...balancer, listeners: wanted });
  };
  const [one, ...others] = listeners;
  switch (edit) {
    case 'member added':
      return putMember({ nodeId: randomUUID() as NodeId, name: 'stranger', address: '192.0.2.66' });
    case 'member moved':
      return putMember({ address: '192.0.2.67' });
    case 'member removed':
      if (first === undefined) return;
      return driver.changeMembers(id, { [listener]: { put: [], remove: [first.nodeId] } });
    case 'listener added':
      return putListeners([...listeners, { name: 'strange', port: 6_666, memberPort: 6_666, memberRole: 'worker' }]);
    case 'listener removed':
      return putListeners(others);
    case 'port changed':
      return putListeners(one === undefined ? [] : [{ ...one, port: 6_667 }, ...others]);
    case 'all removed':
      return driver.removeLoadBalancer(id);
  }
}

/** Somebody else's machine and load balancer in the same cloud. */
export interface Foreign {
  /** What became of them that should not. */
  findDamage(): Promise<readonly string[]>;
  remove(): Promise<void>;
}

export const FOREIGN = 'another installation';

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
