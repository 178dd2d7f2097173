/** Records for tests: complete, plain, and changed only where a test says so. */
import type { Bay, NodeGroup } from '../bay.js';
import type { BayId, BaymodelId, NodeGroupId, NodeId, ProjectId, UserId } from '../ids.js';
import type { Node } from '../node.js';

export const T0 = new Date('2026-01-01T00:00:00Z');

/** `T0` and this many seconds. */
export function seconds(count: number): Date {
  return new Date(T0.getTime() + count * 1000);
}

export function makeBay(changes: Partial<Bay> = {}): Bay {
  return {
    id: '00000000-0000-4000-8000-000000000001' as BayId,
    projectId: '00000000-0000-4000-8000-00000000000a' as ProjectId,
    userId: '00000000-0000-4000-8000-00000000000b' as UserId,
    name: 'web',
    baymodelId: '00000000-0000-4000-8000-00000000000c' as BaymodelId,
    engine: 'swarm',
    serverType: 'vm',
    imageId: 'debian-12-docker',
    flavorId: null,
    masterFlavorId: null,
    keypair: null,
    dockerVolumeSize: null,
    labels: {},
    createTimeoutMinutes: 60,
    discoveryUrl: null,
    fixedNetwork: null,
    fixedSubnet: null,
    floatingIpEnabled: true,
    masterLbEnabled: true,
    tlsDisabled: false,
    insecureRegistry: null,
    networkDriver: null,
    httpProxy: null,
    httpsProxy: null,
    noProxy: null,
    generation: 1,
    generationAt: T0,
    deletionRequestedAt: null,
    createdAt: T0,
    updatedAt: null,
    status: 'CREATE_IN_PROGRESS',
    statusReason: null,
    healthStatus: null,
    healthStatusReason: {},
    apiAddress: null,
    coeVersion: null,
    containerVersion: null,
    settledGeneration: 0,
    foundingNodeId: null,
    foundedAt: null,
    ...changes,
  };
}

export function makeGroup(changes: Partial<NodeGroup> = {}): NodeGroup {
  const role = changes.role ?? 'worker';
  return {
    id: (role === 'master'
      ? '00000000-0000-4000-8000-0000000000a1'
      : '00000000-0000-4000-8000-0000000000a2') as NodeGroupId,
    bayId: makeBay().id,
    projectId: makeBay().projectId,
    name: role === 'master' ? 'default-master' : 'default-worker',
    role,
    roleName: null,
    isDefault: true,
    nodeCount: 1,
    minNodeCount: 0,
    maxNodeCount: null,
    flavorId: null,
    imageId: 'debian-12-docker',
    labels: {},
    dockerVolumeSize: null,
    nodeLabels: {},
    nodeTaints: [],
    deletionRequestedAt: null,
    nextOrdinal: 0,
    createdAt: T0,
    updatedAt: null,
    ...changes,
  };
}

/** The id that tests give to the node with this ordinal of this role. */
export function nodeIdOf(role: 'master' | 'worker', ordinal: number): NodeId {
  return `00000000-0000-4000-8${role === 'master' ? '1' : '2'}00-${String(ordinal).padStart(12, '0')}` as NodeId;
}

export function makeNode(changes: Partial<Node> = {}): Node {
  const role = changes.role ?? 'worker';
  const ordinal = changes.ordinal ?? 0;
  return {
    id: nodeIdOf(role, ordinal),
    bayId: makeBay().id,
    projectId: makeBay().projectId,
    nodeGroupId: makeGroup({ role }).id,
    role,
    ordinal,
    name: `web-${role}-${String(ordinal)}`,
    address: null,
    createdAt: T0,
    machineRequestedAt: null,
    machineCreatedAt: null,
    bootedAt: null,
    certifiedAt: null,
    joinGrantedAt: null,
    joinedAt: null,
    readyAt: null,
    registeredAt: null,
    failedAt: null,
    failure: null,
    removalRequestedAt: null,
    removalReason: null,
    deregisteredAt: null,
    drainedAt: null,
    leftAt: null,
    machineRemovedAt: null,
    engineState: null,
    unreadySince: null,
    ...changes,
  };
}

/** A node that has everything behind it: ready and registered since `T0`. */
export function makeReadyNode(changes: Partial<Node> = {}): Node {
  const made = makeNode(changes);
  const octet = (made.role === 'master' ? 10 : 100) + made.ordinal;
  return {
    ...made,
    address: `192.0.2.${String(octet)}`,
    machineRequestedAt: T0,
    machineCreatedAt: T0,
    bootedAt: T0,
    certifiedAt: T0,
    joinGrantedAt: T0,
    joinedAt: T0,
    readyAt: T0,
    registeredAt: T0,
    engineState: 'ready',
    ...changes,
  };
}
