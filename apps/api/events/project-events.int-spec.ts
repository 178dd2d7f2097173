/** What happens in a project, over all its bays: none left out, whatever transactions do, and nothing of others. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { EventKind, Bay } from '@baykeeper/domain';
import { createSwarmEngine } from '@baykeeper/drivers/engines/swarm/swarm.engine.js';
import { SYSTEM, type Stores } from '@baykeeper/storage';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { Client } from 'pg';
import { send } from '../testing/api-client.js';
import { openEventStream, type EventStream } from '../testing/event-stream.js';
import { startTestApi, type TestApi } from '../testing/start-test-api.js';

jest.setTimeout(60_000);

let postgres: TestDatabase;
let api: TestApi;
let token: string;

beforeAll(async () => {
  postgres = await startTestDatabase();
  api = await startTestApi(postgres.url, createSwarmEngine({ templatesDirectory: '/nowhere' }), {
    streams: { perToken: 4, perProject: 8 },
  });
  token = (await makeProject()).token;
});
afterAll(async () => {
  await api.close();
  await postgres.stop();
  expect(api.faults).toEqual([]);
});

async function makeProject() {
  const id = await api.project();
  const made = await api.token(id, 'member', 'reader');
  const body = { name: 'swarm', coe: 'swarm', image_id: 'debian-12-docker' };
  expect((await send(api.url, 'POST', '/v1/clustertemplates', { token: made, body })).status).toBe(201);
  return { token: made };
}

async function makeBay(of = token): Promise<Bay> {
  const name = `bay-${randomUUID()}`;
  const body = { baymodel_id: 'swarm', name };
  expect((await send(api.url, 'POST', '/v1/bays', { token: of, body })).status).toBe(202);
  return api.database.stores.bays.find(SYSTEM, name);
}

/** Of kinds that nothing else tells of. */
function tell({ id: bayId, projectId }: Bay, kind: string, stores: Stores = api.database.stores): Promise<void> {
  return stores.events.append({
    bayId,
    projectId,
    nodeId: null,
    kind: kind as EventKind,
    level: 'info',
    message: `${kind}.`,
  });
}

/** Held open until `commit` is called. */
async function begun(bay: Bay, kind: string): Promise<() => Promise<void>> {
  let commit = (): void => undefined;
  const mayCommit = new Promise<void>((resolve) => (commit = resolve));
  let written = (): void => undefined;
  const isWritten = new Promise<void>((resolve) => (written = resolve));
  const ended = api.database.transaction(async (stores) => {
    await tell(bay, kind, stores);
    written();
    await mayCommit;
  });
  await isWritten;
  return async () => {
    commit();
    await ended;
  };
}

interface Body {
  readonly events: readonly { readonly id: string; readonly kind: string; readonly bay_name: string }[];
  readonly next?: string;
}
const read = async (query = '', of = token): Promise<Body> => {
  const answer = await send(api.url, 'GET', `/v1/events${query}`, { token: of });
  expect(answer.status).toBe(200);
  return answer.body as Body;
};
const kindsOf = ({ events }: Body): readonly string[] => events.map(({ kind }) => kind);
const follow = (headers: Record<string, string> = {}, query = ''): Promise<EventStream> =>
  openEventStream(`${api.url}/v1/events${query}`, token, headers);

test('are listed page by page, each once, over all bays of the project and no other', async () => {
  const [one, other] = [await makeBay(), await makeBay()];
  const stranger = await makeProject();
  await makeBay(stranger.token);
  for (const kind of ['a', 'b', 'c']) await tell(kind === 'b' ? other : one, kind);
  const all = await read();
  expect(kindsOf(all)).toEqual(['bay-requested', 'bay-requested', 'a', 'b', 'c']);
  expect(all.events.map(({ bay_name: name }) => name).slice(2)).toEqual([one.name, other.name, one.name]);
  const paged: string[] = [];
  for (let next: string | undefined = '?limit=2'; next !== undefined;) {
    const page = await read(next);
    paged.push(...kindsOf(page));
    next = page.next === undefined ? undefined : new URL(page.next).search;
  }
  expect(paged).toEqual(kindsOf(all));
  expect(kindsOf(await read('', stranger.token))).toEqual(['bay-requested']);
});

test('one that is written first and committed last is neither missed nor told before its turn', async () => {
  const [slow, quick] = [await makeBay(), await makeBay()];
  const start = (await read('?limit=1000')).events.at(-1)?.id ?? '';
  const commit = await begun(slow, 'slow');
  await tell(quick, 'quick');
  // The later one waits: its reader would never ask for the earlier one.
  expect(kindsOf(await read(`?after=${start}`))).toEqual([]);
  await commit();
  expect(kindsOf(await read(`?after=${start}`))).toEqual(['slow', 'quick']);
});

test('are streamed from now on, and taken up again where a stream stopped', async () => {
  const bay = await makeBay();
  const stream = await follow();
  const beginning = await stream.until('id: ');
  expect(beginning).toMatch(/^: connected\nid: \d+-\d+\n\n/);
  await tell(bay, 'first');
  const told = await stream.until('event: first');
  expect(told).not.toContain('bay-requested');
  expect(told).toContain(`"bay_name":"${bay.name}"`);
  stream.close();
  await tell(bay, 'second');
  const [, id = ''] = /id: (\S+)\nevent: first/.exec(told) ?? [];
  for (const again of [await follow({ 'Last-Event-ID': id }), await follow({}, `?after=${id}`)]) {
    expect(await again.until('event: second')).not.toContain('event: first');
    again.close();
  }
  // Before its first event a stream has a place to come back to as well.
  const [, from = ''] = /id: (\S+)/.exec(beginning) ?? [];
  const whole = await follow({ 'Last-Event-ID': from });
  expect(await whole.until('event: second')).toContain('event: first');
  whole.close();
});

test('go on after a dump was restored whose transactions have higher numbers', async () => {
  const bay = await makeBay();
  await tell(bay, 'before');
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  await client.query('UPDATE bay_events SET transaction_id = transaction_id + 1000000000 WHERE transaction_id > 0');
  const { rows } = await client.query<{ id: string }>(
    "SELECT transaction_id || '-' || sequence AS id FROM bay_events WHERE kind = 'before'",
  );
  await client.end();
  await api.database.migrate();
  const last = rows[0]?.id ?? '';
  await tell(bay, 'after');
  expect(kindsOf(await read('?limit=1000')).slice(-2)).toEqual(['before', 'after']);
  const stream = await follow({ 'Last-Event-ID': last });
  expect(await stream.until('event: after')).not.toContain('event: before');
  stream.close();
});

test('are streamed to so many at once', async () => {
  const open = await Promise.all(Array.from({ length: 4 }, () => follow()));
  await Promise.all(open.map((stream) => stream.until(': connected')));
  const refused = await send(api.url, 'GET', '/v1/events', { token, headers: { Accept: 'text/event-stream' } });
  expect([refused.status, refused.text]).toEqual([429, expect.stringContaining('follows 4 streams already')]);
  for (const stream of open) stream.close();
});

test.each(['after=1', 'after=a-b', 'after=1-99999999999999999', 'limit=0', 'limit=x', 'page=1'])(
  'refuses ?%s',
  async (query) => {
    expect((await send(api.url, 'GET', `/v1/events?${query}`, { token })).status).toBe(400);
  },
);
