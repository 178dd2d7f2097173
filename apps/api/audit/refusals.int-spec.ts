/** What the audit tells of those who were refused, and of logins. */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { ProjectId } from '@baykeeper/domain';
import { createSwarmEngine } from '@baykeeper/drivers/engines/swarm/swarm.engine.js';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { openIdentity } from '@baykeeper/tenancy';
import { send, type Answer, type Request } from '../testing/api-client.js';
import { startTestApi, type TestApi } from '../testing/start-test-api.js';

jest.setTimeout(120_000);

const PASSWORD = 'correct horse';
const UNKNOWN = '11111111-2222-4333-8444-555555555555';

let postgres: TestDatabase;
let api: TestApi;
let project: ProjectId;
let reader: string;
let admin: string;
let system: string;

const call = (method: string, path: string, request?: Request): Promise<Answer> => send(api.url, method, path, request);

/** Without their sequence and time. */
async function entries(query: string, token = admin): Promise<readonly object[]> {
  await api.writeAudit();
  const { status, body } = await call('GET', `/v1/audit${query}`, { token });
  expect(status).toBe(200);
  return (body as { audit: { sequence: number; at: string }[] }).audit.map(({ sequence: _, at: _at, ...rest }) => rest);
}
const requestIdOf = ({ headers }: Answer): string | null => headers.get('x-openstack-request-id');

beforeAll(async () => {
  postgres = await startTestDatabase();
  api = await startTestApi(postgres.url, createSwarmEngine({ templatesDirectory: '/nowhere' }), {
    requestsPerSecond: 20,
    trustedProxies: ['127.0.0.1'],
  });
  project = await api.project();
  reader = await api.token(project, 'reader');
  admin = await api.token(project, 'admin', 'member', 'reader');
  system = await api.token(await api.project(), 'system-admin', 'admin', 'member', 'reader');
});

afterAll(async () => {
  await api.close();
  await postgres.stop();
});

describe('a refused request', () => {
  test('is told to the project’s admin when its token was one of the project’s', async () => {
    const { userId, userName } = api.callerOf(reader);
    const refused = await call('DELETE', `/v1/bays/${UNKNOWN}`, { token: reader });
    expect(refused.status).toBe(403);
    expect(await entries('?outcome=refused&action=cluster:delete')).toEqual([
      {
        ...{ project_id: project, user_id: userId, user_name: userName },
        ...{ action: 'cluster:delete', outcome: 'refused', status: 403, count: 1 },
        target: { kind: 'cluster', id: UNKNOWN, name: null },
        detail: expect.stringContaining("Policy doesn't allow cluster:delete"),
        ...{ request_id: requestIdOf(refused), address: '127.0.0.1' },
      },
    ]);
    expect(await entries('?outcome=success&action=cluster:delete')).toEqual([]);
    const stranger = await api.token(await api.project(), 'admin', 'member', 'reader');
    expect(await entries('', stranger)).toEqual([]);
  });

  test('is told to whoever runs the installation alone when nobody knows who sent it', async () => {
    const [without, withBad] = [
      await call('GET', '/v1/bays'),
      await call('GET', '/v1/bays/web', { token: 'nonsense' }),
    ];
    expect([without.status, withBad.status]).toEqual([401, 401]);
    expect(await entries('?outcome=refused')).not.toContainEqual(expect.objectContaining({ status: 401 }));
    const nobody = { project_id: null, user_id: null, user_name: null, outcome: 'refused', status: 401, count: 1 };
    const found = await entries('?all_tenants=true&outcome=refused&limit=2', system);
    expect(found).toEqual([
      {
        ...{ ...nobody, action: 'cluster:get', target: { kind: 'cluster', id: null, name: 'web' } },
        ...{ detail: 'The token is unknown or has ended.', request_id: requestIdOf(withBad), address: '127.0.0.1' },
      },
      {
        ...{ ...nobody, action: 'cluster:get_all', target: { kind: null, id: null, name: null } },
        ...{ detail: 'There was no token.', request_id: requestIdOf(without), address: '127.0.0.1' },
      },
    ]);
  });

  test('that comes again and again is one entry, and holds nothing up', async () => {
    const token = await api.token(project, 'member', 'reader');
    const answers = await Promise.all(Array.from({ length: 60 }, () => call('GET', '/v1/bays', { token })));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThanOrEqual(30);
    const { userId } = api.callerOf(token);
    expect(await entries(`?user=${userId}`)).toMatchObject([
      {
        ...{ action: 'cluster:get_all', outcome: 'refused', status: 429, count: refused.length, user_id: userId },
        detail: expect.stringMatching(/^This token sends too many requests: .* Since \d{4}-/),
      },
    ]);
  });

  test('that is no matter of rights is not told', async () => {
    const before = await entries('');
    expect((await call('GET', '/v1/bays/none', { token: admin })).status).toBe(404);
    expect((await call('POST', '/v1/bays', { token: admin, body: [] })).status).toBe(400);
    expect((await call('GET', '/v1/nothing')).status).toBe(404);
    expect(await entries('')).toEqual(before);
  });

  test('is found by the address from which it came', async () => {
    const headers = { 'X-Forwarded-For': '203.0.113.9' };
    expect((await call('GET', '/v1/stats', { headers })).status).toBe(401);
    const found = await entries('?all_tenants=true&address=203.0.113.9', system);
    expect(found).toMatchObject([{ action: 'stats:get_all', address: '203.0.113.9', status: 401 }]);
  });

  test('of the identity service names its target', async () => {
    const refused = await call('PATCH', `/identity/v3/users/${UNKNOWN}`, { token: reader, body: { user: {} } });
    expect(refused.status).toBe(403);
    expect(await entries('?action=identity:update_user')).toMatchObject([
      { target: { kind: 'user', id: UNKNOWN, name: null }, status: 403, project_id: project },
    ]);
  });
});

describe('a login', () => {
  const logIn = (user: object, scope?: object): Promise<Answer> =>
    call('POST', '/identity/v3/auth/tokens', {
      body: { auth: { identity: { methods: ['password'], password: { user } }, ...(scope && { scope }) } },
    });

  test('is told, right or wrong, and never what was typed for a name that nobody has', async () => {
    const identity = openIdentity({ database: api.database, passwordCost: { logN: 4, r: 8, p: 1 } });
    const ada = await identity.createUser({ name: 'ada', password: PASSWORD, defaultProjectId: project });
    await identity.assignRole({ userId: ada.id, projectId: project, role: 'member' });
    const right = await logIn({ id: ada.id, password: PASSWORD });
    const wrong = await logIn({ id: ada.id, password: 'wrong' });
    const nobody = await logIn({ name: 'hunter2', domain: { id: 'default' }, password: 'ada' });
    const token = { methods: ['token'], token: { id: 'no-such-token' } };
    const exchanged = await call('POST', '/identity/v3/auth/tokens', { body: { auth: { identity: token } } });
    expect([right, wrong, nobody, exchanged].map(({ status }) => status)).toEqual([201, 401, 401, 401]);
    const user = { user_id: ada.id, user_name: 'ada', target: { kind: 'user', id: ada.id, name: 'ada' } };
    const unknown = { user_id: null, user_name: null, target: { kind: 'user', id: null, name: null } };
    const found = await entries('?all_tenants=true&action=identity:issue_token', system);
    expect(found).toEqual([
      expect.objectContaining({ ...unknown, status: 401, outcome: 'refused', count: 2 }),
      expect.objectContaining({
        ...{ ...user, status: 401, outcome: 'refused', detail: 'By password: wrong password or disabled user' },
        ...{ request_id: requestIdOf(wrong), project_id: null },
      }),
      expect.objectContaining({
        ...{ ...user, status: 201, outcome: 'success', detail: 'By password' },
        ...{ request_id: requestIdOf(right), project_id: project, address: '127.0.0.1' },
      }),
    ]);
    expect(JSON.stringify(found)).not.toMatch(/hunter2|no-such-token|correct horse/);
    // The project's admin is told of the login to the project.
    expect(await entries('?action=identity:issue_token')).toMatchObject([{ outcome: 'success', user_name: 'ada' }]);
  });

  test('has its refusal told once when a password is changed with a wrong one', async () => {
    const [entry] = await entries('?user=ada&outcome=success');
    const { user_id: id } = entry as { user_id: string };
    const { headers } = await logIn({ id, password: PASSWORD });
    const token = headers.get('x-subject-token') ?? '';
    const body = { user: { original_password: 'wrong', password: 'battery staple' } };
    expect((await call('POST', `/identity/v3/users/${id}/password`, { token, body })).status).toBe(401);
    expect(await entries('?action=identity:change_password')).toMatchObject([
      { outcome: 'refused', status: 401, user_name: 'ada', target: { kind: 'user', id }, count: 1 },
    ]);
  });
});
