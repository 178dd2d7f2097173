import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { ProjectId, UserId } from '@baykeeper/domain';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import type { Actor, NewApplicationCredential, RequestedScope } from './index.js';
import { actorOf, openTestIdentity, type TestIdentity } from './testing/test-identity.js';

jest.setTimeout(120_000);

let server: TestDatabase;
let test: TestIdentity;
let web: ProjectId;
let ada: UserId;
let actor: Actor;

beforeAll(async () => {
  server = await startTestDatabase();
});
afterAll(() => server.stop());
beforeEach(async () => {
  test = await openTestIdentity(server);
  web = await test.project();
  ada = await test.user(web, 'member');
  actor = await test.actor(ada);
});
afterEach(() => test.close());

const WISH: NewApplicationCredential = {
  ...{ name: 'ci', description: null, secret: null, roles: null, unrestricted: false },
  ...{ accessRules: null, expiresAt: null },
};
const make = (changes: Partial<NewApplicationCredential> = {}, as = actor) =>
  test.identity.applicationCredentials.create(as, as.userId, { ...WISH, ...changes });
const use = (credential: { readonly id: string; readonly secret: string }, scope: RequestedScope = null) =>
  test.identity.authenticate({ proof: { method: 'application_credential', ...credential }, scope });
const REFUSED = { code: 'unauthenticated' };

describe('an application credential', () => {
  it('lets a program in, for its project and its roles', async () => {
    const made = await make({ roles: ['reader'] });
    const { token, principal } = await use(made);
    expect(principal).toMatchObject({
      ...{ userId: ada, projectId: web, roles: ['reader'], methods: ['application_credential'] },
      applicationCredential: { id: made.id, name: 'ci', unrestricted: false, accessRules: null },
    });
    expect(await test.identity.validateToken(token)).toEqual(principal);
    const byName = { method: 'application_credential', name: 'ci', userId: ada, secret: made.secret } as const;
    expect((await test.identity.authenticate({ proof: byName, scope: { projectId: web } })).principal.roles).toEqual([
      'reader',
    ]);
  });

  it('has all roles of the token it was made with, unless some are asked for', async () => {
    expect((await make()).roles).toEqual(['member', 'reader']);
    await expect(make({ name: 'b', roles: ['admin'] })).rejects.toMatchObject({ code: 'invalid-input' });
    await expect(make({ name: 'c', roles: ['owner'] })).rejects.toMatchObject({ code: 'not-found' });
    expect(await make({ name: 'd', roles: [] }).catch((error: unknown) => error)).toMatchObject({
      code: 'invalid-input',
    });
  });

  it('keeps its secret as a hash, and shows it once', async () => {
    const made = await make();
    const stored = await test.database.stores.applicationCredentials.find(made.id);
    expect(stored?.secretHash).toMatch(/^sha256\$[\w-]{43}$/);
    expect(JSON.stringify(stored)).not.toContain(made.secret);
    const shown = await test.identity.applicationCredentials.get(actor, ada, made.id);
    expect(Object.keys(shown)).not.toContain('secretHash');
    expect(Object.keys(shown)).not.toContain('secret');
  });

  it('may have a secret of its user’s own, which is kept as a password is', async () => {
    const made = await make({ secret: 'chosen' });
    expect((await test.database.stores.applicationCredentials.find(made.id))?.secretHash).toMatch(/^scrypt\$/);
    await use({ id: made.id, secret: 'chosen' });
    await expect(use({ id: made.id, secret: 'guess' })).rejects.toMatchObject(REFUSED);
  });

  it('fails in one way for whatever reason', async () => {
    const made = await make();
    const told = new Set<unknown>();
    const ways = [
      { id: made.id, secret: 'wrong' },
      { id: made.id, secret: '' },
      { id: made.id, secret: 'x'.repeat(5_000) },
      { id: 'unknown', secret: made.secret },
      { id: '\0', secret: made.secret },
    ];
    for (const way of ways) told.add(String(await use(way).catch((error: unknown) => error)).replace(/ \(.*/, ''));
    expect(told.size).toBe(1);
    await expect(use(made, { projectId: await test.project() })).rejects.toMatchObject(REFUSED);
    await expect(use(made, 'system')).rejects.toMatchObject(REFUSED);
  });

  it('ends with its time, and so do its tokens', async () => {
    const expiresAt = new Date(Date.now() + 3_600_000);
    const made = await make({ expiresAt });
    const { principal } = await use(made);
    expect(principal.expiresAt).toEqual(expiresAt);
    test.wait(3_700_000);
    await expect(use(made)).rejects.toMatchObject(REFUSED);
    await expect(make({ name: 'late', expiresAt })).rejects.toMatchObject({ code: 'invalid-input' });
  });

  it('ends with a role of its user, and with it only', async () => {
    await test.identity.assignRole({ userId: ada, projectId: web, role: 'reader' });
    const [reading, working] = [await make({ roles: ['reader'] }), await make({ name: 'worker' })];
    const [readers, workers] = [await use(reading), await use(working)];
    await test.identity.grants.revoke(test.administrator, { projectId: web, userId: ada, role: 'member' });
    expect(await test.identity.validateToken(workers.token)).toBeNull();
    await expect(use(working)).rejects.toMatchObject(REFUSED);
    expect(await test.identity.validateToken(readers.token)).not.toBeNull();
    await test.identity.grants.grant(test.administrator, { projectId: web, userId: ada, role: 'member' });
    await expect(use(working)).rejects.toMatchObject(REFUSED);
    await use(reading);
  });

  it('is worth nothing while its user is disabled, and goes with the user or the project', async () => {
    const made = await make();
    const { token } = await use(made);
    await test.identity.users.update(test.administrator, ada, { enabled: false });
    expect(await test.identity.validateToken(token)).toBeNull();
    await expect(use(made)).rejects.toMatchObject(REFUSED);
    await test.identity.users.update(test.administrator, ada, { enabled: true });
    await use(made);
    await test.identity.users.remove(test.administrator, ada);
    expect(await test.database.stores.applicationCredentials.find(made.id)).toBeNull();
  });

  it('that is removed takes its tokens with it', async () => {
    const made = await make();
    const { token } = await use(made);
    expect(await test.identity.validateToken(token)).not.toBeNull();
    await test.identity.applicationCredentials.remove(actor, ada, made.id);
    expect(await test.identity.validateToken(token)).toBeNull();
  });

  it('that is restricted changes no account and gets no other token', async () => {
    const { token, principal } = await use(await make());
    const program = actorOf(principal);
    const { applicationCredentials, users } = test.identity;
    const forbidden = { code: 'forbidden' };
    await expect(make({ name: 'more' }, program)).rejects.toMatchObject(forbidden);
    await expect(applicationCredentials.remove(program, ada, 'x')).rejects.toMatchObject(forbidden);
    await expect(users.changeOwnPassword(program, ada, 'correct horse', 'x')).rejects.toMatchObject(forbidden);
    const proof = { method: 'token', token } as const;
    await expect(test.identity.authenticate({ proof, scope: { projectId: web } })).rejects.toMatchObject(forbidden);
  });

  it('that is unrestricted makes more of its kind, and stays in its project', async () => {
    const other = await test.project();
    await test.identity.assignRole({ userId: ada, projectId: other, role: 'member' });
    const { token, principal } = await use(await make({ unrestricted: true, roles: ['reader'] }));
    expect((await make({ name: 'child' }, actorOf(principal))).roles).toEqual(['reader']);
    const proof = { method: 'token', token } as const;
    await expect(test.identity.authenticate({ proof, scope: { projectId: other } })).rejects.toMatchObject(REFUSED);
    const again = await test.identity.authenticate({ proof, scope: { projectId: web } });
    expect(again.principal).toMatchObject({ roles: ['reader'], methods: ['application_credential', 'token'] });
    expect(await test.identity.validateToken(again.token)).toEqual(again.principal);
  });

  it('that is good for some requests makes none that is good for more', async () => {
    const making = { service: 'identity', method: 'POST', path: '/v3/users/*/application_credentials' };
    const looking = { service: 'container-infra', method: 'GET', path: '/v1/clusters' };
    const parent = await use(await make({ unrestricted: true, accessRules: [making, looking] }));
    const rulesOf = (rules: readonly object[] | null) => rules?.map((rule) => ({ ...rule, id: undefined }));
    const actor = actorOf(parent.principal);
    expect(rulesOf((await make({ name: 'same' }, actor)).accessRules)).toMatchObject([making, looking]);
    expect(rulesOf((await make({ name: 'less', accessRules: [looking] }, actor)).accessRules)).toMatchObject([looking]);
    const more = [{ ...looking, method: 'DELETE' }];
    await expect(make({ name: 'more', accessRules: more }, actor)).rejects.toMatchObject({ code: 'invalid-input' });
  });

  it('has a name of its own, and there is an end to how many there are', async () => {
    await make();
    await expect(make()).rejects.toMatchObject({ code: 'conflict' });
    for (let count = 1; count < 250; count += 1) await make({ name: `ci-${count}` });
    await expect(make({ name: 'one too many' })).rejects.toMatchObject({ code: 'invalid-input' });
  });

  it('is for a project', async () => {
    const unscoped = await test.actor(ada, 'unscoped');
    await expect(make({}, unscoped)).rejects.toMatchObject({ code: 'invalid-input' });
  });
});
