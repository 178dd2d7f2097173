import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { ProjectId } from '@baykeeper/domain';
import { createSwarmEngine } from '@baykeeper/drivers/engines/swarm/swarm.engine.js';
import { readAudit } from '@baykeeper/storage/testing/read-audit.js';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { send, type Answer } from '../testing/api-client.js';
import { startTestApi, type TestApi } from '../testing/start-test-api.js';
import { keypairAnswer, keypairsAnswer, newKeypairAnswer } from './keypairs.controller.js';

jest.setTimeout(120_000);

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKXm9Zb0bQk4sZbJmXgGkP3VvR0i7N4o3b0Q2o5Jm1xV ada@example';

let postgres: TestDatabase;
let api: TestApi;
let project: ProjectId;
beforeAll(async () => {
  postgres = await startTestDatabase();
  api = await startTestApi(postgres.url, createSwarmEngine({ templatesDirectory: '/nowhere' }));
  project = await api.project();
});
afterAll(async () => {
  await api.close();
  await postgres.stop();
  expect(api.faults).toEqual([]);
});

const call = (method: string, path: string, token?: string, body?: unknown): Promise<Answer> =>
  send(api.url, method, path, { token, ...(body !== undefined && { body }) });
const user = (...roles: string[]): Promise<string> => api.token(project, ...roles, 'reader');
const uuidOf = (answer: Answer): string => (answer.body as { uuid: string }).uuid;

describe('keypairs', () => {
  test('are added, listed, shown and deleted by their user', async () => {
    const ada = await user('member');
    const made = await call('POST', '/v1/keypairs', ada, { name: 'my laptop', public_key: `${KEY}\n` });
    expect(made.status).toBe(201);
    expect(newKeypairAnswer.parse(made.body)).toMatchObject({
      ...{ name: 'my laptop', type: 'ssh-ed25519', public_key: KEY, user_id: api.callerOf(ada).userId },
      fingerprint: expect.stringMatching(/^([0-9a-f]{2}:){15}[0-9a-f]{2}$/),
      sha256_fingerprint: expect.stringMatching(/^SHA256:[A-Za-z0-9+/]{43}$/),
    });
    expect(made.body).not.toHaveProperty('private_key');
    expect(made.headers.get('location')).toMatch(new RegExp(`/v1/keypairs/${uuidOf(made)}$`));
    for (const ident of ['my%20laptop', uuidOf(made)]) {
      const shown = await call('GET', `/v1/keypairs/${ident}`, ada);
      expect(keypairAnswer.parse(shown.body)).toEqual(made.body);
    }
    await call('POST', '/v1/keypairs', ada, { name: 'other', public_key: KEY });
    const page = keypairsAnswer.parse((await call('GET', '/v1/keypairs?limit=1&sort_key=name', ada)).body);
    expect(page.keypairs).toMatchObject([{ name: 'my laptop' }]);
    expect(page.next).toContain(`marker=${uuidOf(made)}`);
    expect((await call('DELETE', '/v1/keypairs/my%20laptop', ada)).status).toBe(204);
    expect((await call('GET', `/v1/keypairs/${uuidOf(made)}`, ada)).status).toBe(404);
    expect(await readAudit(postgres.url, uuidOf(made))).toMatchObject([
      { action: 'keypair:create', detail: expect.stringContaining('SHA256:') },
      { action: 'keypair:delete', target_name: 'my laptop' },
    ]);
  });

  test('are nobody else’s: not a colleague’s, nor an administrator’s', async () => {
    const ada = await user('member');
    const name = `secret-${randomUUID()}`;
    const uuid = uuidOf(await call('POST', '/v1/keypairs', ada, { name, public_key: KEY }));
    for (const other of [
      await user('member'),
      await user('admin', 'member'),
      await user('system-admin', 'admin', 'member'),
    ]) {
      for (const ident of [uuid, name]) {
        expect((await call('GET', `/v1/keypairs/${ident}`, other)).status).toBe(404);
        expect((await call('DELETE', `/v1/keypairs/${ident}`, other)).status).toBe(404);
      }
      expect((await call('GET', '/v1/keypairs', other)).text).not.toContain(name);
      expect((await call('GET', `/v1/keypairs?marker=${uuid}`, other)).status).toBe(404);
    }
    for (const nobody of [undefined, 'f'.repeat(32)]) {
      expect((await call('GET', `/v1/keypairs/${uuid}`, nobody)).status).toBe(401);
      expect((await call('DELETE', `/v1/keypairs/${uuid}`, nobody)).status).toBe(401);
    }
    expect((await call('GET', `/v1/keypairs/${uuid}`, ada)).status).toBe(200);
  });

  test('are read, not made, by a reader', async () => {
    const reader = await user();
    expect((await call('POST', '/v1/keypairs', reader, { name: 'x', public_key: KEY })).status).toBe(403);
    expect((await call('DELETE', '/v1/keypairs/x', reader)).status).toBe(403);
    expect((await call('GET', '/v1/keypairs', reader)).status).toBe(200);
    expect((await call('GET', '/v1/keypairs/x', reader)).status).toBe(404);
  });

  test('have one name each', async () => {
    const ada = await user('member');
    expect((await call('POST', '/v1/keypairs', ada, { name: 'x', public_key: KEY })).status).toBe(201);
    const again = await call('POST', '/v1/keypairs', ada, { name: 'x', public_key: KEY });
    expect([again.status, again.text]).toEqual([409, expect.stringContaining("'x' already exists")]);
  });

  test('can be made here, and then their private key is shown once and kept nowhere', async () => {
    const ada = await user('member');
    const made = await call('POST', '/v1/keypairs', ada, { name: 'fresh' });
    const { private_key: key = '' } = newKeypairAnswer.parse(made.body);
    expect(key).toMatch(/^-----BEGIN OPENSSH PRIVATE KEY-----\n/);
    expect((await call('GET', '/v1/keypairs/fresh', ada)).text).not.toContain('PRIVATE');
    expect(JSON.stringify(await readAudit(postgres.url, uuidOf(made)))).not.toContain('PRIVATE');
  });

  test.each([
    [{ public_key: KEY }, /name/],
    [{ name: '', public_key: KEY }, /name/],
    [{ name: 'a/b', public_key: KEY }, /name/],
    [{ name: ' a', public_key: KEY }, /name/],
    [{ name: 'a', public_key: 'ssh-rsa AAAA' }, /public_key/],
    [{ name: 'a', public_key: '' }, /public_key/],
    [{ name: 'a', public_key: 'x'.repeat(9_000) }, /public_key/],
    [{ name: 'a', public_key: KEY, type: 'x509' }, /type/],
  ])('are refused like %j', async (body, says) => {
    const answer = await call('POST', '/v1/keypairs', await user('member'), body);
    expect([answer.status, answer.text]).toEqual([400, expect.stringMatching(says)]);
  });

  test('are at most a hundred', async () => {
    const ada = await user('member');
    const { userId } = api.callerOf(ada);
    for (let count = 0; count < 100; count += 1) {
      await api.database.stores.keypairs.insert(userId, {
        ...{ id: randomUUID() as never, name: `key-${count}`, type: 'ssh-ed25519', publicKey: KEY },
        ...{ fingerprint: '00', sha256Fingerprint: 'SHA256:x' },
      });
    }
    expect((await call('POST', '/v1/keypairs', ada, { name: 'one more', public_key: KEY })).status).toBe(403);
  });
});
