import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { REPOSITORY } from './test-host.js';

/** Where the built driver is, for tests that need a process of its own to kill. */
export const BUILT = join(REPOSITORY, 'libs/drivers/dist/compute/local');

/** Type errors are another check's to report: the build writes its files regardless. */
export function buildDrivers(): void {
  const compiler = join(REPOSITORY, 'node_modules/typescript/bin/tsc');
  spawnSync(process.execPath, [compiler, '--build', join(REPOSITORY, 'libs/drivers')], { stdio: 'ignore' });
}
