/**
 * The one list of drivers. Adding a driver is one folder and one line here; nothing else in the product names one.
 */
import { join } from 'node:path';
import { BaykeeperError, type EngineName, type ImageFields } from '@baykeeper/domain';
import { findTemplatesDirectory } from './bootstrap/templates.js';
import type { ComputeDriver } from './contracts/compute.js';
import type { EngineDriver } from './contracts/engine.js';
import type { LoadBalancerDriver } from './contracts/load-balancer.js';
import { catalogueImageOf, loadImageDefinitions } from './compute/local/image-definition.js';
import { createLocalCompute } from './compute/local/local.driver.js';
import { createSimulatedCompute } from './compute/simulated/simulated.driver.js';
import { simulateEngine } from './engines/simulated/simulated.engine.js';
import { createSwarmEngine } from './engines/swarm/swarm.engine.js';
import { createHaproxyLoadBalancer } from './load-balancers/haproxy/haproxy.driver.js';
import { createSimulatedLoadBalancer } from './load-balancers/simulated/simulated.driver.js';

export interface DriversConfig {
  readonly dataDirectory: string;
  /** The mark on everything this installation makes. */
  readonly installation: string;
  readonly compute: ComputeName;
  readonly loadBalancer: LoadBalancerName;
  readonly localSubnet: string | null;
  /** Where the local driver keeps built images; null: in the data directory. */
  readonly imagesDirectory: string | null;
  readonly loadBalancerAddresses: string | null;
  readonly nodePort: number;
  readonly simulated: { readonly latencyMs: number; readonly failureRate: number; readonly capacity: number };
}

export interface Drivers {
  readonly compute: ComputeDriver;
  readonly loadBalancer: LoadBalancerDriver;
  readonly engineNames: readonly EngineName[];
  readonly templatesDirectory: string;
  /** @throws BaykeeperError `invalid-input` when no driver offers it. */
  engine(name: EngineName): EngineDriver;
}

const engines = {
  swarm: (templatesDirectory: string) => createSwarmEngine({ templatesDirectory }),
} as const satisfies Partial<Record<EngineName, (templatesDirectory: string) => EngineDriver>>;

const computes = {
  local: (config: DriversConfig, templatesDirectory: string) =>
    createLocalCompute({
      dataDirectory: config.dataDirectory,
      installation: config.installation,
      subnet: config.localSubnet,
      imagesDirectory: join(templatesDirectory, 'images'),
      nodePort: config.nodePort,
      ...(config.imagesDirectory !== null && { imageStoreDirectory: config.imagesDirectory }),
    }),
  simulated: (config: DriversConfig, _templatesDirectory: string, catalogueImages: readonly ImageFields[]) =>
    createSimulatedCompute({ dataDirectory: config.dataDirectory, ...config.simulated, catalogueImages }),
} as const satisfies Record<
  string,
  (config: DriversConfig, templatesDirectory: string, images: readonly ImageFields[]) => ComputeDriver
>;
export type ComputeName = keyof typeof computes;

const loadBalancers = {
  haproxy: (config: DriversConfig) =>
    createHaproxyLoadBalancer({
      dataDirectory: config.dataDirectory,
      installation: config.installation,
      addressPool: config.loadBalancerAddresses,
    }),
  simulated: (config: DriversConfig) =>
    createSimulatedLoadBalancer({
      dataDirectory: config.dataDirectory,
      latencyMs: config.simulated.latencyMs,
      failureRate: config.simulated.failureRate,
    }),
} as const satisfies Record<string, (config: DriversConfig) => LoadBalancerDriver>;
export type LoadBalancerName = keyof typeof loadBalancers;

/** Opens the drivers that the configuration names. Nothing is made outside before a driver is asked to. */
export async function openDrivers(config: DriversConfig): Promise<Drivers> {
  const templatesDirectory = findTemplatesDirectory();
  const images = (await loadImageDefinitions(join(templatesDirectory, 'images'))).map(catalogueImageOf);
  const opened = new Map<EngineName, EngineDriver>();
  for (const [name, create] of Object.entries(engines)) {
    const engine = create(templatesDirectory);
    // No engine runs on machines that do not exist.
    opened.set(name as EngineName, config.compute === 'simulated' ? simulateEngine(engine) : engine);
  }
  return {
    compute: computes[config.compute](config, templatesDirectory, images),
    loadBalancer: loadBalancers[config.loadBalancer](config),
    engineNames: [...opened.keys()],
    templatesDirectory,
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
