import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ProjectId } from '@baykeeper/domain';
import { createSwarmEngine } from '@baykeeper/drivers/engines/swarm/swarm.engine.js';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { send, type Answer, type Request } from '../testing/api-client.js';
import { startTestApi, type TestApi } from '../testing/start-test-api.js';

let postgres: TestDatabase;
let api: TestApi;
let token: string;
const call = (method: string, path: string, request?: Request): Promise<Answer> => send(api.url, method, path, request);

beforeAll(async () => {
  postgres = await startTestDatabase();
  api = await startTestApi(postgres.url, createSwarmEngine({ templatesDirectory: '/nowhere' }));
  token = await api.token(await api.project(), 'member', 'reader');
}, 60_000);

afterAll(async () => {
  await api.close();
  await postgres.stop();
});

describe('a failure', () => {
  const magnum = (status: number, code: string) => ({
    errors: [{ request_id: '', code, status, links: [] }],
  });

  test.each<[string, string, string, Request, number, string]>([
    ['an unknown path', 'GET', '/v1/nothing', {}, 404, ''],
    ['a route of an earlier release', 'GET', '/v1/x509keypairs', {}, 404, ''],
    ['a wrong method', 'PUT', '/v1/bays', {}, 405, ''],
    ['OPTIONS', 'OPTIONS', '/v1/bays', {}, 405, ''],
    ['a client that wants a page', 'GET', '/v1/bays', { headers: { Accept: 'text/html' } }, 406, ''],
    [
      'broken JSON',
      'POST',
      '/v1/bays',
      { raw: '{"a":', headers: { 'Content-Type': 'application/json' } },
      400,
      'client',
    ],
    [
      'a prototype',
      'POST',
      '/v1/bays',
      { raw: '{"__proto__":{}}', headers: { 'Content-Type': 'application/json' } },
      400,
      'client',
    ],
    ['no body', 'POST', '/v1/bays', {}, 400, 'client'],
    ['null', 'POST', '/v1/bays', { body: null }, 400, 'client'],
    ['an array', 'POST', '/v1/bays', { body: [] }, 400, 'client'],
    [
      'another type',
      'POST',
      '/v1/bays',
      { raw: '<a/>', headers: { 'Content-Type': 'application/xml' } },
      415,
      'client',
    ],
    [
      'a form',
      'POST',
      '/v1/bays',
      { raw: 'a=b', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } },
      415,
      'client',
    ],
    ['a body that is too large', 'POST', '/v1/bays', { body: { name: 'x'.repeat(70_000) } }, 413, 'client'],
    ['an unknown argument', 'GET', '/v1/bays/web?colour=red', {}, 400, 'client'],
    ['a path that is none', 'GET', '/v1/bays/%E0%A4%A', {}, 400, 'client'],
    ['a name that is far too long', 'GET', `/v1/bays/${'x'.repeat(2_000)}`, {}, 414, 'client'],
    ['a name that can’t be', 'GET', '/v1/bays/%00', {}, 404, 'client'],
  ])('by %s has Magnum’s form', async (_name, method, path, request, status, code) => {
    const answer = await call(method, path, { token, ...request });
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject(magnum(status, code));
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(answer.headers.get('x-openstack-request-id')).toMatch(/^req-[0-9a-f-]{36}$/);
    const [error] = (answer.body as { errors: { title: string; detail: string }[] }).errors;
    expect(Object.keys(error ?? {}).sort()).toEqual(['code', 'detail', 'links', 'request_id', 'status', 'title']);
    if (code === 'client') expect(error?.title.length).toBeGreaterThan(10);
  });

  test.each([
    ['/v1/clusters/web-1.2', 'Cluster web-1.2 could not be found'],
    ['/v1/clustertemplates/web-1.2', 'ClusterTemplate web-1.2 could not be found'],
  ])('of %s is titled by its first sentence, full stops in names included', async (path, title) => {
    const answer = await call('GET', path, { token });
    // Clients show the title and nothing else.
    expect(answer).toMatchObject({ status: 404, body: { errors: [{ title }] } });
  });

  test('without a token comes before anything is read', async () => {
    const answer = await call('POST', '/v1/bays', { raw: '{', headers: { 'Content-Type': 'application/json' } });
    expect(answer.status).toBe(401);
  });

  test('of the identity service has Keystone’s form', async () => {
    const answer = await call('POST', '/identity/v3/auth/tokens', { body: {} });
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 400, title: 'Bad Request' } } });
    expect(await call('GET', '/identity/v2')).toMatchObject({ status: 404, body: { error: { code: 404 } } });
  });

  test('under a node’s address is one line of text', async () => {
    const answer = await call('GET', '/v1/nodes/x/join');
    expect(answer).toMatchObject({ status: 401 });
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(answer.text).toBe(
      'The token of the node is missing: send it in the header Authorization, after the word Bearer.\n',
    );
    const headers = { Authorization: 'Bearer x' };
    for (const query of [
      '',
      'phase=join',
      'phase=join&phase=join&outcome=ok',
      'phase=join&outcome=ok&message=a&message=b',
    ]) {
      const refused = await call('POST', `/v1/nodes/x/signals?${query}`, { headers });
      expect(refused.status).toBe(400);
      expect(refused.text).toMatch(/^Invalid input for field\/attribute (phase|outcome|message): give /);
    }
  });
});

test('a refusal says what to do instead', async () => {
  const titleOf = async (path: string, holder: string): Promise<string | undefined> =>
    ((await call('GET', path, { token: holder })).body as { errors: { title: string }[] }).errors[0]?.title;
  expect(await titleOf('/v1/bays', await api.token(null))).toBe(
    "Policy doesn't allow cluster:get_all to be performed with a token that is for no project: log in to a project",
  );
  const admin = await api.token(await api.project(), 'admin', 'member', 'reader');
  expect(await titleOf('/v1/audit?user=', admin)).toMatch(
    /^Invalid input for field\/attribute user: give text of 1 to/,
  );
  expect((await call('GET', '/identity/v3/trusts', { token })).body).toMatchObject({
    error: { code: 404, message: 'There is nothing at this path: check it.' },
  });
  const hidden = { coe: 'swarm', image_id: 'debian-12-docker', hidden: true, public: true };
  const system = await api.token(await api.project(), 'system-admin', 'admin', 'member', 'reader');
  const template = (await call('POST', '/v1/clustertemplates', { token: system, body: hidden })).body as {
    uuid: string;
  };
  const projectId = (await call('GET', `/v1/clustertemplates/${template.uuid}`, { token: system })).body as {
    project_id: ProjectId;
  };
  const refused = await call('POST', '/v1/clusters', {
    token: await api.token(projectId.project_id, 'member', 'reader'),
    body: { cluster_template_id: template.uuid },
  });
  expect(refused).toMatchObject({
    status: 403,
    body: { errors: [{ title: expect.stringMatching(/hidden template/) }] },
  });
});

test('what is no HTTP at all is refused in the same form', async () => {
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
  socket.setEncoding('utf8').write('no request\r\n\r\n');
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  expect(text).toMatch(/\r\nX-OpenStack-Request-Id: req-[0-9a-f-]{36}\r\n/);
  expect(JSON.parse(text.split('\r\n\r\n')[1] ?? '')).toMatchObject({ errors: [{ status: 400, code: 'client' }] });
});

describe('the version', () => {
  const version = (header?: string): Promise<Answer> =>
    call('GET', '/v1/bays', { token, ...(header !== undefined && { headers: { 'OpenStack-API-Version': header } }) });

  test.each([
    [undefined, '1.1'],
    ['container-infra 1.9', '1.9'],
    ['container-infrastructure-management 1.14', '1.14'],
    ['container-infrastructure latest', '1.14'],
    ['whatever LATEST', '1.14'],
  ])('%s is answered with %s', async (header, effective) => {
    const answer = await version(header);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('openstack-api-version')).toBe(`container-infrastructure-management ${effective}`);
    expect(answer.headers.get('openstack-api-minimum-version')).toBe('container-infrastructure-management 1.1');
    expect(answer.headers.get('openstack-api-maximum-version')).toBe('container-infrastructure-management 1.14');
    expect(answer.headers.get('vary')).toBe('OpenStack-API-Version');
  });

  test.each(['container-infra 1.99', 'container-infra 1.0', 'container-infra 2.0'])(
    '%s is not served',
    async (header) => {
      const answer = await version(header);
      expect(answer.status).toBe(406);
      expect(answer.body).toEqual({
        errors: [
          {
            max_version: '1.14',
            min_version: '1.1',
            code: 'magnum.microversion-unsupported',
            links: [{ rel: 'help', href: 'http://bays.example:9511/docs' }],
            title: 'Requested microversion is unsupported',
          },
        ],
      });
      expect(answer.headers.get('openstack-api-maximum-version')).toBe('container-infrastructure-management 1.14');
    },
  );

  test.each(['1.9', 'latest', 'compute 1.9', 'container-infra 1', 'container-infra 1.x', 'container-infra 1.1 x', ''])(
    '"%s" is no version',
    async (header) => {
      const answer = await version(header);
      expect(answer).toMatchObject({ status: 406, body: { errors: [{ status: 406, title: '' }] } });
      expect(answer.headers.get('openstack-api-maximum-version')).toBeNull();
    },
  );
});

describe('discovery', () => {
  test('needs no token and names one version', async () => {
    const root = await call('GET', '/');
    expect(root.body).toMatchObject({
      versions: [
        {
          id: 'v1',
          links: [{ href: 'http://bays.example:9511/v1/', rel: 'self' }],
          ...{ status: 'CURRENT', max_version: '1.14', min_version: '1.1' },
        },
      ],
    });
    for (const path of ['/v1', '/v1/']) expect((await call('GET', path)).body).toMatchObject({ id: 'v1' });
  });

  test('is a page for a browser', async () => {
    const answer = await call('GET', '/', { headers: { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } });
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'");
    expect(answer.text).toContain('<title>Baykeeper</title>');
    // None where the dashboard was not built: then it is the page that says what runs.
    for (const [path] of answer.text.matchAll(/\/assets\/[^"]+/g)) {
      const asset = await call('GET', path);
      expect([asset.status, asset.headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable']);
    }
    expect((await call('GET', '/assets/..%2findex.html')).status).toBe(404);
  });

  test('has a page about the API that loads nothing from outside', async () => {
    const page = await call('GET', '/docs');
    const loaded = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? '');
    expect(loaded).toEqual(['/docs/swagger-ui.css', '/docs/swagger-ui-bundle.js', '/docs/start.js']);
    for (const path of loaded) expect((await call('GET', path)).status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect((await call('GET', '/docs/..%2fpackage.json')).status).toBe(404);
    expect((await call('GET', '/openapi.json')).body).toMatchObject({ openapi: '3.1.0' });
  });

  test('says whether the service is ready', async () => {
    expect((await call('GET', '/healthz')).text).toBe('ok\n');
    expect((await call('GET', '/readyz')).body).toEqual({
      ...{ ready: true, checks: { database: true }, reasons: [], compute: 'simulated', version: '0.1.0' },
    });
  });

  test('gives metrics to this machine, not to others behind a proxy', async () => {
    expect((await call('GET', '/metrics')).status).toBe(200);
    const headers = { 'X-Forwarded-For': '198.51.100.7' };
    expect((await call('GET', '/metrics', { headers })).status).toBe(401);
    expect((await call('GET', '/metrics', { headers, token })).status).toBe(403);
  });
});

describe('long lists', () => {
  const IMAGE = { coe: 'swarm', image_id: 'debian-12-docker' };
  const labels = Object.fromEntries(['a', 'b', 'c'].map((name) => [name, 'x'.repeat(4_000)]));
  /** More than the system keeps between a server and a client that does not read. */
  const MANY = 800;

  async function member(): Promise<string> {
    return api.token(await api.project(), 'member', 'reader');
  }

  test('a client that does not read keeps only its own project waiting', async () => {
    const [greedy, other] = [await member(), await member()];
    for (let made = 0; made < MANY; made += 100) {
      const answers = await Promise.all(
        Array.from({ length: 100 }, () =>
          call('POST', '/v1/clustertemplates', { token: greedy, body: { ...IMAGE, labels } }),
        ),
      );
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    }
    const silent = [1, 2].map(() => {
      const socket = connect(Number(new URL(api.url).port), '127.0.0.1').on('error', () => undefined);
      socket.pause();
      socket.write(`GET /v1/clustertemplates HTTP/1.1\r\nHost: x\r\nX-Auth-Token: ${greedy}\r\n\r\n`);
      return socket;
    });
    await Promise.all(silent.map((socket) => once(socket, 'readable')));
    let isAnswered = false;
    const third = call('GET', '/v1/clustertemplates', { token: greedy }).then((answer) => {
      isAnswered = true;
      return answer;
    });
    // Answers of its own that are no lists, and lists of others, go on meanwhile.
    for (let again = 0; again < 20; again += 1) {
      expect((await call('GET', '/v1/clustertemplates', { token: other })).status).toBe(200);
      expect((await call('GET', '/v1/stats', { token: greedy })).status).toBe(200);
    }
    expect(isAnswered).toBe(false);
    silent[0]?.destroy();
    expect((await third).status).toBe(200);
    silent[1]?.destroy();
  }, 60_000);

  test('labels are not larger than a list of them can bear', async () => {
    const more = { ...labels, d: 'x'.repeat(4_000), e: 'x'.repeat(400) };
    expect((await call('POST', '/v1/clustertemplates', { token, body: { ...IMAGE, labels: more } })).status).toBe(400);
    const made = await call('POST', '/v1/clustertemplates', { token, body: { ...IMAGE, labels } });
    const grow = (name: string) =>
      call('PATCH', `/v1/clustertemplates/${(made.body as { uuid: string }).uuid}`, {
        token,
        body: [{ op: 'add', path: `/labels/${name}`, value: 'x'.repeat(4_000) }],
      });
    expect([(await grow('d')).status, (await grow('e')).status]).toEqual([200, 400]);
  });
});
