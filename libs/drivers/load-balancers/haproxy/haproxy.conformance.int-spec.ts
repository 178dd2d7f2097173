import { describeLoadBalancerDriver } from '../load-balancer.conformance.js';
import { openHaproxySetting } from './testing/haproxy-setting.js';
import { describeWithHaproxy } from './testing/needs-haproxy.js';

describeWithHaproxy('on real parts,', () => {
  describeLoadBalancerDriver('haproxy', async () => {
    const setting = await openHaproxySetting(null);
    return {
      driver: setting.openDriver(),
      second: setting.openDriver(),
      installation: 'test',
      cleanUp: () => setting.cleanUp(),
    };
  });
});
