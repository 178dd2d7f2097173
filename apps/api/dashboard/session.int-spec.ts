/** The session of a browser: signed in, switched, ended, and of no use to another site's page. */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { createSwarmEngine } from '@baykeeper/drivers/engines/swarm/swarm.engine.js';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { send, type Answer } from '../testing/api-client.js';
import { PASSWORD, startIdentityClient, type IdentityClient } from '../testing/identity-client.js';

jest.setTimeout(60_000);

let postgres: TestDatabase;
let client: IdentityClient;
let shop: string;
let lab: string;

beforeAll(async () => {
  postgres = await startTestDatabase();
  client = await startIdentityClient(postgres, createSwarmEngine({ templatesDirectory: '/nowhere' }));
  shop = await client.make('project', { name: 'shop' });
  lab = await client.make('project', { name: 'lab' });
  const ada = await client.make('user', { name: 'ada', password: PASSWORD });
  await client.make('user', { name: 'nobody', password: PASSWORD });
  const { body } = await client.call('GET', 'roles');
  const roles = (body as { roles: { id: string; name: string }[] }).roles;
  const idOf = (name: string): string => roles.find((role) => role.name === name)?.id ?? '';
  await client.call('PUT', `projects/${shop}/users/${ada}/roles/${idOf('member')}`);
  await client.call('PUT', `projects/${lab}/users/${ada}/roles/${idOf('reader')}`);
});
afterAll(async () => {
  await client.api.close();
  await postgres.stop();
});

const FROM_DASHBOARD = { 'X-Baykeeper-Dashboard': '1' };
const call = (method: string, path: string, cookie?: string, body?: object, headers: object = FROM_DASHBOARD) =>
  send(client.api.url, method, path, {
    ...(body !== undefined && { body }),
    headers: { ...(cookie !== undefined && { Cookie: `theme=dark; ${cookie}` }), ...headers },
  });
const signIn = (body: object, headers: object = FROM_DASHBOARD) => call('POST', '/session', undefined, body, headers);
const cookieOf = (answer: Answer): string => (answer.headers.get('set-cookie') ?? '').split(';', 1)[0] ?? '';
const ADA = { user: 'ada', password: PASSWORD };

describe('signing in', () => {
  test('gives a cookie that scripts and other sites get nothing of, and no token besides', async () => {
    const answer = await signIn({ ...ADA, project: 'shop' });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('set-cookie')).toMatch(
      /^baykeeper_session=[\w.-]+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/,
    );
    expect(answer.body).toMatchObject({
      user: { name: 'ada' },
      project: { id: shop, name: 'shop' },
      roles: ['member', 'reader'],
      is_system_admin: false,
      projects: [
        { id: lab, name: 'lab' },
        { id: shop, name: 'shop' },
      ],
    });
    expect(answer.text).not.toContain(cookieOf(answer).split('=')[1]);
    const again = await call('GET', '/session', cookieOf(answer), undefined, {});
    expect([again.status, again.body]).toEqual([200, answer.body]);
    expect((await call('GET', '/session')).status).toBe(401);
    const shown = await call('GET', '/v1/dashboard', cookieOf(answer), undefined, {});
    expect(shown.body).toMatchObject({ project: { name: 'shop' }, user: { name: 'ada' }, bays: [] });
  });

  test('without a project takes the first one by name', async () => {
    expect((await signIn(ADA)).body).toMatchObject({ project: { name: 'lab' }, roles: ['reader'] });
  });

  test.each([
    ['a wrong password', { ...ADA, password: 'wrong' }, 401],
    ['a project that is not the user’s', { ...ADA, project: 'admin' }, 401],
    ['a user without projects', { user: 'nobody', password: PASSWORD }, 403],
    ['no password', { user: 'ada' }, 400],
    ['what it does not know', { ...ADA, remember: true }, 400],
  ])('is refused with %s, and sets no cookie', async (_what, body, status) => {
    const answer = await signIn(body);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('set-cookie')).toBeNull();
  });

  test('is refused to a page of another site', async () => {
    expect((await signIn(ADA, {})).status).toBe(403);
  });
});

describe('a session', () => {
  test('reads and changes as its user may, and changes nothing without the dashboard’s header', async () => {
    const cookie = cookieOf(await signIn({ ...ADA, project: 'shop' }));
    const baymodel = { name: 'web', coe: 'swarm', image_id: 'debian-12-docker' };
    expect((await call('POST', '/v1/clustertemplates', cookie, baymodel, {})).status).toBe(403);
    expect((await call('GET', '/v1/clustertemplates', cookie, undefined, {})).body).toMatchObject({
      clustertemplates: [],
    });
    expect((await call('POST', '/v1/clustertemplates', cookie, baymodel)).status).toBe(201);
    const reader = cookieOf(await signIn({ ...ADA, project: 'lab' }));
    expect((await call('POST', '/v1/clustertemplates', reader, baymodel)).status).toBe(403);
  });

  test('goes on in another project with another token, and the one before has ended', async () => {
    const before = cookieOf(await signIn({ ...ADA, project: 'shop' }));
    const answer = await call('PUT', '/session', before, { project_id: lab });
    expect([answer.status, answer.body]).toMatchObject([200, { project: { name: 'lab' }, roles: ['reader'] }]);
    expect((await call('GET', '/v1/dashboard', before)).status).toBe(401);
    expect((await call('GET', '/v1/dashboard', cookieOf(answer))).status).toBe(200);
    const foreign = await call('PUT', '/session', cookieOf(answer), { project_id: client.adminProject });
    expect(foreign.status).toBe(401);
    expect((await call('GET', '/v1/dashboard', cookieOf(answer))).status).toBe(200);
  });

  test('ends when its user signs out', async () => {
    const cookie = cookieOf(await signIn(ADA));
    expect((await call('DELETE', '/session', cookie, undefined, {})).status).toBe(403);
    const answer = await call('DELETE', '/session', cookie);
    expect(answer.status).toBe(204);
    expect(answer.headers.get('set-cookie')).toContain('baykeeper_session=; Path=/; Max-Age=0');
    expect((await call('GET', '/v1/dashboard', cookie)).status).toBe(401);
  });
});

test('what did not change is not sent again', async () => {
  const cookie = cookieOf(await signIn({ ...ADA, project: 'shop' }));
  const first = await call('GET', '/v1/dashboard', cookie);
  const tag = first.headers.get('etag') ?? '';
  const again = await call('GET', '/v1/dashboard', cookie, undefined, { 'If-None-Match': tag });
  expect([again.status, again.text]).toEqual([304, '']);
  expect((await call('GET', '/v1/dashboard', cookie, undefined, { 'If-None-Match': '"other"' })).status).toBe(200);
});
