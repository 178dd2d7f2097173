/** Rows for tests: complete and plain, with fresh ids, changed only where a test says so. */
import { randomUUID } from 'node:crypto';
import type {
  Bay,
  BayId,
  Baymodel,
  BaymodelFields,
  BaymodelId,
  NodeGroup,
  NodeGroupId,
  NodeId,
  NodeRole,
  ProjectId,
  UserId,
} from '@baykeeper/domain';
import { makeBay, makeGroup, T0 } from '@baykeeper/domain/testing/builders.js';
import type { NewBaymodel } from '../contracts/bays.js';
import type { NewNode } from '../contracts/nodes.js';
import type { Stores } from '../contracts/stores.js';
import { SYSTEM } from '../scope.js';

export const SOMEBODY = '00000000-0000-4000-8000-00000000000b' as UserId;

export async function seedProject(stores: Stores): Promise<ProjectId> {
  const id = randomUUID() as ProjectId;
  await stores.projects.insert({ id, name: `project-${id}` });
  return id;
}

export type BaymodelChanges = Partial<BaymodelFields & Pick<NewBaymodel, 'id' | 'refs'>>;

export function makeNewBaymodel(projectId: ProjectId, { id, refs, ...changes }: BaymodelChanges = {}): NewBaymodel {
  const fields: BaymodelFields = {
    name: 'small-swarm',
    coe: 'swarm',
    imageId: 'debian-12-docker',
    flavorId: 'small',
    masterFlavorId: null,
    keypairId: null,
    dnsNameserver: null,
    externalNetworkId: null,
    fixedNetwork: null,
    fixedSubnet: null,
    networkDriver: null,
    volumeDriver: null,
    apiserverPort: null,
    dockerVolumeSize: null,
    dockerStorageDriver: null,
    clusterDistro: null,
    httpProxy: null,
    httpsProxy: null,
    noProxy: null,
    insecureRegistry: null,
    registryEnabled: false,
    tlsDisabled: false,
    public: false,
    hidden: false,
    masterLbEnabled: true,
    floatingIpEnabled: true,
    serverType: 'vm',
    labels: { lb_ports: '80' },
    tags: null,
    driver: null,
    ...changes,
  };
  return { id: id ?? (randomUUID() as BaymodelId), projectId, userId: SOMEBODY, fields, ...(refs && { refs }) };
}

export function seedBaymodel(stores: Stores, projectId: ProjectId, changes: BaymodelChanges = {}): Promise<Baymodel> {
  return stores.baymodels.insert(SYSTEM, makeNewBaymodel(projectId, changes));
}

export interface SeededBay {
  readonly bay: Bay;
  readonly masters: NodeGroup;
  readonly workers: NodeGroup;
}

/** A bay of one master and one worker, with a baymodel of its own. */
export async function seedBay(
  stores: Stores,
  projectId: ProjectId,
  changes: Partial<Pick<Bay, 'id' | 'name' | 'flavorId'>> = {},
): Promise<SeededBay> {
  const baymodel = await seedBaymodel(stores, projectId, { name: `for-${randomUUID()}` });
  const id = changes.id ?? (randomUUID() as BayId);
  const groupOf = (role: NodeRole): NodeGroup =>
    makeGroup({ id: randomUUID() as NodeGroupId, bayId: id, projectId, role });
  const wanted = makeBay({ ...changes, id, projectId, baymodelId: baymodel.id });
  const bay = await stores.bays.insert(SYSTEM, wanted, [groupOf('master'), groupOf('worker')]);
  const [masters, workers] = await stores.nodeGroups.listByBay(SYSTEM, id);
  if (!masters || !workers) throw new Error('the bay has no groups');
  return { bay, masters, workers };
}

export function makeNewNode(group: NodeGroup, ordinal: number, changes: Partial<NewNode> = {}): NewNode {
  return {
    id: randomUUID() as NodeId,
    bayId: group.bayId,
    projectId: group.projectId,
    nodeGroupId: group.id,
    role: group.role,
    ordinal,
    name: `web-${group.role}-${ordinal}`,
    createdAt: T0,
    ...changes,
  };
}
