/** The things that routes are about, made straight in the database: each with a name that no other project may read. */
import { randomUUID } from 'node:crypto';
import type { BayId, FlavorId, ImageId, NetworkId, NodeGroupId, ProjectId } from '@baykeeper/domain';
import { makeGroup } from '@baykeeper/domain/testing/builders.js';
import type { Database, Stores } from '@baykeeper/storage';
import { seedBay, seedBaymodel } from '@baykeeper/storage/testing/seed.js';

/** Identifiers by the name that a path or a body gives them. */
export type Idents = Readonly<Record<string, string>>;

export interface Resource {
  /** By uuid. */
  readonly idents: Idents;
  /** The same by name. */
  readonly names: Idents;
}

type Make = (stores: Stores, projectId: ProjectId) => Promise<Resource>;

/** Begins every name: an answer to somebody else that has it in it has told too much. */
export const SECRET = 'secret-of-a-project';
const secretName = (): string => `${SECRET}-${randomUUID()}`;

const MAKERS = {
  async bay(stores, projectId) {
    const name = secretName();
    const { bay } = await seedBay(stores, projectId, { name });
    await setAddress(stores, bay.id);
    return { idents: { ident: bay.id }, names: { ident: name } };
  },
  async baymodel(stores, projectId) {
    const name = secretName();
    const { id } = await seedBaymodel(stores, projectId, { name, flavorId: 'm1.small' });
    return { idents: { ident: id }, names: { ident: name } };
  },
  flavor: (stores) =>
    entryOf(({ common }) =>
      stores.flavors.insert(randomUUID() as FlavorId, { ...common, vcpus: 1, memoryMib: 512, diskGib: 1 }),
    ),
  image: (stores) =>
    entryOf(({ common }) =>
      stores.images.insert(randomUUID() as ImageId, {
        ...{ ...common, osDistro: 'debian', architecture: null, status: 'active', properties: {} },
        ...{ minDiskGib: 0, minMemoryMib: 0, driverImage: 'debian-12-docker' },
      }),
    ),
  network: (stores) =>
    entryOf(({ common }) =>
      stores.networks.insert(randomUUID() as NetworkId, { ...common, external: false, mtu: null, subnets: [] }),
    ),
  async nodeGroup(stores, projectId) {
    const [name, groupName] = [secretName(), secretName()];
    const { bay } = await seedBay(stores, projectId, { name });
    await setAddress(stores, bay.id);
    const id = randomUUID() as NodeGroupId;
    const group = makeGroup({ id, bayId: bay.id, projectId, name: groupName, isDefault: false });
    await stores.nodeGroups.insert({ projectId }, group);
    return { idents: { ident: bay.id, group: id }, names: { ident: name, group: groupName } };
  },
  project(_stores, projectId) {
    return Promise.resolve({ idents: { project: projectId }, names: { project: projectId } });
  },
  async quota({ quotas }, projectId) {
    const resource = 'Node';
    if ((await quotas.find(projectId, resource)) === null) await quotas.insert({ projectId, resource, hardLimit: 7 });
    const idents = { project: projectId, resource };
    return { idents, names: idents };
  },
} as const satisfies Readonly<Record<string, Make>>;

interface NewEntry {
  readonly common: { readonly name: string; readonly description: null; readonly public: true };
}

/** One of the catalogue: no project's, so its name is no secret. */
async function entryOf(insert: (entry: NewEntry) => Promise<{ readonly id: string }>): Promise<Resource> {
  const name = `entry-${randomUUID()}`;
  const { id } = await insert({ common: { name, description: null, public: true } });
  return { idents: { ident: id }, names: { ident: name } };
}

export type ResourceName = keyof typeof MAKERS;
export const RESOURCES = Object.keys(MAKERS) as ResourceName[];

export function makeResource(database: Database, name: ResourceName, projectId: ProjectId): Promise<Resource> {
  return MAKERS[name](database.stores, projectId);
}

/** Identifiers of the same form that nothing has. */
export function absentLike(idents: Idents): Idents {
  return Object.fromEntries(
    Object.entries(idents).map(([key, ident]) => [key, ident.startsWith(SECRET) ? secretName() : randomUUID()]),
  );
}

/** So that there is something to get credentials for. */
async function setAddress({ bays }: Stores, id: BayId): Promise<void> {
  const lease = await bays.acquireLease(id, 'walk', 60);
  if (lease === null) throw new Error('the bay of the walk is held by somebody');
  await bays.saveFacts(id, lease.token, { apiAddress: 'tcp://198.51.100.7:2376' });
  await bays.releaseLease(id, lease.token);
}
