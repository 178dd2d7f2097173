import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { BayId, NodeId, ProjectId } from '@baykeeper/domain';
import { createSwarmEngine } from '@baykeeper/drivers/engines/swarm/swarm.engine.js';
import { makeNewNode } from '@baykeeper/storage/testing/seed.js';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { send, type Answer } from '../testing/api-client.js';
import { startTestApi, type TestApi } from '../testing/start-test-api.js';
import { nodeGroupAnswer, nodeGroupsAnswer } from './node-group.bodies.js';

jest.setTimeout(120_000);

let postgres: TestDatabase;
let api: TestApi;
let project: ProjectId;
let member: string;
let cluster: string;

function call(method: string, path: string, body?: unknown, version = 'latest'): Promise<Answer> {
  const headers = { 'OpenStack-API-Version': `container-infra ${version}` };
  return send(api.url, method, path, { token: member, headers, ...(body !== undefined && { body }) });
}
const groups = (path = ''): string => `/v1/clusters/${cluster}/nodegroups${path}`;
const titleOf = (answer: Answer): string => (answer.body as { errors: { detail: string }[] }).errors[0]?.detail ?? '';

async function setAddress(): Promise<void> {
  const { bays } = api.database.stores;
  const id = cluster as BayId;
  const lease = await bays.acquireLease(id, 'test', 60);
  await bays.saveFacts(id, lease?.token ?? 0, { apiAddress: 'tcp://198.51.100.7:2376', status: 'CREATE_COMPLETE' });
  await bays.releaseLease(id, lease?.token ?? 0);
}

beforeAll(async () => {
  postgres = await startTestDatabase();
  api = await startTestApi(postgres.url, createSwarmEngine({ templatesDirectory: '/nowhere' }));
  project = await api.project();
  member = await api.token(project, 'member', 'reader');
  const template = { name: 'swarm', coe: 'swarm', image_id: 'debian-12-docker', master_lb_enabled: true };
  const labels = { lb_ports: '80', a: '1' };
  const made = await call('POST', '/v1/clustertemplates', { ...template, flavor_id: 'm1.small', labels });
  expect(made).toMatchObject({ status: 201 });
});

beforeEach(async () => {
  const made = await call('POST', '/v1/clusters', { cluster_template_id: 'swarm', name: 'web', node_count: 2 });
  cluster = (made.body as { uuid: string }).uuid;
});

afterAll(async () => {
  await api.close();
  await postgres.stop();
  expect(api.faults).toEqual([]);
});

describe('node groups', () => {
  test('the two that every cluster has are there at once', async () => {
    const { nodegroups } = nodeGroupsAnswer.parse((await call('GET', groups())).body);
    expect(nodegroups).toMatchObject([
      { name: 'default-master', role: 'master', node_count: 1, is_default: true, status: 'CREATE_IN_PROGRESS' },
      { name: 'default-worker', role: 'worker', node_count: 2, is_default: true, stack_id: cluster },
    ]);
    const byRole = (await call('GET', groups('?role=master'))).body as { nodegroups: unknown[] };
    expect(byRole.nodegroups).toHaveLength(1);
    expect((await call('GET', groups('/default-worker'))).body).toEqual(
      (await call('GET', groups(`/${nodegroups[1]?.uuid ?? ''}`))).body,
    );
    expect((await call('DELETE', groups('/default-worker'))).status).toBe(400);
  });

  test('another is made, shown, changed and deleted', async () => {
    expect(await call('POST', groups(), { name: 'gpu' })).toMatchObject({ status: 409 });
    await setAddress();
    const made = await call('POST', groups(), {
      ...{ name: 'gpu', node_count: 3, min_node_count: 1, max_node_count: 5, flavor_id: 'm1.medium' },
      ...{ labels: { b: '2' }, merge_labels: true, node_labels: { disk: 'ssd' }, image_id: null },
    });
    expect(made.status).toBe(202);
    const shown = nodeGroupAnswer.parse((await call('GET', groups('/gpu'))).body);
    expect(made.body).toEqual(shown);
    expect(shown).toMatchObject({
      ...{ name: 'gpu', node_count: 3, min_node_count: 1, max_node_count: 5, flavor_id: 'm1.medium', role: 'worker' },
      ...{ labels: { lb_ports: '80', a: '1', b: '2' }, labels_added: { b: '2' }, node_labels: { disk: 'ssd' } },
      ...{ is_default: false, cluster_id: cluster, image_id: 'debian-12-docker', node_taints: [] },
    });
    expect((await call('GET', groups(`/${String(shown.id)}`))).body).toEqual(shown);
    expect((await call('GET', `/v1/clusters/${cluster}`)).body).toMatchObject({ node_count: 5 });
    expect(await call('POST', groups(), { name: 'gpu' })).toMatchObject({ status: 409 });

    const patched = await call('PATCH', groups('/gpu'), [
      { op: 'replace', path: '/max_node_count', value: 9 },
      { op: 'replace', path: '/node_labels', value: "{'disk': 'nvme'}" },
    ]);
    expect(patched).toMatchObject({ status: 202, body: { max_node_count: 9, node_labels: { disk: 'nvme' } } });
    expect((await call('DELETE', groups('/gpu'))).status).toBe(204);
    expect((await call('GET', groups('/gpu'))).body).toMatchObject({ status: 'DELETE_IN_PROGRESS', node_count: 0 });
    expect((await call('DELETE', groups('/gpu'))).status).toBe(204);
  });

  test.each([
    [{ name: 'x', role: 'master' }, 400],
    [{ name: 'x', node_count: -1 }, 400],
    [{ node_count: 1 }, 400],
    [{ name: 'x', min_node_count: 3, max_node_count: 2 }, 409],
    [{ name: 'x', node_count: 3, max_node_count: 2 }, 409],
    [{ name: 'x', node_count: 0, min_node_count: 1 }, 409],
    [{ name: 'x', node_labels: { 'kubernetes.io/role': 'a' } }, 409],
    [{ name: 'x', node_taints: [{ key: 'a', effect: 'Maybe' }] }, 409],
    [{ name: 'x', node_taints: [{ key: 'a', effect: 'NoSchedule' }] }, 409],
    [{ name: 'x', flavor_id: 'nonsense' }, 400],
    [{ name: 'x', bogus: true }, 400],
    [{ name: 'default-worker' }, 409],
    // Their nodes would be called like those that are there.
    [{ name: 'worker' }, 409],
    [{ name: 'Master!' }, 409],
    [{ name: '日本' }, 409],
  ])('%j is refused with %i', async (body, status) => {
    await setAddress();
    expect((await call('POST', groups(), body)).status).toBe(status);
    expect(((await call('GET', groups())).body as { nodegroups: unknown[] }).nodegroups).toHaveLength(2);
  });

  test('are a hundred at most', async () => {
    await setAddress();
    for (let made = 2; made < 100; made += 1)
      expect((await call('POST', groups(), { name: `g${String(made)}`, node_count: 0 })).status).toBe(202);
    const refused = await call('POST', groups(), { name: 'more', node_count: 0 });
    expect(refused).toMatchObject({ status: 400 });
    expect((refused.body as { errors: { title: string }[] }).errors[0]?.title).toMatch(/delete one first$/);
  });

  test('are sorted by what they have, and by nothing else', async () => {
    await setAddress();
    for (const [name, more] of Object.entries({ a1: { max_node_count: 4 }, b2: { flavor_id: 'm1.medium' } }))
      expect((await call('POST', groups(), { name, ...more })).status).toBe(202);
    const names = async (query: string): Promise<string[]> =>
      nodeGroupsAnswer.parse((await call('GET', groups(query))).body).nodegroups.map(({ name }) => name);
    expect(await names('?sort_key=name&sort_dir=desc')).toEqual(['default-worker', 'default-master', 'b2', 'a1']);
    // What has no value comes last, and what is equal in the order in which it was made.
    expect(await names('?sort_key=max_node_count')).toEqual(['a1', 'default-master', 'default-worker', 'b2']);
    expect(await names('?sort_key=is_default')).toEqual(['a1', 'b2', 'default-master', 'default-worker']);
    for (const key of ['colour', '__proto__', 'constructor', 'toString', 'node_addresses', 'links'])
      expect([key, (await call('GET', groups(`?sort_key=${key}`))).status]).toEqual([key, 400]);
  });

  test.each([
    ['/name', 400],
    ['/node_count', 400],
    ['/labels/x', 400],
    ['/bogus', 400],
  ])('%s can not be patched', async (path, status) => {
    expect((await call('PATCH', groups('/default-worker'), [{ op: 'replace', path, value: 1 }])).status).toBe(status);
  });

  test('are there from 1.9 on, resizing from 1.7, upgrading from 1.8, credentials from 1.12', async () => {
    expect((await call('GET', groups(), undefined, '1.8')).status).toBe(406);
    expect((await call('GET', groups(), undefined, '1.9')).status).toBe(200);
    const action = (name: string): string => `/v1/clusters/${cluster}/actions/${name}`;
    expect((await call('POST', action('resize'), { node_count: 1 }, '1.6')).status).toBe(406);
    expect((await call('POST', action('resize'), { node_count: 1 }, '1.7')).status).toBe(202);
    expect((await call('POST', action('resize'), { node_count: 0 }, '1.9')).status).toBe(400);
    expect((await call('POST', action('resize'), { node_count: 0 }, '1.10')).status).toBe(202);
    expect((await call('POST', action('upgrade'), { cluster_template: 'swarm' }, '1.6')).status).toBe(406);
    expect((await call('POST', action('upgrade'), { cluster_template: 'swarm' }, '1.7')).status).toBe(400);
    expect((await call('PATCH', `/v1/credentials/${cluster}`, undefined, '1.11')).status).toBe(406);
    expect((await call('PATCH', `/v1/credentials/${cluster}`, undefined, '1.12')).status).toBe(400);
  });
});

describe('resizing', () => {
  const resize = (body: object): Promise<Answer> => call('POST', `/v1/clusters/${cluster}/actions/resize`, body);

  test('lets the named nodes go first, and no others', async () => {
    const { nodes, nodeGroups } = api.database.stores;
    const group = (await nodeGroups.listByBay({ projectId: project }, cluster as BayId)).find(
      ({ role }) => role === 'worker',
    );
    if (!group) throw new Error('no workers');
    const made = [makeNewNode(group, 0), makeNewNode(group, 1)];
    await nodes.insertMany(made);
    const [first, second] = made.map(({ id }) => id) as [NodeId, NodeId];
    expect((await resize({ node_count: 1, nodes_to_remove: ['nobody'] })).status).toBe(400);
    expect((await resize({ node_count: 1, nodes_to_remove: [first] })).status).toBe(202);
    const after = await nodes.listByBay({ projectId: project }, cluster as BayId);
    const leaving = after.filter((node) => node.removalRequestedAt !== null).map(({ id }) => id);
    expect(leaving).toEqual([first]);
    expect((await resize({ node_count: 1, nodes_to_remove: [first] })).status).toBe(400);
    // Replaced: as many as before, but not this one.
    expect((await resize({ node_count: 1, nodes_to_remove: [made[1]?.name] })).status).toBe(202);
    expect((await nodes.find({ projectId: project }, second))?.removalReason).toBe('scale-down');
  });

  test('keeps to the bounds of the group', async () => {
    await call('PATCH', groups('/default-worker'), [
      { op: 'replace', path: '/min_node_count', value: 1 },
      { op: 'add', path: '/max_node_count', value: 3 },
    ]);
    expect((await resize({ node_count: 4 })).status).toBe(400);
    expect((await resize({ node_count: 0 })).status).toBe(400);
    expect((await resize({ node_count: 3 })).status).toBe(202);
    expect((await resize({ node_count: 1, nodegroup: 'default-master' })).status).toBe(400);
    expect((await resize({ node_count: 1, nodegroup: 'none' })).status).toBe(404);
    expect((await resize({})).status).toBe(400);
  });
});

describe('what cannot be done yet', () => {
  test('is checked, refused with the reason, and written down', async () => {
    const upgrade = (body: object): Promise<Answer> => call('POST', `/v1/clusters/${cluster}/actions/upgrade`, body);
    expect((await upgrade({})).status).toBe(400);
    expect((await upgrade({ cluster_template: 'none' })).status).toBe(404);
    expect((await upgrade({ cluster_template: 'swarm', nodegroup: 'none' })).status).toBe(404);
    const refused = await upgrade({ cluster_template: 'swarm', max_batch_size: 1 });
    expect([refused.status, titleOf(refused)]).toEqual([
      400,
      'Upgrading a swarm cluster is not supported: make a new cluster from swarm and move your work there.',
    ]);
    const rotated = await call('PATCH', `/v1/certificates/${cluster}`);
    expect([rotated.status, titleOf(rotated)]).toEqual([400, expect.stringContaining('is not supported yet')]);
    expect((await call('PATCH', `/v1/certificates/${cluster}`, { a: 1 })).status).toBe(400);
    expect((await call('PATCH', '/v1/certificates/none')).status).toBe(404);
    const admin = await api.token(project, 'admin', 'member', 'reader');
    const { body } = await send(api.url, 'GET', `/v1/audit?outcome=refused&target=${cluster}`, { token: admin });
    expect((body as { audit: { action: string }[] }).audit.map(({ action }) => action)).toEqual([
      'certificate:rotate_ca',
      'cluster:upgrade',
    ]);
  });

  test('federations are answered as Magnum answers them', async () => {
    expect((await call('GET', '/v1/federations')).body).toEqual({ federations: [] });
    const wish = { name: 'f', hostcluster_id: cluster, properties: { 'dns-zone': 'example.org' } };
    expect((await call('POST', '/v1/federations', wish)).status).toBe(202);
    expect((await call('POST', '/v1/federations', { ...wish, properties: {} })).status).toBe(400);
    expect((await call('POST', '/v1/federations', { ...wish, hostcluster_id: 'none' })).status).toBe(404);
    expect((await call('GET', '/v1/federations')).body).toEqual({ federations: [] });
  });
});
