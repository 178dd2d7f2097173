import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { ProjectId, UserId } from '@baykeeper/domain';
import { readTable } from '@baykeeper/storage/testing/read-table.js';
import { seedBay } from '@baykeeper/storage/testing/seed.js';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { openIdentity } from './index.js';
import { HOME, openTestIdentity, PASSWORD, type TestIdentity } from './testing/test-identity.js';

jest.setTimeout(120_000);

let server: TestDatabase;
let test: TestIdentity;
let admins: ProjectId;
let first: UserId;

beforeAll(async () => {
  server = await startTestDatabase();
});
afterAll(() => server.stop());
beforeEach(async () => {
  test = await openTestIdentity(server);
  first = test.administrator.userId;
  admins = test.administrator.projectId as ProjectId;
});
afterEach(() => test.close());

const FORBIDDEN = { code: 'forbidden' };

describe('the last who runs the installation', () => {
  it('can not be removed, disabled, renamed or lose the role', async () => {
    const { users, grants } = test.identity;
    const ways = [
      () => users.remove(test.administrator, first),
      () => users.update(test.administrator, first, { enabled: false }),
      () => users.update(test.administrator, first, { name: 'root' }),
      () => grants.revoke(test.administrator, { projectId: admins, userId: first, role: 'admin' }),
    ];
    for (const way of ways) {
      const error = await way().catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'forbidden' });
      expect(String(error)).toMatch(/last administrator/);
    }
    expect(await test.login(first)).toMatchObject({ principal: { isSystemAdmin: true } });
    expect(await users.update(test.administrator, first, { description: 'runs it all' })).toMatchObject({
      name: 'admin',
    });
  });

  it('is still there when two of them remove each other at once', async () => {
    const second = await test.user(admins, 'admin');
    const other = await test.actor(second);
    const results = await Promise.allSettled([
      test.identity.users.remove(test.administrator, second),
      test.identity.users.remove(other, first),
      test.identity.users.update(test.administrator, second, { enabled: false }),
      test.identity.grants.revoke(other, { projectId: admins, userId: first, role: 'admin' }),
    ]);
    expect(results.some(({ status }) => status === 'rejected')).toBe(true);
    expect(await test.database.stores.roleAssignments.listHolders(admins, 'admin')).toHaveLength(1);
  });

  it('may go when there is another one, and does not come back with the next start', async () => {
    const second = await test.user(admins, 'admin');
    await test.identity.users.remove(await test.actor(second), first);
    const started = await openIdentity({ database: test.database }).bootstrapAdministrator({ password: 'another one' });
    expect(started).toMatchObject({ created: false, user: { id: second } });
    expect(await test.database.stores.users.findByName('admin')).toBeNull();
  });

  it('leaves a role that was taken from the first one where it is', async () => {
    const second = await test.user(admins, 'admin');
    await test.identity.grants.revoke(await test.actor(second), { projectId: admins, userId: first, role: 'admin' });
    await openIdentity({ database: test.database }).bootstrapAdministrator({ password: 'another one' });
    expect(await test.database.stores.roleAssignments.list(first, admins)).toEqual([]);
  });
});

describe('a project', () => {
  it('called admin keeps its name and stays', async () => {
    const { projects } = test.identity;
    await expect(projects.remove(test.administrator, admins)).rejects.toMatchObject(FORBIDDEN);
    await expect(projects.update(test.administrator, admins, { name: 'x' })).rejects.toMatchObject(FORBIDDEN);
    await expect(projects.update(test.administrator, admins, { enabled: false })).rejects.toMatchObject(FORBIDDEN);
    await expect(projects.create(test.administrator, { name: 'admin' })).rejects.toMatchObject({ code: 'conflict' });
    expect(await projects.update(test.administrator, admins, { name: 'admin', description: 'ours' })).toMatchObject({
      description: 'ours',
    });
  });

  it('with bays stays, in words', async () => {
    const project = await test.project();
    const user = await test.user(project, 'member');
    await seedBay(test.database.stores, project);
    const error = await test.identity.projects.remove(test.administrator, project).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'conflict' });
    expect(String(error)).toContain('still has bays or baymodels: delete them first');
    expect(await test.login(user)).toMatchObject({ principal: { projectId: project } });
  });

  it('that is disabled or removed takes everybody’s tokens for it along', async () => {
    const project = await test.project();
    const user = await test.user(project, 'member');
    const { token } = await test.login(user);
    expect(await test.identity.validateToken(token)).not.toBeNull();
    await test.identity.projects.update(test.administrator, project, { enabled: false });
    expect(await test.identity.validateToken(token)).toBeNull();
    await expect(test.login(user, { projectId: project })).rejects.toMatchObject({ code: 'unauthenticated' });
    expect((await test.login(user)).principal.projectId).toBeNull();
    await test.identity.projects.update(test.administrator, project, { enabled: true });
    expect(await test.identity.validateToken(token)).toBeNull();
    await test.identity.projects.remove(test.administrator, project);
    expect(await test.database.stores.users.findById(user)).toMatchObject({ defaultProjectId: null });
  });
});

describe('a role that is taken', () => {
  it('takes the tokens along when it was the last, and they do not come back with it', async () => {
    const project = await test.project();
    const user = await test.user(project, 'member');
    const { grants } = test.identity;
    const [grant, other] = (['member', 'reader'] as const).map((role) => ({ projectId: project, userId: user, role }));
    if (grant === undefined || other === undefined) throw new Error('no grants');
    await grants.grant(test.administrator, other);
    const { token } = await test.login(user);
    await grants.revoke(test.administrator, grant);
    expect((await test.identity.validateToken(token))?.roles).toEqual(['reader']);
    await grants.revoke(test.administrator, other);
    await grants.grant(test.administrator, grant);
    expect(await test.identity.validateToken(token)).toBeNull();
  });
});

describe('an admin of a project', () => {
  it('gives and takes member and reader there, and nothing else or elsewhere', async () => {
    const project = await test.project();
    const admin = await test.actor(await test.user(project, 'admin'));
    const bob = await test.user();
    const { grants } = test.identity;
    await grants.grant(admin, { projectId: project, userId: bob, role: 'member' });
    await grants.grant(admin, { projectId: project, userId: bob, role: 'member' });
    expect(await grants.rolesOf(admin, project, bob)).toEqual(['member']);
    await grants.revoke(admin, { projectId: project, userId: bob, role: 'member' });
    await expect(grants.revoke(admin, { projectId: project, userId: bob, role: 'member' })).rejects.toMatchObject({
      code: 'not-found',
    });
    const refused = [
      { projectId: project, userId: bob, role: 'admin' },
      { projectId: admins, userId: bob, role: 'member' },
      { projectId: await test.project(), userId: bob, role: 'reader' },
    ];
    for (const grant of refused) {
      await expect(grants.grant(admin, grant)).rejects.toMatchObject(FORBIDDEN);
      await expect(grants.revoke(admin, grant)).rejects.toMatchObject(FORBIDDEN);
    }
    await expect(grants.grant(admin, { projectId: project, userId: 'nobody', role: 'member' })).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  it('sees the users of the project, and does not learn whether others are there', async () => {
    const project = await test.project();
    const admin = await test.actor(await test.user(project, 'admin'));
    const bob = await test.user(project, 'reader');
    const eve = await test.database.stores.users.findById(await test.user());
    const page = { limit: 10, marker: null };
    const { users } = test.identity;
    expect((await users.list(admin, {}, page)).map(({ id }) => id).sort()).toEqual([admin.userId, bob].sort());
    const asked = [users.list(admin, { name: eve?.name }, page), users.list(admin, { name: 'nobody' }, page)];
    for (const answer of await Promise.allSettled(asked)) {
      expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'forbidden' } });
    }
  });

  it('who was told the id of a user sees the name, and nothing else', async () => {
    const project = await test.project();
    const admin = await test.actor(await test.user(project, 'admin'));
    const { users } = test.identity;
    const fields = { name: 'eve', password: null, email: 'e@b.example', description: 'x', defaultProjectId: admins };
    const eve = await users.create(test.administrator, fields);
    const shown = { id: eve.id, name: 'eve', email: null, description: null, defaultProjectId: null };
    expect(await users.get(admin, eve.id)).toMatchObject(shown);
    await expect(users.get(admin, '00000000-0000-4000-8000-000000000000')).rejects.toMatchObject({ code: 'not-found' });
    await test.identity.grants.grant(admin, { projectId: project, userId: eve.id, role: 'reader' });
    expect(await users.get(admin, eve.id)).toMatchObject({ email: 'e@b.example', defaultProjectId: admins });
  });
});

describe('a password', () => {
  it('is changed by its user, who knows the old one; all tokens end', async () => {
    const user = await test.user(await test.project(), 'member');
    const { token } = await test.login(user);
    const actor = await test.actor(user);
    const { users } = test.identity;
    await expect(users.changeOwnPassword(actor, user, 'wrong', 'new one')).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    await expect(users.changeOwnPassword(actor, user, PASSWORD, PASSWORD)).rejects.toMatchObject({
      code: 'invalid-input',
    });
    await expect(users.changeOwnPassword(actor, user, PASSWORD, '')).rejects.toMatchObject({ code: 'invalid-input' });
    expect(await test.identity.validateToken(token)).not.toBeNull();
    await users.changeOwnPassword(actor, user, PASSWORD, 'new one');
    expect(await test.identity.validateToken(token)).toBeNull();
    await expect(test.login(user)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('is guessed no faster by whoever has found a token', async () => {
    const user = await test.user();
    const actor = await test.actor(user);
    for (let count = 0; count < 5; count += 1) {
      await test.identity.users.changeOwnPassword(actor, user, `guess ${count}`, 'x').catch(() => null);
    }
    await expect(test.identity.users.changeOwnPassword(actor, user, PASSWORD, 'x')).rejects.toMatchObject({
      detail: 'the user is locked for a while',
    });
  });

  it('that was never given lets nobody in', async () => {
    const made = await test.identity.users.create(test.administrator, { name: 'ghost', password: null });
    await expect(test.login(made.id)).rejects.toMatchObject({ code: 'unauthenticated' });
    await test.identity.users.update(test.administrator, made.id, { password: PASSWORD });
    await test.login(made.id);
  });
});

describe('the audit', () => {
  it('tells of every change and of every login, and no secret', async () => {
    const { projects, users, grants, applicationCredentials } = test.identity;
    const project = await projects.create(test.administrator, { name: 'web' });
    await projects.update(test.administrator, project.id, { description: 'x' });
    const ada = await users.create(test.administrator, { name: 'ada', password: PASSWORD });
    await users.update(test.administrator, ada.id, { email: 'a@b.example', password: PASSWORD });
    const grant = { projectId: project.id, userId: ada.id, role: 'member' };
    await grants.grant(test.administrator, grant);
    const actor = await test.actor(ada.id, { projectId: project.id });
    const wish = { name: 'ci', description: null, secret: null, roles: null, unrestricted: false };
    const made = await applicationCredentials.create(actor, ada.id, { ...wish, accessRules: null, expiresAt: null });
    await applicationCredentials.remove(actor, ada.id, made.id);
    await users.changeOwnPassword(actor, ada.id, PASSWORD, 'battery staple');
    const proof = { method: 'password', userName: 'ada', password: 'wr0ng' } as const;
    await test.identity.authenticate({ proof, scope: null }).catch(() => null);
    const mistyped = { method: 'password', userName: 'battery staple', password: 'ada' } as const;
    await test.identity.authenticate({ proof: mistyped, scope: null }).catch(() => null);
    await grants.revoke(test.administrator, grant);
    await users.remove(test.administrator, ada.id);
    await projects.remove(test.administrator, project.id);

    const entries = await readTable(test.url, 'audit_entries', 'sequence');
    expect(entries.map(({ action, outcome }) => [action, outcome].join(' '))).toEqual([
      'identity:create_project success',
      'identity:update_project success',
      'identity:create_user success',
      'identity:update_user success',
      'identity:create_grant success',
      'identity:create_application_credential success',
      'identity:delete_application_credential success',
      'identity:change_password success',
      'identity:revoke_grant success',
      'identity:delete_user success',
      'identity:delete_project success',
    ]);
    expect(entries[4]).toMatchObject({ project_id: project.id, user_id: first, detail: 'member for user ada' });
    expect(entries[4]).toMatchObject({ request_id: 'req-1', address: '192.0.2.1', target_name: 'web' });
    const tell = { method: 'password', projectId: null, origin: { address: null, requestId: null } };
    expect(test.logins.slice(-2)).toEqual([
      { ...tell, user: { id: ada.id, name: 'ada' }, refusal: expect.objectContaining({ code: 'unauthenticated' }) },
      { ...tell, user: null, refusal: expect.objectContaining({ detail: 'unknown user' }) },
    ]);
    expect(test.logins.at(-3)).toMatchObject({
      ...{ method: 'password', user: { id: ada.id, name: 'ada' }, projectId: project.id, refusal: null },
      origin: { address: HOME, requestId: null },
    });
    const text = JSON.stringify([entries, test.logins]);
    for (const secret of [PASSWORD, 'battery staple', 'wr0ng', made.secret]) expect(text).not.toContain(secret);
  });
});
