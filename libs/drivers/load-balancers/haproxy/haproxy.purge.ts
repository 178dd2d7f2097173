/** What `script/stop` needs: HAProxy outlives the server, so it is ended apart from it. */
import { rm, stat } from 'node:fs/promises';
import { openAddressPool } from './address-pool.js';
import { openHaproxyProcess } from './haproxy-process.js';
import { pathsOf, type HaproxyConfig } from './haproxy.config.js';
import { withHaproxyLock } from './haproxy-lock.js';

/**
 * Ends HAProxy and every connection through it. Load balancers, their members and addresses stay on record, and come back
 * when a server is started again. Run it when no server uses the data directory any more. Not running is success.
 */
export async function stopHaproxy(config: Pick<HaproxyConfig, 'dataDirectory' | 'haproxyBinary'>): Promise<void> {
  const paths = pathsOf(config);
  if (!(await exists(paths.directory))) return;
  await withHaproxyLock(paths, () => openHaproxyProcess(config, paths).stop());
}

/** Ends HAProxy and takes back every address and file. */
export async function purgeHaproxy(config: HaproxyConfig): Promise<void> {
  const paths = pathsOf(config);
  if (!(await exists(paths.directory))) return;
  await withHaproxyLock(paths, async () => {
    await openHaproxyProcess(config, paths).stop();
    await openAddressPool(config, paths).releaseAll();
    for (const directory of [paths.sockets, paths.directory]) await rm(directory, { recursive: true, force: true });
  });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
