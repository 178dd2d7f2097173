import { describe } from '@jest/globals';
import { hasHaproxy } from '../run-program.js';

const isInstalled = await hasHaproxy();
if (!isInstalled)
  process.stdout.write('SKIPPED load-balancers/haproxy: haproxy is not installed (script/install installs it)\n');

export const describeWithHaproxy: (name: string, tests: () => void) => void = isInstalled ? describe : describe.skip;
