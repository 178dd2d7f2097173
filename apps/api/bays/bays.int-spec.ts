import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ZodType } from 'zod';
import type { BayId, KeypairId, ProjectId } from '@baykeeper/domain';
import { createSwarmEngine } from '@baykeeper/drivers/engines/swarm/swarm.engine.js';
import { SYSTEM } from '@baykeeper/storage';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { send, type Answer, type Request } from '../testing/api-client.js';
import { startTestApi, type TestApi } from '../testing/start-test-api.js';
import { bayAnswer, baysAnswer, clusterAnswer, clusterDetailsAnswer, clustersAnswer } from './bay.answers.js';

let postgres: TestDatabase;
let api: TestApi;
let project: ProjectId;
let member: string;
let reader: string;
let stranger: string;
let admin: string;
let baymodel: string;

const MEMBER = ['member', 'reader'];
const LATEST = { 'OpenStack-API-Version': 'container-infra latest' };

const call = (method: string, path: string, request?: Request): Promise<Answer> => send(api.url, method, path, request);
const uuidOf = (answer: Answer): string => (answer.body as { uuid: string }).uuid;
function read(schema: ZodType, answer: Answer): Record<string, unknown> {
  return schema.parse(answer.body) as Record<string, unknown>;
}
async function create(body: object = {}, token = member): Promise<string> {
  const answer = await call('POST', '/v1/clusters', {
    token,
    body: { cluster_template_id: baymodel, name: 'web', ...body },
  });
  expect(answer).toMatchObject({ status: 202 });
  return uuidOf(answer);
}

beforeAll(async () => {
  postgres = await startTestDatabase();
  api = await startTestApi(postgres.url, createSwarmEngine({ templatesDirectory: '/nowhere' }));
  project = await api.project();
  member = await api.token(project, ...MEMBER);
  reader = await api.token(project, 'reader');
  stranger = await api.token(await api.project(), ...MEMBER);
  admin = await api.token(await api.project(), 'system-admin', 'admin', ...MEMBER);
  const answer = await call('POST', '/v1/clustertemplates', {
    token: member,
    body: {
      ...{ name: 'swarm', coe: 'swarm', image_id: 'debian-12-docker', master_lb_enabled: true, flavor_id: 'm1.small' },
      labels: { lb_ports: '80', a: '1' },
    },
  });
  expect(answer.status).toBe(201);
  baymodel = uuidOf(answer);
}, 60_000);

afterAll(async () => {
  await api.close();
  await postgres.stop();
  expect(api.faults).toEqual([]);
});

describe('a new bay', () => {
  test('is accepted with its uuid, and is there at once, with what its baymodel says', async () => {
    const uuid = await create({ node_count: 2, master_count: 3 });
    const shown = read(clusterAnswer, await call('GET', `/v1/clusters/${uuid}`, { token: reader }));
    expect(shown).toMatchObject({
      ...{ uuid, name: 'web', cluster_template_id: baymodel, node_count: 2, master_count: 3, create_timeout: 60 },
      ...{
        status: 'CREATE_IN_PROGRESS',
        status_reason: null,
        api_address: null,
        stack_id: uuid,
        flavor_id: 'm1.small',
      },
      ...{ labels: { lb_ports: '80', a: '1' }, merge_labels: false, node_addresses: [], master_addresses: [] },
      ...{ project_id: project, labels_added: {}, labels_skipped: {}, labels_overridden: {}, health_status: null },
      links: [
        { href: `http://bays.example:9511/v1/clusters/${uuid}`, rel: 'self' },
        { href: `http://bays.example:9511/clusters/${uuid}`, rel: 'bookmark' },
      ],
    });
    expect(shown).not.toHaveProperty('faults');
    expect(shown.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00$/);
  });

  test('has its outbox row, its event and two groups, and wakes the relay', async () => {
    const before = api.signals.published.length;
    const uuid = await create({ node_count: 4 });
    const { outbox, events, nodeGroups } = api.database.stores;
    const rows = await api.database.transaction((stores) => stores.outbox.take(1_000));
    expect(rows.filter((row) => row.bayId === uuid)).toHaveLength(1);
    expect(outbox).toBeDefined();
    expect((await events.list(SYSTEM, uuid as BayId, { after: 0, limit: 9 })).map(({ kind }) => kind)).toEqual([
      'bay-requested',
    ]);
    const groups = await nodeGroups.listByBay(SYSTEM, uuid as BayId);
    expect(groups.map(({ name, role, nodeCount, isDefault }) => [name, role, nodeCount, isDefault])).toEqual([
      ['default-master', 'master', 1, true],
      ['default-worker', 'worker', 4, true],
    ]);
    expect(api.signals.published.slice(before)).toEqual(['outbox', `bay:${uuid}`]);
  });

  test('is the same row under both families of names', async () => {
    const answer = await call('POST', '/v1/bays', {
      token: member,
      body: { baymodel_id: 'swarm', name: 'both', bay_create_timeout: 5, labels: { b: '2' } },
    });
    expect(answer.status).toBe(202);
    const uuid = uuidOf(answer);
    const bay = read(bayAnswer, await call('GET', `/v1/bays/${uuid}`, { token: member }));
    expect(bay).toMatchObject({ baymodel_id: baymodel, bay_create_timeout: 5, labels: { b: '2' }, node_count: 1 });
    const cluster = read(clusterAnswer, await call('GET', `/v1/clusters/both`, { token: member, headers: LATEST }));
    expect(cluster).toMatchObject({
      ...{ uuid, cluster_id: uuid, create_timeout: 5, labels_added: { b: '2' } },
      labels_skipped: { lb_ports: '80', a: '1' },
    });
    expect(cluster).not.toHaveProperty('stack_id');
  });

  test('merges labels when it is told to', async () => {
    const uuid = await create({ labels: { a: true, n: 1.5 }, merge_labels: 'yes' });
    expect(read(clusterAnswer, await call('GET', `/v1/clusters/${uuid}`, { token: member }))).toMatchObject({
      labels: { lb_ports: '80', a: 'True', n: '1.5' },
      labels_overridden: { a: '1' },
    });
  });

  test('gets a name when none is given', async () => {
    const uuid = await create({ name: null });
    const { name } = read(clusterAnswer, await call('GET', `/v1/clusters/${uuid}`, { token: member }));
    expect(name).toMatch(/^[a-z]+-\d+-cluster$/);
  });

  test('may have a name that another has; then the name alone finds neither', async () => {
    await create({ name: 'twin' });
    await create({ name: 'twin' });
    const answer = await call('GET', '/v1/bays/twin', { token: member });
    expect(answer.status).toBe(409);
  });

  test('without workers needs a client that speaks version 1.10', async () => {
    const body = { cluster_template_id: baymodel, node_count: 0 };
    expect((await call('POST', '/v1/clusters', { token: member, body })).status).toBe(400);
    expect((await call('POST', '/v1/clusters', { token: member, body, headers: LATEST })).status).toBe(202);
  });

  test('of an unknown template is 400, and 404 from version 1.10 on', async () => {
    const body = { cluster_template_id: 'nothing' };
    expect((await call('POST', '/v1/clusters', { token: member, body })).status).toBe(400);
    expect((await call('POST', '/v1/clusters', { token: member, body, headers: LATEST })).status).toBe(404);
  });
});

describe('lists', () => {
  test('have a page, a link to the next one, and an order', async () => {
    const alone = await api.token(await api.project(), ...MEMBER);
    const template = { coe: 'swarm', image_id: 'debian-12-docker', name: 'mine' };
    expect((await call('POST', '/v1/clustertemplates', { token: alone, body: template })).status).toBe(201);
    for (const name of ['a', 'c', 'b']) await create({ name, cluster_template_id: 'mine' }, alone);

    const names = (answer: Answer): unknown[] =>
      (read(clustersAnswer, answer).clusters as { name: string }[]).map((cluster) => cluster.name);
    const first = await call('GET', '/v1/clusters?limit=2', { token: alone });
    expect(names(first)).toEqual(['a', 'c']);
    const { next, clusters } = first.body as { next: string; clusters: { uuid: string }[] };
    expect(next).toBe(
      `http://bays.example:9511/v1/clusters?sort_key=id&sort_dir=asc&limit=2&marker=${String(clusters[1]?.uuid)}`,
    );
    const second = await call('GET', new URL(next).pathname + new URL(next).search, { token: alone });
    expect(names(second)).toEqual(['b']);
    expect(second.body).not.toHaveProperty('next');

    expect(names(await call('GET', '/v1/clusters?sort_key=name&sort_dir=desc', { token: alone }))).toEqual([
      'c',
      'b',
      'a',
    ]);
    const detail = read(clusterDetailsAnswer, await call('GET', '/v1/clusters/detail', { token: alone }));
    expect(detail.clusters).toHaveLength(3);
    expect(read(baysAnswer, await call('GET', '/bays/', { token: alone })).bays).toHaveLength(3);
  });

  test.each([
    'limit=0',
    'limit=-1',
    'limit=x',
    'limit=1&limit=2',
    'sort_dir=up',
    'sort_key=node_count',
    'marker=x',
    'name=a',
  ])('refuse %s', async (query) => {
    for (const path of ['/v1/bays', '/v1/clusters/detail', '/v1/baymodels', '/v1/clustertemplates/detail']) {
      expect((await call('GET', `${path}?${query}`, { token: member })).status).toBe(400);
    }
  });

  test('do not know a marker of another project', async () => {
    const uuid = await create();
    expect((await call('GET', `/v1/bays?marker=${uuid}`, { token: stranger })).status).toBe(404);
  });
});

describe('a change', () => {
  const scale = (value: unknown) => [{ op: 'replace', path: '/node_count', value }];
  const patch = (uuid: string, body: unknown, headers = {}): Promise<Answer> =>
    call('PATCH', `/v1/clusters/${uuid}`, { token: member, body, headers });

  test('of the number of workers is a new wish, whatever the bay is doing', async () => {
    const uuid = await create();
    const answer = await patch(uuid, scale(7));
    expect(answer).toMatchObject({ status: 202, body: { uuid } });
    expect(await api.database.stores.bays.get(uuid as BayId)).toMatchObject({ generation: 2 });
    expect((await patch(uuid, scale(5))).status).toBe(202);
    const bay = read(bayAnswer, await call('GET', `/v1/bays/${uuid}`, { token: member }));
    expect(bay).toMatchObject({ node_count: 5, master_count: 1 });
  });

  test('that changes nothing is accepted and no new wish', async () => {
    const uuid = await create({ node_count: 2 });
    expect((await patch(uuid, scale(2))).status).toBe(202);
    expect((await patch(uuid, [])).status).toBe(202);
    expect((await patch(uuid, [{ op: 'replace', path: '/health_status', value: 'HEALTHY' }])).status).toBe(202);
    expect(await api.database.stores.bays.get(uuid as BayId)).toMatchObject({ generation: 1 });
  });

  test('to no workers needs version 1.10, and removing the number goes back to one', async () => {
    const uuid = await create({ node_count: 3 });
    expect((await patch(uuid, scale(0))).status).toBe(400);
    expect((await patch(uuid, scale(0), LATEST)).status).toBe(202);
    expect((await patch(uuid, [{ op: 'remove', path: '/node_count' }])).status).toBe(202);
    expect(read(bayAnswer, await call('GET', `/v1/bays/${uuid}`, { token: member }))).toMatchObject({ node_count: 1 });
  });

  test('may say rollback from version 1.3 on', async () => {
    const uuid = await create();
    const path = `/v1/clusters/${uuid}/?rollback=True`;
    expect((await call('PATCH', path, { token: member, body: scale(2) })).status).toBe(400);
    expect((await call('PATCH', path, { token: member, body: scale(2), headers: LATEST })).status).toBe(202);
  });

  test.each<[string, unknown]>([
    ['the name', [{ op: 'replace', path: '/name', value: 'other' }]],
    ['a label', [{ op: 'add', path: '/labels/x', value: 'y' }]],
    ['the masters', [{ op: 'replace', path: '/master_count', value: 3 }]],
    ['the template', [{ op: 'replace', path: '/cluster_template_id', value: 'other' }]],
    ['the address', [{ op: 'replace', path: '/api_address', value: 'tcp://x' }]],
    ['what there is not', [{ op: 'replace', path: '/colour', value: 'red' }]],
    ['text for a number', scale('3')],
    ['a negative number', scale(-1)],
    ['a huge number', scale(10_001)],
    ['a fraction', scale(1.5)],
    ['an object for an array', { node_count: 3 }],
    ['a health of no kind', [{ op: 'replace', path: '/health_status', value: 'FINE' }]],
  ])('of %s is refused, and nothing is written', async (_name, body) => {
    const uuid = await create();
    const answer = await patch(uuid, body);
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ status: 400, code: 'client' }] } });
    expect(await api.database.stores.bays.get(uuid as BayId)).toMatchObject({ generation: 1, name: 'web' });
  });

  test('is checked for its form before the bay is looked for', async () => {
    expect((await patch('nothing', {})).status).toBe(400);
    expect((await patch('nothing', [])).status).toBe(404);
  });
});

describe('the end of a bay', () => {
  test('can be asked for again and again, and is final', async () => {
    const uuid = await create();
    for (let time = 0; time < 3; time++) {
      const answer = await call('DELETE', `/v1/bays/${uuid}`, {
        token: member,
        headers: { 'Content-Type': 'application/octet-stream' },
      });
      expect(answer).toMatchObject({ status: 204, text: '' });
    }
    const bay = await api.database.stores.bays.get(uuid as BayId);
    expect(bay?.deletionRequestedAt).toBeInstanceOf(Date);
    expect(bay).toMatchObject({ generation: 2 });
    const patched = await call('PATCH', `/v1/bays/${uuid}`, {
      token: member,
      body: [{ op: 'replace', path: '/node_count', value: 3 }],
    });
    expect(patched).toMatchObject({ status: 400 });
    expect((await call('POST', `/v1/bays/${uuid}/actions/retry`, { token: member })).status).toBe(202);
  });

  test('of a baymodel waits for its bays', async () => {
    const model = { keypair_id: 'k', coe: 'swarm', image_id: 'debian-12-docker' };
    const made = await call('POST', '/v1/baymodels', { token: member, body: model });
    expect(made.status).toBe(201);
    const wish = { cluster_template_id: uuidOf(made), name: 'web' };
    const refused = await call('POST', '/v1/clusters', { token: member, body: wish });
    expect([refused.status, refused.text]).toEqual([404, expect.stringContaining('Unable to find keypair k')]);
    await api.database.stores.keypairs.insert(api.callerOf(member).userId, {
      ...{ id: randomUUID() as KeypairId, name: 'k', type: 'ssh-ed25519', publicKey: 'ssh-ed25519 AAAA' },
      ...{ fingerprint: '00', sha256Fingerprint: 'SHA256:x' },
    });
    await create({ cluster_template_id: uuidOf(made) });
    expect((await call('DELETE', `/v1/baymodels/${uuidOf(made)}`, { token: member })).status).toBe(400);
  });
});

describe('a new try', () => {
  test('is the same wish with a fresh deadline', async () => {
    const uuid = await create();
    const answer = await call('POST', `/v1/bays/${uuid}/actions/retry`, { token: member });
    expect(answer).toMatchObject({ status: 202, body: { uuid } });
    expect(await api.database.stores.bays.get(uuid as BayId)).toMatchObject({ generation: 2 });
  });
});

describe('other people', () => {
  test('without a token are told where to get one', async () => {
    const answer = await call('GET', '/v1/bays');
    expect(answer).toMatchObject({ status: 401, body: { error: { code: 401, title: 'Unauthorized' } } });
    expect(answer.headers.get('www-authenticate')).toBe('Keystone uri="http://bays.example:9511/identity/v3"');
    expect((await call('GET', '/v1/bays', { token: 'wrong' })).text).toBe(answer.text);
  });

  test('who may only read change nothing', async () => {
    const uuid = await create();
    const tries: [string, string, unknown][] = [
      ['POST', '/v1/bays', { baymodel_id: baymodel }],
      ['PATCH', `/v1/bays/${uuid}`, [{ op: 'replace', path: '/node_count', value: 3 }]],
      ['DELETE', `/v1/clusters/${uuid}`, undefined],
      ['POST', `/v1/bays/${uuid}/credentials`, {}],
      ['POST', `/v1/bays/${uuid}/actions/retry`, {}],
      ['POST', '/v1/certificates', { cluster_uuid: uuid, csr: 'x' }],
      ['DELETE', `/v1/baymodels/${baymodel}`, undefined],
    ];
    for (const [method, path, body] of tries) {
      const answer = await call(method, path, { token: reader, ...(body !== undefined && { body }) });
      expect([method, path, answer.status]).toEqual([method, path, 403]);
    }
    expect(await api.database.stores.bays.get(uuid as BayId)).toMatchObject({
      generation: 1,
      deletionRequestedAt: null,
    });
  });

  test('in another project find no bay, under any of its addresses, by id or by name', async () => {
    const uuid = await create({ name: 'secret-bay' });
    const patchBody = [{ op: 'replace', path: '/node_count', value: 9 }];
    for (const ident of [uuid, 'secret-bay']) {
      const tries: [string, string, unknown][] = [
        ['GET', `/v1/bays/${ident}`, undefined],
        ['GET', `/v1/clusters/${ident}`, undefined],
        ['PATCH', `/v1/bays/${ident}`, patchBody],
        ['PATCH', `/v1/clusters/${ident}`, patchBody],
        ['DELETE', `/v1/bays/${ident}`, undefined],
        ['DELETE', `/v1/clusters/${ident}`, undefined],
        ['GET', `/v1/bays/${ident}/nodes`, undefined],
        ['GET', `/v1/bays/${ident}/events`, undefined],
        ['GET', `/v1/bays/${ident}/load_balancers`, undefined],
        ['POST', `/v1/bays/${ident}/credentials`, {}],
        ['POST', `/v1/bays/${ident}/actions/retry`, {}],
        ['GET', `/v1/certificates/${ident}`, undefined],
      ];
      for (const [method, path, body] of tries) {
        const answer = await call(method, path, { token: stranger, ...(body !== undefined && { body }) });
        expect([method, path, answer.status]).toEqual([method, path, 404]);
      }
      const sign = await call('POST', '/v1/certificates', { token: stranger, body: { cluster_uuid: ident, csr: 'x' } });
      expect(sign.status).toBe(400);
    }
    for (const path of ['/v1/bays', '/v1/bays/detail', '/v1/clusters', '/v1/clusters/detail']) {
      expect((await call('GET', path, { token: stranger })).text).not.toContain(uuid);
    }
    expect(await api.database.stores.bays.get(uuid as BayId)).toMatchObject({
      generation: 1,
      deletionRequestedAt: null,
    });
  });

  test('in another project can’t use a private baymodel', async () => {
    const body = { cluster_template_id: baymodel };
    expect((await call('POST', '/v1/clusters', { token: stranger, body })).status).toBe(400);
  });

  test('who administrate see, scale and delete every bay, but sign for none of another project', async () => {
    const uuid = await create({ name: 'of-others' });
    expect((await call('GET', '/v1/bays/of-others', { token: admin })).status).toBe(200);
    expect((await call('GET', '/v1/clusters?limit=1000', { token: admin })).text).toContain(uuid);
    const body = [{ op: 'replace', path: '/node_count', value: 4 }];
    expect((await call('PATCH', `/v1/bays/${uuid}`, { token: admin, body })).status).toBe(202);
    expect((await call('GET', `/v1/certificates/${uuid}`, { token: admin })).status).toBe(404);
    expect((await call('POST', `/v1/bays/${uuid}/credentials`, { token: admin })).status).toBe(404);
    expect((await call('DELETE', `/v1/bays/${uuid}`, { token: admin })).status).toBe(204);
  });
});
