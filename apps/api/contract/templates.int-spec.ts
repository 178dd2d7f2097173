/** Magnum's contract, cluster templates: every field, what it may hold, what it becomes, and how it may be changed. */
import { describe, expect, test } from '@jest/globals';
import { createSwarmEngine } from '@baykeeper/drivers/engines/swarm/swarm.engine.js';
import { clusterTemplateAnswer, baymodelAnswer } from '../baymodels/baymodel.answers.js';
import { IMAGE, expectError, openContract, titleOf, uuidOf } from '../testing/contract.js';

const contract = openContract(createSwarmEngine({ templatesDirectory: '/nowhere' }));
const { call } = contract;
const post = (body: object, path = '/v1/clustertemplates') => call('POST', path, { body: { ...IMAGE, ...body } });
const long = (length: number): string => 'x'.repeat(length);

/** Field, what is sent, what is shown. */
const TAKEN: readonly [string, unknown, unknown][] = [
  ['name', 'any chars: é, $ ; 日本', 'any chars: é, $ ; 日本'],
  ['name', long(255), long(255)],
  ['flavor_id', 'm1.small', 'm1.small'],
  ['flavor_id', null, null],
  ['master_flavor_id', null, null],
  ['dns_nameserver', '8.8.8.8', '8.8.8.8'],
  ['dns_nameserver', '8.8.8.8,8.8.4.4', '8.8.8.8,8.8.4.4'],
  ['dns_nameserver', null, null],
  ['keypair_id', 'of-nobody', 'of-nobody'],
  ['network_driver', 'docker', 'docker'],
  ['network_driver', null, 'docker'],
  ['volume_driver', 'rexray', 'rexray'],
  ['volume_driver', null, null],
  ['apiserver_port', 1024, 1024],
  ['apiserver_port', '65535', 65535],
  ['apiserver_port', 8080.9, 8080],
  ['apiserver_port', null, null],
  ['docker_volume_size', 1, 1],
  ['docker_volume_size', true, 1],
  ['docker_volume_size', '7', 7],
  ['docker_volume_size', null, null],
  ['docker_storage_driver', 'of my own', 'of my own'],
  ['cluster_distro', 'slackware', 'debian'],
  ['http_proxy', 'http://proxy.example:3128', 'http://proxy.example:3128'],
  ['no_proxy', '10.0.0.0/8,.example', '10.0.0.0/8,.example'],
  ['insecure_registry', 'registry.example:5000', 'registry.example:5000'],
  ['server_type', 'vm', 'vm'],
  ['tags', '', ''],
  ['tags', 'a,b', 'a,b'],
  ['tags', null, null],
  ['driver', null, 'swarm'],
  ['driver', 'swarm', 'swarm'],
  ['labels', null, {}],
  ['labels', {}, {}],
  ['labels', { a: 'b', n: 3, f: 1.5, t: true, x: false }, { a: 'b', n: '3', f: '1.5', t: 'True', x: 'False' }],
  ['labels', { f: 1e-7, g: 0.00001, h: 0.0001, i: -2.5e-12 }, { f: '1e-07', g: '1e-05', h: '0.0001', i: '-2.5e-12' }],
  ['labels', { 'of.unknown/kind': ' kept as it is ' }, { 'of.unknown/kind': ' kept as it is ' }],
  ['public', false, false],
  ['hidden', null, false],
  ['floating_ip_enabled', null, true],
  ['floating_ip_enabled', 'no', false],
  ...(
    [
      ...[true, 1, 't', 'T', 'true', 'TRUE', 'y', 'yes', 'Yes', 'on', '1'].map((word) => [word, true] as const),
      ...[false, 0, 'f', 'false', 'False', 'n', 'no', 'off', 'OFF', '0', null].map((word) => [word, false] as const),
    ] as const
  ).map(([word, shown]): [string, unknown, unknown] => ['tls_disabled', word, shown]),
];

/** Field, what is sent. */
const REFUSED: readonly [string, unknown][] = [
  ...['name', 'image_id', 'flavor_id', 'master_flavor_id', 'keypair_id', 'external_network_id', 'fixed_network']
    .concat(['fixed_subnet', 'network_driver', 'volume_driver', 'docker_storage_driver', 'http_proxy', 'https_proxy'])
    .concat(['no_proxy', 'insecure_registry', 'cluster_distro', 'driver'])
    .flatMap((field): [string, unknown][] => [
      [field, ''],
      [field, long(256)],
      [field, 5],
      [field, ['x']],
      [field, { x: 'y' }],
      [field, true],
    ]),
  ['tags', long(256)],
  ['tags', 5],
  ...['::1', '', '8.8.8', '8.8.8.256', '8.8.8.8;8.8.4.4', '8.8.8.8,', 'dns.example', 5].map(
    (value): [string, unknown] => ['dns_nameserver', value],
  ),
  ...[1023, 65536, '', 'x', -1, [1024], '1024.5', {}].map((value): [string, unknown] => ['apiserver_port', value]),
  ...[0, -1, '0', '', 'x', 0.5, false, [], 1e300].map((value): [string, unknown] => ['docker_volume_size', value]),
  ...['tls_disabled', 'public', 'hidden', 'registry_enabled', 'master_lb_enabled', 'floating_ip_enabled'].flatMap(
    (field): [string, unknown][] => [
      [field, 'maybe'],
      [field, ''],
      [field, 2],
      [field, []],
      [field, {}],
    ],
  ),
  ...[null, '', 'pod', 'VM', 1].map((value): [string, unknown] => ['server_type', value]),
  ...[null, '', 'dcos', 'Swarm', 1].map((value): [string, unknown] => ['coe', value]),
  ['image_id', null],
  ['image_id', 'of-nobody'],
  ['flavor_id', 'of-nobody'],
  ['master_flavor_id', 'of-nobody'],
  ['network_driver', 'calico'],
  ['volume_driver', 'cinder'],
  ['driver', 'of-nobody'],
  ['docker_storage_driver', 'devicemapper'],
  ...[[], 'a=b', 3, { a: null }, { a: {} }, { a: ['b'] }, { '': 'b' }, { a: 1e300 }, { a: 2 ** 53 }].map(
    (value): [string, unknown] => ['labels', value],
  ),
  ['uuid', 'x'],
  ['uuid', 7],
  // Read-only, whatever it says.
  ...['project_id', 'user_id', 'links', 'created_at', 'updated_at', 'id'].flatMap((field): [string, unknown][] => [
    [field, null],
    [field, 'x'],
  ]),
  ['colour', 'red'],
  ['cluster_template_id', 'x'],
];

describe('a new template', () => {
  test.each(TAKEN)('with %s %j shows %j', async (field, sent, shown) => {
    const answer = await post({ [field]: sent });
    expect([answer.status, answer.text]).toEqual([201, answer.text]);
    const body = clusterTemplateAnswer.parse(answer.body);
    expect(body).toMatchObject({ [field]: shown });
    expect(answer.headers.get('location')).toBe(`http://bays.example:9511/v1/clustertemplates/${body.uuid}`);
    expect((await call('GET', `/v1/clustertemplates/${body.uuid}`)).body).toEqual(answer.body);
  });

  test.each(REFUSED)('with %s %j is refused, and the refusal names it', async (field, sent) => {
    const answer = await post({ [field]: sent });
    expectError(answer, 400);
    expect(titleOf(answer).length).toBeGreaterThan(15);
  });

  test('says of what is wrong which field it is', async () => {
    expect(titleOf(await post({ apiserver_port: 1 }))).toBe(
      'Invalid input for field/attribute apiserver_port: give a whole number from 1024 to 65535',
    );
    expect(titleOf(await post({ colour: 'red' }))).toBe('Unknown attribute: colour: remove it or correct its name');
  });

  test('has a random name when none is given', async () => {
    for (const body of [{}, { name: null }]) {
      expect((await post(body)).body).toMatchObject({
        name: expect.stringMatching(/^[a-z]+-([1-9]|1\d|2[0-4])-template$/),
      });
    }
  });

  test('may have the name of another, which then is ambiguous', async () => {
    const name = 'twice';
    const [first] = [await post({ name }), await post({ name })];
    expect(first.status).toBe(201);
    for (const [method, body] of [['GET'], ['DELETE'], ['PATCH', []]] as const) {
      expectError(await call(method, `/v1/clustertemplates/${name}`, body && { body }), 409);
    }
    expectError(await call('POST', '/v1/clusters', { body: { cluster_template_id: name } }), 409);
  });

  test('in the older family lacks three fields and has its own links', async () => {
    const answer = await post({ keypair_id: 'k' }, '/v1/baymodels');
    const body = baymodelAnswer.parse(answer.body);
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe(`http://bays.example:9511/v1/baymodels/${body.uuid}`);
    expect(body.name).toMatch(/-model$/);
    for (const wrong of [{}, { keypair_id: null }, { keypair_id: 'k', driver: 'swarm' }]) {
      expectError(await post(wrong, '/v1/baymodels'), 400);
    }
    for (const wrong of [{ dns_nameserver: '8.8.8.8,8.8.4.4' }, { labels: { a: 1 } }]) {
      expectError(await post({ keypair_id: 'k', ...wrong }, '/v1/baymodels'), 400);
    }
  });
});

describe('an identifier', () => {
  test.each([
    ['in capitals', (uuid: string) => uuid.toUpperCase()],
    ['without dashes', (uuid: string) => uuid.replaceAll('-', '')],
    ['in braces', (uuid: string) => `{${uuid}}`],
    ['as a URN', (uuid: string) => `urn:uuid:${uuid}`],
  ])('that is a uuid %s is not found', async (_how, change) => {
    const uuid = uuidOf(await post({ name: 'of-capitals', uuid: undefined }));
    expectError(await call('GET', `/v1/clustertemplates/${encodeURIComponent(change(uuid))}`), 404);
  });

  test.each(['name with space', 'slash/inside', 'ünïcode', 'percent%25', 'q?x=1', '.', '..', 'detail '])(
    'may be the name %s',
    async (name) => {
      const uuid = uuidOf(await post({ name }));
      const answer = await call('GET', `/v1/clustertemplates/${encodeURIComponent(name).replaceAll('.', '%2E')}`);
      // A client's own library drops steps of dots before they are sent.
      if (!/^\.+$/.test(name)) expect(answer.body).toMatchObject({ uuid, name });
    },
  );
});

describe('a patch', () => {
  const patch = (uuid: string, ...operations: unknown[]) =>
    call('PATCH', `/v1/clustertemplates/${uuid}`, { body: operations });

  test.each<[string, unknown[], object]>([
    ['nothing', [], {}],
    ['a name', [{ op: 'replace', path: '/name', value: 'new' }], { name: 'new' }],
    ['a boolean as JSON', [{ op: 'replace', path: '/tls_disabled', value: true }], { tls_disabled: true }],
    ['a boolean as Python', [{ op: 'replace', path: '/tls_disabled', value: 'True' }], { tls_disabled: true }],
    ['a number', [{ op: 'replace', path: '/docker_volume_size', value: 5 }], { docker_volume_size: 5 }],
    ['what is null', [{ op: 'add', path: '/tags', value: 'a' }], { tags: 'a' }],
    ['by removing', [{ op: 'remove', path: '/keypair_id' }], { keypair_id: null }],
    ['a boolean by removing', [{ op: 'remove', path: '/floating_ip_enabled' }], { floating_ip_enabled: true }],
    ['a label', [{ op: 'replace', path: '/labels/a', value: 'z' }], { labels: { a: 'z' } }],
    ['one label more', [{ op: 'add', path: '/labels/b', value: 2 }], { labels: { a: '1', b: '2' } }],
    ['one label less', [{ op: 'remove', path: '/labels/a' }], { labels: {} }],
    ['all labels, as Python', [{ op: 'replace', path: '/labels', value: "{'x': 'y'}" }], { labels: { x: 'y' } }],
    ['all labels, as JSON', [{ op: 'replace', path: '/labels', value: '{"x":"y"}' }], { labels: { x: 'y' } }],
  ])('may change %s', async (_what, operations, shown) => {
    const uuid = await contract.template({ keypair_id: 'k', docker_volume_size: 4, labels: { a: '1' } });
    const answer = await patch(uuid, ...operations);
    expect([answer.status, answer.body]).toMatchObject([200, { uuid, ...shown }]);
    expect((await call('GET', `/v1/clustertemplates/${uuid}`)).body).toEqual(answer.body);
  });

  const replace = (path: string, value: unknown): unknown => ({ op: 'replace', path, value });
  test.each<[string, unknown]>([
    ...['/created_at', '/updated_at', '/id', '/links', '/uuid', '/project_id', '/user_id'].flatMap(
      (path): [string, unknown][] => [
        [`replaces ${path}`, replace(path, 'x')],
        [`adds ${path}`, { op: 'add', path, value: 'x' }],
        [`removes ${path}`, { op: 'remove', path }],
      ],
    ),
    ...['image_id', 'coe', 'network_driver', 'external_network_id', 'tls_disabled', 'public', 'server_type']
      .concat(['registry_enabled', 'cluster_distro', 'hidden'])
      .map((name): [string, unknown] => [`removes ${name}`, { op: 'remove', path: `/${name}` }]),
    ['moves', { op: 'move', path: '/name', from: '/tags' }],
    ['tests', { op: 'test', path: '/name', value: 'x' }],
    ['copies', { op: 'copy', path: '/name', from: '/tags' }],
    ['has no op', { path: '/name', value: 'x' }],
    ['has no path', { op: 'replace', value: 'x' }],
    ['has no value', { op: 'replace', path: '/name' }],
    ['has a further key', { op: 'replace', path: '/name', value: 'x', from: '/y' }],
    ['has the bare path', replace('/', 'x')],
    ['has a path without slash', replace('name', 'x')],
    ['has a path with a dot', replace('/labels/a.b', 'x')],
    ['has an escaped path', replace('/labels/a~1b', 'x')],
    ['has a path that ends in a slash', replace('/name/', 'x')],
    ['has an object', replace('/labels', { a: 'b' })],
    ['has a list', replace('/tags', ['a'])],
    ['has a fraction', replace('/docker_volume_size', 1.5)],
    ['has null', replace('/name', null)],
    ['is no object', 'x'],
    ['is a list', []],
    ['names what is not there', replace('/colour', 'red')],
    ['adds what is not there', { op: 'add', path: '/colour', value: 'red' }],
    ['adds what has a value', { op: 'add', path: '/name', value: 'x' }],
    ['replaces a label that is not there', replace('/labels/zz', 'x')],
    ['removes a label that is not there', { op: 'remove', path: '/labels/zz' }],
    ['goes into what is no map', replace('/name/x', 'y')],
    ['goes too deep', replace('/labels/a/b', 'y')],
    ['has text for a number', replace('/docker_volume_size', '5')],
    ['has a number for text', replace('/name', 5)],
    ['has text for a map', replace('/labels', 'a=b')],
    ['has a list for a map', replace('/labels', "['a']")],
    ['has a map of maps', replace('/labels', "{'a': {'b': 'c'}}")],
    ['empties the name', replace('/name', '')],
    ['has an unknown flavor', replace('/flavor_id', 'of-nobody')],
    ['has an unknown driver', replace('/network_driver', 'calico')],
    ['has an engine that is not offered', replace('/coe', 'mesos')],
    ['has devicemapper without room', replace('/docker_storage_driver', 'devicemapper')],
  ])('that %s is refused', async (_what, operation) => {
    const uuid = await contract.template({ labels: { a: '1' } });
    const before = (await call('GET', `/v1/clustertemplates/${uuid}`)).text;
    expectError(await patch(uuid, operation), 400);
    expect((await call('GET', `/v1/clustertemplates/${uuid}`)).text).toBe(before);
  });

  test('is done as a whole or not at all', async () => {
    const uuid = await contract.template();
    expectError(await patch(uuid, replace('/name', 'half'), replace('/colour', 'red')), 400);
    expect((await call('GET', `/v1/clustertemplates/${uuid}`)).text).not.toContain('half');
  });
});
