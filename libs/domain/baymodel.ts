import type { BaymodelId, ProjectId, UserId } from './ids.js';

/** Container orchestration engines. `kubernetes`, `mesos` and `nomad` exist as names; a driver decides what is offered. */
export const ENGINE_NAMES = ['swarm', 'kubernetes', 'mesos', 'nomad'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

export const SERVER_TYPES = ['vm', 'bm'] as const;
export type ServerType = (typeof SERVER_TYPES)[number];

/** Labels as Magnum stores them: text to text. */
export type Labels = Readonly<Record<string, string>>;

/** A template that bays are made from (Magnum: cluster template). Fields and limits: Magnum v1. */
export interface BaymodelFields {
  readonly name: string;
  readonly coe: EngineName;
  readonly imageId: string;
  readonly flavorId: string | null;
  readonly masterFlavorId: string | null;
  readonly keypairId: string | null;
  readonly dnsNameserver: string | null;
  readonly externalNetworkId: string | null;
  readonly fixedNetwork: string | null;
  readonly fixedSubnet: string | null;
  readonly networkDriver: string | null;
  readonly volumeDriver: string | null;
  readonly apiserverPort: number | null;
  readonly dockerVolumeSize: number | null;
  readonly dockerStorageDriver: string | null;
  readonly clusterDistro: string | null;
  readonly httpProxy: string | null;
  readonly httpsProxy: string | null;
  readonly noProxy: string | null;
  readonly insecureRegistry: string | null;
  readonly registryEnabled: boolean;
  readonly tlsDisabled: boolean;
  readonly public: boolean;
  readonly hidden: boolean;
  readonly masterLbEnabled: boolean;
  readonly floatingIpEnabled: boolean;
  readonly serverType: ServerType;
  readonly labels: Labels;
  readonly tags: string | null;
  readonly driver: string | null;
}

export interface Baymodel extends BaymodelFields {
  readonly id: BaymodelId;
  readonly projectId: ProjectId;
  readonly userId: UserId;
  readonly createdAt: Date;
  readonly updatedAt: Date | null;
}
