/** Application credentials, tokens and the catalog, as clients send and get them. */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { createSwarmEngine } from '@baykeeper/drivers/engines/swarm/swarm.engine.js';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { send, type Answer } from '../testing/api-client.js';
import { ROOT, startIdentityClient, type IdentityClient } from '../testing/identity-client.js';
import { BASE_URL } from '../testing/start-test-api.js';

jest.setTimeout(120_000);

let postgres: TestDatabase;
let client: IdentityClient;

beforeAll(async () => {
  postgres = await startTestDatabase();
  client = await startIdentityClient(postgres, createSwarmEngine({ templatesDirectory: '/nowhere' }));
});
afterAll(async () => {
  await client.api.close();
  await postgres.stop();
  expect(client.api.faults).toEqual([]);
});

const call: IdentityClient['call'] = (...request) => client.call(...request);
const names = ({ body }: Answer, kind: string): string[] =>
  (body as Record<string, { name: string }[]>)[kind]?.map(({ name }) => name) ?? [];

describe('an application credential', () => {
  const path = (rest = ''): string => `users/${client.adminId}/application_credentials${rest}`;
  const create = (fields: object) => call('POST', path(), { application_credential: fields });

  test('is made with its secret, listed and shown without, used and removed', async () => {
    const rule = { service: 'container-infra', method: 'GET', path: '/v1/bays/**' };
    const made = await create({
      ...{ name: 'ci', description: 'x', roles: [{ name: 'reader' }], unrestricted: false },
      ...{ expires_at: '2099-01-31T12:00:00', access_rules: [rule, { ...rule, path: '/v1/bays' }] },
    });
    const { secret, ...credential } = (made.body as { application_credential: { id: string; secret: string } })
      .application_credential;
    const { id } = credential;
    expect(credential).toMatchObject({
      ...{
        name: 'ci',
        description: 'x',
        user_id: client.adminId,
        project_id: client.adminProject,
        unrestricted: false,
      },
      ...{ roles: [{ id: 'reader', name: 'reader', domain_id: null }], expires_at: '2099-01-31T12:00:00.000000' },
      ...{ access_rules: [rule, { ...rule, path: '/v1/bays' }], links: { self: `${ROOT}/${path(`/${id}`)}` } },
    });
    expect((await call('GET', path(`/${id}`))).body).toEqual({ application_credential: credential });
    expect((await call('GET', path('?name=ci'))).body).toMatchObject({ application_credentials: [credential] });
    const rules = await call('GET', `users/${client.adminId}/access_rules`);
    expect((rules.body as { access_rules: unknown[] }).access_rules).toHaveLength(2);

    const answer = await client.logIn({ methods: ['application_credential'], application_credential: { id, secret } });
    expect(answer).toMatchObject({
      status: 201,
      body: {
        token: {
          ...{ methods: ['application_credential'], roles: [{ name: 'reader' }], project: { id: client.adminProject } },
          application_credential: { id, name: 'ci', restricted: true },
        },
      },
    });
    const token = answer.headers.get('x-subject-token') ?? '';
    expect((await send(client.api.url, 'GET', '/v1/bays', { token })).status).toBe(200);
    expect((await send(client.api.url, 'GET', '/v1/bays/x', { token })).status).toBe(404);
    expect((await send(client.api.url, 'GET', '/v1/clusters', { token })).status).toBe(403);
    expect((await send(client.api.url, 'GET', '/identity/v3/roles', { token })).status).toBe(403);
    const about = { headers: { 'X-Subject-Token': token }, token };
    expect((await send(client.api.url, 'GET', '/identity/v3/auth/tokens', about)).status).toBe(200);
    expect((await call('DELETE', path(`/${id}`))).status).toBe(204);
    expect((await send(client.api.url, 'GET', '/v1/bays', { token })).status).toBe(401);
    expect((await call('GET', path(`/${id}`))).status).toBe(404);
  });

  test('keeps to its rules however a path is written', async () => {
    const made = await create({
      ...{ name: 'infra-only', unrestricted: true },
      access_rules: ['GET', 'POST'].map((method) => ({ service: 'container-infra', method, path: '/**' })),
    });
    const { id, secret } = (made.body as { application_credential: { id: string; secret: string } })
      .application_credential;
    const login = await client.logIn({ methods: ['application_credential'], application_credential: { id, secret } });
    const token = login.headers.get('x-subject-token') ?? '';
    const statusOf = async (written: string): Promise<number> =>
      (await send(client.api.url, 'GET', written, { token })).status;
    expect(await statusOf('/v1/clusters')).toBe(200);
    expect(await statusOf('/%76%31/%63lusters')).toBe(200);
    for (const written of [
      '/identity/v3/users',
      '/%69dentity/v3/users',
      '/%69%64entity/v3/roles',
      '/identit%79/v3/users',
    ])
      expect([written, await statusOf(written)]).toEqual([written, 403]);
    expect((await call('DELETE', path(`/${id}`))).status).toBe(204);
  });

  test('takes a secret of one’s own, and times with and without a zone', async () => {
    const made = await create({ name: 'own', secret: 'my own secret', expires_at: '2099-01-31T12:00:00+02:00' });
    expect(made.body).toMatchObject({
      application_credential: { secret: 'my own secret', expires_at: '2099-01-31T10:00:00.000000' },
    });
    expect((await create({ name: 'own' })).status).toBe(409);
    const user = { id: client.adminId };
    const answer = await client.logIn({
      methods: ['application_credential'],
      application_credential: { name: 'own', secret: 'my own secret', user },
    });
    expect(answer.status).toBe(201);
  });

  test.each<[string, object, number]>([
    ['no name', {}, 400],
    ['a time in the past', { name: 'a', expires_at: '2001-01-31T12:00:00' }, 400],
    ['no time', { name: 'a', expires_at: 'tomorrow' }, 400],
    ['a day that is none', { name: 'a', expires_at: '2099-13-31T12:00:00' }, 400],
    ['an unknown role', { name: 'a', roles: [{ id: 'owner' }] }, 404],
    ['a role without a name', { name: 'a', roles: [{}] }, 400],
    ['an empty secret', { name: 'a', secret: '' }, 400],
    [
      'a rule for another service',
      { name: 'a', access_rules: [{ service: 'compute', method: 'GET', path: '/' }] },
      400,
    ],
    [
      'a rule with a half placeholder',
      { name: 'a', access_rules: [{ service: 'identity', method: 'GET', path: '/v3/a*' }] },
      400,
    ],
    ['a rule by its id', { name: 'a', access_rules: [{ id: 'x' }] }, 400],
    ['another project', { name: 'a', project_id: 'x' }, 400],
  ])('with %s is refused', async (_what, fields, status) => {
    expect((await create(fields)).status).toBe(status);
  });
});

describe('a token', () => {
  test('is exchanged for one of another project, or of the installation', async () => {
    const project = await client.make('project', { name: 'other-side' });
    await call('PUT', `projects/${project}/users/${client.adminId}/roles/member`);
    const identity = { methods: ['token'], token: { id: client.admin } };
    const scoped = await client.logIn(identity, { project: { id: project } });
    expect(scoped.body).toMatchObject({
      token: { methods: ['password', 'token'], project: { id: project }, roles: [{ name: 'member' }, {}] },
    });
    expect((scoped.body as { token: { audit_ids: string[] } }).token.audit_ids).toHaveLength(2);
    const system = await client.logIn(identity, { system: { all: true } });
    expect(system.body).toMatchObject({
      token: { system: { all: true }, roles: [{ name: 'admin' }, {}, {}], catalog: [{}, {}] },
    });
    expect((system.body as { token: object }).token).not.toHaveProperty('project');
    const token = system.headers.get('x-subject-token') ?? '';
    expect((await call('GET', 'projects', undefined, token)).status).toBe(200);
    expect((await send(client.api.url, 'GET', '/v1/bays', { token })).status).toBe(403);
  });

  test('comes without its catalog when nobody wants it', async () => {
    const answer = await send(client.api.url, 'GET', '/identity/v3/auth/tokens?nocatalog', {
      token: client.admin,
      headers: { 'X-Subject-Token': client.admin },
    });
    expect(answer.body).toMatchObject({ token: { project: { name: 'admin' } } });
    expect((answer.body as { token: object }).token).not.toHaveProperty('catalog');
  });

  test('tells what it could be exchanged for', async () => {
    expect(names(await call('GET', 'auth/projects'), 'projects')).toContain('admin');
    expect((await call('GET', 'auth/domains')).body).toMatchObject({ domains: [] });
    expect((await call('GET', 'auth/system')).body).toMatchObject({ system: [{ all: true }] });
    expect((await call('GET', 'auth/catalog')).body).toMatchObject({
      catalog: [{ type: 'container-infra' }, { type: 'identity' }],
    });
  });
});

test('the catalog can be read and not changed', async () => {
  expect(names(await call('GET', 'domains?name=Default'), 'domains')).toEqual(['Default']);
  expect(names(await call('GET', 'domains?name=Other'), 'domains')).toEqual([]);
  expect((await call('GET', 'services?type=identity')).body).toMatchObject({
    services: [{ id: 'identity', enabled: true }],
  });
  expect((await call('GET', 'endpoints?service_id=container-infra&interface=public')).body).toMatchObject({
    endpoints: [
      { id: 'container-infra-public', url: `${BASE_URL}/v1`, service_id: 'container-infra', region_id: 'RegionOne' },
    ],
  });
  expect((await call('GET', 'regions')).body).toMatchObject({ regions: [{ id: 'RegionOne', parent_region_id: null }] });
  expect((await call('GET', 'groups')).body).toMatchObject({ groups: [] });
  for (const one of ['domains/none', 'services/none', 'endpoints/none', 'regions/none']) {
    expect((await call('GET', one)).status).toBe(404);
  }
  expect((await call('POST', 'services', { service: {} })).status).toBe(405);
});
