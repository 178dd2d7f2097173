import { randomUUID } from 'node:crypto';
import {
  DEFAULT_MASTER_GROUP,
  DEFAULT_WORKER_GROUP,
  type BayId,
  type Baymodel,
  type NodeGroupId,
  type NodeRole,
} from '@baykeeper/domain';
import type { NewBay, NewNodeGroup } from '@baykeeper/storage';
import type { Caller } from '../caller.js';
import type { BayWish } from './bay.schema.js';
import { inheritLabels } from './labels.js';

export interface BayRows {
  readonly bay: NewBay;
  readonly groups: readonly NewNodeGroup[];
}

/** A bay and its two groups from a wish. All that it needs of its baymodel is copied: changing that changes no bay. */
export function newBay(wish: BayWish, baymodel: Baymodel, caller: Caller): BayRows {
  const bay: NewBay = {
    id: randomUUID() as BayId,
    projectId: caller.projectId,
    userId: caller.userId,
    name: wish.name,
    baymodelId: baymodel.id,
    engine: baymodel.coe,
    serverType: baymodel.serverType,
    imageId: baymodel.imageId,
    flavorId: wish.flavorId ?? baymodel.flavorId,
    masterFlavorId: wish.masterFlavorId ?? baymodel.masterFlavorId,
    keypair: wish.keypair ?? baymodel.keypairId,
    dockerVolumeSize: wish.dockerVolumeSize ?? baymodel.dockerVolumeSize,
    labels: inheritLabels(baymodel.labels, wish.labels, wish.mergeLabels),
    createTimeoutMinutes: wish.createTimeoutMinutes,
    discoveryUrl: wish.discoveryUrl,
    fixedNetwork: wish.fixedNetwork ?? baymodel.fixedNetwork,
    fixedSubnet: wish.fixedSubnet ?? baymodel.fixedSubnet,
    networkDriver: baymodel.networkDriver,
    floatingIpEnabled: wish.floatingIpEnabled ?? baymodel.floatingIpEnabled,
    masterLbEnabled: wish.masterLbEnabled ?? baymodel.masterLbEnabled,
    tlsDisabled: baymodel.tlsDisabled,
    insecureRegistry: baymodel.insecureRegistry,
    httpProxy: baymodel.httpProxy,
    httpsProxy: baymodel.httpsProxy,
    noProxy: baymodel.noProxy,
    healthStatus: wish.healthStatus,
    healthStatusReason: wish.healthStatusReason,
  };
  return {
    bay,
    groups: [
      defaultGroup(bay, 'master', wish.masterCount, 1),
      defaultGroup(bay, 'worker', wish.nodeCount, leastWorkers(bay)),
    ],
  };
}

function defaultGroup(bay: NewBay, role: NodeRole, nodeCount: number, minNodeCount: number): NewNodeGroup {
  return {
    id: randomUUID() as NodeGroupId,
    bayId: bay.id,
    projectId: bay.projectId,
    name: role === 'master' ? DEFAULT_MASTER_GROUP : DEFAULT_WORKER_GROUP,
    role,
    roleName: null,
    isDefault: true,
    nodeCount,
    minNodeCount,
    maxNodeCount: null,
    flavorId: role === 'master' ? bay.masterFlavorId : bay.flavorId,
    imageId: bay.imageId,
    labels: bay.labels,
    dockerVolumeSize: null,
    nodeLabels: {},
    nodeTaints: [],
  };
}

/** Magnum takes the bound of the default workers from a label; one that is no number is no bound. */
function leastWorkers(bay: NewBay): number {
  const label = bay.labels.min_node_count;
  return label !== undefined && /^\d{1,5}$/.test(label) ? Number(label) : 0;
}
