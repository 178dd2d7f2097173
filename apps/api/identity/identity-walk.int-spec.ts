/**
 * Every route of the identity service, everybody who may knock there. The routes are those of the OpenAPI document; who may
 * do what is written down in `testing/walk/identity-routes.ts`, one line per route, and a route without a line fails.
 */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { ProjectId, UserId } from '@baykeeper/domain';
import { createSwarmEngine } from '@baykeeper/drivers/engines/swarm/swarm.engine.js';
import { watchDatabase, type DatabaseWatch } from '@baykeeper/storage/testing/database-watch.js';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { openIdentity, type Identity, type RequestedScope } from '@baykeeper/tenancy';
import { send, type Answer } from '../testing/api-client.js';
import { startTestApi, type TestApi } from '../testing/start-test-api.js';
import {
  IDENTITY_ACTORS,
  IDENTITY_IDS,
  IDENTITY_ROUTES,
  type IdentityActor,
  type IdentityRoute,
  type IdentityTargets,
} from '../testing/walk/identity-routes.js';

jest.setTimeout(120_000);

const PASSWORD = 'correct horse';
const openapi = JSON.parse(await readFile(new URL('../../../openapi.json', import.meta.url), 'utf8')) as {
  readonly paths: Readonly<Record<string, object>>;
};

let postgres: TestDatabase;
let api: TestApi;
let watch: DatabaseWatch;
let identity: Identity;
let admins: ProjectId;
const tokens = new Map<IdentityActor, string>();

beforeAll(async () => {
  postgres = await startTestDatabase();
  api = await startTestApi(postgres.url, createSwarmEngine({ templatesDirectory: '/nowhere' }));
  watch = await watchDatabase(postgres.url);
  identity = openIdentity({ database: api.database, passwordCost: { logN: 4, r: 8, p: 1 } });
  const { project, user } = await identity.bootstrapAdministrator({ password: PASSWORD });
  admins = project.id;
  tokens.set('system admin', await login(user.id, { projectId: admins }));
  tokens.set('system-scoped admin', await login(user.id, 'system'));
  tokens.set('restricted program', await programOf(user.id, admins));
  tokens.set('stranger', await login((await makeUser()).id, 'unscoped'));
  tokens.set('admin of Q', await tokenIn(await api.project(), 'admin'));
});

afterAll(async () => {
  await watch.close();
  await api.close();
  await postgres.stop();
  expect(api.faults).toEqual([]);
});

async function login(userId: string, scope: RequestedScope): Promise<string> {
  return (await identity.authenticate({ proof: { method: 'password', userId, password: PASSWORD }, scope })).token;
}

function makeUser() {
  return identity.createUser({ name: `user-${randomUUID()}`, password: PASSWORD });
}

async function tokenIn(projectId: ProjectId, role: string): Promise<string> {
  const { id: userId } = await makeUser();
  await identity.assignRole({ userId, projectId, role });
  return login(userId, { projectId });
}

function actorFor(userId: UserId, projectId: ProjectId, roles: readonly string[]) {
  const who = { userId, userName: 'x', projectId, roles, isSystemAdmin: false, isRestricted: false };
  return { ...who, requestId: null, address: null };
}

/** An application credential with one rule, which lets everything through. */
function makeCredential(userId: UserId, projectId: ProjectId, roles: readonly string[]) {
  return identity.applicationCredentials.create(actorFor(userId, projectId, roles), userId, {
    ...{ name: `program-${randomUUID()}`, description: null, secret: null, roles: null },
    ...{ unrestricted: false, expiresAt: null },
    accessRules: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'].map((method) => ({
      ...{ service: 'identity', method, path: '/v3/**' },
    })),
  });
}

async function programOf(userId: UserId, projectId: ProjectId): Promise<string> {
  const { id, secret } = await makeCredential(userId, projectId, ['admin', 'member', 'reader']);
  const proof = { method: 'application_credential', id, secret } as const;
  return (await identity.authenticate({ proof, scope: null })).token;
}

async function makeTargets(): Promise<IdentityTargets> {
  const project = await api.project();
  const { id: user } = await makeUser();
  await identity.assignRole({ userId: user, projectId: project, role: 'member' });
  const credential = await makeCredential(user, project, ['member', 'reader']);
  const token = await login(user, { projectId: project });
  const rule = credential.accessRules?.[0]?.id ?? '';
  return { project, user, password: PASSWORD, credential: credential.id, rule, token };
}

async function tokenOf(actor: IdentityActor, { project, token }: IdentityTargets): Promise<string | undefined> {
  if (actor === 'nobody') return undefined;
  if (actor === 'self') return token;
  const role = /^(\w+) of P$/.exec(actor)?.[1];
  return role === undefined ? tokens.get(actor) : tokenIn(project as ProjectId, role);
}

function ask(route: string, token: string | undefined, targets: IdentityTargets): Promise<Answer> {
  const { body, query, aboutToken } = IDENTITY_ROUTES[route] as IdentityRoute;
  const [method = '', path = ''] = route.split(' ');
  const collection = path.split('/').at(-2) ?? '';
  const ids: Readonly<Record<string, string | undefined>> = {
    ...targets,
    ...{ id: IDENTITY_IDS[collection], role: 'member' },
  };
  const filled = path.replace(/\{(\w+)\}/g, (_match, name: string) => ids[name] ?? '');
  return send(api.url, method, `${filled}${query === undefined ? '' : `?${query(targets)}`}`, {
    token,
    ...(aboutToken && { headers: { 'X-Subject-Token': targets.token } }),
    ...(body !== undefined && { body: body(targets) }),
  });
}

test('the walk knows every route of the identity service, and no others', () => {
  const routes = Object.entries(openapi.paths).flatMap(([path, methods]) =>
    path.startsWith('/identity') ? Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`) : [],
  );
  // A new route needs its line in testing/walk/identity-routes.ts.
  expect(Object.keys(IDENTITY_ROUTES).sort()).toEqual(routes.sort());
});

describe.each(Object.entries(IDENTITY_ROUTES))('%s', (route, { ok, who }) => {
  test.each(IDENTITY_ACTORS)('answers %s as the table says', async (actor) => {
    const targets = await makeTargets();
    const token = await tokenOf(actor, targets);
    const before = await watch.state();
    const answer = await ask(route, token, targets);
    const expected = who.includes(actor) ? ok : actor === 'nobody' ? 401 : 403;
    expect([actor, answer.status, answer.text]).toEqual([actor, expected, answer.text]);
    if (expected === ok) return;
    expect(await watch.state()).toBe(before);
    if (route.startsWith('HEAD')) return;
    expect(answer.body).toMatchObject({ error: { code: expected } });
    expect(answer.text).not.toContain(targets.user);
  });
});
