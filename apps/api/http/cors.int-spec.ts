/** What browsers are told about pages of other origins. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createSwarmEngine } from '@baykeeper/drivers/engines/swarm/swarm.engine.js';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { send, type Answer } from '../testing/api-client.js';
import { startTestApi, type TestApi } from '../testing/start-test-api.js';

const PANEL = 'https://panel.example';

let postgres: TestDatabase;
let open: TestApi;
let closed: TestApi;
let token: string;

const engine = createSwarmEngine({ templatesDirectory: '/nowhere' });

beforeAll(async () => {
  postgres = await startTestDatabase();
  open = await startTestApi(postgres.url, engine, { corsOrigins: [PANEL, 'http://localhost:3000'] });
  closed = await startTestApi(postgres.url, engine);
  token = await open.token(await open.project(), 'reader');
}, 60_000);

afterAll(async () => {
  await open.close();
  await closed.close();
  await postgres.stop();
});

const from = (origin: string, more: Record<string, string> = {}) => ({ headers: { Origin: origin, ...more } });
const preflight = (api: TestApi, path: string, origin: string, method = 'PATCH'): Promise<Answer> =>
  send(api.url, 'OPTIONS', path, {
    ...from(origin, {
      'Access-Control-Request-Method': method,
      'Access-Control-Request-Headers': 'content-type,x-auth-token',
    }),
  });
const corsHeaders = ({ headers }: Answer): string[] =>
  [...headers.keys()].filter((name) => name.startsWith('access-control-'));

describe('a page of an allowed origin', () => {
  test.each(['/v1/bays/web', '/v1/bays', '/identity/v3/auth/tokens', '/openapi.json', '/v1/nothing'])(
    'is told before its request to %s what it may send',
    async (path) => {
      for (const origin of [PANEL, 'http://localhost:3000']) {
        const answer = await preflight(open, path, origin);
        expect([answer.status, answer.text]).toEqual([204, '']);
        expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
        expect(answer.headers.get('access-control-allow-methods')).toBe('GET, HEAD, POST, PUT, PATCH, DELETE');
        const names = answer.headers.get('access-control-allow-headers')?.split(', ');
        expect(names).toEqual(expect.arrayContaining(['Content-Type', 'X-Auth-Token', 'X-Subject-Token']));
        expect(names).toEqual(expect.arrayContaining(['OpenStack-API-Version', 'Last-Event-ID']));
        expect(answer.headers.get('access-control-max-age')).toBe('3600');
        expect(answer.headers.get('vary')).toContain('Origin');
      }
    },
  );

  test.each<[string, string, number, string | undefined]>([
    ['an answer', '/v1/bays', 200, 'with'],
    ['a refusal', '/v1/bays', 401, undefined],
    ['what is not there', '/v1/bays/none', 404, 'with'],
    ['a wrong query', '/v1/bays?bogus=1', 400, 'with'],
    ['what anybody may read', '/openapi.json', 200, undefined],
  ])('may read %s and the headers that clients need', async (_what, path, status, withToken) => {
    const answer = await send(open.url, 'GET', path, { ...from(PANEL), token: withToken && token });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('access-control-allow-origin')).toBe(PANEL);
    const exposed = answer.headers.get('access-control-expose-headers')?.split(', ');
    expect(exposed).toEqual(expect.arrayContaining(['X-OpenStack-Request-Id', 'OpenStack-API-Version', 'Retry-After']));
    expect(exposed).toEqual(expect.arrayContaining(['X-Subject-Token', 'OpenStack-API-Maximum-Version']));
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
    expect(answer.headers.get('vary')).toContain('Origin');
    // What it depended on before.
    if (path.startsWith('/v1') && status === 200) expect(answer.headers.get('vary')).toContain('OpenStack-API-Version');
  });

  test('that asks for no permission by OPTIONS is answered as everybody', async () => {
    const answer = await send(open.url, 'OPTIONS', '/v1/bays', from(PANEL));
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, POST']);
    expect(answer.headers.get('access-control-allow-origin')).toBe(PANEL);
  });
});

describe('a page of any other origin', () => {
  test.each(['https://panel.example.evil', 'http://panel.example', 'https://panel.example:8443', 'null', '*'])(
    '(%s) is told nothing, but is kept apart from others in caches',
    async (origin) => {
      const asked = await preflight(open, '/v1/bays', origin, 'POST');
      expect([asked.status, corsHeaders(asked)]).toEqual([405, []]);
      const answer = await send(open.url, 'GET', '/v1/bays', { ...from(origin), token });
      expect([answer.status, corsHeaders(answer)]).toEqual([200, []]);
      expect(answer.headers.get('vary')).toContain('Origin');
    },
  );

  test('is every page, unless the configuration names some', async () => {
    const asked = await preflight(closed, '/v1/bays', PANEL, 'POST');
    expect([asked.status, corsHeaders(asked)]).toEqual([405, []]);
    const answer = await send(closed.url, 'GET', '/openapi.json', from(PANEL));
    expect([answer.status, corsHeaders(answer), answer.headers.get('vary')]).toEqual([200, [], null]);
  });
});

test('clients that are no browsers see no difference', async () => {
  const answer = await send(open.url, 'GET', '/v1/bays', { token });
  expect([answer.status, corsHeaders(answer)]).toEqual([200, []]);
  expect((await send(open.url, 'OPTIONS', '/v1/bays')).status).toBe(405);
  expect((await send(open.url, 'OPTIONS', '/v1/nothing')).status).toBe(404);
});
