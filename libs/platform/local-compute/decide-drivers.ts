import type { Configuration } from '../config/index.js';
import { detectLocalCompute, type LocalCompute } from './detect-local-compute.js';

export interface DriverDecision {
  readonly compute: 'local' | 'simulated';
  readonly loadBalancer: 'haproxy' | 'simulated';
  /** Why this compute, in one sentence for a person. */
  readonly reason: string;
}

/**
 * What `auto` means on this machine. The supervisor decides once and tells its children by their environment, so they
 * never decide differently; a process that runs on its own decides for itself.
 */
export async function decideDrivers(
  configuration: Pick<Configuration, 'compute' | 'loadBalancer' | 'dataDirectory'>,
  detect: (dataDirectory: string) => Promise<LocalCompute> = detectLocalCompute,
): Promise<DriverDecision> {
  const { compute, reason } = await decideCompute(configuration, detect);
  const { loadBalancer } = configuration;
  return {
    compute,
    reason,
    loadBalancer: loadBalancer !== 'auto' ? loadBalancer : compute === 'local' ? 'haproxy' : 'simulated',
  };
}

async function decideCompute(
  { compute, dataDirectory }: Pick<Configuration, 'compute' | 'dataDirectory'>,
  detect: (dataDirectory: string) => Promise<LocalCompute>,
): Promise<Pick<DriverDecision, 'compute' | 'reason'>> {
  if (compute !== 'auto') return { compute, reason: `BAYKEEPER_COMPUTE is ${compute}` };
  const { possible, reason } = await detect(dataDirectory);
  return { compute: possible ? 'local' : 'simulated', reason };
}
