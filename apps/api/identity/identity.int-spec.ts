import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createSwarmEngine } from '@baykeeper/drivers/engines/swarm/swarm.engine.js';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { openIdentity } from '@baykeeper/tenancy';
import { send, type Answer, type Request } from '../testing/api-client.js';
import { startTestApi, type TestApi } from '../testing/start-test-api.js';
import { tokenAnswer } from './token.bodies.js';

let postgres: TestDatabase;
let api: TestApi;
let projectId: string;
const call = (method: string, path: string, request?: Request): Promise<Answer> => send(api.url, method, path, request);

const TOKENS = '/identity/v3/auth/tokens';
function login(user: object, scope?: unknown): Promise<Answer> {
  const identity = { methods: ['password'], password: { user } };
  return call('POST', TOKENS, { body: { auth: { identity, ...(scope !== undefined && { scope }) } } });
}
const ADMIN = { name: 'admin', domain: { id: 'default' }, password: 'correct horse' };
async function adminToken(): Promise<string> {
  return (await login(ADMIN)).headers.get('x-subject-token') ?? '';
}

beforeAll(async () => {
  postgres = await startTestDatabase();
  api = await startTestApi(postgres.url, createSwarmEngine({ templatesDirectory: '/nowhere' }));
  const identity = openIdentity({ database: api.database });
  projectId = (await identity.bootstrapAdministrator({ password: 'correct horse' })).project.id;
}, 60_000);

afterAll(async () => {
  await api.close();
  await postgres.stop();
  expect(api.faults).toEqual([]);
});

describe('logging in', () => {
  test('gives a token, its project, all roles it implies, and a catalog that ends in /v1', async () => {
    const answer = await login(ADMIN, { project: { name: 'admin', domain: { name: 'Default' } } });
    expect(answer.status).toBe(201);
    const { token } = tokenAnswer.parse(answer.body);
    expect(token).toMatchObject({
      methods: ['password'],
      user: { name: 'admin', domain: { id: 'default', name: 'Default' }, password_expires_at: null },
      project: { id: projectId, name: 'admin', domain: { id: 'default', name: 'Default' } },
      roles: [{ name: 'admin' }, { name: 'member' }, { name: 'reader' }],
    });
    expect(token.catalog?.map(({ type, endpoints }) => [type, endpoints.map(({ url }) => url)])).toEqual([
      ['container-infra', Array.from({ length: 3 }, () => 'http://bays.example:9511/v1')],
      ['identity', Array.from({ length: 3 }, () => 'http://bays.example:9511/identity/v3')],
    ]);
    expect(token.expires_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    const issued = answer.headers.get('x-subject-token') ?? '';
    expect((await call('GET', '/v1/bays', { token: issued })).status).toBe(200);
  });

  test('may name the project by its id, or leave it to the default one', async () => {
    expect((await login(ADMIN, { project: { id: projectId } })).body).toMatchObject({
      token: { project: { id: projectId } },
    });
    expect((await login(ADMIN)).body).toMatchObject({ token: { project: { id: projectId } } });
  });

  test('without a project gives a token that is good for no bay', async () => {
    const answer = await login(ADMIN, 'unscoped');
    expect(tokenAnswer.parse(answer.body).token).not.toHaveProperty('roles');
    const token = answer.headers.get('x-subject-token') ?? '';
    expect((await call('GET', '/v1/bays', { token })).status).toBe(403);
  });

  test('fails the same way for a wrong password, an unknown user and another domain', async () => {
    const answers = await Promise.all([
      login({ ...ADMIN, password: 'wrong' }),
      login({ ...ADMIN, name: 'nobody' }),
      login({ ...ADMIN, domain: { name: 'Other' } }),
    ]);
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 401, body: { error: { code: 401, title: 'Unauthorized' } } });
      expect(answer.text).toBe(answers[0].text);
    }
  });

  test('to a project that is not one’s own fails', async () => {
    expect((await login(ADMIN, { project: { id: await api.project() } })).status).toBe(401);
    expect((await login(ADMIN, { project: { name: 'nothing', domain: { id: 'default' } } })).status).toBe(401);
    expect((await login(ADMIN, { domain: { id: 'default' } })).status).toBe(401);
  });

  test.each<[string, unknown]>([
    ['nothing', {}],
    ['another method', { auth: { identity: { methods: ['totp'], password: { user: ADMIN } } } }],
    ['two methods', { auth: { identity: { methods: ['password', 'token'], password: { user: ADMIN } } } }],
    ['a method without its proof', { auth: { identity: { methods: ['token'], password: { user: ADMIN } } } }],
    ['no user', { auth: { identity: { methods: ['password'], password: { user: { password: 'x' } } } } }],
    [
      'a number for a password',
      { auth: { identity: { methods: ['password'], password: { user: { name: 'a', password: 1 } } } } },
    ],
    [
      'a trust for a scope',
      { auth: { identity: { methods: ['password'], password: { user: ADMIN } }, scope: { x: 1 } } },
    ],
  ])('with %s is refused in Keystone’s form', async (_name, body) => {
    const answer = await call('POST', TOKENS, { body });
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 400, title: 'Bad Request' } } });
    expect(answer.text).not.toContain('correct horse');
  });
});

describe('a token', () => {
  test('can be shown, checked and ended', async () => {
    const token = await adminToken();
    const headers = { 'X-Subject-Token': token };
    const shown = await call('GET', TOKENS, { token, headers });
    expect(shown).toMatchObject({ status: 200, body: { token: { project: { id: projectId } } } });
    expect((await call('HEAD', TOKENS, { token, headers })).status).toBe(200);
    expect((await call('DELETE', TOKENS, { token, headers })).status).toBe(204);
    expect((await call('GET', '/v1/bays', { token })).status).toBe(401);
    const other = await adminToken();
    expect((await call('GET', TOKENS, { token: other, headers })).status).toBe(404);
    expect((await call('HEAD', TOKENS, { token: other, headers })).status).toBe(404);
  });

  test('of another user is nobody’s business but an administrator’s', async () => {
    const identity = openIdentity({ database: api.database });
    const user = await identity.createUser({ name: 'ada', password: 'ada’s own' });
    await identity.assignRole({
      userId: user.id,
      projectId: (await identity.createProject({ name: 'ada' })).id,
      role: 'member',
    });
    const adas =
      (await login({ name: 'ada', password: 'ada’s own' }, { project: { name: 'ada' } })).headers.get(
        'x-subject-token',
      ) ?? '';
    const admins = await adminToken();
    expect((await call('GET', TOKENS, { token: adas, headers: { 'X-Subject-Token': admins } })).status).toBe(403);
    expect((await call('DELETE', TOKENS, { token: adas, headers: { 'X-Subject-Token': admins } })).status).toBe(403);
    expect((await call('GET', TOKENS, { token: admins, headers: { 'X-Subject-Token': adas } })).status).toBe(200);
  });
});
