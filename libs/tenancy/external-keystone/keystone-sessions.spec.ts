/** Signing in with a browser where a Keystone that others run keeps the users. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BaykeeperError, type Log } from '@baykeeper/domain';
import type { FinishedLogin } from '../login.js';
import { openExternalKeystone, type ExternalKeystone } from './external-keystone.js';
import { startFakeKeystone, type FakeKeystone } from './testing/fake-keystone.js';

const SILENT: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const HERE = { address: '192.0.2.7', requestId: 'req-1' };
const GARDEN = { id: 'a'.repeat(32), name: 'garden' };
const BARN = { id: 'b'.repeat(32), name: 'barn' };

let fake: FakeKeystone;
let keystone: ExternalKeystone;
let logins: FinishedLogin[];
let turns: string[];
let wait: number;

beforeEach(async () => {
  const time = Date.parse('2026-01-01T00:00:00Z');
  fake = await startFakeKeystone(() => time);
  fake.people.set('ada', { password: 'engine', projects: [GARDEN, BARN, { id: 'c', name: 'attic', enabled: false }] });
  fake.people.set('nobody', { password: 'none', projects: [] });
  [logins, turns, wait] = [[], [], 0];
  keystone = await openExternalKeystone({
    ...{ url: fake.url, authorities: null, timeoutMs: 2_000, cacheMs: 60_000, log: SILENT, patienceMs: 0 },
    ...{ user: 'baykeeper', userDomain: 'Default', password: 'hush', project: 'service', projectDomain: 'Default' },
    adminProject: { name: 'admin', domain: 'Default' },
    ensureProject: () => Promise.resolve(),
    now: () => time,
    onLogin: (login) => logins.push(login),
    limiter: {
      take(kind, key) {
        turns.push(`${kind} ${key}`);
        return Promise.resolve(kind === 'user' ? wait : 0);
      },
    },
  });
});
afterEach(async () => {
  keystone.close();
  await fake.close();
});

const signIn = (fields: object = {}) =>
  keystone.sessions.signIn({ userName: 'ada', password: 'engine', domain: null, projectName: null, ...fields }, HERE);
async function failureOf(work: Promise<unknown>): Promise<BaykeeperError> {
  const error: unknown = await work.then(
    () => new Error('did not fail'),
    (failure: unknown) => failure,
  );
  if (error instanceof BaykeeperError) return error;
  throw error instanceof Error ? error : new Error(String(error));
}

describe('a session', () => {
  it('is for the project that was named', async () => {
    const { token, principal } = await signIn({ projectName: 'garden' });
    expect(principal).toMatchObject({
      userName: 'ada',
      projectId: GARDEN.id,
      projectName: 'garden',
      roles: ['member', 'reader'],
    });
    expect(await keystone.sessions.find(token)).toEqual(principal);
    expect(await keystone.sessions.projectsOf(token, principal)).toEqual([BARN, GARDEN]);
    expect(logins).toMatchObject([{ method: 'password', refusal: null, projectId: GARDEN.id, origin: HERE }]);
  });

  it('is for the first project by name where none was named, and the token for none is ended', async () => {
    const { principal } = await signIn();
    expect(principal.projectName).toBe('barn');
    expect([...fake.tokens.keys()].filter((token) => token.startsWith('ada'))).toHaveLength(1);
  });

  it('goes on in another project with another token, and the one before is good for nothing', async () => {
    const { token } = await signIn({ projectName: 'garden' });
    expect(await keystone.sessions.find(token)).not.toBeNull();
    const next = await keystone.sessions.change(token, BARN.id, HERE);
    expect(next.principal.projectName).toBe('barn');
    expect(await keystone.sessions.find(token)).toBeNull();
    await keystone.sessions.end(next.token, HERE);
    expect(await keystone.sessions.find(next.token)).toBeNull();
    // Twice is no failure: it may have ended by itself.
    await keystone.sessions.end(next.token, HERE);
  });
});

describe('who is not let in', () => {
  it.each([
    ['a wrong password', { password: 'wrong' }, 'unauthenticated'],
    ['a user that is not there', { userName: 'bob' }, 'unauthenticated'],
    ['a project that is not theirs', { projectName: 'quarry' }, 'unauthenticated'],
    ['a user without a project', { userName: 'nobody', password: 'none' }, 'forbidden'],
  ])('%s', async (_what, fields, code) => {
    const failure = await failureOf(signIn(fields));
    expect(failure.code).toBe(code);
    expect(`${failure.message} ${failure.detail ?? ''}`).not.toMatch(/wrong|engine|none$/);
    expect([...fake.tokens.keys()]).toEqual([]);
  });

  it('is told of for the audit, without a name that may be a password', async () => {
    await failureOf(signIn({ userName: 'hunter2' }));
    expect(logins).toMatchObject([{ method: 'password', user: null, refusal: { code: 'unauthenticated' } }]);
  });

  it('is who tries too often, before the Keystone is asked, and nobody else', async () => {
    wait = 30;
    const before = fake.count.logins;
    expect(await failureOf(signIn())).toMatchObject({ code: 'too-many-requests', retryAfterSeconds: 30 });
    expect(fake.count.logins).toBe(before);
    const [, here] = turns;
    turns = [];
    await failureOf(
      keystone.sessions.signIn(
        { userName: 'ada', password: 'engine', domain: null, projectName: null },
        { address: '198.51.100.1', requestId: null },
      ),
    );
    expect(turns[1]).not.toBe(here);
  });

  it('is nobody for a Keystone that is away: that is said', async () => {
    fake.misbehave = (_request, response) => {
      response.writeHead(503).end();
    };
    expect(await failureOf(signIn())).toMatchObject({ code: 'provider-unavailable' });
    expect(logins).toEqual([]);
  });
});
