/** Streams of a bay's events: what they tell, who may follow them for how long, and how many of them. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { EventKind, Bay, ProjectId } from '@baykeeper/domain';
import { createSwarmEngine } from '@baykeeper/drivers/engines/swarm/swarm.engine.js';
import { SYSTEM } from '@baykeeper/storage';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { openIdentity, type Identity } from '@baykeeper/tenancy';
import { send, type Answer } from '../testing/api-client.js';
import { openEventStream, type EventStream } from '../testing/event-stream.js';
import { startTestApi, type TestApi } from '../testing/start-test-api.js';

jest.setTimeout(60_000);

const PASSWORD = 'correct horse';
const engine = createSwarmEngine({ templatesDirectory: '/nowhere' });

let postgres: TestDatabase;
let api: TestApi;
let project: ProjectId;
let member: string;

async function makeBay(name = `bay-${randomUUID()}`): Promise<Bay> {
  const body = { baymodel_id: 'swarm', name };
  expect((await send(api.url, 'POST', '/v1/bays', { token: member, body })).status).toBe(202);
  return api.database.stores.bays.find(SYSTEM, name);
}

/** Of kinds that nothing else tells of. */
async function tell(bay: Bay, kind: string): Promise<void> {
  const { id: bayId, projectId } = bay;
  const level = 'info';
  await api.database.stores.events.append({
    bayId,
    projectId,
    nodeId: null,
    kind: kind as EventKind,
    level,
    message: `${kind}.`,
  });
}

function follow(bay: Bay, headers: Record<string, string> = {}, token = member, at = api): Promise<EventStream> {
  return openEventStream(`${at.url}/v1/bays/${bay.id}/events`, token, headers);
}

beforeAll(async () => {
  postgres = await startTestDatabase();
  api = await startTestApi(postgres.url, engine);
  project = await api.project();
  member = await api.token(project, 'member', 'reader');
  const body = { name: 'swarm', coe: 'swarm', image_id: 'debian-12-docker' };
  expect((await send(api.url, 'POST', '/v1/clustertemplates', { token: member, body })).status).toBe(201);
});

afterAll(async () => {
  await api.close();
  await postgres.stop();
  expect(api.faults).toEqual([]);
});

describe('events', () => {
  test('are streamed as they happen, from the last one that was seen', async () => {
    const bay = await makeBay();
    await tell(bay, 'first');
    const all = await follow(bay);
    expect(all.response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    const beginning = await all.until('event: first');
    expect(beginning).toMatch(/^: connected\n\nid: \d+\nevent: bay-requested\ndata: \{.*\}\n\nid: \d+\nevent: first\n/);
    const [, sequence = ''] = /id: (\d+)\nevent: first/.exec(beginning) ?? [];

    const later = await follow(bay, { 'Last-Event-ID': sequence });
    await later.until(': connected');
    await tell(bay, 'second');
    await api.signals.publish(`bay:${bay.id}`);
    expect(await later.until('event: second')).not.toContain('event: first');
    await all.until('event: second');
    all.close();
    later.close();
  });

  test('reach a stream without any signal too, only later', async () => {
    const bay = await makeBay();
    const stream = await follow(bay);
    await stream.until('bay-requested');
    // Subscribing counts as one signal, so one event alone would prove nothing.
    for (const kind of ['unsignalled-1', 'unsignalled-2', 'unsignalled-3']) {
      await tell(bay, kind);
      await stream.until(`event: ${kind}`);
    }
    stream.close();
  }, 20_000);

  test('stop being watched when the client goes', async () => {
    const bay = await makeBay();
    const stream = await follow(bay);
    await stream.until('bay-requested');
    expect(api.signals.listeners(`bay:${bay.id}`)).toBe(1);
    stream.close();
    while (api.signals.listeners(`bay:${bay.id}`) > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  test('end with the bay', async () => {
    const bay = await makeBay();
    const stream = await follow(bay);
    await stream.until('bay-requested');
    const lease = await api.database.stores.bays.acquireLease(bay.id, 'test', 60);
    await api.database.stores.bays.remove(bay.id, lease?.token ?? 0);
    await api.signals.publish(`bay:${bay.id}`);
    await stream.end();
  });
});

describe('a stream ends', () => {
  /** What another process of the installation has. */
  let elsewhere: Identity;
  /** Looks by itself so seldom that whatever ends in a test was told to look. */
  let patient: TestApi;

  beforeAll(async () => {
    elsewhere = openIdentity({ database: api.database, passwordCost: { logN: 4, r: 8, p: 1 } });
    patient = await startTestApi(postgres.url, engine, {
      streamTimes: { pollMs: 600_000, heartbeatMs: 600_000, longestMs: 3_600_000 },
    });
  });
  afterAll(() => patient.close());

  /** A reader of the project, who logs in as everybody does. */
  async function logIn(): Promise<{ readonly token: string; readonly userId: string }> {
    const user = { name: `user-${randomUUID()}`, password: PASSWORD, defaultProjectId: project };
    const { id: userId } = await elsewhere.createUser(user);
    await elsewhere.assignRole({ userId, projectId: project, role: 'reader' });
    const password = { user: { id: userId, password: PASSWORD } };
    const body = { auth: { identity: { methods: ['password'], password } } };
    const { headers } = await send(patient.url, 'POST', '/identity/v3/auth/tokens', { body });
    return { token: headers.get('x-subject-token') ?? '', userId };
  }
  const revoke = (token: string, at: TestApi): Promise<Answer> =>
    send(at.url, 'DELETE', '/identity/v3/auth/tokens', { token, headers: { 'X-Subject-Token': token } });
  const LAST_WORDS = /: the token has ended, or may not see this any more\n\n$/;

  test('at once when its token is revoked, and tells nothing that happened after that', async () => {
    const bay = await makeBay();
    const [gone, stays] = [await logIn(), await logIn()];
    const stream = await follow(bay, {}, gone.token, patient);
    const other = await follow(bay, {}, stays.token, patient);
    await Promise.all([stream.until('bay-requested'), other.until('bay-requested')]);
    expect((await revoke(gone.token, patient)).status).toBe(204);
    await tell(bay, 'too-late');
    const seen = await stream.end();
    expect(seen).toMatch(LAST_WORDS);
    expect(seen).not.toContain('too-late');
    // Others go on, and were told to look, too.
    await other.until('too-late');
    other.close();
    expect((await follow(bay, {}, gone.token, patient)).response.statusCode).toBe(401);
  });

  test('when its token was revoked in another process', async () => {
    const bay = await makeBay();
    const { token } = await logIn();
    const stream = await follow(bay, {}, token);
    await stream.until('bay-requested');
    expect((await revoke(token, patient)).status).toBe(204);
    expect(await stream.end()).toMatch(LAST_WORDS);
  });

  test('when its user has lost the role', async () => {
    const bay = await makeBay();
    const { token, userId } = await logIn();
    const system = await patient.token(await patient.project(), 'system-admin', 'admin', 'member', 'reader');
    const stream = await follow(bay, {}, token, patient);
    await stream.until('bay-requested');
    const grant = `/identity/v3/projects/${project}/users/${userId}/roles/reader`;
    expect((await send(patient.url, 'DELETE', grant, { token: system })).status).toBe(204);
    expect(await stream.end()).toMatch(LAST_WORDS);
  });
});

describe('as many streams', () => {
  let limited: TestApi;

  beforeAll(async () => {
    limited = await startTestApi(postgres.url, engine, { streams: { perToken: 2, perProject: 3 } });
  });
  afterAll(() => limited.close());

  test('as a token and a project may have are open at once', async () => {
    const bay = await makeBay();
    const [one, two] = [await limited.token(project, 'reader'), await limited.token(project, 'reader')];
    const theirs = await limited.token(await limited.project(), 'system-admin', 'reader');
    const path = `/v1/bays/${bay.id}/events`;
    const refusalOf = async (token: string): Promise<Answer> =>
      send(limited.url, 'GET', path, { token, headers: { Accept: 'text/event-stream' } });
    const first = await follow(bay, {}, one, limited);
    const second = await follow(bay, {}, one, limited);
    await Promise.all([first.until('bay-requested'), second.until('bay-requested')]);

    const ofToken = await refusalOf(one);
    const title = 'This token follows 2 streams already: end one of them, then try again';
    expect(ofToken.status).toBe(429);
    expect(ofToken.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(ofToken.body).toEqual({
      errors: [{ request_id: '', code: 'client', status: 429, title, detail: `${title}.`, links: [] }],
    });
    const third = await follow(bay, {}, two, limited);
    await third.until('bay-requested');
    expect((await refusalOf(two)).text).toContain('This project follows 3 streams already');
    // Lists are no streams, and other projects are not concerned.
    expect((await send(limited.url, 'GET', path, { token: one })).status).toBe(200);
    const foreign = await follow(bay, {}, theirs, limited);
    await foreign.until('bay-requested');

    first.close();
    let again = await follow(bay, {}, one, limited);
    while (again.response.statusCode === 429) again = await follow(bay, {}, one, limited);
    await again.until('bay-requested');
    for (const stream of [second, third, foreign, again]) stream.close();
  });

  test('that nobody reads from are forgotten when their client goes', async () => {
    const bay = await makeBay();
    // More than what buffers on the way hold.
    for (let index = 0; index < 400; index += 1) await tell(bay, `noise-${'x'.repeat(20_000)}`);
    const stream = await follow(bay, {}, await limited.token(project, 'reader'), limited);
    stream.response.pause();
    await limited.signals.publish(`bay:${bay.id}`);
    expect(limited.signals.listeners(`bay:${bay.id}`)).toBe(1);
    stream.close();
    while (limited.signals.listeners(`bay:${bay.id}`) > 0) await new Promise((resolve) => setImmediate(resolve));
  });
});

// The last one: nothing is streamed after it.
test('streams end in order when the server stops, also those that come after that, and are asked for again soon', async () => {
  const bay = await makeBay();
  const stream = await follow(bay);
  await stream.until('bay-requested');
  api.endStreams();
  await stream.until('retry: 500');
  await stream.end();
  const late = await follow(bay);
  await late.until('retry: 500');
  await late.end();
});
