import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { hashOfToken } from '@baykeeper/pki';
import { createSwarmEngine } from '@baykeeper/drivers/engines/swarm/swarm.engine.js';
import { insertTestBay } from '@baykeeper/services/testing/test-bay.js';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { startTestApi, type TestApi } from '../testing/start-test-api.js';

const MEDIA_TYPE = 'application/vnd.baykeeper.artifact';
const sum = (content: string): string => createHash('sha256').update(content).digest('hex');

let directory: string;
let postgres: TestDatabase;
let api: TestApi;
let operator: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bk-mirror-'));
  postgres = await startTestDatabase();
  api = await startTestApi(postgres.url, createSwarmEngine({ templatesDirectory: '/nowhere' }), {
    artifactsDirectory: directory,
  });
  operator = await api.token(await api.project(), 'system-admin', 'admin', 'member', 'reader');
});
afterAll(async () => {
  await api.close();
  await postgres.stop();
  await rm(directory, { recursive: true });
  expect(api.faults).toEqual([]);
});

async function call(method: string, path: string, body?: { type: string; content: string }, token = operator) {
  const response = await fetch(`${api.url}${path}`, {
    method,
    headers: { 'X-Auth-Token': token, ...(body && { 'Content-Type': body.type }) },
    ...(body && { body: body.content }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
const put = (version: string, value: unknown) =>
  call('PUT', `/v1/artifacts/${version}`, { type: 'application/json', content: JSON.stringify(value) });
const store = (name: string, content: string) =>
  call('PUT', `/v1/artifacts/files/${name}`, { type: MEDIA_TYPE, content });

const KUBELET = 'x'.repeat(3_000_000);
const version = {
  artifacts: [
    { kind: 'binary', name: 'kubelet', sha256: sum(KUBELET), size: KUBELET.length },
    { kind: 'image', name: 'pause', sha256: sum('p'), size: 1, reference: 'registry.example/pause:1' },
  ],
};

test('a version is there once its files are, and is told of in the audit', async () => {
  expect(await put('v1.30.0', version)).toEqual({
    status: 200,
    body: { version: 'v1.30.0', missing: [sum(KUBELET), sum('p')] },
  });
  expect((await call('GET', '/v1/artifacts')).body).toEqual({ versions: [] });
  // Larger than any JSON body may be.
  expect(await store(sum(KUBELET), KUBELET)).toMatchObject({ status: 200, body: { size: KUBELET.length } });
  expect((await store(sum('p'), 'p')).status).toBe(200);
  expect((await put('v1.30.0', version)).body).toEqual({ version: 'v1.30.0', missing: [] });
  const listed = await call('GET', '/v1/artifacts');
  expect(listed.body).toMatchObject({ versions: [{ version: 'v1.30.0', source: 'imported', is_complete: true }] });
  expect(await call('POST', '/v1/artifacts/v1.30.0/verify')).toEqual({
    status: 200,
    body: { version: 'v1.30.0', problems: [] },
  });
  expect((await call('GET', '/v1/artifacts/v9.9.9')).status).toBe(404);
  expect((await call('GET', '/v1/audit?action=artifact:update')).body).toMatchObject({
    audit: [{ action: 'artifact:update', target: { kind: 'artifacts', name: 'v1.30.0' } }],
  });
});

test('a file of another checksum than its name is refused, and nothing of it is kept', async () => {
  const before = await readdir(join(directory, 'blobs'));
  const answer = await store(sum('one'), 'two');
  expect(answer.status).toBe(400);
  expect(JSON.stringify(answer.body)).toContain(`expected ${sum('one')}, got ${sum('two')}`);
  expect(await readdir(join(directory, 'blobs'))).toEqual(before);
});

test.each([
  ['no version', '1.30', version],
  ['a path', '..%2f..%2fv1.30.0', version],
  ['an unknown kind', 'v1.30.0', { artifacts: [{ ...version.artifacts[0], kind: 'script' }] }],
  ['a name that is a path', 'v1.30.0', { artifacts: [{ ...version.artifacts[0], name: '../kubelet' }] }],
  ['an image without a registry', 'v1.30.0', { artifacts: [{ ...version.artifacts[1], reference: 'pause' }] }],
  ['no artifacts', 'v1.30.0', { artifacts: [] }],
])('%s is refused', async (_what, name, value) => {
  expect((await put(name, value)).status).toBe(400);
});

test.each(['xyz', '..%2f..%2fetc', 'A'.repeat(64)])('a file called %s is refused', async (name) => {
  expect((await store(name, 'p')).status).toBe(400);
});

test('files are no JSON, and JSON routes take no files', async () => {
  const asJson = { type: 'application/json', content: '{}' };
  expect((await call('PUT', `/v1/artifacts/files/${sum('p')}`, asJson)).status).toBe(400);
  expect((await call('PUT', '/v1/artifacts/v1.30.0', { type: MEDIA_TYPE, content: '{}' })).status).toBe(415);
});

test('who does not run the installation gets nothing', async () => {
  const admin = await api.token(await api.project(), 'admin', 'member', 'reader');
  for (const [method, path] of [
    ['GET', '/v1/artifacts'],
    ['GET', '/v1/artifacts/v1.30.0'],
    ['POST', '/v1/artifacts/v1.30.0/verify'],
  ] as const) {
    expect((await call(method, path, undefined, admin)).status).toBe(403);
  }
  const content = { type: MEDIA_TYPE, content: 'q' };
  expect((await call('PUT', `/v1/artifacts/files/${sum('q')}`, content, admin)).status).toBe(403);
  expect(await readdir(join(directory, 'blobs'))).not.toContain(sum('q'));
});

test('a node gets a file with its own token alone', async () => {
  const { node } = await insertTestBay(api.database);
  const token = randomUUID();
  await api.database.stores.nodes.setEnrolmentToken(node.id, hashOfToken(token));
  const get = (id: string, bearer: string, name: string) =>
    fetch(`${api.url}/v1/nodes/${id}/artifacts/${name}`, { headers: { Authorization: `Bearer ${bearer}` } });
  const found = await get(node.id, token, sum(KUBELET));
  expect([found.status, found.headers.get('content-length')]).toEqual([200, String(KUBELET.length)]);
  expect(sum(await found.text())).toBe(sum(KUBELET));
  expect((await get(node.id, token, sum('nothing'))).status).toBe(404);
  expect((await get(node.id, token, '..%2f..%2fetc%2fpasswd')).status).toBe(400);
  expect((await get(node.id, randomUUID(), sum(KUBELET))).status).toBe(401);
  expect((await get(randomUUID(), token, sum(KUBELET))).status).toBe(401);
});
