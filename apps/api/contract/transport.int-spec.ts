/** Magnum's contract, how requests travel: paths, methods, types, query strings, versions, and the form of errors. */
import { describe, expect, test } from '@jest/globals';
import { createSwarmEngine } from '@baykeeper/drivers/engines/swarm/swarm.engine.js';
import type { Request } from '../testing/api-client.js';
import { IMAGE, LATEST, at, expectError, openContract, titleOf } from '../testing/contract.js';

const contract = openContract(createSwarmEngine({ templatesDirectory: '/nowhere' }));
const { call } = contract;
const JSON_TYPE = { 'Content-Type': 'application/json' };
const TEMPLATE = JSON.stringify(IMAGE);

describe('a path', () => {
  test.each([
    '/v1/clusters',
    '/v1/clusters/',
    '/clusters',
    '/clusters/',
    '/clusters?limit=1',
    '/clusters/detail',
    '/clustertemplates/detail',
    '/bays',
    '/baymodels/',
    '/v1',
    '/v1/',
    '/',
  ])('%s is served', async (path) => {
    expect((await call('GET', path)).status).toBe(200);
  });

  test('without /v1 is the same thing, with the same headers', async () => {
    const uuid = await contract.cluster({ cluster_template_id: await contract.template() });
    for (const path of [`/clusters/${uuid}`, `/clusters/${uuid}/`, `/bays/${uuid}`, `/certificates/${uuid}`]) {
      const [short, long] = [await call('GET', path), await call('GET', `/v1${path}`)];
      expect([short.status, short.body]).toEqual([200, long.body]);
      expect(short.headers.get('openstack-api-version')).toBe('container-infrastructure-management 1.1');
    }
  });

  test.each([
    '/v1/clusters.json',
    '/v1.json',
    '/v2',
    '/v1/nodegroups',
    '/nodegroups',
    '/v1/clusters/a/b/c',
    '/v1//clusters',
    '/x',
    '/clustersx',
  ])('%s is unknown', async (path) => {
    expectError(await call('GET', path), 404, true);
  });

  test.each([
    ['PUT', '/v1/clusters'],
    ['POST', '/v1/clusters/x'],
    ['GET', '/v1/certificates'],
    ['DELETE', '/v1/certificates/x'],
    ['POST', '/v1'],
    ['DELETE', '/'],
    ['OPTIONS', '/v1/clusters'],
    ['OPTIONS', '/v1/clusters/x'],
  ])('has no method %s %s', async (method, path) => {
    const answer = await call(method, path);
    expectError(answer, 405, true);
    expect(answer.headers.get('allow')).toMatch(/^[A-Z, ]+$/);
  });

  test.each(['/v1/mservices/1', '/v1/stats/x', '/mservices/1/', '/v1/stats/x?type=cluster'])(
    'has nothing below it: %s',
    async (path) => {
      expectError(await call('GET', path), 405, true);
    },
  );

  test.each([
    ['GET', '/v1/quotas/x'],
    ['DELETE', '/v1/quotas/x/'],
    ['PATCH', '/quotas/x'],
  ])('lacks its end: %s %s', async (method, path) => {
    const answer = await call(method, path);
    expectError(answer, 400);
    expect(titleOf(answer)).toMatch(/^The path ends too early/);
  });

  test.each(['/v1/clusters', '/v1/clusters/x', '/v1'])('has no method HEAD: %s', async (path) => {
    const answer = await call('HEAD', path);
    expect([answer.status, answer.text]).toEqual([405, '']);
  });

  test.each([
    ['DELETE', '/v1/clusters'],
    ['PATCH', '/v1/clusters'],
    ['DELETE', '/v1/clustertemplates/'],
    ['PATCH', '/v1/baymodels'],
  ])('needs an identifier: %s %s', async (method, path) => {
    const answer = await call(method, path);
    expectError(answer, 400);
    expect(titleOf(answer)).toMatch(/identifier/);
  });
});

describe('a query string', () => {
  test.each<[string, string]>([
    ['GET', '/v1/clusters?name=x'],
    ['GET', '/v1/clusters/detail?all_tenants=1'],
    ['GET', '/v1/clusters/x?x'],
    ['GET', '/v1/clustertemplates/x?fields=name'],
    ['POST', '/v1/clusters?x=1'],
    ['POST', '/v1/certificates?x=1'],
    ['DELETE', '/v1/clusters/x?force=1'],
    ['PATCH', '/v1/clustertemplates/x?rollback=1'],
    ['GET', '/v1/certificates/x?y=1'],
    ['GET', '/v1?x=1'],
  ])('may not hold what is not known: %s %s', async (method, path) => {
    const answer = await call(method, path);
    expectError(answer, 400);
    expect(titleOf(answer)).toMatch(/^Unknown argument: /);
  });
});

describe('the type that a client takes', () => {
  test.each(['*/*', 'application/json', 'text/html, application/json;q=0.5', 'application/*', ''])(
    '%s gets JSON',
    async (accept) => {
      const answer = await call('GET', '/v1/clusters', { headers: { Accept: accept } });
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
    },
  );
  test.each(['text/html', 'application/xml', 'text/*', 'image/png, text/plain'])(
    '%s is not to be had',
    async (accept) => {
      expectError(await call('GET', '/v1/clusters', { headers: { Accept: accept } }), 406, true);
    },
  );
});

describe('a body', () => {
  const post = (raw: string, type?: string) =>
    call('POST', '/v1/clustertemplates', { raw, headers: type === undefined ? {} : { 'Content-Type': type } });

  test.each([
    'application/json',
    'application/json; charset=utf-8',
    'application/json;charset=UTF-8',
    'APPLICATION/JSON',
  ])('is read as %s', async (type) => {
    expect((await post(TEMPLATE, type)).status).toBe(201);
  });

  test.each([
    'text/plain',
    'application/xml',
    'application/json-patch+json',
    'application/octet-stream',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'json',
  ])('is not read as %s', async (type) => {
    expectError(await post(TEMPLATE, type), 415);
  });

  test.each<[string, string, string, Request]>([
    ['of a delete, as Magnum’s client sends it', 'DELETE', 'application/octet-stream', {}],
    ['of a delete', 'DELETE', 'application/json', {}],
    ['of a show', 'GET', 'application/json', {}],
    ['of a list', 'GET', 'text/plain', {}],
  ])('that is empty may have any type: %s', async (_what, method, type) => {
    const uuid = await contract.template();
    const answer = await call(method, `/v1/clustertemplates/${uuid}`, { headers: { 'Content-Type': type } });
    expect([answer.status, answer.status === 204 ? answer.text : '']).toEqual([method === 'GET' ? 200 : 204, '']);
  });

  test.each<[string, Request, number]>([
    ['nothing', {}, 400],
    ['nothing that is called JSON', { headers: JSON_TYPE }, 400],
    ['no JSON', { raw: '{"coe":', headers: JSON_TYPE }, 400],
    ['no UTF-8', { raw: Uint8Array.from(Buffer.from('{"name":"caf\u00e9"}', 'latin1')), headers: JSON_TYPE }, 400],
    ['UTF-16', { raw: Uint8Array.from(Buffer.from(TEMPLATE, 'utf16le')), headers: JSON_TYPE }, 400],
    ['JSON and more', { raw: `${TEMPLATE}x`, headers: JSON_TYPE }, 400],
    ['a list', { body: [] }, 400],
    ['null', { body: null }, 400],
    ['a number', { body: 3 }, 400],
    ['a text', { body: 'x' }, 400],
    ['true', { body: true }, 400],
    ['a prototype', { raw: '{"__proto__":{"coe":"swarm"}}', headers: JSON_TYPE }, 400],
    ['too much', { body: { name: 'x'.repeat(70_000) } }, 413],
  ])('that is %s is refused', async (_what, request, status) => {
    for (const path of ['/v1/clusters', '/v1/clustertemplates', '/v1/bays', '/v1/baymodels', '/v1/certificates']) {
      expectError(await call('POST', path, request), status);
    }
  });

  test('of a patch is a list, and that is seen before anything is looked for', async () => {
    for (const path of [
      '/v1/clusters/nothing',
      '/v1/clustertemplates/nothing',
      '/v1/bays/nothing',
      '/v1/baymodels/x',
    ]) {
      for (const request of [{ body: {} }, { body: null }, { body: 'x' }, { body: 1 }, {}]) {
        expectError(await call('PATCH', path, request), 400);
      }
      expectError(await call('PATCH', path, { body: [] }), 404);
    }
  });
});

describe('the version', () => {
  const version = async (header: string, path = '/v1/clusters') =>
    call('GET', path, { headers: { 'OpenStack-API-Version': header } });
  const headersOf = async (header: string, path?: string) => {
    const { headers } = await version(header, path);
    return ['minimum-version', 'maximum-version', 'version'].map((name) => headers.get(`openstack-api-${name}`));
  };
  const long = (text: string): string => `container-infrastructure-management ${text}`;

  test.each(['/v1', '/v1/clusters', '/clusters', '/v1/clusters/nothing', '/v1/clusters?limit=x'])(
    'is said in the headers of %s',
    async (path) => {
      expect(await headersOf('container-infra 1.7', path)).toEqual([long('1.1'), long('1.14'), long('1.7')]);
      expect((await version('container-infra 1.7', path)).headers.get('vary')).toBe('OpenStack-API-Version');
    },
  );

  test('is not said at the root, which has none', async () => {
    expect(await headersOf('container-infra 1.99', '/')).toEqual([null, null, null]);
    expect((await version('container-infra 1.99', '/')).status).toBe(200);
  });

  test.each(['1.99', '1.0', '2.0', '1.15', '0.1'])('%s is not served, and the answer says what is', async (wanted) => {
    for (const path of ['/v1', '/v1/clusters', '/clusters']) {
      const answer = await version(`container-infra ${wanted}`, path);
      expect(answer.status).toBe(406);
      expect(answer.body).toEqual({
        errors: [
          {
            ...{ max_version: '1.14', min_version: '1.1', code: 'magnum.microversion-unsupported' },
            links: [{ rel: 'help', href: 'http://bays.example:9511/docs' }],
            title: 'Requested microversion is unsupported',
          },
        ],
      });
      expect(await headersOf(`container-infra ${wanted}`, path)).toEqual([long('1.1'), long('1.14'), long(wanted)]);
      expect(answer.headers.get('vary')).toBe('OpenStack-API-Version');
    }
  });

  test.each([
    '1.9',
    'latest',
    '',
    'compute 1.9',
    'container-infra 1',
    'container-infra 1.x',
    'container-infra 1.9 x',
    'x',
  ])('"%s" is none', async (header) => {
    expectError(await version(header), 406, true);
    expect(await headersOf(header)).toEqual([null, null, null]);
  });

  test.each(['container-infra latest', 'container-infra LATEST', 'whatever latest', 'container-infrastructure 1.14'])(
    '%s is the last',
    async (header) => {
      expect(await headersOf(header)).toEqual([long('1.1'), long('1.14'), long('1.14')]);
    },
  );

  test.each([
    ['1.1', 'stack_id', 'cluster_id'],
    ['1.12', 'stack_id', 'cluster_id'],
    ['1.13', 'cluster_id', 'stack_id'],
    ['1.14', 'cluster_id', 'stack_id'],
  ])('%s shows %s and not %s, in every form of a cluster', async (wanted, present, absent) => {
    const name = `of-version-${wanted.replace('.', '-')}`;
    await contract.cluster({ cluster_template_id: await contract.template(), name });
    for (const path of [`/v1/clusters/${name}`, '/v1/clusters', '/v1/clusters/detail']) {
      const { body } = await call('GET', path, { headers: at(wanted) });
      const one = (body as { clusters?: object[] }).clusters?.[0] ?? body;
      expect(one).toHaveProperty(present);
      expect(one).not.toHaveProperty(absent);
    }
  });
});

describe('documents', () => {
  test('the root names one version, and nothing else', async () => {
    expect((await call('GET', '/', { token: undefined })).body).toEqual({
      ...{ name: expect.any(String), description: expect.any(String) },
      versions: [
        {
          links: [{ href: 'http://bays.example:9511/v1/', rel: 'self' }],
          ...{ id: 'v1', status: 'CURRENT', max_version: '1.14', min_version: '1.1' },
        },
      ],
    });
  });

  test('/v1 needs no token and links to what is served', async () => {
    const { status, body } = await call('GET', '/v1', { token: undefined });
    expect(status).toBe(200);
    const { id, media_types, links, ...collections } = body as Record<string, unknown>;
    expect([id, media_types]).toEqual([
      'v1',
      [{ base: 'application/json', type: 'application/vnd.openstack.magnum.v1+json' }],
    ]);
    expect(Object.keys(collections)).toEqual(
      expect.arrayContaining(['clusters', 'clustertemplates', 'bays', 'quotas']),
    );
    expect(links).toEqual([
      { href: 'http://bays.example:9511/v1/', rel: 'self' },
      { href: 'http://bays.example:9511/docs', rel: 'describedby', type: 'text/html' },
    ]);
    for (const [name, pair] of Object.entries(collections)) {
      const [self, bookmark] =
        name === 'nodegroups'
          ? ['/v1/clusters/{cluster_id}/nodegroups', '/clusters/{cluster_id}/nodegroups']
          : [`/v1/${name}/`, `/${name}/`];
      expect(pair).toEqual([
        { href: `http://bays.example:9511${self}`, rel: 'self' },
        { href: `http://bays.example:9511${bookmark}`, rel: 'bookmark' },
      ]);
      // Something answers there, whatever it says.
      for (const path of [self, bookmark])
        expect((await call('GET', path, { headers: LATEST })).text).not.toMatch(/"code":"","status":404/);
    }
  });
});

describe('no token', () => {
  test('and a bad one are answered alike, outside of the form of errors', async () => {
    for (const token of [undefined, 'nonsense']) {
      const answer = await call('GET', '/v1/clusters', { token });
      expect([answer.status, answer.body]).toEqual([
        401,
        { error: { code: 401, title: 'Unauthorized', message: expect.any(String) } },
      ]);
      expect(answer.headers.get('www-authenticate')).toBe('Keystone uri="http://bays.example:9511/identity/v3"');
      expect(answer.headers.get('x-openstack-request-id')).toMatch(/^req-/);
    }
  });
});

test('the id of a request is ours, whatever the client calls it', async () => {
  const sent = 'req-11111111-2222-3333-4444-555555555555';
  const answer = await call('GET', '/v1', { headers: { 'X-OpenStack-Request-Id': sent } });
  expect(answer.headers.get('x-openstack-request-id')).not.toBe(sent);
});
