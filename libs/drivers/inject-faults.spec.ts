import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { injectFaults, openFaults, type SimulatedFaults } from './inject-faults.js';
import { openDrivers } from './registry.js';

const MACHINES = { kind: 'compute', driver: 'simulated', operation: 'ensureMachine' } as const;
type Kind = SimulatedFaults['faults'][number]['kind'];

describe('faults on demand', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bk-faults-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const withFaults = async (faults: SimulatedFaults) => {
    const path = join(directory, 'faults.json');
    await writeFile(path, JSON.stringify(faults));
    return injectFaults(openFaults(path));
  };
  const always = (kind: Kind) =>
    withFaults({ seed: 1, faults: [{ calls: ['compute.ensureMachine'], kind, share: 1, retryAfterSeconds: 7 }] });

  it.each([
    ['fails-before', 0, 'provider-unavailable'],
    ['fails-after', 1, 'provider-unavailable'],
    ['quota', 0, 'provider-unavailable'],
    ['throttles', 0, 'too-many-requests'],
  ] as const)('%s: the work is done %d times and the answer is %s', async (kind, times, code) => {
    const around = await always(kind);
    let done = 0;
    const work = () => Promise.resolve((done += 1));
    await expect(around(MACHINES, work, { id: 'a' })).rejects.toMatchObject({ code });
    expect(done).toBe(times);
    // Another call is none of its business.
    expect(await around({ ...MACHINES, operation: 'removeMachine' }, work, 'a')).toBe(times + 1);
  });

  it.each([
    ['hangs-before', 0],
    ['hangs-after', 1],
  ] as const)('%s: the work is done %d times and never answered', async (kind, times) => {
    const around = await always(kind);
    let done = 0;
    const call = around(MACHINES, () => Promise.resolve((done += 1)), { id: 'a' });
    expect(await Promise.race([call, new Promise((resolve) => setTimeout(resolve, 50, 'silence'))])).toBe('silence');
    expect(done).toBe(times);
  });

  it('goes wrong in the same places again, whatever else is asked in between', async () => {
    const faults: SimulatedFaults = {
      seed: 4711,
      faults: [{ calls: ['compute.ensureMachine'], kind: 'fails-before', share: 0.5 }],
    };
    const run = async (noise: boolean) => {
      const around = await withFaults(faults);
      const outcomes: boolean[] = [];
      for (let nth = 0; nth < 40; nth += 1) {
        if (noise) await around(MACHINES, () => Promise.resolve(), { id: 'b' }).catch(() => undefined);
        outcomes.push(await around(MACHINES, () => Promise.resolve(true), { id: 'a' }).catch(() => false));
      }
      return outcomes;
    };
    const first = await run(false);
    expect(await run(true)).toEqual(first);
    expect(new Set(first).size).toBe(2);
  });

  it('says that all is well where there is no file, and refuses one of another form', async () => {
    const none = injectFaults(openFaults(join(directory, 'none.json')));
    expect(await none(MACHINES, () => Promise.resolve('made'), null)).toBe('made');
    const wrong = await withFaults({ seed: 1, fault: [] } as unknown as SimulatedFaults);
    await expect(wrong(MACHINES, () => Promise.resolve('made'), null)).rejects.toThrow('fault');
  });

  const config = {
    ...{ installation: 'a', localSubnet: null, imagesDirectory: null, loadBalancerAddresses: null, nodePort: 9512 },
    ...{ artifactsDirectory: '/nowhere/artifacts', artifactsUrl: null },
    simulated: { latencyMs: 0, failureRate: 0, capacity: 10, faultsPath: '/nowhere/faults.json' },
  };
  it.each([
    ['local', 'simulated'],
    ['simulated', 'haproxy'],
  ] as const)('is refused with %s machines and %s load balancers', async (compute, loadBalancer) => {
    await expect(openDrivers({ ...config, dataDirectory: directory, compute, loadBalancer })).rejects.toMatchObject({
      code: 'invalid-input',
    });
  });

  it('lists a machine only after the time for which it is not listed', async () => {
    const faultsPath = join(directory, 'faults.json');
    const simulated = { ...config.simulated, faultsPath };
    const open = () =>
      openDrivers({
        ...{ ...config, dataDirectory: directory, simulated },
        ...{ compute: 'simulated', loadBalancer: 'simulated' },
      });
    await writeFile(faultsPath, JSON.stringify({ seed: 1, faults: [], unlistedSeconds: 60 }));
    const { compute } = await open();
    await compute.ensureMachine({
      ...{ id: '00000000-0000-4000-8000-000000000001', name: 'node', installation: 'a', image: 'any' },
      ...{ bayId: '00000000-0000-4000-9000-000000000000', flavor: null, network: null, files: [], bootCommand: '/x' },
    });
    expect(await compute.listMachines('a')).toEqual([]);
    await writeFile(faultsPath, JSON.stringify({ seed: 1, faults: [] }));
    expect(await (await open()).compute.listMachines('a')).toHaveLength(1);
  });
});
