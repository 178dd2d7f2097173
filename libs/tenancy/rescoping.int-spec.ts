import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { ProjectId, UserId } from '@baykeeper/domain';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import type { RequestedScope } from './index.js';
import { openTestIdentity, type TestIdentity } from './testing/test-identity.js';

jest.setTimeout(120_000);

let server: TestDatabase;
let test: TestIdentity;
let web: ProjectId;
let shop: ProjectId;
let ada: UserId;

beforeAll(async () => {
  server = await startTestDatabase();
});
afterAll(() => server.stop());
beforeEach(async () => {
  test = await openTestIdentity(server);
  [web, shop] = [await test.project(), await test.project()];
  ada = await test.user(web, 'member');
  await test.identity.assignRole({ userId: ada, projectId: shop, role: 'reader' });
});
afterEach(() => test.close());

function exchange(token: string, scope: RequestedScope = null) {
  return test.identity.authenticate({ proof: { method: 'token', token }, scope });
}

describe('a token that was got with another one', () => {
  it('is good for another project, ends with the first one, and says how all began', async () => {
    const first = await test.login(ada, 'unscoped');
    expect(first.principal).toMatchObject({ projectId: null, methods: ['password'], rootAuditId: null });
    test.wait(3_600_000);
    const second = await exchange(first.token, { projectId: web });
    expect(second.principal).toMatchObject({
      ...{ projectId: web, roles: ['member', 'reader'], methods: ['password', 'token'] },
      ...{ rootAuditId: first.principal.auditId, expiresAt: first.principal.expiresAt },
    });
    test.wait(3_600_000);
    const third = await exchange(second.token, { projectId: shop });
    expect(third.principal).toMatchObject({
      ...{ projectId: shop, roles: ['reader'], methods: ['password', 'token'] },
      ...{ rootAuditId: first.principal.auditId, expiresAt: first.principal.expiresAt },
    });
    expect(third.principal.auditId).not.toBe(second.principal.auditId);
    expect(await test.identity.validateToken(third.token)).toEqual(third.principal);
  });

  it('is not to be had where the user has no role, and never for a token that has ended', async () => {
    const { token, principal } = await test.login(ada);
    await expect(exchange(token, { projectId: await test.project() })).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    await expect(exchange(token, 'system')).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(exchange(token, 'domain')).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(exchange('nonsense')).rejects.toMatchObject({ code: 'unauthenticated' });
    await test.identity.revokeToken(test.administrator, token, principal);
    await expect(exchange(token)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('stays when the first one is ended by itself, and goes when its user’s tokens end', async () => {
    const first = await test.login(ada);
    const second = await exchange(first.token, { projectId: shop });
    await test.identity.revokeToken(test.administrator, first.token, first.principal);
    expect(await test.identity.validateToken(second.token)).not.toBeNull();
    await test.identity.users.update(test.administrator, ada, { enabled: false });
    await test.identity.users.update(test.administrator, ada, { enabled: true });
    expect(await test.identity.validateToken(second.token)).toBeNull();
  });
});

describe('a token for the installation as a whole', () => {
  it('is for its administrators, and ends when they are so no more', async () => {
    const { token, principal } = await test.login(test.administrator.userId, 'system');
    expect(principal).toMatchObject({
      ...{ projectId: null, systemProjectId: test.administrator.projectId, isSystemAdmin: true },
      roles: ['admin', 'member', 'reader'],
    });
    expect(await test.identity.validateToken(token)).toEqual(principal);
    const second = await test.user(test.administrator.projectId ?? undefined, 'admin');
    const grant = { projectId: test.administrator.projectId ?? '', userId: test.administrator.userId, role: 'admin' };
    await test.identity.grants.revoke(await test.actor(second), grant);
    expect(await test.identity.validateToken(token)).toBeNull();
  });

  it('is not for an admin of a project, nor for a member of the project admin', async () => {
    await expect(test.login(await test.user(web, 'admin'), 'system')).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    const helper = await test.user(test.administrator.projectId ?? undefined, 'member');
    await expect(test.login(helper, 'system')).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});
