import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LoadBalancerSpec } from '../../contracts/load-balancer.js';
import { createSimulatedLoadBalancer, purgeSimulatedLoadBalancers } from './simulated.driver.js';

describe('the simulated load balancer', () => {
  let dataDirectory: string;
  beforeEach(async () => {
    dataDirectory = await mkdtemp(join(tmpdir(), 'baykeeper-lb-'));
  });
  afterEach(() => rm(dataDirectory, { recursive: true, force: true }));

  const spec = (): LoadBalancerSpec => ({ id: randomUUID(), installation: 'test', bayId: randomUUID(), listeners: [] });

  it('fails as often as it is told, and says that it is on purpose', async () => {
    const driver = createSimulatedLoadBalancer({ dataDirectory, failureRate: 1 });
    await expect(driver.ensureLoadBalancer(spec())).rejects.toMatchObject({
      code: 'provider-unavailable',
      publicMessage: 'The simulated cloud failed, as its failure rate asks for. It will be tried again.',
    });
    expect(await driver.list('test')).toEqual([]);
  });

  it('takes its time', async () => {
    const driver = createSimulatedLoadBalancer({ dataDirectory, latencyMs: 60 });
    const before = performance.now();
    await driver.ensureLoadBalancer(spec());
    expect(performance.now() - before).toBeGreaterThan(55);
  });

  it('gives three hundred balancers as many addresses, and takes them back', async () => {
    const [one, two] = [createSimulatedLoadBalancer({ dataDirectory }), createSimulatedLoadBalancer({ dataDirectory })];
    const specs = Array.from({ length: 300 }, spec);
    const views = await Promise.all(
      specs.map((wanted, index) => (index % 2 === 0 ? one : two).ensureLoadBalancer(wanted)),
    );
    expect(new Set(views.map((view) => view.address)).size).toBe(300);
    expect(await one.list('test')).toHaveLength(300);
    await Promise.all(specs.map(({ id }) => two.removeLoadBalancer(id)));
    const again = await Promise.all(specs.map((wanted) => one.ensureLoadBalancer({ ...wanted, id: randomUUID() })));
    expect(new Set(again.map((view) => view.address)).size).toBe(300);
  });

  it('leaves nothing behind', async () => {
    await createSimulatedLoadBalancer({ dataDirectory }).ensureLoadBalancer(spec());
    await purgeSimulatedLoadBalancers({ dataDirectory });
    expect(await readdir(dataDirectory)).toEqual([]);
  });
});
