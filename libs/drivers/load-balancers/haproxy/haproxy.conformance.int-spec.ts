import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from '@jest/globals';
import { describeLoadBalancerDriver } from '../load-balancer.conformance.js';
import { createHaproxyLoadBalancer, hasHaproxy, purgeHaproxy } from './haproxy.driver.js';

if (await hasHaproxy()) {
  describeLoadBalancerDriver('haproxy', async () => {
    const config = {
      dataDirectory: await mkdtemp(join(tmpdir(), 'baykeeper-lb-')),
      installation: 'test',
      addressPool: null,
    };
    return {
      driver: createHaproxyLoadBalancer(config),
      second: createHaproxyLoadBalancer(config),
      installation: 'test',
      async cleanUp() {
        await purgeHaproxy(config);
        await rm(config.dataDirectory, { recursive: true, force: true });
      },
    };
  });
} else {
  process.stdout.write('SKIPPED load-balancers/haproxy: haproxy is not installed (script/install installs it)\n');
  describe('the load balancer driver haproxy', () => {
    it.skip('needs haproxy', () => undefined);
  });
}
