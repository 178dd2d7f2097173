import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ImageFields } from '@baykeeper/domain';
import type { MachineSpec } from '../../contracts/compute.js';
import { describeComputeDriver } from '../compute.conformance.js';
import { createSimulatedCompute, purgeSimulatedCompute } from './simulated.driver.js';

const settings = { latencyMs: 0, failureRate: 0, capacity: 1000 };

describe('simulated compute', () => {
  describeComputeDriver(
    async () => {
      const dataDirectory = await mkdtemp(join(tmpdir(), 'bk-simulated-'));
      const catalogueImages: readonly ImageFields[] = [
        {
          ...{ name: 'debian', description: null, public: true, osDistro: 'debian', architecture: null },
          ...{ status: 'active', minDiskGib: 0, minMemoryMib: 0, properties: {}, driverImage: 'debian-12-docker' },
        },
      ];
      const config = { ...settings, dataDirectory, images: ['debian-12-docker'], catalogueImages };
      const driver = createSimulatedCompute(config);
      return {
        driver,
        other: createSimulatedCompute(config),
        image: 'debian-12-docker',
        switchOff: (id) => driver.switchOff(id),
        async dispose() {
          await purgeSimulatedCompute(config);
          await rm(dataDirectory, { recursive: true });
        },
      };
    },
    { prepare: 5000, test: 5000 },
  );

  describe('with settings', () => {
    let dataDirectory: string;
    beforeEach(async () => {
      dataDirectory = await mkdtemp(join(tmpdir(), 'bk-simulated-'));
    });
    afterEach(() => rm(dataDirectory, { recursive: true }));

    const specOf = (index: number): MachineSpec => ({
      id: `00000000-0000-4000-8000-${index.toString().padStart(12, '0')}`,
      name: `node-${index}`,
      installation: 'a',
      bayId: '00000000-0000-4000-9000-000000000000',
      image: 'any',
      flavor: null,
      network: null,
      files: [],
      bootCommand: '/usr/lib/baykeeper/agent.sh',
    });

    it('gives every address once, from the range for benchmarks, until it is full', async () => {
      const driver = createSimulatedCompute({ ...settings, dataDirectory, capacity: 40 });
      const machines = await Promise.all(Array.from({ length: 40 }, (_, index) => driver.ensureMachine(specOf(index))));
      const addresses = machines.map((machine) => machine.address ?? '');
      expect(new Set(addresses).size).toBe(40);
      expect(addresses.filter((address) => /^198\.18\.0\.\d+$/.test(address))).toHaveLength(40);
      await expect(driver.ensureMachine(specOf(40))).rejects.toMatchObject({
        code: 'provider-unavailable',
        publicMessage: 'The simulated cloud is full: it has room for 40 machines.',
      });
      await driver.removeMachine(specOf(7).id);
      expect((await driver.ensureMachine(specOf(40))).address).toBe(addresses[7]);
    });

    it('sees what another process did to a machine that it knew', async () => {
      const one = createSimulatedCompute({ ...settings, dataDirectory });
      const other = createSimulatedCompute({ ...settings, dataDirectory });
      await one.ensureMachine(specOf(1));
      const states = async (): Promise<string[]> => (await one.listMachines('a')).map(({ state }) => state);
      expect(await states()).toEqual(['running']);
      await other.switchOff(specOf(1).id);
      expect(await states()).toEqual(['stopped']);
      await other.removeMachine(specOf(1).id);
      expect(await states()).toEqual([]);
      await other.ensureMachine({ ...specOf(1), name: 'anew' });
      expect((await one.listMachines('a')).map(({ name }) => name)).toEqual(['anew']);
    });

    it('takes as long as its latency says, and no longer for a machine that is there', async () => {
      const driver = createSimulatedCompute({ ...settings, dataDirectory, latencyMs: 60 });
      const started = performance.now();
      await driver.ensureMachine(specOf(1));
      const made = performance.now();
      expect(made - started).toBeGreaterThanOrEqual(55);
      await driver.ensureMachine(specOf(1));
      expect(performance.now() - made).toBeLessThan(55);
    });

    it('fails as often as its failure rate says, in a way that may be tried again', async () => {
      const driver = createSimulatedCompute({ ...settings, dataDirectory, failureRate: 1 });
      await expect(driver.ensureMachine(specOf(1))).rejects.toMatchObject({ code: 'provider-unavailable' });
      await expect(driver.removeMachine(specOf(1).id)).rejects.toMatchObject({ code: 'provider-unavailable' });
    });
  });
});
