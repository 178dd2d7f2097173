import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type {
  FlavorFields,
  FlavorId,
  ImageFields,
  ImageId,
  KeypairId,
  NetworkFields,
  NetworkId,
  SubnetId,
  UserId,
} from '@baykeeper/domain';
import { makeBay, makeGroup } from '@baykeeper/domain/testing/builders.js';
import type { BuiltInEntries } from './contracts/catalogue.js';
import type { Database, Stores } from './contracts/stores.js';
import { openDatabase } from './database.js';
import { FIRST_PAGE } from './page.js';
import { SYSTEM } from './scope.js';
import { makeNewBaymodel, seedBaymodel, seedProject } from './testing/seed.js';
import { startTestDatabase, type TestDatabase } from './testing/start-test-database.js';

// Starting a server takes a second, and many on a machine that is busy.
jest.setTimeout(120_000);

const SMALL: FlavorFields = {
  ...{ name: 'small', description: null, public: true },
  ...{ vcpus: 1, memoryMib: 2048, diskGib: 20 },
};
const DEBIAN: ImageFields = {
  ...{ name: 'debian', description: null, public: true, osDistro: 'debian', architecture: 'x86_64' },
  ...{ status: 'active', minDiskGib: 0, minMemoryMib: 0, properties: { hw: 'any' }, driverImage: 'debian-12-docker' },
};
const PRIVATE: NetworkFields = { name: 'private', description: null, public: true, external: false, mtu: 1500 };

let server: TestDatabase;
let database: Database;
let stores: Stores;
beforeAll(async () => {
  server = await startTestDatabase();
});
afterAll(() => server.stop());
beforeEach(async () => {
  database = await openDatabase({ url: await server.freshUrl() });
  ({ stores } = database);
});
afterEach(() => database.close());

const flavor = (changes: Partial<FlavorFields> = {}) =>
  stores.flavors.insert(randomUUID() as FlavorId, { ...SMALL, ...changes });
const image = (changes: Partial<ImageFields> = {}) =>
  stores.images.insert(randomUUID() as ImageId, { ...DEBIAN, ...changes });
const network = (changes: Partial<NetworkFields> = {}, subnetName = 'private-v4') =>
  stores.networks.insert(randomUUID() as NetworkId, {
    ...{ ...PRIVATE, ...changes },
    subnets: [{ id: randomUUID() as SubnetId, name: subnetName, cidr: '192.0.2.0/24', gatewayIp: '192.0.2.1' }],
  });

describe('entries of the catalogue', () => {
  it('are kept as they were given, and changed one field at a time', async () => {
    const made = await image();
    expect(made).toMatchObject({ ...DEBIAN, builtIn: false, updatedAt: null });
    const changed = await stores.images.update(made.id, { properties: { hw: 'none' } });
    expect(changed).toMatchObject({ ...DEBIAN, properties: { hw: 'none' } });
    expect(changed.updatedAt).toBeInstanceOf(Date);
    await stores.images.remove(made.id);
    await expect(stores.images.find('all', made.id)).rejects.toMatchObject({ code: 'not-found' });
    await expect(stores.images.remove(made.id)).rejects.toMatchObject({ code: 'not-found' });
    await expect(stores.images.update(made.id, { name: 'x' })).rejects.toMatchObject({ code: 'not-found' });
  });

  it('are found by name while it is the only one', async () => {
    const first = await flavor();
    expect(await stores.flavors.find('public', 'small')).toMatchObject({ id: first.id });
    const second = await flavor();
    await expect(stores.flavors.find('public', 'small')).rejects.toMatchObject({ code: 'conflict' });
    expect(await stores.flavors.find('public', second.id)).toMatchObject({ id: second.id });
  });

  it('are shown to everybody only when they are public', async () => {
    const hidden = await flavor({ public: false });
    await flavor({ name: 'large' });
    const names = async (audience: 'public' | 'all') =>
      (await stores.flavors.list(audience, FIRST_PAGE)).map(({ name }) => name);
    expect(await names('public')).toEqual(['large']);
    expect(await names('all')).toEqual(['small', 'large']);
    await expect(stores.flavors.find('public', hidden.id)).rejects.toMatchObject({ code: 'not-found' });
    await expect(stores.flavors.list('public', { ...FIRST_PAGE, marker: hidden.id })).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  it('come in pages, sorted as asked', async () => {
    for (const [name, vcpus] of [
      ['a', 4],
      ['b', 1],
      ['c', 2],
    ] as const)
      await flavor({ name, vcpus });
    const page = { ...FIRST_PAGE, sortKey: 'vcpus', limit: 2 };
    const first = await stores.flavors.list('public', page);
    expect(first.map(({ name }) => name)).toEqual(['b', 'c']);
    const rest = await stores.flavors.list('public', { ...page, marker: first[1]?.id ?? null });
    expect(rest.map(({ name }) => name)).toEqual(['a']);
    await expect(stores.flavors.list('public', { ...page, sortKey: 'sequence' })).rejects.toMatchObject({
      code: 'invalid-input',
    });
  });

  it('that are networks carry their subnets, and take them along', async () => {
    const made = await network();
    expect(made.subnets).toMatchObject([{ name: 'private-v4', cidr: '192.0.2.0/24', gatewayIp: '192.0.2.1' }]);
    expect(await stores.networks.list('public', FIRST_PAGE)).toEqual([made]);
    await stores.networks.update(made.id, { mtu: 1400 });
    expect(await stores.networks.find('public', 'private')).toMatchObject({ mtu: 1400, subnets: made.subnets });
    await stores.networks.remove(made.id);
    const { subnets } = await stores.catalogue.resolve({
      ...{ flavors: [], images: [], networks: [], subnets: ['private-v4'] },
    });
    expect(subnets).toEqual([]);
  });
});

describe('what was made from an entry', () => {
  it('keeps it, also from a deletion that did not look', async () => {
    const projectId = await seedProject(stores);
    const [small, debian, inside, outside] = [await flavor(), await image(), await network(), await network()];
    await stores.baymodels.insert(
      SYSTEM,
      makeNewBaymodel(projectId, {
        refs: {
          imageRef: debian.id,
          flavorRef: null,
          masterFlavorRef: small.id,
          externalNetworkRef: outside.id,
          fixedNetworkRef: null,
          fixedSubnetRef: inside.subnets[0]?.id ?? null,
        },
      }),
    );
    expect(await stores.flavors.isReferenced(small.id)).toBe(true);
    expect(await stores.images.isReferenced(debian.id)).toBe(true);
    expect(await stores.networks.isReferenced(inside.id)).toBe(true);
    expect(await stores.networks.isReferenced(outside.id)).toBe(true);
    await expect(stores.flavors.remove(small.id)).rejects.toMatchObject({ code: 'conflict' });
    await expect(stores.images.remove(debian.id)).rejects.toMatchObject({ code: 'conflict' });
    await expect(stores.networks.remove(inside.id)).rejects.toMatchObject({ code: 'conflict' });
    const other = await flavor();
    expect(await stores.flavors.isReferenced(other.id)).toBe(false);
  });

  it('lets it go when it changes to another', async () => {
    const projectId = await seedProject(stores);
    const [small, large, debian] = [await flavor(), await flavor({ name: 'large' }), await image()];
    const refs = {
      ...{ imageRef: debian.id, flavorRef: small.id, masterFlavorRef: null },
      ...{ externalNetworkRef: null, fixedNetworkRef: null, fixedSubnetRef: null },
    };
    const baymodel = await seedBaymodel(stores, projectId, { refs });
    await stores.baymodels.update(SYSTEM, baymodel.id, { flavorId: 'large' }, { ...refs, flavorRef: large.id });
    await stores.flavors.remove(small.id);
    await expect(stores.flavors.remove(large.id)).rejects.toMatchObject({ code: 'conflict' });
  });
});

describe('resolving', () => {
  it('answers for many names and ids at once, with all that they may mean', async () => {
    const [small, hidden, debian, inside] = [
      await flavor(),
      await flavor({ public: false }),
      await image(),
      await network(),
    ];
    const found = await stores.catalogue.resolve({
      flavors: ['small', 'no-such'],
      images: [debian.id],
      networks: ['private', inside.id],
      subnets: ['private-v4'],
    });
    expect(found.flavors.map(({ id }) => id).sort()).toEqual([small.id, hidden.id].sort());
    expect(found.flavors[0]).toMatchObject({ vcpus: 1, memoryMib: 2048, diskGib: 20 });
    expect(found.images).toMatchObject([{ id: debian.id, osDistro: 'debian', properties: { hw: 'any' } }]);
    expect(found.networks).toEqual([{ id: inside.id, name: 'private', public: true, external: false }]);
    expect(found.subnets).toMatchObject([{ name: 'private-v4', networkId: inside.id, public: true }]);
  });

  it('never takes an id for a name, nor chokes on what nothing can be called', async () => {
    const small = await flavor();
    await flavor({ name: small.id });
    const ask = (ident: string) =>
      stores.catalogue.resolve({ flavors: [ident], images: [], networks: [], subnets: [] });
    expect((await ask(small.id)).flavors).toMatchObject([{ id: small.id, name: 'small' }]);
    expect((await ask('a\0b')).flavors).toEqual([]);
    expect((await ask(small.id.toUpperCase())).flavors).toEqual([]);
  });
});

describe('built-in entries', () => {
  const flavorId = randomUUID() as FlavorId;
  const imageId = randomUUID() as ImageId;
  const networkId = randomUUID() as NetworkId;
  const subnet = { id: randomUUID() as SubnetId, name: 'nodes', cidr: '10.0.0.0/24', gatewayIp: null };
  const entries: BuiltInEntries = {
    flavors: [{ ...SMALL, id: flavorId }],
    images: [{ ...DEBIAN, id: imageId }],
    networks: [{ ...PRIVATE, id: networkId, subnets: [subnet] }],
  };

  it('are put in once, by however many servers, and follow the driver', async () => {
    await Promise.all(Array.from({ length: 4 }, () => stores.catalogue.putBuiltIns(entries)));
    expect(await stores.flavors.list('public', FIRST_PAGE)).toMatchObject([{ ...SMALL, builtIn: true }]);
    await stores.catalogue.putBuiltIns({
      ...entries,
      networks: [{ ...PRIVATE, id: networkId, subnets: [{ ...subnet, cidr: '10.1.0.0/24' }] }],
    });
    expect(await stores.networks.find('public', 'private')).toMatchObject({ subnets: [{ cidr: '10.1.0.0/24' }] });
  });

  it('are changed and deleted by nobody', async () => {
    await stores.catalogue.putBuiltIns(entries);
    await expect(stores.flavors.update(flavorId, { vcpus: 9 })).rejects.toMatchObject({ code: 'not-found' });
    await expect(stores.images.remove(imageId)).rejects.toMatchObject({ code: 'not-found' });
    await expect(stores.networks.remove(networkId)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('that the driver offers no more go, unless something was made from them; administrators’ stay', async () => {
    await stores.catalogue.putBuiltIns(entries);
    await flavor({ name: 'own' });
    const projectId = await seedProject(stores);
    await seedBaymodel(stores, projectId, {
      refs: {
        ...{ imageRef: imageId, flavorRef: null, masterFlavorRef: null },
        ...{ externalNetworkRef: null, fixedNetworkRef: null, fixedSubnetRef: null },
      },
    });
    await stores.catalogue.putBuiltIns({ flavors: [], images: [], networks: [] });
    expect((await stores.flavors.list('public', FIRST_PAGE)).map(({ name }) => name)).toEqual(['own']);
    expect(await stores.images.list('public', FIRST_PAGE)).toHaveLength(1);
    expect(await stores.networks.list('public', FIRST_PAGE)).toEqual([]);
  });
});

describe('what a machine needs', () => {
  async function seedGroup(group: Partial<ReturnType<typeof makeGroup>>, refs?: object) {
    const projectId = await seedProject(stores);
    const { id: baymodelId } = await seedBaymodel(stores, projectId);
    const id = randomUUID() as ReturnType<typeof makeBay>['id'];
    const bay = makeBay({ id, projectId, baymodelId, flavorId: 'small', masterFlavorId: 'large' });
    const made = makeGroup({ ...group, id: randomUUID() as ReturnType<typeof makeGroup>['id'], bayId: id, projectId });
    await stores.bays.insert(
      SYSTEM,
      { ...bay, refs: { fixedNetworkRef: null, fixedSubnetRef: null, sshPublicKey: 'ssh-ed25519 AAAA me' } },
      [{ ...made, ...(refs !== undefined && { refs: refs as never }) }],
    );
    return made.id;
  }

  it('is what its group was made from, whatever it is called today', async () => {
    const [small, debian] = [await flavor(), await image({ driverImage: 'debian-13' })];
    const id = await seedGroup({ flavorId: 'small', imageId: 'debian' }, { flavorRef: small.id, imageRef: debian.id });
    await stores.flavors.update(small.id, { name: 'tiny' });
    expect(await stores.catalogue.machineNeeds(id)).toMatchObject({
      flavor: { name: 'tiny', vcpus: 1, memoryMib: 2048, diskGib: 20 },
      driverImage: 'debian-13',
      sshPublicKey: 'ssh-ed25519 AAAA me',
    });
  });

  it('is looked up by its texts for a group that refers to nothing', async () => {
    await flavor();
    await flavor({ name: 'large', vcpus: 4 });
    const workers = await seedGroup({ imageId: 'debian-12-docker' });
    expect(await stores.catalogue.machineNeeds(workers)).toMatchObject({
      flavor: { name: 'small' },
      driverImage: 'debian-12-docker',
    });
    const masters = await seedGroup({ role: 'master', imageId: 'debian-12-docker' });
    expect(await stores.catalogue.machineNeeds(masters)).toMatchObject({ flavor: { name: 'large', vcpus: 4 } });
  });

  it('is refused when the flavor is unknown, and not guessed', async () => {
    const id = await seedGroup({ flavorId: 'gone' });
    await expect(stores.catalogue.machineNeeds(id)).rejects.toMatchObject({ code: 'provider-refused' });
  });
});

describe('keypairs', () => {
  const keypair = (name: string) => ({
    ...{ id: randomUUID() as KeypairId, name, type: 'ssh-ed25519', publicKey: `ssh-ed25519 AAAA ${name}` },
    ...{ fingerprint: '00:11', sha256Fingerprint: 'SHA256:abc' },
  });
  const ada = 'ada' as UserId;
  const bob = 'bob' as UserId;

  it('belong to one user: nobody else finds, lists, counts or deletes them', async () => {
    const made = await stores.keypairs.insert(ada, keypair('laptop'));
    expect(made).toMatchObject({ userId: ada, name: 'laptop' });
    await expect(stores.keypairs.find(bob, made.id)).rejects.toMatchObject({ code: 'not-found' });
    await expect(stores.keypairs.find(bob, 'laptop')).rejects.toMatchObject({ code: 'not-found' });
    expect(await stores.keypairs.list(bob, FIRST_PAGE)).toEqual([]);
    expect(await stores.keypairs.count(bob)).toBe(0);
    await expect(stores.keypairs.list(bob, { ...FIRST_PAGE, marker: made.id })).rejects.toMatchObject({
      code: 'not-found',
    });
    await expect(stores.keypairs.remove(bob, made.id)).rejects.toMatchObject({ code: 'not-found' });
    expect(await stores.keypairs.find(ada, 'laptop')).toEqual(made);
  });

  it('have one name each per user', async () => {
    await stores.keypairs.insert(ada, keypair('laptop'));
    await expect(stores.keypairs.insert(ada, keypair('laptop'))).rejects.toMatchObject({ code: 'conflict' });
    await stores.keypairs.insert(bob, keypair('laptop'));
    const { id } = await stores.keypairs.find(ada, 'laptop');
    await stores.keypairs.remove(ada, id);
    expect(await stores.keypairs.list(bob, FIRST_PAGE)).toHaveLength(1);
  });
});
