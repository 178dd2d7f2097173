import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createSwarmEngine } from '@baykeeper/drivers/engines/swarm/swarm.engine.js';
import { Baymodels, CatalogueLookup, seedCatalogue } from '@baykeeper/services';
import { FIRST_PAGE, SYSTEM } from '@baykeeper/storage';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { send, type Answer, type Request } from '../testing/api-client.js';
import { startTestApi, type TestApi } from '../testing/start-test-api.js';
import { baymodelAnswer, baymodelsAnswer, clusterTemplateAnswer } from './baymodel.answers.js';

let postgres: TestDatabase;
let api: TestApi;
let member: string;
let stranger: string;
let admin: string;

const engine = createSwarmEngine({ templatesDirectory: '/nowhere' });
const IMAGE = { coe: 'swarm', image_id: 'debian-12-docker' };
const call = (method: string, pathname: string, request?: Request): Promise<Answer> =>
  send(api.url, method, pathname, request);
const uuidOf = (answer: Answer): string => (answer.body as { uuid: string }).uuid;
async function make(body: object = {}, token = member): Promise<string> {
  const answer = await call('POST', '/v1/clustertemplates', { token, body: { ...IMAGE, ...body } });
  expect(answer).toMatchObject({ status: 201 });
  return uuidOf(answer);
}
async function count(): Promise<number> {
  return (await api.database.stores.baymodels.list(SYSTEM, FIRST_PAGE)).length;
}

beforeAll(async () => {
  postgres = await startTestDatabase();
  api = await startTestApi(postgres.url, engine);
  member = await api.token(await api.project(), 'member', 'reader');
  stranger = await api.token(await api.project(), 'member', 'reader');
  admin = await api.token(await api.project(), 'system-admin', 'admin', 'member', 'reader');
}, 60_000);

afterAll(async () => {
  await api.close();
  await postgres.stop();
  expect(api.faults).toEqual([]);
});

describe('a new baymodel', () => {
  test('is shown whole, with what follows from its image and engine', async () => {
    const answer = await call('POST', '/v1/clustertemplates', {
      token: member,
      body: { ...IMAGE, name: 'mine', docker_volume_size: '5', registry_enabled: 'yes', labels: { a: 1, b: true } },
    });
    const uuid = uuidOf(answer);
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe(`http://bays.example:9511/v1/clustertemplates/${uuid}`);
    expect(clusterTemplateAnswer.parse(answer.body)).toMatchObject({
      ...{ name: 'mine', coe: 'swarm', network_driver: 'docker', cluster_distro: 'debian', driver: 'swarm' },
      ...{
        docker_volume_size: 5,
        registry_enabled: true,
        floating_ip_enabled: true,
        tls_disabled: false,
        public: false,
      },
      ...{ labels: { a: '1', b: 'True' }, server_type: 'vm', flavor_id: null, tags: null, updated_at: null },
    });
    expect((await call('GET', '/v1/clustertemplates/mine', { token: member })).body).toEqual(answer.body);
    const older = baymodelAnswer.parse((await call('GET', `/v1/baymodels/${uuid}`, { token: member })).body);
    expect(older.links[0]?.href).toBe(`http://bays.example:9511/v1/baymodels/${uuid}`);
  });

  test('in the older family needs a keypair and has a random name', async () => {
    expect((await call('POST', '/v1/baymodels', { token: member, body: IMAGE })).status).toBe(400);
    const answer = await call('POST', '/v1/baymodels', { token: member, body: { ...IMAGE, keypair_id: 'k' } });
    expect(answer.status).toBe(201);
    expect(baymodelAnswer.parse(answer.body).name).toMatch(/^[a-z]+-\d+-model$/);
  });

  test('may be full of nulls, as the command-line client sends it', async () => {
    const nulls = Object.fromEntries(
      [
        'master_flavor_id',
        'flavor_id',
        'keypair_id',
        'http_proxy',
        'volume_driver',
        'network_driver',
        'driver',
        'labels',
      ]
        .concat(['cluster_distro', 'docker_storage_driver', 'docker_volume_size', 'hidden', 'floating_ip_enabled'])
        .map((name) => [name, null]),
    );
    await make({ ...nulls, dns_nameserver: '8.8.8.8, 9.9.9.9' });
  });

  test('may have the uuid that an administrator chose, once', async () => {
    const uuid = 'b1c2d3e4-0000-4000-8000-000000000001';
    expect(await make({ uuid, public: true }, admin)).toBe(uuid);
    for (const token of [admin, member]) {
      const again = await call('POST', '/v1/clustertemplates', { token, body: { ...IMAGE, uuid } });
      expect(again.status).toBe(409);
    }
  });

  test('does not tell a tenant which uuids other projects have', async () => {
    const foreign = await make({}, stranger);
    for (const uuid of [foreign, 'b1c2d3e4-0000-4000-8000-000000000002']) {
      expect(await make({ uuid })).not.toBe(uuid);
    }
  });

  test.each<[string, object, RegExp]>([
    ['an unknown field', { colour: 'red' }, /^Unknown attribute: colour/],
    ['a read-only field', { project_id: 'x' }, /^Unknown attribute: project_id/],
    ['an unknown engine', { coe: 'dcos' }, /coe: give one of swarm/],
    ['an engine that is not offered', { coe: 'mesos' }, /^Cluster type mesos is not supported: give one of swarm/],
    ['no image', { image_id: undefined }, /image_id/],
    ['an unknown image', { image_id: 'windows' }, /^Unable to find image windows: choose one of those in \/v1\/images/],
    ['an unknown flavor', { flavor_id: 'aaa' }, /^Unable to find flavor aaa: choose one of those in \/v1\/flavors/],
    ['an unknown flavor for masters', { master_flavor_id: 'aaa' }, /^Unable to find flavor aaa/],
    ['bare metal', { server_type: 'bm' }, /^Server type bm is not supported/],
    ['no server type', { server_type: null }, /server_type/],
    ['a name that is too long', { name: 'x'.repeat(256) }, /name: give text of 1 to 255/],
    ['an empty name', { name: '' }, /name/],
    ['an IPv6 name server', { dns_nameserver: '::1' }, /dns_nameserver: give IPv4 addresses/],
    ['a port that is reserved', { apiserver_port: 80 }, /apiserver_port: give a whole number from 1024 to 65535/],
    ['a volume of nothing', { docker_volume_size: 0 }, /docker_volume_size/],
    ['devicemapper without a volume', { docker_storage_driver: 'devicemapper' }, /devicemapper needs/],
    ['the driver of another engine', { driver: 'k8s' }, /driver/],
    ['a network driver that the engine has not', { network_driver: 'flannel3' }, /./],
    ['a port list that is none', { labels: { lb_ports: 'http' } }, /./],
  ])('with %s is refused, and nothing is written', async (_name, body, sentence) => {
    const before = await count();
    const answer = await call('POST', '/v1/clustertemplates', { token: member, body: { ...IMAGE, ...body } });
    expect(answer).toMatchObject({
      status: 400,
      body: { errors: [{ code: 'client', title: expect.stringMatching(sentence) }] },
    });
    expect(await count()).toBe(before);
  });

  test('is made public or hidden by an administrator only', async () => {
    for (const flags of [{ public: true }, { hidden: true }]) {
      const answer = await call('POST', '/v1/clustertemplates', { token: member, body: { ...IMAGE, ...flags } });
      expect(answer).toMatchObject({ status: 403 });
      expect(answer.text).toContain('clustertemplate:publish');
      await make(flags, admin);
    }
  });
});

describe('other projects', () => {
  test('see no private baymodel, use a public one, and change neither', async () => {
    const own = await make({ name: 'private-one' });
    const shared = await make({ name: 'public-one', public: true }, admin);
    expect((await call('GET', `/v1/baymodels/${own}`, { token: stranger })).status).toBe(404);
    expect((await call('PATCH', `/v1/baymodels/${own}`, { token: stranger, body: [] })).status).toBe(404);
    expect((await call('DELETE', '/v1/baymodels/private-one', { token: stranger })).status).toBe(404);
    expect((await call('GET', '/v1/baymodels/public-one', { token: stranger })).status).toBe(200);
    const rename = [{ op: 'replace', path: '/name', value: 'mine' }];
    expect((await call('PATCH', `/v1/baymodels/${shared}`, { token: stranger, body: rename })).status).toBe(403);
    expect((await call('DELETE', `/v1/baymodels/${shared}`, { token: stranger })).status).toBe(403);
    const list = (await call('GET', '/v1/baymodels', { token: stranger })).body;
    const seen = baymodelsAnswer.parse(list).baymodels.map(({ uuid }) => uuid);
    expect(seen).toContain(shared);
    expect(seen).not.toContain(own);
    const body = { cluster_template_id: 'public-one' };
    expect((await call('POST', '/v1/clusters', { token: stranger, body })).status).toBe(202);
  });

  test('do not know of a hidden one, and nobody but an administrator uses it', async () => {
    const hidden = await make({ name: 'hidden-one', public: true, hidden: true }, admin);
    expect((await call('GET', `/v1/baymodels/${hidden}`, { token: stranger })).status).toBe(404);
    expect((await call('GET', '/v1/baymodels', { token: stranger })).text).not.toContain(hidden);
    const mine = await make();
    const hide = [{ op: 'replace', path: '/hidden', value: true }];
    expect((await call('PATCH', `/v1/clustertemplates/${mine}`, { token: member, body: hide })).status).toBe(403);
    expect((await call('PATCH', `/v1/clustertemplates/${mine}`, { token: admin, body: hide })).status).toBe(200);
    expect((await call('GET', `/v1/clustertemplates/${mine}`, { token: member })).status).toBe(200);
    const body = { cluster_template_id: mine };
    expect((await call('POST', '/v1/clusters', { token: member, body })).status).toBe(403);
    expect((await call('POST', '/v1/clusters', { token: admin, body: { cluster_template_id: hidden } })).status).toBe(
      202,
    );
  });
});

describe('a change', () => {
  const patch = (uuid: string, body: unknown, token = member): Promise<Answer> =>
    call('PATCH', `/v1/clustertemplates/${uuid}`, { token, body });

  test('is made and shown', async () => {
    const uuid = await make({ labels: { a: '1' }, docker_volume_size: 4 });
    const answer = await patch(uuid, [
      { op: 'replace', path: '/name', value: 'renamed' },
      { op: 'replace', path: '/labels', value: "{'b': 'c'}" },
      { op: 'remove', path: '/docker_volume_size' },
      { op: 'add', path: '/tags', value: 'x,y' },
    ]);
    expect(answer.status).toBe(200);
    expect(clusterTemplateAnswer.parse(answer.body)).toMatchObject({
      ...{ name: 'renamed', labels: { b: 'c' }, docker_volume_size: null, tags: 'x,y' },
      updated_at: expect.stringMatching(/^\d{4}-/),
    });
    expect((await call('GET', `/v1/clustertemplates/${uuid}`, { token: member })).body).toEqual(answer.body);
  });

  test.each<[string, unknown[]]>([
    ['to an unknown image', [{ op: 'replace', path: '/image_id', value: 'windows' }]],
    ['to an engine that is not offered', [{ op: 'replace', path: '/coe', value: 'mesos' }]],
    ['to an engine of no kind', [{ op: 'replace', path: '/coe', value: 'dcos' }]],
    ['that removes what must be', [{ op: 'remove', path: '/image_id' }]],
    ['of whose it is', [{ op: 'replace', path: '/project_id', value: 'x' }]],
    ['to text for a number', [{ op: 'replace', path: '/docker_volume_size', value: '3' }]],
    ['to what a flag is not', [{ op: 'replace', path: '/tls_disabled', value: 'maybe' }]],
  ])('%s is refused', async (_name, body) => {
    const uuid = await make({ docker_volume_size: 4 });
    const before = (await call('GET', `/v1/clustertemplates/${uuid}`, { token: member })).text;
    expect((await patch(uuid, body)).status).toBe(400);
    expect((await call('GET', `/v1/clustertemplates/${uuid}`, { token: member })).text).toBe(before);
  });

  test('of one that bays use is one of a few, one at a time', async () => {
    const uuid = await make({}, admin);
    const used = await call('POST', '/v1/clusters', { token: admin, body: { cluster_template_id: uuid } });
    expect(used.status).toBe(202);
    const status = async (...changes: [string, unknown][]): Promise<number> => {
      const body = changes.map(([name, value]) => ({ op: 'replace', path: `/${name}`, value }));
      return (await patch(uuid, body, admin)).status;
    };
    expect(await status(['docker_volume_size', 3])).toBe(400);
    expect(await status(['name', 'a'], ['tags', 'b'])).toBe(400);
    expect(await status()).toBe(400);
    expect(await status(['name', 'a'])).toBe(200);
    expect(await status(['tags', 'b'])).toBe(200);
    expect(await status(['hidden', true])).toBe(200);
    expect(await status(['public', true])).toBe(200);
    expect(await status(['public', false])).toBe(400);
    expect((await call('DELETE', `/v1/clustertemplates/${uuid}`, { token: admin })).status).toBe(400);
  });

  test('has its form checked before anything is looked for', async () => {
    expect((await patch('nothing', { op: 'replace' })).status).toBe(400);
    expect((await patch('nothing', [{ op: 'replace', path: '/name', value: 'x' }])).status).toBe(404);
  });

  test('of mind is possible while nobody uses it', async () => {
    const uuid = await make();
    expect(await call('DELETE', `/v1/clustertemplates/${uuid}`, { token: member })).toMatchObject({
      status: 204,
      text: '',
    });
    expect((await call('DELETE', `/v1/clustertemplates/${uuid}`, { token: member })).status).toBe(404);
  });
});

describe('the catalogue', () => {
  test('is put in once, by however many servers, and stays as an administrator leaves it', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'baykeeper-catalogue-'));
    try {
      await writeFile(path.join(directory, 'one.yaml'), 'name: seeded\ncoe: swarm\nimage_id: debian-12-docker\n');
      await writeFile(path.join(directory, 'two.yaml'), 'name: other\ncoe: kubernetes\nimage_id: debian-12-docker\n');
      await writeFile(path.join(directory, 'three.yaml'), 'name: [broken\n');
      const warnings: unknown[] = [];
      const ignore = (): void => undefined;
      const log = {
        debug: ignore,
        info: ignore,
        error: ignore,
        warn: (facts: { file?: unknown }) => warnings.push(facts.file),
      };
      const catalogue = {
        entries: new CatalogueLookup(api.database.stores.catalogue),
        serverTypes: ['vm'] as const,
        machineSubnets: ['198.51.100.0/24'],
      };
      const engines = { engineNames: ['swarm'] as const, engine: () => engine };
      const { database } = api;
      const quotas = { Cluster: 1, Node: 1, Master: 1, ClusterTemplate: 1 };
      const baymodels = new Baymodels({ database, engines, catalogue, quotas });
      const seed = (): Promise<readonly string[]> =>
        seedCatalogue({ database, baymodels, log, directory }, api.callerOf(admin));
      const added = await Promise.all([seed(), seed(), seed()]);
      expect(added.flat()).toEqual(['seeded']);
      expect([...new Set(warnings)]).toEqual(['three.yaml', 'two.yaml']);
      const shown = await call('GET', '/v1/clustertemplates/seeded', { token: stranger });
      expect(shown).toMatchObject({ status: 200, body: { public: true, coe: 'swarm' } });
      expect((await call('DELETE', '/v1/clustertemplates/seeded', { token: admin })).status).toBe(204);
      expect(await seed()).toEqual([]);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
