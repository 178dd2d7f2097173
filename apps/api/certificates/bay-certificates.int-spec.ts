/** The record of what was signed for a bay, by its end. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Bay } from '@baykeeper/domain';
import { createSwarmEngine } from '@baykeeper/drivers/engines/swarm/swarm.engine.js';
import { SYSTEM } from '@baykeeper/storage';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { send, type Answer } from '../testing/api-client.js';
import { startTestApi, type TestApi } from '../testing/start-test-api.js';

jest.setTimeout(60_000);

let postgres: TestDatabase;
let api: TestApi;
let token: string;
let bay: Bay;
const get = (path: string): Promise<Answer> => send(api.url, 'GET', path, { token });

beforeAll(async () => {
  postgres = await startTestDatabase();
  api = await startTestApi(postgres.url, createSwarmEngine({ templatesDirectory: '/nowhere' }));
  token = await api.token(await api.project(), 'member', 'reader');
  const template = { name: 'swarm', coe: 'swarm', image_id: 'debian-12-docker' };
  await send(api.url, 'POST', '/v1/clustertemplates', { token, body: template });
  const name = `bay-${randomUUID()}`;
  await send(api.url, 'POST', '/v1/bays', { token, body: { baymodel_id: 'swarm', name } });
  bay = await api.database.stores.bays.find(SYSTEM, name);
  const make = (serial: string, days: number, kind: 'client' | 'node' = 'client') =>
    api.database.stores.certificates.insert(SYSTEM, {
      ...{ bayId: bay.id, serial, subject: `CN=${serial}`, kind, nodeId: null, userId: null },
      notAfter: new Date(Date.now() + days * 86_400_000),
    });
  for (const [serial, days] of [
    ['0c', 90],
    ['0a', 10],
    ['0b', 30],
    ['0d', -1],
    ['0e', 5],
  ] as const)
    await make(serial, days);
  await make('0f', 20, 'node');
  await api.database.stores.certificates.revoke(SYSTEM, bay.id, '0e');
});
afterAll(async () => {
  await api.close();
  await postgres.stop();
  expect(api.faults).toEqual([]);
});

interface Body {
  readonly authority: { readonly subject: string; readonly not_after: string };
  readonly certificates: readonly { readonly serial: string }[];
  readonly next?: string;
}
const serialsOf = ({ certificates }: Body): readonly string[] => certificates.map(({ serial }) => serial);

test('lists what ends first at first, without what was taken back, and tells of the authority', async () => {
  const { status, body } = await get(`/v1/bays/${bay.name}/certificates`);
  expect(status).toBe(200);
  expect(serialsOf(body as Body)).toEqual(['0d', '0a', '0f', '0b', '0c']);
  const { authority } = body as Body;
  expect(authority.subject).toContain('CN=');
  expect(Date.parse(authority.not_after)).toBeGreaterThan(Date.now() + 365 * 86_400_000);
});

test.each(['', '&kind=client'])('pages%s hold each once', async (filter) => {
  const seen: string[] = [];
  for (let path: string | undefined = `/v1/bays/${bay.id}/certificates?limit=2${filter}`; path !== undefined;) {
    const body = (await get(path)).body as Body;
    seen.push(...serialsOf(body));
    path = body.next?.replace(/^http:\/\/[^/]+/, '');
  }
  expect(seen).toEqual(filter === '' ? ['0d', '0a', '0f', '0b', '0c'] : ['0d', '0a', '0b', '0c']);
});

test.each(['kind=all', 'limit=0', 'limit=1001', 'marker=XX', 'page=1'])('refuses ?%s', async (query) => {
  expect((await get(`/v1/bays/${bay.id}/certificates?${query}`)).status).toBe(400);
});
