/** What every compute driver must do. Called from each driver's own spec with a factory. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ComputeDriver, MachineSpec } from '../contracts/compute.js';

export interface ComputeUnderTest {
  readonly driver: ComputeDriver;
  /** The same installation as another process sees it: a driver of its own over the same state. */
  readonly other: ComputeDriver;
  /** An image the driver knows. */
  readonly image: string;
  /** Switches a machine off behind the driver's back. */
  switchOff(id: string): Promise<void>;
  dispose(): Promise<void>;
}

/** @param timeoutMs for one test and for the preparation, which may build an image */
export function describeComputeDriver(
  make: () => Promise<ComputeUnderTest>,
  timeoutMs: { readonly prepare: number; readonly test: number },
): void {
  describe('as every compute driver', () => {
    let subject: ComputeUnderTest;
    const made: string[] = [];

    const specOf = (changes: Partial<MachineSpec> = {}): MachineSpec => {
      const id = changes.id ?? randomUUID();
      made.push(id);
      return {
        id,
        name: 'conformance-node',
        installation: 'installation-a',
        bayId: '7d3c7a0c-54d5-4a3f-9d0a-111111111111',
        image: subject.image,
        flavor: null,
        network: null,
        files: [{ path: '/usr/lib/baykeeper/agent.sh', mode: 0o755, content: '#!/bin/sh\nexit 0\n' }],
        bootCommand: '/usr/lib/baykeeper/agent.sh',
        ...changes,
      };
    };
    const idsOf = async (installation: string): Promise<readonly string[]> =>
      (await subject.driver.listMachines(installation)).map((machine) => machine.id);

    beforeAll(async () => {
      subject = await make();
      await subject.driver.prepare(() => undefined);
    }, timeoutMs.prepare);

    afterAll(async () => {
      await Promise.all(made.map((id) => subject.driver.removeMachine(id)));
      await subject.dispose();
    }, timeoutMs.test);

    const test = (name: string, work: () => Promise<void>): void => {
      it(name, work, timeoutMs.test);
    };

    test('a machine runs and has an IPv4 address when ensuring it resolves', async () => {
      const spec = specOf();
      const machine = await subject.driver.ensureMachine(spec);
      expect(machine).toEqual({
        id: spec.id,
        name: 'conformance-node',
        bayId: '7d3c7a0c-54d5-4a3f-9d0a-111111111111',
        state: 'running',
        address: expect.stringMatching(/^\d+\.\d+\.\d+\.\d+$/),
        reason: null,
      });
      expect(await subject.other.listMachines('installation-a')).toContainEqual(machine);
    });

    test('ensuring a machine again changes nothing', async () => {
      const spec = specOf();
      const first = await subject.driver.ensureMachine(spec);
      expect(await subject.other.ensureMachine(spec)).toEqual(first);
      expect((await idsOf('installation-a')).filter((id) => id === spec.id)).toHaveLength(1);
    });

    test('two processes that ensure the same machine at once make one', async () => {
      const spec = specOf();
      const [one, two, three] = await Promise.all([
        subject.driver.ensureMachine(spec),
        subject.other.ensureMachine(spec),
        subject.driver.ensureMachine(spec),
      ]);
      expect(two).toEqual(one);
      expect(three).toEqual(one);
      expect((await idsOf('installation-a')).filter((id) => id === spec.id)).toHaveLength(1);
    });

    test('machines made at once have different addresses', async () => {
      const machines = await Promise.all([
        subject.driver.ensureMachine(specOf()),
        subject.other.ensureMachine(specOf()),
        subject.driver.ensureMachine(specOf()),
      ]);
      expect(new Set(machines.map((machine) => machine.address)).size).toBe(3);
    });

    test('a removed machine is gone, and removing it again is success', async () => {
      const spec = specOf();
      await subject.driver.ensureMachine(spec);
      await subject.other.removeMachine(spec.id);
      expect(await idsOf('installation-a')).not.toContain(spec.id);
      await subject.driver.removeMachine(spec.id);
    });

    test('two processes may remove the same machine at once', async () => {
      const spec = specOf();
      await subject.driver.ensureMachine(spec);
      await Promise.all([subject.driver.removeMachine(spec.id), subject.other.removeMachine(spec.id)]);
      expect(await idsOf('installation-a')).not.toContain(spec.id);
    });

    test('removing a machine that never was is success, whatever the id looks like', async () => {
      await subject.driver.removeMachine(randomUUID());
      await subject.driver.removeMachine('../../etc');
      await subject.driver.removeMachine('');
    });

    test('a machine ensured while it is being removed is there or not, and can be removed', async () => {
      const spec = specOf();
      await subject.driver.ensureMachine(spec);
      await Promise.all([subject.driver.removeMachine(spec.id), subject.other.ensureMachine(spec)]);
      const [machine] = (await subject.driver.listMachines('installation-a')).filter(({ id }) => id === spec.id);
      expect(machine?.state ?? 'absent').toMatch(/^(running|absent)$/);
      await subject.driver.removeMachine(spec.id);
      expect(await idsOf('installation-a')).not.toContain(spec.id);
    });

    test('lists the machines of the installation asked for and no others', async () => {
      const ours = specOf();
      const theirs = specOf({ installation: 'installation-b' });
      await subject.driver.ensureMachine(ours);
      await subject.driver.ensureMachine(theirs);
      expect(await idsOf('installation-b')).toEqual([theirs.id]);
      expect(await idsOf('installation-a')).not.toContain(theirs.id);
      expect(await idsOf('installation-c')).toEqual([]);
    });

    test('a machine that was switched off is listed as stopped and started again with its address', async () => {
      const spec = specOf();
      const before = await subject.driver.ensureMachine(spec);
      await subject.switchOff(spec.id);
      const listed = (await subject.driver.listMachines('installation-a')).find(({ id }) => id === spec.id);
      expect(listed?.state).toBe('stopped');
      expect(listed?.reason).toEqual(expect.stringMatching(/\.$/));
      expect(await subject.driver.ensureMachine(spec)).toEqual(before);
    });

    test('an image that does not exist is refused in a sentence that names those that do', async () => {
      const spec = specOf({ image: 'no-such-image' });
      await expect(subject.driver.ensureMachine(spec)).rejects.toMatchObject({
        code: 'provider-refused',
        publicMessage: expect.stringContaining(subject.image),
      });
      expect(await idsOf('installation-a')).not.toContain(spec.id);
    });

    test('a machine may have a size', async () => {
      const flavor = { name: 'm1.tiny', vcpus: 1, memoryMib: 512, diskGib: 1 };
      expect(await subject.driver.ensureMachine(specOf({ flavor }))).toMatchObject({ state: 'running' });
    });

    test('the catalogue offers what machines can be made of, each under one name', async () => {
      const { flavors, images, networks } = await subject.driver.catalogue.entries();
      expect(images.map((image) => image.driverImage)).toContain(subject.image);
      for (const names of [flavors, images, networks].map((kind) => kind.map(({ name }) => name))) {
        expect(new Set(names).size).toBe(names.length);
      }
      expect(await subject.other.catalogue.entries()).toEqual({ flavors, images, networks });
    });

    test('the console of a machine that never was is empty', async () => {
      expect(await subject.driver.console(randomUUID())).toBe('');
      expect(await subject.driver.console('../../etc/passwd')).toBe('');
    });

    test('every process gives the same host address', async () => {
      expect(await subject.other.hostAddress()).toBe(await subject.driver.hostAddress());
    });

    test('every process knows of the same room', async () => {
      const room = await subject.driver.capacity();
      if (room !== null) expect(room).toBeGreaterThan(0);
      expect(await subject.other.capacity()).toBe(room);
    });
  });
}
