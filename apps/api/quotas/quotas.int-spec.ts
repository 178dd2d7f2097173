import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { ProjectId } from '@baykeeper/domain';
import { createSwarmEngine } from '@baykeeper/drivers/engines/swarm/swarm.engine.js';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { send, type Answer, type Request } from '../testing/api-client.js';
import { startTestApi, type TestApi } from '../testing/start-test-api.js';

jest.setTimeout(120_000);

let postgres: TestDatabase;
let api: TestApi;
let project: ProjectId;
let member: string;
let admin: string;
let stranger: string;

const call = (method: string, path: string, request?: Request): Promise<Answer> => send(api.url, method, path, request);
const setQuota = (resource: string, limit: number, projectId = project): Promise<Answer> =>
  call('POST', '/v1/quotas', { token: admin, body: { project_id: projectId, resource, hard_limit: limit } });
const createBay = (body: object = {}, token = member): Promise<Answer> =>
  call('POST', '/v1/clusters', { token, body: { cluster_template_id: 'swarm', name: 'web', ...body } });

beforeAll(async () => {
  postgres = await startTestDatabase();
  api = await startTestApi(postgres.url, createSwarmEngine({ templatesDirectory: '/nowhere' }));
  const owner = await api.project();
  admin = await api.token(owner, 'system-admin', 'admin', 'member', 'reader');
  const template = { name: 'swarm', coe: 'swarm', image_id: 'debian-12-docker', master_lb_enabled: true, public: true };
  const made = await call('POST', '/v1/clustertemplates', {
    token: admin,
    body: { ...template, flavor_id: 'm1.small' },
  });
  expect(made).toMatchObject({ status: 201 });
});

beforeEach(async () => {
  project = await api.project();
  member = await api.token(project, 'member', 'reader');
  stranger = await api.token(await api.project(), 'admin', 'member', 'reader');
});

afterAll(async () => {
  await api.close();
  await postgres.stop();
  expect(api.faults).toEqual([]);
});

describe('a quota', () => {
  test('is made, shown, changed, listed and removed as Magnum does it', async () => {
    const path = `/v1/quotas/${project}/Cluster`;
    const byDefault = await call('GET', path, { token: member });
    expect(byDefault.body).toEqual({ hard_limit: 1_000_000, project_id: project, resource: 'Cluster' });
    const made = await setQuota('Cluster', 3);
    expect(made).toMatchObject({ status: 201, body: { project_id: project, resource: 'Cluster', hard_limit: 3 } });
    expect(made.body).toMatchObject({ id: expect.any(Number), updated_at: null });
    expect(await setQuota('Cluster', 4)).toMatchObject({ status: 409 });
    expect(await call('PATCH', path, { token: admin, body: { hard_limit: 5 } })).toMatchObject({
      status: 202,
      body: { hard_limit: 5, updated_at: expect.any(String) },
    });
    expect((await call('GET', path, { token: member })).body).toMatchObject({ hard_limit: 5 });
    const all = await call('GET', '/v1/quotas?all_tenants=True', { token: admin });
    expect((all.body as { quotas: { project_id: string }[] }).quotas.map((quota) => quota.project_id)).toContain(
      project,
    );
    expect((await call('GET', '/v1/quotas', { token: admin })).body).toEqual({ quotas: [] });
    expect((await call('DELETE', path, { token: admin })).status).toBe(204);
    expect((await call('DELETE', path, { token: admin })).status).toBe(404);
    expect((await call('PATCH', path, { token: admin, body: { hard_limit: 5 } })).status).toBe(404);
  });

  test.each([
    [{ resource: 'Cluster' }, 400],
    [{ project_id: '', hard_limit: 1 }, 400],
    [{ project_id: 'nobody', hard_limit: 1 }, 404],
    [{ hard_limit: -1 }, 400],
    [{ resource: 'Router' }, 400],
    [{ bogus: 1 }, 400],
  ])('%j is refused with %i', async (body, status) => {
    const given =
      'resource' in body && !('hard_limit' in body) && body.resource === 'Cluster'
        ? body
        : { project_id: project, ...body };
    expect((await call('POST', '/v1/quotas', { token: admin, body: given })).status).toBe(status);
  });

  test('is told to its own project only, and set by no project’s admin', async () => {
    expect((await call('GET', `/v1/quotas/${project}/Cluster`, { token: stranger })).status).toBe(403);
    expect((await call('GET', `/v1/usage?project_id=${project}`, { token: stranger })).status).toBe(403);
    expect((await call('GET', `/v1/stats?project_id=${project}`, { token: stranger })).status).toBe(403);
    expect((await call('GET', '/v1/quotas', { token: stranger })).status).toBe(403);
  });

  test('pages through all quotas', async () => {
    for (const resource of ['Cluster', 'Node', 'Master']) await setQuota(resource, 3);
    const seen: number[] = [];
    let path: string | undefined = '/v1/quotas?all_tenants=true&limit=2&sort_key=hard_limit&sort_dir=desc';
    while (path !== undefined && seen.length < 100) {
      const { body } = await call('GET', path, { token: admin });
      const { quotas, next } = body as { quotas: { id: number }[]; next?: string };
      seen.push(...quotas.map(({ id }) => id));
      path = next?.replace(/^.*(?=\/v1\/)/, '');
    }
    const { body } = await call('GET', '/v1/quotas?all_tenants=true', { token: admin });
    expect([...seen].sort()).toEqual((body as { quotas: { id: number }[] }).quotas.map(({ id }) => id).sort());
    expect((await call('GET', '/v1/quotas?marker=999999', { token: admin })).status).toBe(404);
    expect((await call('GET', '/v1/quotas?marker=x', { token: admin })).status).toBe(400);
  });
});

describe('at the limit', () => {
  test('fifty bays that are asked for at once: exactly the allowed number comes through', async () => {
    await setQuota('Cluster', 7);
    const answers = await Promise.all(Array.from({ length: 50 }, () => createBay()));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(7);
    const refused = answers.filter(({ status }) => status === 403);
    expect(refused).toHaveLength(43);
    expect(JSON.stringify(refused[0]?.body)).toContain('1 more asked for, 7 of 7 in use');
    const { body } = await call('GET', '/v1/usage', { token: member });
    expect(body).toMatchObject({
      resources: [
        { resource: 'Cluster', hard_limit: 7, in_use: 7, is_default: false },
        { resource: 'Node', in_use: 7, is_default: true },
        { resource: 'Master', in_use: 7 },
        { resource: 'ClusterTemplate', in_use: 0 },
      ],
    });
  });

  test('templates count too: of fifty at once and one by one exactly the allowed number comes through', async () => {
    const template = { coe: 'swarm', image_id: 'debian-12-docker' };
    const create = (token: string): Promise<Answer> => call('POST', '/v1/clustertemplates', { token, body: template });
    await setQuota('ClusterTemplate', 20);
    const answers = await Promise.all(Array.from({ length: 50 }, () => create(member)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(20);
    const refused = answers.filter(({ status }) => status === 403);
    expect(refused).toHaveLength(30);
    expect(JSON.stringify(refused[0]?.body)).toContain('Resource limit for cluster templates exceeded');
    const { body } = answers.find(({ status }) => status === 201) ?? {};
    const { uuid } = body as { uuid: string };
    expect((await call('DELETE', `/v1/clustertemplates/${uuid}`, { token: member })).status).toBe(204);
    expect([(await create(member)).status, (await create(member)).status]).toEqual([201, 403]);
    expect((await create(stranger)).status).toBe(201);
  });

  test('those who wait for the turn of their project keep nobody else waiting', async () => {
    let end = (): void => undefined;
    const held = new Promise<void>((resolve) => (end = resolve));
    const isHeld = new Promise<void>((resolve, reject) => {
      api.database
        .transaction(async ({ quotas }) => {
          await quotas.takeTurn(project);
          resolve();
          await held;
        })
        .catch(reject);
    });
    await isHeld;
    // More than there are connections.
    const waiting = Promise.all(Array.from({ length: 30 }, () => createBay()));
    expect((await createBay({}, stranger)).status).toBe(202);
    end();
    expect((await waiting).map(({ status }) => status)).toEqual(Array.from({ length: 30 }, () => 202));
  });

  test('nodes count too, when a bay is made and when it grows; shrinking is never refused', async () => {
    await setQuota('Node', 5);
    await setQuota('Master', 2);
    const { body } = await createBay({ node_count: 4 });
    const { uuid } = body as { uuid: string };
    const scale = (count: number): Promise<Answer> =>
      call('PATCH', `/v1/clusters/${uuid}`, {
        token: member,
        body: [{ op: 'replace', path: '/node_count', value: count }],
      });
    expect((await createBay({ node_count: 2 })).status).toBe(403);
    expect((await createBay({ node_count: 1, master_count: 3 })).status).toBe(403);
    expect((await scale(6)).status).toBe(403);
    expect((await scale(5)).status).toBe(202);
    await call('PATCH', `/v1/quotas/${project}/Node`, { token: admin, body: { hard_limit: 1 } });
    expect((await scale(3)).status).toBe(202);
    expect((await scale(4)).status).toBe(403);
  });

  test('bays that grow and shrink at once never have more than is allowed, and nobody is counted twice', async () => {
    await setQuota('Node', 12);
    const made = await Promise.all([createBay({ node_count: 4 }), createBay({ node_count: 4 })]);
    const uuids = made.map(({ body }) => (body as { uuid: string }).uuid);
    const scale = (uuid: string | undefined, count: number): Promise<Answer> =>
      call('PATCH', `/v1/clusters/${uuid ?? ''}`, {
        token: member,
        body: [{ op: 'replace', path: '/node_count', value: count }],
      });
    for (let round = 0; round < 20; round += 1) {
      const [first, second] = uuids;
      await Promise.all([scale(first, 8), scale(first, 1), scale(second, 8), scale(first, 7), scale(second, 1)]);
      const { body } = await call('GET', '/v1/usage', { token: member });
      const { resources } = body as { resources: { resource: string; in_use: number }[] };
      expect(resources.find(({ resource }) => resource === 'Node')?.in_use).toBeLessThanOrEqual(12);
    }
    // The same wish twice at once is one wish.
    await Promise.all([scale(uuids[0], 1), scale(uuids[1], 4)]);
    const twice = await Promise.all([scale(uuids[0], 8), scale(uuids[0], 8)]);
    expect(twice.map(({ status }) => status)).toEqual([202, 202]);
  });

  test('other projects are not held up or counted', async () => {
    await setQuota('Cluster', 1);
    expect((await createBay()).status).toBe(202);
    expect((await createBay({}, stranger)).status).toBe(202);
    expect((await call('GET', '/v1/stats', { token: member })).body).toEqual({ clusters: 1, nodes: 2 });
    expect((await call('GET', `/v1/stats?project_id=${project}`, { token: admin })).body).toEqual({
      clusters: 1,
      nodes: 2,
    });
    const everything = (await call('GET', '/v1/stats?type=Cluster', { token: admin })).body as { clusters: number };
    expect(everything.clusters).toBeGreaterThan(1);
    expect((await call('GET', '/v1/stats?type=node', { token: admin })).status).toBe(400);
  });
});
