import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { ProjectId } from '@baykeeper/domain';
import { createSwarmEngine } from '@baykeeper/drivers/engines/swarm/swarm.engine.js';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { certificateRequest } from '../testing/certificate-request.js';
import { send, type Answer, type Request } from '../testing/api-client.js';
import { startTestApi, type TestApi } from '../testing/start-test-api.js';

jest.setTimeout(120_000);

interface Entry {
  readonly sequence: number;
  readonly action: string;
  readonly user_name: string;
  readonly request_id: string;
  readonly address: string;
  readonly target: { readonly kind: string; readonly id: string; readonly name: string };
  readonly detail: string | null;
}

let postgres: TestDatabase;
let api: TestApi;
let project: ProjectId;
let member: string;
let admin: string;
let system: string;

const call = (method: string, path: string, request?: Request): Promise<Answer> => send(api.url, method, path, request);
async function entries(query: string, token = admin): Promise<readonly Entry[]> {
  const answer = await call('GET', `/v1/audit${query}`, { token });
  expect(answer).toMatchObject({ status: 200 });
  return (answer.body as { audit: Entry[] }).audit;
}

beforeAll(async () => {
  postgres = await startTestDatabase();
  api = await startTestApi(postgres.url, createSwarmEngine({ templatesDirectory: '/nowhere' }));
  project = await api.project();
  member = await api.token(project, 'member', 'reader');
  admin = await api.token(project, 'admin', 'member', 'reader');
  system = await api.token(await api.project(), 'system-admin', 'admin', 'member', 'reader');
});

afterAll(async () => {
  await api.close();
  await postgres.stop();
  expect(api.faults).toEqual([]);
});

describe('the audit', () => {
  let cluster: string;
  let requestId: string;

  beforeAll(async () => {
    const body = {
      name: 'swarm',
      coe: 'swarm',
      image_id: 'debian-12-docker',
      flavor_id: 'm1.small',
      master_lb_enabled: true,
    };
    const template = await call('POST', '/v1/clustertemplates', { token: member, body });
    const { uuid } = template.body as { uuid: string };
    await call('PATCH', `/v1/clustertemplates/${uuid}`, {
      token: member,
      body: [{ op: 'replace', path: '/name', value: 'other' }],
    });
    const made = await call('POST', '/v1/clusters', {
      token: member,
      body: { cluster_template_id: uuid, name: 'web' },
    });
    cluster = (made.body as { uuid: string }).uuid;
    requestId = made.headers.get('x-openstack-request-id') ?? '';
    await call('PATCH', `/v1/clusters/${cluster}`, {
      token: member,
      body: [{ op: 'replace', path: '/node_count', value: 2 }],
    });
    await call('POST', '/v1/certificates', {
      token: member,
      body: { cluster_uuid: cluster, csr: certificateRequest('ada') },
    });
    await call('DELETE', `/v1/clusters/${cluster}`, { token: admin });
  });

  test('tells the latest first who did what to what, from where, in which request', async () => {
    const found = await entries('');
    expect(found.map(({ action }) => action)).toEqual([
      'cluster:delete',
      'certificate:create',
      'cluster:update',
      'cluster:create',
      'clustertemplate:update',
      'clustertemplate:create',
    ]);
    expect(found[3]).toMatchObject({
      ...{ request_id: requestId, address: '127.0.0.1', outcome: 'success', project_id: project },
      ...{ user_name: api.callerOf(member).userName, target: { kind: 'cluster', id: cluster, name: 'web' } },
    });
    expect(found[1]?.detail).toMatch(/^Signed for .*ada.*, serial [0-9a-f]+\.$/);
  });

  test('is filtered, and paged by the sequence', async () => {
    expect((await entries('?action=cluster:create')).map(({ action }) => action)).toEqual(['cluster:create']);
    expect(await entries(`?target=${cluster}`)).toHaveLength(4);
    expect(await entries('?target=web&action=cluster:update')).toHaveLength(1);
    expect(await entries(`?user=${api.callerOf(admin).userName}`)).toHaveLength(1);
    expect(await entries('?outcome=refused')).toEqual([]);
    expect(await entries('?until=2000-01-01T00:00:00Z')).toEqual([]);
    expect(await entries('?since=2000-01-01T00:00:00Z')).toHaveLength(6);
    const seen: number[] = [];
    let path: string | undefined = '/v1/audit?limit=4';
    while (path !== undefined) {
      const { body } = await call('GET', path, { token: admin });
      const page = body as { audit: Entry[]; next?: string };
      seen.push(...page.audit.map(({ sequence }) => sequence));
      path = page.next?.replace(/^.*(?=\/v1\/)/, '');
    }
    expect(seen).toEqual((await entries('')).map(({ sequence }) => sequence));
    for (const query of ['?marker=x', '?since=yesterday', '?outcome=maybe', '?bogus=1', '?limit=0'])
      expect((await call('GET', `/v1/audit${query}`, { token: admin })).status).toBe(400);
  });

  test('tells a project’s admin what was done to its things from outside', async () => {
    const theirs = await api.project();
    const owner = await api.token(theirs, 'admin', 'member', 'reader');
    await call('POST', '/v1/quotas', { token: system, body: { project_id: theirs, hard_limit: 3 } });
    expect((await entries('', owner)).map(({ action }) => action)).toEqual(['quota:create']);
  });

  test('is read by the project’s admin, and beyond the project by whoever runs the installation', async () => {
    expect((await call('GET', '/v1/audit', { token: member })).status).toBe(403);
    const stranger = await api.token(await api.project(), 'admin', 'member', 'reader');
    expect(await entries('', stranger)).toEqual([]);
    expect((await call('GET', `/v1/audit?project_id=${project}`, { token: stranger })).status).toBe(403);
    expect((await call('GET', '/v1/audit?all_tenants=true', { token: stranger })).status).toBe(403);
    expect(await entries(`?project_id=${project}`, system)).toHaveLength(6);
    expect((await entries('?all_tenants=true', system)).length).toBeGreaterThanOrEqual(6);
  });
});
