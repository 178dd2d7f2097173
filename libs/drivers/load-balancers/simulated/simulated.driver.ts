/**
 * Load balancers that are only remembered: for trying the product without rights, and for scale and fault tests. It says
 * `simulated` wherever it shows up, and no packet ever passes through it.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BaykeeperError, isUuid } from '@baykeeper/domain';
import type { LoadBalancerDriver, LoadBalancerView } from '../../contracts/load-balancer.js';
import { SimulatedBalancers, type SimulatedBalancer } from './simulated-balancers.js';

export interface SimulatedLoadBalancerConfig {
  readonly dataDirectory: string;
  /** How long each change takes; 0 unless given. */
  readonly latencyMs?: number;
  /** The share (0 to 1) of calls that fail for no reason, as a cloud's do; 0 unless given. */
  readonly failureRate?: number;
}

export function createSimulatedLoadBalancer(config: SimulatedLoadBalancerConfig): LoadBalancerDriver {
  const { latencyMs = 0, failureRate = 0 } = config;
  const balancers = new SimulatedBalancers(simulatedLoadBalancersDirectory(config.dataDirectory));

  async function simulateCloud(): Promise<void> {
    if (latencyMs > 0) await sleep(latencyMs);
    if (Math.random() < failureRate)
      throw new BaykeeperError({
        code: 'provider-unavailable',
        publicMessage: 'The simulated cloud failed, as its failure rate asks for. It will be tried again.',
      });
  }

  async function changeMembers(id: string, listeners: readonly string[], change: () => void): Promise<void> {
    await simulateCloud();
    const known = balancers.find(id);
    if (!known) throw refused('The load balancer is gone. It is made anew.', id);
    if (listeners.some((listener) => !known.members.has(listener)))
      throw refused('The load balancer was asked for something it does not take.', listeners.join(' '));
    change();
  }

  return {
    name: 'simulated',
    async ensureLoadBalancer(spec) {
      if (!isUuid(spec.id)) throw refused('The load balancer was asked for something it does not take.', spec.id);
      await simulateCloud();
      const made = balancers.ensure(spec);
      if (made === null)
        throw refused('No address is left for a load balancer. Delete a bay.', 'all of 198.18.0.0/15 is given out');
      return viewOf(made);
    },
    ensureMembers: (id, wanted) =>
      changeMembers(id, Object.keys(wanted), () => {
        balancers.set(id, wanted);
      }),
    changeMembers: (id, changes) =>
      changeMembers(id, Object.keys(changes), () => {
        balancers.change(id, changes);
      }),
    async removeLoadBalancer(id) {
      if (!isUuid(id)) return;
      await simulateCloud();
      balancers.remove(id);
    },
    list: (installation) =>
      Promise.resolve(
        balancers
          .list()
          .filter((known) => known.installation === installation)
          .map(viewOf),
      ),
    observe(id) {
      const known = balancers.find(id);
      return Promise.resolve(known && viewOf(known));
    },
    close: () => Promise.resolve(),
  };
}

export function simulatedLoadBalancersDirectory(dataDirectory: string): string {
  return join(dataDirectory, 'simulated-load-balancers');
}

/** Forgets all load balancers of the data directory. Run it when no server uses the directory any more. */
export async function purgeSimulatedLoadBalancers(config: { readonly dataDirectory: string }): Promise<void> {
  await rm(simulatedLoadBalancersDirectory(config.dataDirectory), { recursive: true, force: true });
}

function refused(publicMessage: string, detail: string): BaykeeperError {
  return new BaykeeperError({ code: 'provider-refused', publicMessage, detail });
}

function viewOf({ id, bayId, address, listeners, members }: SimulatedBalancer): LoadBalancerView {
  return {
    ...{ id, bayId, address },
    listeners: listeners.map(({ name, port }) => ({
      ...{ name, port },
      members: [...(members.get(name)?.values() ?? [])].map((member) => ({ ...member, health: 'up' })),
    })),
  };
}
