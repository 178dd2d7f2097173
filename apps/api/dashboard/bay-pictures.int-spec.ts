/** A bay as a picture and as lines of time: the size of the answers does not grow with the bay. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Bay, NodeId } from '@baykeeper/domain';
import { createSwarmEngine } from '@baykeeper/drivers/engines/swarm/swarm.engine.js';
import { SYSTEM } from '@baykeeper/storage';
import { makeNewNode } from '@baykeeper/storage/testing/seed.js';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { z } from 'zod';
import { send, type Answer } from '../testing/api-client.js';
import { startTestApi, type TestApi } from '../testing/start-test-api.js';
import { nodesAnswer } from '../bays/bay.answers.js';
import { timelineAnswer } from './timeline.answers.js';
import { topologyAnswer } from './topology.answers.js';

jest.setTimeout(60_000);

const WORKERS = 130;
const AT = new Date('2026-01-02T03:04:05.000Z');
const later = (seconds: number): Date => new Date(AT.getTime() + seconds * 1_000);

let postgres: TestDatabase;
let api: TestApi;
let token: string;
let bay: Bay;
let ids: readonly NodeId[];
const get = (path: string, headers = {}): Promise<Answer> =>
  send(api.url, 'GET', path.replace(/^http:\/\/[^/]+/, ''), { token, headers });

beforeAll(async () => {
  postgres = await startTestDatabase();
  api = await startTestApi(postgres.url, createSwarmEngine({ templatesDirectory: '/nowhere' }));
  token = await api.token(await api.project(), 'member', 'reader');
  const template = { name: 'swarm', coe: 'swarm', image_id: 'debian-12-docker' };
  await send(api.url, 'POST', '/v1/clustertemplates', { token, body: template });
  const name = `bay-${randomUUID()}`;
  await send(api.url, 'POST', '/v1/bays', { token, body: { baymodel_id: 'swarm', name, node_count: WORKERS } });
  const { bays, nodeGroups, nodes } = api.database.stores;
  bay = await bays.find(SYSTEM, name);
  const groups = await nodeGroups.listByBay(SYSTEM, bay.id);
  const group = groups.find(({ role }) => role === 'worker');
  if (group === undefined) throw new Error('no group of workers');
  const made = Array.from({ length: WORKERS }, (_, ordinal) => makeNewNode(group, ordinal, { createdAt: AT }));
  await nodes.insertMany(made);
  ids = made.map(({ id }) => id);
  const [failed, leaving, booting, ...ready] = ids as [NodeId, NodeId, NodeId, ...NodeId[]];
  for (const id of ready) await nodes.recordFacts(id, { machineRequestedAt: later(1), readyAt: later(9) });
  await nodes.recordFacts(failed, {
    ...{ machineRequestedAt: later(1), machineCreatedAt: later(3), failedAt: later(4) },
    failure: { phase: 'machine', message: 'The machine did not start.', logTail: 'no space left' },
  });
  await nodes.recordFacts(leaving, { readyAt: later(2), removalRequestedAt: later(5), removalReason: 'scale-down' });
  await nodes.recordFacts(booting, { machineRequestedAt: later(1), machineCreatedAt: later(2) });
});
afterAll(async () => {
  await api.close();
  await postgres.stop();
  expect(api.faults).toEqual([]);
});

test('a topology counts all nodes and draws those that one would look at', async () => {
  const answer = await get(`/v1/bays/${bay.id}/topology`);
  const { groups } = topologyAnswer.parse(answer.body);
  const [group] = groups.filter(({ role }) => role === 'worker');
  expect(group).toMatchObject({
    wanted: WORKERS,
    counts: { present: WORKERS - 1, ready: WORKERS - 3, failed: 1, leaving: 1 },
  });
  expect(group?.nodes).toHaveLength(60);
  expect(group?.nodes.slice(0, 4).map(({ uuid, phase }) => [uuid, phase])).toEqual([
    [ids[0], 'failed'],
    [ids[1], 'leaving-load-balancer'],
    [ids[2], 'booting'],
    [ids[3], 'ready'],
  ]);
  const tag = answer.headers.get('etag') ?? '';
  expect((await get(`/v1/bays/${bay.id}/topology`, { 'If-None-Match': tag })).status).toBe(304);
});

test('a timeline has a page of nodes, each with phases that begin where the one before ended', async () => {
  const { nodes } = timelineAnswer.parse((await get(`/v1/bays/${bay.id}/timeline?limit=3`)).body);
  const phase = (name: string, from: number, to: number | null, error: string | null = null) => ({
    ...{ name, started_at: expect.stringContaining(stamp(from)), error },
    ended_at: to === null ? null : expect.stringContaining(stamp(to)),
  });
  const stamp = (seconds: number): string => later(seconds).toISOString().slice(0, 19);
  expect(nodes.map(({ phases }) => phases)).toEqual([
    [
      phase('machine-requested', 0, 1),
      phase('machine-created', 1, 3),
      phase('failed', 3, 4, 'The machine did not start.'),
    ],
    [phase('ready', 0, 2), phase('removal-requested', 2, 5), phase('leaving-load-balancer', 5, null)],
    [phase('machine-requested', 0, 1), phase('machine-created', 1, 2), phase('booting', 2, null)],
  ]);
  expect(nodes.map(({ log_tail: tail }) => tail)).toEqual(['no space left', null, null]);
});

test.each([
  ['nodes', nodesAnswer],
  ['timeline', timelineAnswer],
])('pages of %s hold each node once', async (what, answer) => {
  const page = answer as z.ZodType<{ readonly nodes: readonly { readonly uuid: string }[]; readonly next?: string }>;
  const seen: string[] = [];
  let path: string | undefined = `/v1/bays/${bay.id}/${what}?limit=40`;
  while (path !== undefined) {
    const { nodes, next }: z.infer<typeof page> = page.parse((await get(path)).body);
    seen.push(...nodes.map(({ uuid }) => uuid));
    path = next;
  }
  expect(seen).toEqual(ids);
});

test.each(['limit=0', 'limit=1001', 'limit=x', 'marker=x', 'page=2'])('refuses ?%s', async (query) => {
  expect((await get(`/v1/bays/${bay.id}/timeline?${query}`)).status).toBe(400);
});
