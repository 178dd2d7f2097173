/** Takes away everything this driver made on the host for one data directory. */
import { join } from 'node:path';
import { createLocalCompute } from './local.driver.js';
import { localPaths, type LocalComputeConfig } from './local.config.js';
import { observeContainers, removeTree } from './containers.js';
import { listMachineIds } from './machine-record.js';
import { removeNetwork } from './network.js';

/**
 * Containers, addresses, bridge, firewall rules, the forwarding switch, images and files. Run it when no server uses the
 * data directory any more. Idempotent; nothing there is success. A shared `imageStoreDirectory` is left alone.
 */
export async function purgeLocalCompute(config: Pick<LocalComputeConfig, 'dataDirectory'>): Promise<void> {
  const paths = localPaths({ dataDirectory: config.dataDirectory });
  const driver = createLocalCompute({ dataDirectory: paths.data, installation: '', subnet: null, imagesDirectory: '' });
  // Containers are asked for too: one whose directory somebody deleted still runs.
  const ids = new Set([...(await listMachineIds(paths)), ...(await observeContainers(paths))]);
  await Promise.all([...ids].map((id) => driver.removeMachine(id)));
  await removeNetwork(paths);
  const made = [paths.machines, paths.addresses, join(paths.data, 'removed'), paths.images, paths.networkState];
  for (const path of made) await removeTree(path);
  await removeTree(paths.locks);
}
