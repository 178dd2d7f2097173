/**
 * Removes everything that the drivers of one machine made for a data directory: containers, mounts, bridge, firewall rules,
 * addresses, load balancers. Run by `script/stop --purge` when no server uses the directory any more.
 *
 *     node libs/drivers/dist/purge.js --data DIRECTORY
 */
import { parseArgs } from 'node:util';
import { purgeLocalCompute } from './compute/local/local.purge.js';
import { purgeSimulatedCompute } from './compute/simulated/simulated.driver.js';
import { purgeHaproxy } from './load-balancers/haproxy/haproxy.driver.js';
import { purgeSimulatedLoadBalancers } from './load-balancers/simulated/simulated.driver.js';

const { values } = parseArgs({ options: { data: { type: 'string' } } });
if (values.data === undefined) {
  process.stderr.write('usage: purge.js --data DIRECTORY\n');
  process.exit(2);
}
await purgeHaproxy({ dataDirectory: values.data, installation: '', addressPool: null });
await purgeLocalCompute({ dataDirectory: values.data });
await purgeSimulatedLoadBalancers({ dataDirectory: values.data });
await purgeSimulatedCompute({ dataDirectory: values.data });
