/**
 * The one list of drivers. Adding a driver is one folder and one line here; nothing else in the product names one.
 */
import { BaykeeperError, type EngineName } from '@baykeeper/domain';
import type { ComputeDriver } from './contracts/compute.js';
import type { EngineDriver } from './contracts/engine.js';
import type { LoadBalancerDriver } from './contracts/load-balancer.js';

export interface Drivers {
  readonly compute: ComputeDriver;
  readonly loadBalancer: LoadBalancerDriver;
  readonly engineNames: readonly EngineName[];
  /** @throws BaykeeperError `invalid-input` when no driver offers it. */
  engine(name: EngineName): EngineDriver;
}
