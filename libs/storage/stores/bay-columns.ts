import type { BayFacts } from '@baykeeper/domain';
import type { NewBay } from '../contracts/bays.js';
import type { BayEntity } from '../entities/bay.entity.js';
import type { SortKeys } from './paging.js';

// Records, so that the compiler finds a field that is missing here.
const SPEC: Readonly<Record<Exclude<keyof NewBay, 'healthStatus' | 'healthStatusReason' | 'refs'>, true>> = {
  id: true,
  projectId: true,
  userId: true,
  name: true,
  baymodelId: true,
  engine: true,
  serverType: true,
  imageId: true,
  flavorId: true,
  masterFlavorId: true,
  keypair: true,
  dockerVolumeSize: true,
  labels: true,
  createTimeoutMinutes: true,
  discoveryUrl: true,
  fixedNetwork: true,
  fixedSubnet: true,
  floatingIpEnabled: true,
  masterLbEnabled: true,
  tlsDisabled: true,
  insecureRegistry: true,
  networkDriver: true,
  httpProxy: true,
  httpsProxy: true,
  noProxy: true,
};
export const SPEC_NAMES = Object.keys(SPEC) as (keyof typeof SPEC)[];

/** What a wish may change: who the bay belongs to and what runs it never do. */
export const WISH_NAMES = SPEC_NAMES.filter(
  (name) => name !== 'id' && name !== 'projectId' && name !== 'userId' && name !== 'engine',
);

const FACTS: Readonly<Record<keyof BayFacts, true>> = {
  status: true,
  statusReason: true,
  healthStatus: true,
  healthStatusReason: true,
  apiAddress: true,
  coeVersion: true,
  containerVersion: true,
  settledGeneration: true,
  foundingNodeId: true,
  foundedAt: true,
};
export const FACT_NAMES = Object.keys(FACTS) as (keyof BayFacts)[];

export const BAY_SORT_KEYS: SortKeys<BayEntity> = {
  id: 'sequence',
  uuid: 'id',
  name: 'name',
  cluster_template_id: 'baymodelId',
  baymodel_id: 'baymodelId',
  keypair: 'keypair',
  docker_volume_size: 'dockerVolumeSize',
  flavor_id: 'flavorId',
  master_flavor_id: 'masterFlavorId',
  create_timeout: 'createTimeoutMinutes',
  bay_create_timeout: 'createTimeoutMinutes',
  discovery_url: 'discoveryUrl',
  fixed_network: 'fixedNetwork',
  fixed_subnet: 'fixedSubnet',
  floating_ip_enabled: 'floatingIpEnabled',
  master_lb_enabled: 'masterLbEnabled',
  status: 'status',
  status_reason: 'statusReason',
  health_status: 'healthStatus',
  api_address: 'apiAddress',
  coe_version: 'coeVersion',
  container_version: 'containerVersion',
  project_id: 'projectId',
  user_id: 'userId',
  created_at: 'createdAt',
  updated_at: 'updatedAt',
};
