import type { EngineName } from '@baykeeper/domain';
import type { ArtifactMirror } from '../artifacts/artifact-mirror.js';
import type { ComputeDriver } from './compute.js';
import type { EngineDriver } from './engine.js';
import type { LoadBalancerDriver } from './load-balancer.js';

/** Those of one installation. */
export interface Drivers {
  readonly compute: ComputeDriver;
  readonly loadBalancer: LoadBalancerDriver;
  readonly engineNames: readonly EngineName[];
  readonly templatesDirectory: string;
  /** What engines install on nodes. */
  readonly artifacts: ArtifactMirror;
  /** @throws BaykeeperError `invalid-input` when no driver offers it. */
  engine(name: EngineName): EngineDriver;
}
