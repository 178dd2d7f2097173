import { randomUUID, scryptSync } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { ProjectId, UserId } from '@baykeeper/domain';
import { openDatabase, type Database } from '@baykeeper/storage';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { openIdentity, type Actor, type Identity, type Login, type Principal } from './index.js';
import type { PasswordProof } from './login.js';

// Starting a server takes a second, and many on a machine that is busy.
jest.setTimeout(120_000);

let server: TestDatabase;
let database: Database;
let clock: Date;
let identity: Identity;

beforeAll(async () => {
  server = await startTestDatabase();
});
afterAll(() => server.stop());
beforeEach(async () => {
  database = await openDatabase({ url: await server.freshUrl() });
  clock = new Date();
  identity = openProcess();
});
afterEach(() => database.close());

/** As another process would see it: the same database, nothing else in common. */
function openProcess(tellOthers?: () => Promise<void>): Identity {
  const passwordCost = { logN: 8, r: 8, p: 1 };
  return openIdentity({ database, now: () => clock, passwordCost, ...(tellOthers && { tellOthers }) });
}

function actorOf({ principal }: { principal: Principal }, changes: Partial<Actor> = {}): Actor {
  const { userId, userName, projectId, roles, isSystemAdmin } = principal;
  const where = { requestId: 'req-1', address: HOME };
  return { userId, userName, projectId, roles, isSystemAdmin, isRestricted: false, ...where, ...changes };
}

function wait(ms: number): void {
  clock = new Date(clock.getTime() + ms);
}

async function seedAda(role = 'member'): Promise<{ projectId: ProjectId; userId: UserId }> {
  const project = await identity.createProject({ name: 'web' });
  const user = await identity.createUser({ name: 'ada', password: 'correct horse', defaultProjectId: project.id });
  await identity.assignRole({ userId: user.id, projectId: project.id, role });
  return { projectId: project.id, userId: user.id };
}

type Changes = Partial<Omit<PasswordProof, 'method'> & Pick<Login, 'scope'>> & { readonly from?: string };
const HOME = '192.0.2.1';

function logIn(changes: Changes = {}, as = identity): ReturnType<Identity['authenticate']> {
  const { scope = null, from = HOME, ...proof } = changes;
  return as.authenticate(
    { proof: { method: 'password', userName: 'ada', password: 'correct horse', ...proof }, scope },
    { address: from, requestId: null },
  );
}

describe('logging in', () => {
  it('gives a token that stands for the user in the project, for twelve hours', async () => {
    const { projectId, userId } = await seedAda();
    const { token, principal } = await logIn({ scope: { projectName: 'web', domain: { name: 'Default' } } });
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(principal).toMatchObject({
      userId,
      userName: 'ada',
      projectId,
      projectName: 'web',
      roles: ['member', 'reader'],
    });
    expect(principal.expiresAt.getTime() - principal.issuedAt.getTime()).toBe(43_200_000);
    expect(await identity.validateToken(token)).toEqual(principal);
    expect(await openProcess().validateToken(token)).toEqual(principal);
  });

  it('takes user and project by id or name, and the default project when none is named', async () => {
    const { projectId, userId } = await seedAda();
    const ways: Changes[] = [
      { scope: null },
      { scope: { projectId } },
      { scope: { projectName: 'web', domain: { id: 'default' } }, domain: { id: 'default' } },
      { userName: undefined, userId, scope: { projectName: 'web' } },
    ];
    for (const way of ways) expect((await logIn(way)).principal.projectId).toBe(projectId);
    expect((await logIn({ scope: 'unscoped' })).principal).toMatchObject({ projectId: null, roles: [] });
  });

  it('never tells a wrong password from a user that does not exist, is disabled or locked', async () => {
    const { userId } = await seedAda();
    const disabled = await identity.createUser({ name: 'bob', password: 'correct horse' });
    await database.stores.users.update(disabled.id, { enabled: false });
    const locked = await identity.createUser({ name: 'eve', password: 'correct horse' });
    const policy = { allowed: 1, firstLockSeconds: 3_600, longestLockSeconds: 3_600 };
    await database.stores.users.recordFailedLogin(locked.id, HOME, { ofAddress: policy, ofUser: policy });

    const failing: Changes[] = [
      { password: 'wrong' },
      { password: '' },
      { password: 'x'.repeat(5_000) },
      { userName: 'nobody' },
      { userName: '\0' },
      { userName: undefined },
      { userName: undefined, userId: randomUUID() },
      { userName: undefined, userId: userId.toUpperCase() },
      { userName: 'bob' },
      { userName: 'eve' },
      { userName: 'Ada' },
      { domain: { name: 'Other' } },
    ];
    const told = new Set<string>();
    for (const changes of failing) {
      const failure = await logIn(changes).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'unauthenticated' });
      told.add((failure as { publicMessage: string }).publicMessage);
    }
    expect(told.size).toBe(1);
  });

  it('needs a role in the project, and does not tell whether there is such a project', async () => {
    await seedAda();
    const other = await identity.createProject({ name: 'other' });
    const scopes: Login['scope'][] = [
      { projectId: other.id },
      { projectName: 'other' },
      { projectName: 'none' },
      { projectId: 'not-an-id' },
      { projectName: 'web', domain: { id: 'elsewhere' } },
    ];
    const told = new Set<string>();
    for (const scope of scopes) {
      const failure = await logIn({ scope }).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'unauthenticated' });
      told.add((failure as { publicMessage: string }).publicMessage);
    }
    expect(told.size).toBe(1);
  });

  it('works without project when the default one is out of reach', async () => {
    const project = await identity.createProject({ name: 'lost' });
    await identity.createUser({ name: 'ada', password: 'correct horse', defaultProjectId: project.id });
    expect((await logIn()).principal).toMatchObject({ projectId: null, roles: [] });
  });

  it('hashes an old password anew, at the cost of today', async () => {
    const { userId } = await seedAda();
    const salt = Buffer.alloc(16, 1);
    const hash = scryptSync('correct horse', salt, 32, { N: 16, r: 8, p: 1 });
    const old = `scrypt$ln=4,r=8,p=1$${salt.toString('base64url')}$${hash.toString('base64url')}`;
    await database.stores.users.setPassword(userId, old);
    await logIn();
    const stored = await database.stores.users.findById(userId);
    expect(stored?.passwordHash).toMatch(/^scrypt\$ln=8,r=8,p=1\$/);
    await logIn();
  });
});

describe('guessing', () => {
  const guess = (from?: string) =>
    expect(logIn({ password: 'guess', ...(from !== undefined && { from }) })).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  const LOCKED = { code: 'unauthenticated', detail: 'the user is locked for a while' };

  it('is free four times; then the right password is refused, too, for a while, from there', async () => {
    await seedAda();
    for (let count = 0; count < 4; count += 1) await guess();
    await logIn();
    for (let count = 0; count < 4; count += 1) await guess();
    await logIn();
    for (let count = 0; count < 5; count += 1) await guess();
    await expect(logIn()).rejects.toMatchObject(LOCKED);
    await logIn({ from: '192.0.2.2' });
  });

  it('counts a network of IPv6 as one address', async () => {
    await seedAda();
    for (let count = 0; count < 5; count += 1) await guess(`2001:db8::${count}`);
    await expect(logIn({ from: '2001:db8::ffff:1' })).rejects.toMatchObject(LOCKED);
    await logIn({ from: '2001:db8:0:1::1' });
  });

  it('is locked out twice as long each time, up to a bound, and not longer for trying meanwhile', async () => {
    const { userId } = await seedAda();
    const { users } = database.stores;
    const free = { allowed: 1_000, firstLockSeconds: 1, longestLockSeconds: 1 };
    const lockedSeconds: number[] = [];
    const hundreds = async (): Promise<number> =>
      Math.round((((await users.findById(userId))?.lockedUntil?.getTime() ?? 0) - Date.now()) / 100_000);
    for (let count = 0; count < 4; count += 1) {
      // A lock in the past: as if it had been waited for.
      const policy = { allowed: 1, firstLockSeconds: -100, longestLockSeconds: 1_000 };
      await users.recordFailedLogin(userId, HOME, { ofAddress: free, ofUser: policy });
      lockedSeconds.push(await hundreds());
    }
    expect(lockedSeconds).toEqual([-1, -2, -4, -8]);
    expect(await users.completeLogin(userId, HOME)).toBe(true);
    expect(await users.findById(userId)).toMatchObject({ failedLogins: 0, lockedUntil: null });

    const policy = { allowed: 1, firstLockSeconds: 10_000, longestLockSeconds: 500 };
    await users.recordFailedLogin(userId, 'elsewhere', { ofAddress: policy, ofUser: policy });
    const first = await users.findById(userId);
    await users.recordFailedLogin(userId, 'elsewhere', { ofAddress: policy, ofUser: policy });
    await users.recordFailedLogin(userId, 'anywhere', { ofAddress: policy, ofUser: policy });
    expect(await users.findById(userId)).toEqual(first);
    expect(await hundreds()).toBe(5);
    for (const from of ['elsewhere', 'a third place']) await expect(logIn({ from })).rejects.toMatchObject(LOCKED);
  });

  it('from everywhere locks nobody out of where that one is at home', async () => {
    const { userId } = await seedAda();
    const { users } = database.stores;
    await logIn();
    const policy = { allowed: 1, firstLockSeconds: 1_000, longestLockSeconds: 1_000 };
    await users.recordFailedLogin(userId, 'botnet', { ofAddress: policy, ofUser: policy });
    await expect(logIn({ from: '192.0.2.2' })).rejects.toMatchObject(LOCKED);
    await logIn();
  });

  it('locks nobody out for longer than half a minute, however many addresses guess', async () => {
    const { userId } = await seedAda();
    const guesses = Array.from({ length: 30 }, (_, index) => index);
    for (const round of [0, 1, 2, 3]) {
      await Promise.all(
        guesses.map((index) => logIn({ password: 'x', from: `10.0.${round}.${index}` }).catch(() => null)),
      );
    }
    const user = await database.stores.users.findById(userId);
    const seconds = ((user?.lockedUntil?.getTime() ?? 0) - Date.now()) / 1_000;
    expect(user?.failedLogins).toBeGreaterThanOrEqual(100);
    expect(seconds).toBeLessThanOrEqual(30);
  });

  it('many at once locks the user, too', async () => {
    const { userId } = await seedAda();
    const guesses = Array.from({ length: 12 }, () => logIn({ password: 'guess' }).catch(() => null));
    expect(await Promise.all(guesses)).toEqual(Array.from({ length: 12 }, () => null));
    expect((await database.stores.users.findById(userId))?.failedLogins).toBeGreaterThanOrEqual(5);
    await expect(logIn()).rejects.toMatchObject(LOCKED);
  });

  it('leaves many right logins at once alone', async () => {
    await seedAda();
    const logins = await Promise.all(Array.from({ length: 8 }, () => logIn()));
    expect(new Set(logins.map(({ token }) => token)).size).toBe(8);
  });
});

describe('a token', () => {
  it('is kept as a hash only', async () => {
    await seedAda();
    const { token } = await logIn();
    expect(await database.stores.tokens.find(token)).toBeNull();
  });

  it('that was revoked is refused at once here, and within five seconds elsewhere', async () => {
    await seedAda();
    const { token, principal } = await logIn();
    const elsewhere = openProcess();
    expect(await elsewhere.validateToken(token)).not.toBeNull();
    expect(await identity.validateToken(token)).not.toBeNull();
    await identity.revokeToken(actorOf({ principal }), token, principal);
    expect(await identity.validateToken(token)).toBeNull();
    wait(5_000);
    expect(await elsewhere.validateToken(token)).toBeNull();
  });

  it('that was revoked is refused at once in every process that is told', async () => {
    const { projectId, userId } = await seedAda();
    const elsewhere = openProcess();
    const here = openProcess(() => {
      elsewhere.forgetTokens();
      return Promise.resolve();
    });
    const asked = jest.fn();
    elsewhere.watchTokens(asked);
    const [first, second] = [await logIn(), await logIn()];
    expect(await elsewhere.validateToken(first.token)).not.toBeNull();
    await here.revokeToken(actorOf(first), first.token, first.principal);
    expect(await elsewhere.validateToken(first.token)).toBeNull();
    expect(await elsewhere.validateToken(second.token)).not.toBeNull();
    const admin = actorOf(first, { isSystemAdmin: true });
    await here.grants.revoke(admin, { projectId, userId, role: 'member' });
    expect(await elsewhere.validateToken(second.token)).toBeNull();
    expect(asked).toHaveBeenCalledTimes(2);
  });

  it('ends with its time, and is then cleared away', async () => {
    await seedAda();
    clock = new Date(Date.now() - 43_200_000);
    const { token } = await logIn();
    wait(43_200_000);
    expect(await identity.validateToken(token)).toBeNull();
    expect(await identity.removeExpiredTokens()).toBe(1);
    expect(await identity.removeExpiredTokens()).toBe(0);
  });

  it('that is unknown or nonsense stands for nobody', async () => {
    for (const token of ['', 'x', '\0', "' OR 1=1", 'A'.repeat(43)]) {
      expect(await identity.validateToken(token)).toBeNull();
    }
  });

  it('has the roles of the moment, and none when they were taken away', async () => {
    const { projectId, userId } = await seedAda('admin');
    const { token } = await logIn();
    expect((await identity.validateToken(token))?.roles).toEqual(['admin', 'member', 'reader']);
    await identity.assignRole({ userId, projectId, role: 'reader' });
    await database.stores.roleAssignments.unassign(userId, projectId, 'admin');
    wait(5_000);
    expect((await identity.validateToken(token))?.roles).toEqual(['reader']);
    await database.stores.roleAssignments.unassign(userId, projectId, 'reader');
    wait(5_000);
    expect(await identity.validateToken(token)).toBeNull();
  });

  it('ends when its user is disabled or gets another password', async () => {
    const { userId } = await seedAda();
    const { token } = await logIn();
    await database.stores.users.update(userId, { enabled: false });
    expect(await identity.validateToken(token)).toBeNull();
    await database.stores.users.update(userId, { enabled: true });
    expect(await identity.validateToken(token)).not.toBeNull();
    await identity.users.changeOwnPassword(actorOf(await logIn()), userId, 'correct horse', 'battery staple');
    expect(await identity.validateToken(token)).toBeNull();
    await expect(logIn()).rejects.toMatchObject({ code: 'unauthenticated' });
    await logIn({ password: 'battery staple' });
  });
});

describe('accounts', () => {
  it('have names that are unique and not too long', async () => {
    await seedAda();
    await expect(identity.createProject({ name: 'web' })).rejects.toMatchObject({ code: 'conflict' });
    await expect(identity.createUser({ name: 'ada', password: 'x' })).rejects.toMatchObject({ code: 'conflict' });
    for (const name of ['', 'x'.repeat(65), 'a\nb', '\0']) {
      await expect(identity.createProject({ name })).rejects.toMatchObject({ code: 'invalid-input' });
    }
    for (const [name, password] of [
      ['', 'x'],
      ['x'.repeat(256), 'x'],
      ['bob', ''],
      ['bob', 'x'.repeat(5_000)],
    ] as const) {
      await expect(identity.createUser({ name, password })).rejects.toMatchObject({ code: 'invalid-input' });
    }
  });

  it('never show the hash of their password', async () => {
    expect(Object.keys(await identity.createUser({ name: 'ada', password: 'x' }))).toEqual([
      'id',
      'name',
      'defaultProjectId',
      'enabled',
      'description',
      'email',
      'createdAt',
    ]);
  });

  it('take known roles only, in known projects', async () => {
    const { projectId, userId } = await seedAda();
    await expect(identity.assignRole({ userId, projectId, role: 'owner' })).rejects.toMatchObject({
      code: 'invalid-input',
    });
    const unknown = randomUUID() as ProjectId;
    await expect(identity.assignRole({ userId, projectId: unknown, role: 'admin' })).rejects.toMatchObject({
      code: 'conflict',
    });
  });
});

describe('the first administrator', () => {
  it('is made once by any number of processes, and the password of the first one counts', async () => {
    const starts = await Promise.all(
      ['one', 'two', 'three'].map((password) => openProcess().bootstrapAdministrator({ password })),
    );
    expect(starts.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(starts.map(({ user }) => user.id)).size).toBe(1);
    const password = ['one', 'two', 'three'][starts.findIndex(({ created }) => created)] ?? '';
    const { principal } = await logIn({ userName: 'admin', password });
    expect(principal).toMatchObject({ projectName: 'admin', roles: ['admin', 'member', 'reader'] });
    expect(await identity.bootstrapAdministrator({ password: 'later' })).toMatchObject({ created: false });
    await logIn({ userName: 'admin', password });
  });
});
