import type { ScaleOptions } from './scale-options.js';
import { startService, type BenchService } from './service.js';

/** A service over simulated machines without latency, and without limits. */
export async function startSimulated({ profiles, port }: ScaleOptions, workers: number): Promise<BenchService> {
  return startService({
    ...{ BAYKEEPER_COMPUTE: 'simulated', BAYKEEPER_LOAD_BALANCER: 'simulated', BAYKEEPER_SIMULATED_LATENCY_MS: '0' },
    ...{ BAYKEEPER_SIMULATED_CAPACITY: '100000', BAYKEEPER_WORKER_PROCESSES: String(workers) },
    ...{ BAYKEEPER_QUOTA_NODES: '1000000', BAYKEEPER_QUOTA_BAYS: '100000', BAYKEEPER_QUOTA_MASTERS: '100000' },
    ...{ BAYKEEPER_LOGINS_PER_MINUTE: '0', BAYKEEPER_LOGINS_PER_USER_PER_MINUTE: '0' },
    ...{ BAYKEEPER_REQUESTS_PER_SECOND: '0', BAYKEEPER_LOG_LEVEL: 'warn' },
    ...{ BAYKEEPER_NODE_BOOT_TIMEOUT_SECONDS: '3600', BAYKEEPER_PORT: String(port) },
    BAYKEEPER_NODE_PORT: String(port + 1),
    ...(profiles !== null && {
      NODE_OPTIONS: `--require=${new URL('../profile-process.cjs', import.meta.url).pathname}`,
      BENCH_PROFILES: profiles,
    }),
  });
}
