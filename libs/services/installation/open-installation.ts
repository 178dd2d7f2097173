/**
 * What every process of an installation stands on: database, Redis, drivers, keys. The API and the worker open it the same
 * way, so that they can't come to different answers.
 */
import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BaykeeperError, type Log } from '@baykeeper/domain';
import { openDrivers, respectThrottling, watchCalls, type Drivers } from '@baykeeper/drivers';
import { loadMasterKey, openKeyVault, type KeyVault } from '@baykeeper/pki';
import { createMetrics, decideDrivers, type Configuration, type Registry } from '@baykeeper/platform';
import {
  openRedis,
  openRedisWatch,
  openSignals,
  waitForRedis,
  type BayQueue,
  type RedisConnection,
  type RedisWatch,
  type Signals,
} from '@baykeeper/queue';
import { openDatabase, runMigrations, type Database } from '@baykeeper/storage';
import { traceCalls, traceInstallation } from './trace-installation.js';
import { measureCalls, measurePool } from '../metrics/process-metrics.js';
import { openBayPki, type BayPki } from '../certificates/bay-pki.js';
import {
  controlPlaneForNodes,
  type ControlPlaneDependencies,
  type ControlPlaneForNodes,
} from '../control-plane/control-plane.js';

/** Longer than a large bay needs from pass to pass; should Redis be emptied, steps are queued anew after this time. */
const STEPS_ARE_QUEUED_FOR_MS = 5_000;

/** Jobs of a worker at the same time: passes are short and mostly wait for others; steps wait for machines. */
export const STEPS_PER_RECONCILE = 2;

export interface Installation {
  /** The mark on everything it makes at its drivers; the same for ever. */
  readonly id: string;
  readonly database: Database;
  readonly redis: RedisConnection;
  /** For whatever else works with Redis. */
  readonly redisWatch: RedisWatch;
  /** The same one each time. Opened, and BullMQ loaded, by who needs it first. */
  readonly queue: () => Promise<BayQueue>;
  readonly signals: Signals;
  readonly drivers: Drivers;
  readonly masterKey: Buffer;
  readonly vault: KeyVault;
  readonly pki: BayPki;
  readonly controlPlaneDependencies: ControlPlaneDependencies;
  readonly controlPlane: () => Promise<ControlPlaneForNodes>;
  /** What this process counts. */
  readonly metrics: Registry;
  close(): Promise<void>;
}

/**
 * Brings the schema up to date (under a lock: any number of processes may start at once) and opens everything.
 * @param process `api` or `worker`, for the database's list of connections
 * @throws BaykeeperError with what the operator has to correct
 */
export async function openInstallation(
  configuration: Configuration,
  { process, log }: { readonly process: 'api' | 'worker'; readonly log: Log },
): Promise<Installation> {
  const { dataDirectory, databaseUrl, redisUrl } = configuration;
  if (databaseUrl === null || redisUrl === null)
    throw new Error('DATABASE_URL and REDIS_URL must be set: start the service with script/server');
  await mkdir(dataDirectory, { recursive: true });
  const masterKey = await loadMasterKey(configuration.masterKey ?? undefined, join(dataDirectory, 'master.key'));
  const vault = openKeyVault(masterKey);
  const database = await openDatabase({ url: databaseUrl, applicationName: `baykeeper-${process}` });
  for (const name of await runMigrations(database)) log.info({ migration: name }, 'migrated the database');
  const id = await database.stores.settings.ensure('installation', randomUUID);
  const redis = openRedis(redisUrl);
  const redisWatch = openRedisWatch(redis, log);
  try {
    await waitForRedis(redis, redisUrl, log);
  } catch (error) {
    redis.disconnect();
    await database.close();
    throw error;
  }
  let opening: Promise<BayQueue> | null = null;
  const queue = (): Promise<BayQueue> =>
    (opening ??= import('@baykeeper/queue/bay-queue.js').then(({ openBayQueue }) =>
      openBayQueue(redis, redisWatch, {
        repeatAfterMs: STEPS_ARE_QUEUED_FOR_MS,
        mostReconciles: configuration.workerConcurrency,
        mostSteps: configuration.workerConcurrency * STEPS_PER_RECONCILE,
      }),
    ));
  const signals = openSignals(redis, redisWatch);
  const decision = await decideDrivers(configuration);
  await refuseOtherDrivers(database, decision);
  const metrics = createMetrics(process);
  measurePool(metrics, database);
  const opened = await openDrivers({
    dataDirectory,
    installation: id,
    compute: decision.compute,
    loadBalancer: decision.loadBalancer,
    localSubnet: configuration.localSubnet,
    imagesDirectory: configuration.imagesDirectory,
    artifactsDirectory: configuration.artifactsDirectory ?? join(dataDirectory, 'artifacts'),
    artifactsUrl: configuration.artifactsUrl,
    loadBalancerAddresses: configuration.loadBalancerAddresses,
    nodePort: configuration.nodePort,
    simulated: {
      latencyMs: configuration.simulatedLatencyMilliseconds,
      failureRate: configuration.simulatedFailureRate,
      capacity: configuration.simulatedCapacity,
      faultsPath: configuration.simulatedFaults,
    },
  });
  const stopTracing = traceInstallation(configuration, { process, log });
  // The pause a provider asked for is outermost: a call that is not made is not measured.
  const drivers = watchCalls(watchCalls(opened, traceCalls(measureCalls(metrics))), respectThrottling());
  const controlPlaneDependencies: ControlPlaneDependencies = {
    settings: database.stores.settings,
    vault,
    compute: drivers.compute,
    nodeUrl: configuration.nodeUrl,
    nodePort: configuration.nodePort,
  };
  return {
    id,
    database,
    redis,
    redisWatch,
    queue,
    signals,
    drivers,
    metrics,
    masterKey,
    vault,
    pki: openBayPki({ database, vault, engines: drivers }),
    controlPlaneDependencies,
    controlPlane: () => controlPlaneForNodes(controlPlaneDependencies),
    async close() {
      await drivers.loadBalancer.close();
      await signals.close();
      await (await opening)?.close();
      await redis.quit().catch(() => undefined);
      await database.close();
      await stopTracing();
    },
  };
}

/**
 * What one driver made another does not know: it would call every machine lost and replace it. So an installation keeps the
 * drivers of its first start, also where `auto` would decide differently today.
 */
async function refuseOtherDrivers(
  database: Database,
  { compute, loadBalancer, reason }: { compute: string; loadBalancer: string; reason: string },
): Promise<void> {
  const first = await database.stores.settings.ensure('drivers', () => `${compute} ${loadBalancer}`);
  if (first === `${compute} ${loadBalancer}`) return;
  const [firstCompute = '', firstLoadBalancer = ''] = first.split(' ');
  throw new BaykeeperError({
    code: 'conflict',
    publicMessage: `This installation works with ${firstCompute} machines and ${firstLoadBalancer} load balancers, not with ${compute} and ${loadBalancer} (${reason}). Set BAYKEEPER_COMPUTE=${firstCompute} and BAYKEEPER_LOAD_BALANCER=${firstLoadBalancer}, or use another BAYKEEPER_DATA and database.`,
  });
}
