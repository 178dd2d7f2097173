/** A bay in a real database, with its project, user, baymodel, groups and nodes; each test file has its own server. */
import { randomUUID } from 'node:crypto';
import type {
  Bay,
  BayId,
  BaymodelId,
  LoadBalancerId,
  Node,
  NodeGroupId,
  NodeId,
  ProjectId,
  UserId,
} from '@baykeeper/domain';
import { makeBay, makeGroup, makeNode } from '@baykeeper/domain/testing/builders.js';
import { openKeyVault, type KeyVault } from '@baykeeper/pki';
import type { Signals } from '@baykeeper/queue';
import { SYSTEM, type Database } from '@baykeeper/storage';
import type { Caller } from '../caller.js';

export const vault: KeyVault = openKeyVault(Buffer.alloc(32, 1));

export interface TestBay {
  readonly bay: Bay;
  readonly caller: Caller;
  readonly node: Node;
}

/** @param changes.lbAddress null: the balancer exists and has no address yet */
export async function insertTestBay(
  { stores }: Database,
  changes: { bay?: Partial<Bay>; nodeAddress?: string | null; lbAddress?: string | null } = {},
): Promise<TestBay> {
  const projectId = randomUUID() as ProjectId;
  const userId = randomUUID() as UserId;
  await stores.projects.insert({ id: projectId, name: `project-${projectId}` });
  await stores.users.insert({ id: userId, name: `user-${userId}`, passwordHash: '!', defaultProjectId: projectId });
  const baymodelId = randomUUID() as BaymodelId;
  await stores.baymodels.insert(SYSTEM, {
    ...{ id: baymodelId, projectId, userId },
    fields: {
      ...{ name: 'swarm', coe: 'swarm', imageId: 'debian-12-docker' },
      ...{ flavorId: null, masterFlavorId: null, keypairId: null, dnsNameserver: null, externalNetworkId: null },
      ...{ fixedNetwork: null, fixedSubnet: null, networkDriver: null, volumeDriver: null, apiserverPort: null },
      ...{ dockerVolumeSize: null, dockerStorageDriver: null, clusterDistro: null, httpProxy: null, httpsProxy: null },
      ...{ noProxy: null, insecureRegistry: null, registryEnabled: false, tlsDisabled: false, public: false },
      ...{ hidden: false, masterLbEnabled: true, floatingIpEnabled: true, serverType: 'vm', labels: {}, tags: null },
      driver: null,
    },
  });
  const id = randomUUID() as BayId;
  const group = makeGroup({ id: randomUUID() as NodeGroupId, bayId: id, projectId, role: 'master' });
  const bay = await stores.bays.insert(SYSTEM, makeBay({ ...changes.bay, id, projectId, userId, baymodelId }), [group]);
  await stores.loadBalancers.insert({
    ...{ id: randomUUID() as LoadBalancerId, bayId: id, projectId, listeners: [], requestedAt: new Date() },
  });
  const loadBalancer = await stores.loadBalancers.findByBay(SYSTEM, id);
  const { lbAddress = '203.0.113.7', nodeAddress = '10.0.0.2' } = changes;
  if (loadBalancer !== null && lbAddress !== null) {
    await stores.loadBalancers.recordFacts(loadBalancer.id, { address: lbAddress });
  }
  const node = makeNode({
    ...{ id: randomUUID() as NodeId, bayId: id, projectId, nodeGroupId: group.id },
    ...{ role: 'master', name: 'web-master-0' },
  });
  await stores.nodes.insertMany([node]);
  if (nodeAddress !== null) await stores.nodes.recordFacts(node.id, { address: nodeAddress });
  return {
    bay,
    caller: {
      ...{ projectId, userId, userName: 'ada', roles: ['member'] },
      ...{ isSystemAdmin: false, requestId: null, address: null },
    },
    node,
  };
}

export interface TestSignals extends Pick<Signals, 'publish' | 'subscribe'> {
  readonly published: string[];
  readonly subscribers: ReadonlyMap<string, ReadonlySet<() => void>>;
}

/** Signals within the test's process. */
export function openTestSignals(): TestSignals {
  const published: string[] = [];
  const subscribers = new Map<string, Set<() => void>>();
  return {
    published,
    subscribers,
    publish(topic) {
      published.push(topic);
      for (const callback of subscribers.get(topic) ?? []) callback();
      return Promise.resolve();
    },
    subscribe(topic, callback) {
      const callbacks = subscribers.get(topic) ?? new Set();
      subscribers.set(topic, callbacks.add(callback));
      return Promise.resolve(() => {
        callbacks.delete(callback);
      });
    },
  };
}
