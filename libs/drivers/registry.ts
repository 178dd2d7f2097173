/**
 * The one list of drivers. Adding a driver is one folder and one entry here; nothing else in the product names one. Only
 * the chosen ones are loaded.
 */
import { join } from 'node:path';
import { BaykeeperError, type EngineName, type ImageFields } from '@baykeeper/domain';
import { openArtifactMirror, type ArtifactMirror } from './artifacts/artifact-mirror.js';
import { simulateArtifacts } from './artifacts/simulate-artifacts.js';
import { findTemplatesDirectory } from './bootstrap/templates.js';
import type { ComputeDriver } from './contracts/compute.js';
import type { Drivers } from './contracts/drivers.js';
import type { EngineDriver } from './contracts/engine.js';
import type { LoadBalancerDriver } from './contracts/load-balancer.js';
import { catalogueImageOf, loadImageDefinitions } from './compute/local/image-definition.js';
import type { FaultSource } from './inject-faults.js';
import { simulateEngine } from './engines/simulated/simulated.engine.js';
import { createKubernetesEngine } from './engines/kubernetes/kubernetes.engine.js';
import { createSwarmEngine } from './engines/swarm/swarm.engine.js';
import { watchCalls } from './watch-calls.js';

export interface DriversConfig {
  readonly dataDirectory: string;
  /** The mark on everything this installation makes. */
  readonly installation: string;
  readonly compute: ComputeName;
  readonly loadBalancer: LoadBalancerName;
  readonly localSubnet: string | null;
  /** Where the local driver keeps built images; null: in the data directory. */
  readonly imagesDirectory: string | null;
  /** The artifact mirror. */
  readonly artifactsDirectory: string;
  /** A copy of it on the network, which nodes ask first; null: none. */
  readonly artifactsUrl: string | null;
  readonly loadBalancerAddresses: string | null;
  readonly nodePort: number;
  readonly simulated: {
    readonly latencyMs: number;
    readonly failureRate: number;
    readonly capacity: number;
    /** The file that says what goes wrong; null: nothing does. */
    readonly faultsPath: string | null;
  };
}

/** What engines are made with. */
interface EngineParts {
  readonly templatesDirectory: string;
  readonly artifacts: ArtifactMirror;
}

const engines = {
  kubernetes: ({ templatesDirectory, artifacts }: EngineParts) =>
    createKubernetesEngine({ templatesDirectory, releases: artifacts }),
  swarm: ({ templatesDirectory }: EngineParts) => createSwarmEngine({ templatesDirectory }),
} as const satisfies Partial<Record<EngineName, (parts: EngineParts) => EngineDriver>>;

const computes = {
  local: async (config: DriversConfig, templatesDirectory: string) => {
    const { createLocalCompute } = await import('./compute/local/local.driver.js');
    return createLocalCompute({
      dataDirectory: config.dataDirectory,
      installation: config.installation,
      subnet: config.localSubnet,
      imagesDirectory: join(templatesDirectory, 'images'),
      artifactsDirectory: config.artifactsDirectory,
      nodePort: config.nodePort,
      ...(config.imagesDirectory !== null && { imageStoreDirectory: config.imagesDirectory }),
    });
  },
  simulated: async (
    config: DriversConfig,
    _templatesDirectory: string,
    catalogueImages: readonly ImageFields[],
    faults: FaultSource | null,
  ) => {
    const { createSimulatedCompute } = await import('./compute/simulated/simulated.driver.js');
    return createSimulatedCompute({
      ...{ dataDirectory: config.dataDirectory, ...config.simulated, catalogueImages },
      ...(faults && { unlistedMs: async () => (await faults.read()).unlistedSeconds * 1_000 }),
    });
  },
} as const satisfies Record<
  string,
  (
    config: DriversConfig,
    templatesDirectory: string,
    images: readonly ImageFields[],
    faults: FaultSource | null,
  ) => Promise<ComputeDriver>
>;
export type ComputeName = keyof typeof computes;

const loadBalancers = {
  haproxy: async (config: DriversConfig) => {
    const { createHaproxyLoadBalancer } = await import('./load-balancers/haproxy/haproxy.driver.js');
    return createHaproxyLoadBalancer({
      dataDirectory: config.dataDirectory,
      installation: config.installation,
      addressPool: config.loadBalancerAddresses,
    });
  },
  simulated: async (config: DriversConfig) => {
    const { createSimulatedLoadBalancer } = await import('./load-balancers/simulated/simulated.driver.js');
    return createSimulatedLoadBalancer({
      dataDirectory: config.dataDirectory,
      latencyMs: config.simulated.latencyMs,
      failureRate: config.simulated.failureRate,
    });
  },
} as const satisfies Record<string, (config: DriversConfig) => Promise<LoadBalancerDriver>>;
export type LoadBalancerName = keyof typeof loadBalancers;

/**
 * Opens the drivers that the configuration names. Nothing is made outside before a driver is asked to.
 * @throws BaykeeperError `invalid-input` when faults are asked of a driver that is not simulated.
 */
export async function openDrivers(config: DriversConfig): Promise<Drivers> {
  const { faultsPath } = config.simulated;
  if (faultsPath === null) return openWellDrivers(config, null);
  if (config.compute !== 'simulated' || config.loadBalancer !== 'simulated') {
    throw new BaykeeperError({
      code: 'invalid-input',
      publicMessage:
        'BAYKEEPER_SIMULATED_FAULTS is only for simulated machines and load balancers. Take it away, or set BAYKEEPER_COMPUTE and BAYKEEPER_LOAD_BALANCER to simulated.',
    });
  }
  const { injectFaults, openFaults } = await import('./inject-faults.js');
  const faults = openFaults(faultsPath);
  return watchCalls(await openWellDrivers(config, faults), injectFaults(faults));
}

async function openWellDrivers(config: DriversConfig, faults: FaultSource | null): Promise<Drivers> {
  const templatesDirectory = findTemplatesDirectory();
  const images = (await loadImageDefinitions(join(templatesDirectory, 'images'))).map(catalogueImageOf);
  const { artifactsDirectory: directory, artifactsUrl: mirrorUrl } = config;
  const artifacts = openArtifactMirror({ directory, templatesDirectory, mirrorUrl });
  const parts: EngineParts = {
    templatesDirectory,
    // Nothing is installed on machines that do not exist.
    artifacts: config.compute === 'simulated' ? simulateArtifacts(artifacts) : artifacts,
  };
  const opened = new Map<EngineName, EngineDriver>();
  for (const [name, create] of Object.entries(engines)) {
    const engine = create(parts);
    // No engine runs on machines that do not exist.
    opened.set(name as EngineName, config.compute === 'simulated' ? simulateEngine(engine) : engine);
  }
  return {
    compute: await computes[config.compute](config, templatesDirectory, images, faults),
    loadBalancer: await loadBalancers[config.loadBalancer](config),
    engineNames: [...opened.keys()],
    templatesDirectory,
    artifacts,
    engine(name) {
      const engine = opened.get(name);
      if (engine) return engine;
      throw new BaykeeperError({
        code: 'invalid-input',
        publicMessage: `The engine ${name} is not offered here: choose one of ${[...opened.keys()].join(', ')}.`,
      });
    },
  };
}
