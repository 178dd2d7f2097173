import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { createSwarmEngine } from '@baykeeper/drivers/engines/swarm/swarm.engine.js';
import { readAudit } from '@baykeeper/storage/testing/read-audit.js';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { send, type Answer } from '../testing/api-client.js';
import { startTestApi, type TestApi } from '../testing/start-test-api.js';
import {
  flavorAnswer,
  flavorsAnswer,
  imageAnswer,
  imagesAnswer,
  networkAnswer,
  networksAnswer,
} from './catalogue.answers.js';

jest.setTimeout(120_000);

let postgres: TestDatabase;
let api: TestApi;
let admin: string;
let member: string;
beforeAll(async () => {
  postgres = await startTestDatabase();
  api = await startTestApi(postgres.url, createSwarmEngine({ templatesDirectory: '/nowhere' }));
  admin = await api.token(await api.project(), 'system-admin', 'admin', 'member', 'reader');
  member = await api.token(await api.project(), 'member', 'reader');
});
afterAll(async () => {
  await api.close();
  await postgres.stop();
  expect(api.faults).toEqual([]);
});

const call = (method: string, path: string, token: string, body?: unknown): Promise<Answer> =>
  send(api.url, method, path, { token, ...(body !== undefined && { body }) });
const uuidOf = (answer: Answer): string => (answer.body as { uuid: string }).uuid;
const titleOf = (answer: Answer): string =>
  (answer.body as { errors: { title: string }[] }).errors[0]?.title ?? answer.text;
async function add(collection: string, body: object): Promise<string> {
  const made = await call('POST', `/v1/${collection}`, admin, body);
  expect([made.status, made.text]).toEqual([201, made.text]);
  return uuidOf(made);
}
const template = (changes: object, token = member): Promise<Answer> =>
  call('POST', '/v1/clustertemplates', token, { coe: 'swarm', image_id: 'debian-12-docker', ...changes });
const nameOf = (word: string): string => `${word}-${randomUUID()}`;
const replace = (path: string, value: unknown): unknown => [{ op: 'replace', path, value }];

describe('the catalogue', () => {
  test('begins with what the compute driver offers', async () => {
    const flavors = flavorsAnswer.parse((await call('GET', '/v1/flavors', member)).body);
    expect(flavors.flavors.map(({ name, ram, builtin }) => [name, ram, builtin])).toEqual(
      expect.arrayContaining([
        ['m1.small', 2048, true],
        ['m1.medium', 4096, true],
      ]),
    );
    const images = imagesAnswer.parse((await call('GET', '/v1/images', member)).body);
    expect(images.images).toMatchObject([{ name: 'debian-12-docker', os_distro: 'debian', builtin: true }]);
    const networks = networksAnswer.parse((await call('GET', '/v1/networks', member)).body);
    expect(networks.networks).toMatchObject([
      { name: 'public', external: true, subnets: [] },
      { name: 'private', external: false, subnets: [{ name: 'private-subnet', cidr: '192.0.2.0/24' }] },
    ]);
  });

  test('takes entries of an administrator, as they were given, and shows them by name and id', async () => {
    const flavor = { name: nameOf('ds2G'), description: 'two', vcpus: 2, ram: 2048, disk: 10, public: true };
    const made = await call('POST', '/v1/flavors', admin, flavor);
    expect(made.status).toBe(201);
    expect(flavorAnswer.parse(made.body)).toMatchObject({ ...flavor, builtin: false, updated_at: null });
    expect(made.headers.get('location')).toMatch(new RegExp(`/v1/flavors/${uuidOf(made)}$`));
    for (const ident of [flavor.name, uuidOf(made)]) {
      expect((await call('GET', `/v1/flavors/${ident}`, member)).body).toEqual(made.body);
    }
    const image = {
      name: nameOf('fedora'),
      os_distro: 'fedora-coreos',
      driver_image: 'debian-12-docker',
      properties: { a: 1 },
    };
    const madeImage = await call('POST', '/v1/images', admin, image);
    expect(imageAnswer.parse(madeImage.body)).toMatchObject({ ...image, properties: { a: '1' }, status: 'active' });
    const network = {
      name: nameOf('inner'),
      mtu: 1400,
      subnets: [{ name: 'v4', cidr: '10.0.0.0/8', gateway_ip: '10.0.0.1' }],
    };
    const madeNetwork = await call('POST', '/v1/networks', admin, network);
    expect(networkAnswer.parse(madeNetwork.body)).toMatchObject({ ...network, external: false });
  });

  test('comes in pages', async () => {
    const first = flavorsAnswer.parse(
      (await call('GET', '/v1/flavors?limit=1&sort_key=ram&sort_dir=desc', member)).body,
    );
    expect(first.flavors).toMatchObject([{ name: 'm1.medium' }]);
    const { pathname, search } = new URL(first.next ?? '');
    const second = flavorsAnswer.parse((await call('GET', pathname + search, member)).body);
    expect(second.flavors[0]?.name).not.toBe('m1.medium');
    expect((await call('GET', '/v1/flavors?sort_key=wit', member)).status).toBe(400);
    expect((await call('GET', `/v1/flavors?marker=${randomUUID()}`, member)).status).toBe(404);
  });

  test.each([
    ['flavors', { name: 'x', vcpus: 0, ram: 1, disk: 1 }, /vcpus/],
    ['flavors', { name: 'x', vcpus: 1, ram: 1 }, /disk/],
    ['flavors', { name: '', vcpus: 1, ram: 1, disk: 1 }, /name/],
    ['flavors', { name: 'x', vcpus: 1, ram: 1, disk: 1, builtin: true }, /builtin/],
    ['images', { name: 'x', status: 'queued', driver_image: 'debian-12-docker' }, /status/],
    ['images', { name: 'x', driver_image: 'windows' }, /driver_image: give one of debian-12-docker/],
    ['images', { name: 'windows' }, /driver_image/],
    ['images', { name: 'x', properties: { a: {} }, driver_image: 'debian-12-docker' }, /properties/],
    ['networks', { name: 'x', subnets: [{ name: 's', cidr: '10.0.0.1/8' }] }, /cidr/],
    ['networks', { name: 'x', subnets: [{ name: 's', cidr: '10.0.0.0/33' }] }, /cidr/],
    ['networks', { name: 'x', subnets: 's' }, /subnets/],
    ['networks', { name: 'x', subnets: [{ name: 's', cidr: '10.0.0.0/8', gateway_ip: 'ten' }] }, /gateway_ip/],
    ['networks', { name: 'x', mtu: 1 }, /mtu/],
  ])('refuses %s like %j', async (collection, body, says) => {
    const answer = await call('POST', `/v1/${collection}`, admin, body);
    expect([answer.status, answer.text]).toEqual([400, expect.stringMatching(says)]);
  });

  test('keeps what is not public from everybody but those who run the installation', async () => {
    const name = nameOf('secret');
    const uuid = await add('flavors', { name, vcpus: 1, ram: 512, disk: 1, public: false });
    expect((await call('GET', `/v1/flavors/${uuid}`, member)).status).toBe(404);
    expect((await call('GET', '/v1/flavors', member)).text).not.toContain(name);
    expect((await call('GET', '/v1/flavors', admin)).text).toContain(name);
    expect((await template({ flavor_id: name })).status).toBe(400);
    expect((await template({ flavor_id: uuid })).status).toBe(400);
    expect((await template({ flavor_id: name }, admin)).status).toBe(201);
  });

  test('changes only as far as it is not in use, and built-in entries never', async () => {
    const name = nameOf('size');
    const uuid = await add('flavors', { name, vcpus: 1, ram: 512, disk: 1 });
    const change = (path: string, value: unknown): Promise<Answer> =>
      call('PATCH', `/v1/flavors/${uuid}`, admin, replace(path, value));
    expect(await change('/ram', 1024)).toMatchObject({ status: 200, body: { ram: 1024, vcpus: 1 } });
    expect((await change('/ram', '1024')).status).toBe(400);
    expect((await change('/ram', -1)).status).toBe(400);
    expect((await change('/builtin', true)).status).toBe(400);
    expect((await call('PATCH', `/v1/flavors/${uuid}`, admin, [{ op: 'remove', path: '/ram' }])).status).toBe(400);
    const used = await template({ flavor_id: name });
    expect(used.status).toBe(201);
    for (const [path, value] of [
      ['/ram', 4096],
      ['/name', 'other'],
    ] as const) {
      const refused = await change(path, value);
      expect([refused.status, titleOf(refused)]).toEqual([400, expect.stringContaining(`Flavor ${uuid} is in use`)]);
    }
    expect(await change('/description', 'old')).toMatchObject({ status: 200, body: { description: 'old', ram: 1024 } });
    const refused = await call('DELETE', `/v1/flavors/${uuid}`, admin);
    expect([refused.status, titleOf(refused)]).toEqual([400, expect.stringContaining(`Flavor ${uuid} is in use`)]);
    expect((await call('DELETE', `/v1/clustertemplates/${uuidOf(used)}`, member)).status).toBe(204);
    expect((await call('DELETE', `/v1/flavors/${uuid}`, admin)).status).toBe(204);

    for (const path of ['/v1/flavors/m1.small', '/v1/images/debian-12-docker', '/v1/networks/public']) {
      const patched = await call('PATCH', path, admin, replace('/description', 'mine'));
      expect([patched.status, patched.text]).toEqual([400, expect.stringContaining('comes with the compute driver')]);
      expect((await call('DELETE', path, admin)).status).toBe(400);
    }
  });

  test('loses its subnets with the network, and keeps both while a bay uses one', async () => {
    const [name, subnet] = [nameOf('net'), nameOf('subnet')];
    const uuid = await add('networks', { name, subnets: [{ name: subnet, cidr: '10.9.0.0/16' }] });
    const made = await template({ fixed_network: name, fixed_subnet: subnet });
    expect((await call('PATCH', `/v1/networks/${uuid}`, admin, replace('/mtu', 1400))).status).toBe(400);
    expect((await call('DELETE', `/v1/networks/${uuid}`, admin)).status).toBe(400);
    await call('DELETE', `/v1/clustertemplates/${uuidOf(made)}`, member);
    expect(await call('PATCH', `/v1/networks/${uuid}`, admin, replace('/mtu', 1400))).toMatchObject({
      ...{ status: 200, body: { mtu: 1400, subnets: [{ name: subnet }] } },
    });
    expect((await call('DELETE', `/v1/networks/${uuid}`, admin)).status).toBe(204);
    expect((await template({ fixed_subnet: subnet })).status).toBe(400);
  });

  test('writes down who changed it', async () => {
    const name = nameOf('audited');
    const uuid = await add('flavors', { name, vcpus: 1, ram: 512, disk: 1 });
    expect(api.signals.published.at(-1)).toBe('catalogue');
    await call('PATCH', `/v1/flavors/${uuid}`, admin, replace('/ram', 1024));
    await call('DELETE', `/v1/flavors/${uuid}`, admin);
    const by = { user_id: api.callerOf(admin).userId, target_kind: 'flavor', target_name: name };
    expect(await readAudit(postgres.url, uuid)).toEqual([
      { ...by, action: 'flavor:create', detail: null },
      { ...by, action: 'flavor:update', detail: 'Changed: ram.' },
      { ...by, action: 'flavor:delete', detail: null },
    ]);
  });
});

describe('templates and bays', () => {
  test('are refused at once when what they name was deleted a moment ago', async () => {
    const name = nameOf('brief');
    const uuid = await add('flavors', { name, vcpus: 1, ram: 512, disk: 1 });
    const made = await template({ flavor_id: name });
    expect((await call('DELETE', `/v1/clustertemplates/${uuidOf(made)}`, member)).status).toBe(204);
    // Behind the back of what is remembered, as by a process whose signal is still on its way.
    await api.database.stores.flavors.remove(uuid as never);
    const answer = await template({ flavor_id: name });
    expect([answer.status, titleOf(answer)]).toEqual([400, expect.stringContaining('Unable to find flavor')]);
  });

  test('take Magnum’s checks of networks', async () => {
    const [outer, twice] = [nameOf('outer'), nameOf('twice')];
    await add('networks', { name: outer, external: true });
    for (let count = 0; count < 2; count += 1) await add('networks', { name: twice, external: true });
    expect((await template({ external_network_id: outer })).status).toBe(201);
    expect((await template({ external_network_id: 'private' })).status).toBe(400);
    expect((await template({ external_network_id: twice })).status).toBe(409);
    expect((await template({ fixed_network: twice })).status).toBe(409);
    expect((await template({ fixed_network: 'private', fixed_subnet: 'private-subnet' })).status).toBe(201);
    expect((await template({ fixed_subnet: 'no-such' })).status).toBe(400);
  });

  test('need a volume where the flavor has no root disk, on a bay by its own labels', async () => {
    const name = nameOf('diskless');
    await add('flavors', { name, vcpus: 1, ram: 512, disk: 0 });
    expect((await template({ flavor_id: name })).status).toBe(400);
    expect((await template({ flavor_id: name, labels: { boot_volume_size: 0 } })).status).toBe(400);
    expect((await template({ labels: { boot_volume_size: 'x' } })).status).toBe(400);
    const made = await template({ flavor_id: name, labels: { boot_volume_size: 10 } });
    expect(made.status).toBe(201);
    const bay = { cluster_template_id: uuidOf(made), name: 'diskless', labels: { a: 'b' } };
    expect((await call('POST', '/v1/clusters', member, bay)).status).toBe(400);
    expect((await call('POST', '/v1/clusters', member, { ...bay, merge_labels: true })).status).toBe(202);
  });

  test('take the distribution and the driver from the image', async () => {
    const image = (body: object): Promise<string> => add('images', { driver_image: 'debian-12-docker', ...body });
    const fedora = await image({ name: nameOf('fedora'), os_distro: 'fedora-coreos' });
    expect(await template({ image_id: fedora })).toMatchObject({
      ...{ status: 201, body: { cluster_distro: 'fedora-coreos', driver: 'swarm', image_id: fedora } },
    });
    const foreign = await image({ name: nameOf('capi'), os_distro: 'ubuntu', properties: { magnum_driver: 'capi' } });
    expect((await template({ image_id: foreign })).status).toBe(400);
    expect((await template({ image_id: foreign, driver: 'swarm' })).status).toBe(201);
    expect((await template({ image_id: await image({ name: nameOf('bare') }) })).status).toBe(400);
    const retired = await image({ name: nameOf('old'), os_distro: 'debian', status: 'deactivated' });
    expect((await template({ image_id: retired })).status).toBe(400);
  });

  test('take every null', async () => {
    const nulls = [
      'flavor_id',
      'master_flavor_id',
      'keypair_id',
      'external_network_id',
      'fixed_network',
      'fixed_subnet',
    ];
    const made = await template(Object.fromEntries(nulls.map((name) => [name, null])));
    expect(made.status).toBe(201);
  });

  test('keep the key that a keypair had when the bay was made', async () => {
    const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKXm9Zb0bQk4sZbJmXgGkP3VvR0i7N4o3b0Q2o5Jm1xV';
    expect((await call('POST', '/v1/keypairs', member, { name: 'mine', public_key: `${key} ada` })).status).toBe(201);
    const made = await template({ keypair_id: 'not-mine' });
    expect(made.status).toBe(201);
    const wish = { cluster_template_id: uuidOf(made), name: 'keyed' };
    expect((await call('POST', '/v1/clusters', member, wish)).status).toBe(404);
    const other = await api.token(api.callerOf(member).projectId, 'member', 'reader');
    expect((await call('POST', '/v1/clusters', other, { ...wish, keypair: 'mine' })).status).toBe(404);
    const bay = await call('POST', '/v1/clusters', member, { ...wish, keypair: 'mine' });
    expect(bay.status).toBe(202);
    expect((await call('DELETE', '/v1/keypairs/mine', member)).status).toBe(204);
    const groups = await api.database.stores.nodeGroups.listByBay(
      { projectId: api.callerOf(member).projectId },
      uuidOf(bay) as never,
    );
    expect(groups).toHaveLength(2);
    for (const { id } of groups) {
      expect(await api.database.stores.catalogue.machineNeeds(id)).toMatchObject({ sshPublicKey: `${key} ada` });
    }
  });
});
