import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeLoadBalancerDriver } from '../load-balancer.conformance.js';
import { createSimulatedLoadBalancer } from './simulated.driver.js';

describeLoadBalancerDriver('simulated', async () => {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'baykeeper-lb-'));
  return {
    driver: createSimulatedLoadBalancer({ dataDirectory }),
    second: createSimulatedLoadBalancer({ dataDirectory }),
    installation: 'test',
    cleanUp: () => rm(dataDirectory, { recursive: true, force: true }),
  };
});
