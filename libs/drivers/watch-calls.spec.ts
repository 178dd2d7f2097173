import { expect, it } from '@jest/globals';
import type { ComputeDriver } from './contracts/compute.js';
import type { EngineDriver } from './contracts/engine.js';
import type { LoadBalancerDriver } from './contracts/load-balancer.js';
import type { Drivers } from './contracts/drivers.js';
import { watchCalls, type DriverCall } from './watch-calls.js';

class Compute {
  readonly name = 'clouds';
  #made: string[] = [];
  ensureMachine({ id }: { id: string }) {
    this.#made.push(id);
    return Promise.resolve({ id, made: this.#made.length });
  }
  removeMachine() {
    return Promise.reject(new Error('no'));
  }
}

it('puts something around calls, hands on what they give, and leaves plain methods alone', async () => {
  const calls: DriverCall[] = [];
  const drivers = watchCalls(
    {
      compute: new Compute() as unknown as ComputeDriver,
      loadBalancer: { name: 'scales' } as unknown as LoadBalancerDriver,
      engineNames: ['swarm'],
      templatesDirectory: '/templates',
      artifacts: {} as unknown as Drivers['artifacts'],
      engine: () => ({ name: 'swarm', toleratedMasterLosses: () => 1 }) as unknown as EngineDriver,
    } satisfies Drivers,
    (call, work) => {
      calls.push(call);
      return work();
    },
  );
  expect(await drivers.compute.ensureMachine({ id: 'a' } as never)).toEqual({ id: 'a', made: 1 });
  await expect(drivers.compute.removeMachine('a')).rejects.toThrow('no');
  expect(drivers.engine('swarm').toleratedMasterLosses(3)).toBe(1);
  expect([drivers.compute.name, drivers.engine('swarm').name]).toEqual(['clouds', 'swarm']);
  expect(calls).toEqual([
    { kind: 'compute', driver: 'clouds', operation: 'ensureMachine' },
    { kind: 'compute', driver: 'clouds', operation: 'removeMachine' },
  ]);
});
