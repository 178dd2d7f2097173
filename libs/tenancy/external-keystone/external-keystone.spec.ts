import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BaykeeperError, type Log, type ProjectId } from '@baykeeper/domain';
import { openExternalKeystone, type ExternalKeystone, type ExternalKeystoneSettings } from './external-keystone.js';
import { startFakeKeystone, tokenBody, type FakeKeystone } from './testing/fake-keystone.js';

const SECRETS = ['hush-password', 'good-token', 'service-1', 'service-2'];

let time: number;
let fake: FakeKeystone;
let keystone: ExternalKeystone | null;
let projects: string[];
let lines: string[];

const write = (facts: object, message: string): void => {
  lines.push(`${message} ${JSON.stringify(facts)}`);
};
const log: Log = { debug: write, info: write, warn: write, error: write };

beforeEach(async () => {
  time = Date.parse('2026-01-01T00:00:00Z');
  fake = await startFakeKeystone(() => time);
  fake.tokens.set('good-token', tokenBody());
  projects = [];
  lines = [];
  keystone = null;
});
afterEach(async () => {
  keystone?.close();
  await fake.close();
});

async function open(settings: Partial<ExternalKeystoneSettings> = {}): Promise<ExternalKeystone> {
  keystone = await openExternalKeystone({
    url: fake.url,
    authorities: null,
    timeoutMs: 2_000,
    cacheMs: 60_000,
    ...{ user: 'baykeeper', userDomain: 'Default', password: 'hush-password', project: 'service' },
    projectDomain: 'Default',
    adminProject: { name: 'admin', domain: 'Default' },
    ensureProject(id: ProjectId) {
      projects.push(id);
      return Promise.resolve();
    },
    log,
    now: () => time,
    patienceMs: 0,
    ...settings,
  });
  return keystone;
}

async function failureOf(work: Promise<unknown>): Promise<BaykeeperError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof BaykeeperError) {
      const shown = `${error.message} ${error.stack ?? ''} ${String(error.cause)} ${lines.join()}`;
      for (const secret of SECRETS) expect(shown).not.toContain(secret);
      return error;
    }
    throw error;
  }
  throw new Error('did not fail');
}

describe('a project at another Keystone', () => {
  it('is there when the Keystone says so, and then here, too', async () => {
    fake.projects.set('garden', { id: 'garden' }).set('secret', null);
    const { findProject } = await open();
    projects = [];
    expect(await findProject('garden')).toBe(true);
    expect(await findProject('nowhere')).toBe(false);
    // Not ours to look at: taken at the word of who names it.
    expect(await findProject('secret')).toBe(true);
    expect(projects).toEqual(['garden', 'secret']);
  });

  it('is asked about with another token of ours when the first is refused', async () => {
    fake.projects.set('garden', { id: 'garden' });
    const { findProject } = await open();
    fake.forgetLogins();
    expect(await findProject('garden')).toBe(true);
  });

  it('has an id that leads nowhere else', async () => {
    const { findProject } = await open();
    fake.count.questions = 0;
    for (const id of ['', '..', '../users', 'a/b', 'a?b', 'a%2fb', 'x'.repeat(65)])
      expect([id, await findProject(id)]).toEqual([id, false]);
    expect(fake.count.questions).toBe(0);
  });

  it('is not known while the Keystone is away', async () => {
    const { findProject } = await open();
    fake.misbehave = (_request, response) => response.writeHead(500).end();
    expect((await failureOf(findProject('garden'))).code).toBe('provider-unavailable');
  });
});

describe('a token at another Keystone', () => {
  it('stands for whom the Keystone says', async () => {
    expect(await (await open()).validateToken('good-token')).toMatchObject({
      ...{ userId: 'f'.repeat(32), userName: 'ada', projectId: 'a'.repeat(32), projectName: 'garden' },
      ...{ roles: ['member', 'reader'], isSystemAdmin: false, applicationCredential: null },
      expiresAt: new Date('2026-01-01T12:00:00Z'),
    });
  });

  it('is nobody’s when the Keystone does not know it', async () => {
    expect(await (await open()).validateToken('another')).toBeNull();
  });

  it('is asked about once while its answer is fresh, and again after that', async () => {
    const { validateToken } = await open();
    await validateToken('good-token');
    time += 59_999;
    await validateToken('good-token');
    expect(fake.count.questions).toBe(1);
    time += 1;
    await validateToken('good-token');
    expect(fake.count.questions).toBe(2);
  });

  it('is refused at most that time after it was revoked', async () => {
    const { validateToken } = await open();
    expect(await validateToken('good-token')).not.toBeNull();
    fake.tokens.clear();
    time += 60_000;
    expect(await validateToken('good-token')).toBeNull();
  });

  it('is never taken beyond its own end', async () => {
    fake.tokens.set('short', tokenBody({ expires_at: '2026-01-01T00:00:10.000000Z' }));
    const { validateToken } = await open();
    expect(await validateToken('short')).not.toBeNull();
    time += 10_000;
    expect(await validateToken('short')).toBeNull();
  });

  it('is asked about once by many at the same time, also when it is refused', async () => {
    const { validateToken } = await open();
    await Promise.all(Array.from({ length: 20 }, () => validateToken('good-token')));
    await Promise.all(Array.from({ length: 20 }, () => validateToken('another')));
    expect(fake.count.questions).toBe(2);
    await validateToken('another');
    expect(fake.count.questions).toBe(2);
  });

  it('is asked about every time when nothing is to be remembered', async () => {
    const { validateToken } = await open({ cacheMs: 0 });
    await validateToken('good-token');
    await validateToken('good-token');
    expect(fake.count.questions).toBe(2);
  });

  it('is not sent on when no header can carry it', async () => {
    const { validateToken } = await open();
    for (const token of ['a b', 'a\r\nX: y', 'é', '']) expect(await validateToken(token)).toBeNull();
    expect(fake.count.questions).toBe(0);
  });

  it('makes its project known once', async () => {
    const { validateToken } = await open();
    projects = [];
    await validateToken('good-token');
    time += 60_000;
    await validateToken('good-token');
    expect(projects).toEqual(['a'.repeat(32)]);
  });
});

describe('our own token at another Keystone', () => {
  it('is replaced when it is refused', async () => {
    const { validateToken } = await open();
    fake.forgetLogins();
    expect(await validateToken('good-token')).not.toBeNull();
    expect(fake.count.logins).toBe(2);
  });

  it('is renewed before it ends, while the old one still serves', async () => {
    fake.lifeSeconds = 1_000;
    const { validateToken } = await open({ cacheMs: 0 });
    time += 899_000;
    await validateToken('good-token');
    expect(fake.count.logins).toBe(1);
    time += 2_000;
    await validateToken('good-token');
    expect(fake.count.logins).toBe(2);
  });

  it('is not asked for again and again once it was refused: that would lock the user', async () => {
    const { validateToken } = await open({ cacheMs: 0 });
    fake.forgetLogins();
    fake.loginStatus = 401;
    for (let turn = 0; turn < 5; turn += 1) {
      const failure = await failureOf(validateToken('good-token'));
      expect(failure.code).toBe('provider-unavailable');
      expect(failure.detail).toContain('refuses the user baykeeper');
    }
    expect(fake.count.logins).toBe(2);
    fake.loginStatus = 201;
    time += 5_000;
    expect(await validateToken('good-token')).not.toBeNull();
  });

  it('may lack the right to ask: then nobody gets in, and the log says why', async () => {
    const { validateToken } = await open();
    fake.misbehave = (_, response) => response.writeHead(403).end('{}');
    const failure = await failureOf(validateToken('good-token'));
    expect(failure).toMatchObject({ code: 'provider-unavailable', retryAfterSeconds: 5 });
    expect(failure.detail).toContain('may not validate tokens');
  });
});

describe('a Keystone in trouble', () => {
  it.each([
    ['fails', (response) => response.writeHead(500).end('{}'), 'status 500'],
    ['has too much to do', (response) => response.writeHead(429).end('{}'), 'status 429'],
    ['sends something else', (response) => response.writeHead(200).end('<html>'), 'status 200'],
    ['sends half a token', (response) => response.writeHead(200).end('{"token":{"user":{}}}'), 'no readable'],
    ['is a proxy with a page of its own', (response) => response.writeHead(404).end('<html>'), 'status 404'],
    ['hangs up', (response) => response.destroy(), "can't be reached"],
    ['says nothing', () => undefined, 'no answer within 0.2 s'],
    ['never ends', (response) => response.writeHead(200).write('{'), 'no answer within 0.2 s'],
    ['sends too much', (response) => response.writeHead(200).end('x'.repeat(2_000_000)), 'larger than'],
  ] as const satisfies readonly (readonly [
    string,
    (response: import('node:http').ServerResponse) => unknown,
    string,
  ])[])('that %s is no word about the token', async (_, answer, detail) => {
    const { validateToken } = await open({ timeoutMs: 200 });
    fake.misbehave = (__, response) => {
      answer(response);
    };
    const failure = await failureOf(validateToken('good-token'));
    expect(failure).toMatchObject({ code: 'provider-unavailable', retryAfterSeconds: 5 });
    expect(failure.detail).toContain(detail);
    fake.misbehave = null;
    expect(await validateToken('good-token')).not.toBeNull();
  });

  it('leaves what was said before true for its time, and no longer', async () => {
    const opened = await open();
    await opened.validateToken('good-token');
    fake.misbehave = (_, response) => response.writeHead(503).end();
    time += 59_999;
    expect(await opened.validateToken('good-token')).not.toBeNull();
    await expect(opened.ping()).rejects.toThrow('status 503');
    time += 1;
    expect((await failureOf(opened.validateToken('good-token'))).code).toBe('provider-unavailable');
  });
});

describe('the start with another Keystone', () => {
  it('says that nobody answers', async () => {
    const { url } = fake;
    await fake.close();
    const failure = await failureOf(open());
    expect(failure.code).toBe('invalid-input');
    expect(failure.publicMessage).toBe(
      `BAYKEEPER_KEYSTONE_URL: no Keystone answers at ${url}. Correct the URL, or start the Keystone.`,
    );
    fake = await startFakeKeystone(() => time);
  });

  it('waits a moment for a Keystone that is starting, too', async () => {
    let refusals = 0;
    fake.misbehave = (_, response) => {
      response.writeHead(503).end();
      refusals += 1;
      if (refusals === 1) fake.misbehave = null;
    };
    await open({ patienceMs: 10_000 });
    expect(lines.join()).toContain('waiting for the Keystone');
  });

  it('says that the user is refused, without its password', async () => {
    fake.loginStatus = 401;
    const failure = await failureOf(open());
    expect(failure.publicMessage).toContain('refuses user baykeeper (domain Default) in project service');
  });

  it('says that something else answers', async () => {
    fake.misbehave = (_, response) => response.writeHead(200).end('<html>');
    expect((await failureOf(open())).publicMessage).toContain('is no Keystone with version 3');
  });

  it('warns when the user has no role that may validate tokens', async () => {
    await open();
    expect(lines).toEqual([]);
    keystone?.close();
    fake.misbehave = (_, response) =>
      response.writeHead(201, { 'X-Subject-Token': 't' }).end(JSON.stringify(tokenBody()));
    await open();
    expect(lines.join()).toContain('neither the role service nor admin');
  });
});
