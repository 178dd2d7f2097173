/** Magnum's contract, clusters and bays: every field, what it may hold, what it becomes, and how it may be changed. */
import { createSwarmEngine } from '@baykeeper/drivers/engines/swarm/swarm.engine.js';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { bayAnswer, baysAnswer, clusterAnswer, clustersAnswer } from '../bays/bay.answers.js';
import { LATEST, at, expectError, openContract, titleOf, uuidOf } from '../testing/contract.js';

const contract = openContract(createSwarmEngine({ templatesDirectory: '/nowhere' }));
const { call } = contract;
const long = (length: number): string => 'x'.repeat(length);
let template: string;

beforeAll(async () => {
  template = await contract.template({
    ...{ name: 'parent', flavor_id: 'm1.small', master_flavor_id: 'm1.medium', docker_volume_size: 4 },
    ...{ master_lb_enabled: true, floating_ip_enabled: false, labels: { a: '1', b: '2' } },
  });
});

const post = (body: object, version = '1.10') =>
  call('POST', '/v1/clusters', { body: { cluster_template_id: template, ...body }, headers: at(version) });
const postBay = (body: object, version = '1.10') =>
  call('POST', '/v1/bays', { body: { baymodel_id: template, ...body }, headers: at(version) });

/** Field, what is sent, what is shown. */
const TAKEN: readonly [string, unknown, unknown][] = [
  ['name', 'A-z_0.9', 'A-z_0.9'],
  ['name', long(242), long(242)],
  ['name', null, expect.stringMatching(/^[a-z]+-([1-9]|1\d|2[0-4])-cluster$/)],
  ['node_count', 0, 0],
  ['node_count', '3', 3],
  ['node_count', 2.9, 2],
  ['node_count', true, 1],
  ['node_count', null, 1],
  ['master_count', 3, 3],
  ['master_count', '1', 1],
  ['docker_volume_size', null, 4],
  ['docker_volume_size', 9, 9],
  ['flavor_id', null, 'm1.small'],
  ['flavor_id', 'm1.medium', 'm1.medium'],
  ['master_flavor_id', null, 'm1.medium'],
  ['create_timeout', null, null],
  ['create_timeout', 0, 0],
  ['create_timeout', '5', 5],
  ['discovery_url', null, null],
  ['discovery_url', 'https://discovery.example/x', 'https://discovery.example/x'],
  ['floating_ip_enabled', null, false],
  ['floating_ip_enabled', 'true', true],
  ['master_lb_enabled', null, true],
  ['labels', null, { a: '1', b: '2' }],
  ['labels', {}, { a: '1', b: '2' }],
  ['labels', { c: true }, { c: 'True' }],
  ['merge_labels', true, false],
  ['health_status', 'HEALTHY', 'HEALTHY'],
  ['health_status', null, null],
  ['health_status_reason', { api: 'ok' }, { api: 'ok' }],
  ['health_status_reason', null, {}],
  ['status', 'CREATE_COMPLETE', 'CREATE_IN_PROGRESS'],
  ['status', 'ADOPT_COMPLETE', 'CREATE_IN_PROGRESS'],
  ['status_reason', 'because', null],
  ['labels_added', { z: 'z' }, {}],
  ['labels_skipped', null, {}],
  ['uuid', '11111111-2222-4333-8444-555555555555', expect.not.stringMatching(/^1{8}/)],
];

const REFUSED: readonly [string, unknown][] = [
  ...['', long(243), '1a', '-a', 'a b', 'a/b', 'é', 'a\n', 5, ['a']].map((value): [string, unknown] => ['name', value]),
  ...[-1, '', 'x', [1], {}, 1e300].map((value): [string, unknown] => ['node_count', value]),
  ...[0, -1, null, '', 2, 4, [1]].map((value): [string, unknown] => ['master_count', value]),
  ...[0, -1, ''].map((value): [string, unknown] => ['docker_volume_size', value]),
  ...[-1, '', 'x'].map((value): [string, unknown] => ['create_timeout', value]),
  ...['flavor_id', 'master_flavor_id', 'keypair', 'fixed_network', 'fixed_subnet'].flatMap(
    (field): [string, unknown][] => [
      [field, ''],
      [field, long(256)],
      [field, 5],
    ],
  ),
  ...['floating_ip_enabled', 'master_lb_enabled', 'merge_labels'].flatMap((field): [string, unknown][] => [
    [field, 'maybe'],
    [field, 2],
  ]),
  ...[[], 'a=b', { a: null }, { a: {} }].map((value): [string, unknown] => ['labels', value]),
  ['flavor_id', 'of-nobody'],
  ['status', 'FINE'],
  ['health_status', 'FINE'],
  ['health_status_reason', { api: 5 }],
  ['cluster_template_id', null],
  ['cluster_template_id', ''],
  ...['stack_id', 'cluster_id', 'api_address', 'coe_version', 'container_version', 'project_id', 'user_id']
    .concat(['node_addresses', 'master_addresses', 'links', 'created_at', 'updated_at', 'colour'])
    .concat(['baymodel_id', 'bay_create_timeout', 'coe'])
    .flatMap((field): [string, unknown][] => [
      [field, null],
      [field, 'x'],
    ]),
];

describe('a new cluster', () => {
  test.each(TAKEN)('with %s %j shows %j', async (field, sent, shown) => {
    const answer = await post({ [field]: sent });
    expect([answer.status, Object.keys(answer.body as object)]).toEqual([202, ['uuid']]);
    expect(answer.headers.get('location')).toBeNull();
    const body = clusterAnswer.parse((await call('GET', `/v1/clusters/${uuidOf(answer)}`)).body);
    expect(body).toMatchObject({ [field]: shown });
  });

  test.each(REFUSED)('with %s %j is refused', async (field, sent) => {
    expectError(await post({ [field]: sent }), 400);
  });

  test('needs a template', async () => {
    expectError(await call('POST', '/v1/clusters', { body: { name: 'x' } }), 400);
    expectError(await post({ cluster_template_id: 'nothing' }, '1.9'), 400);
    expectError(await post({ cluster_template_id: 'nothing' }, '1.10'), 404);
    expectError(await postBay({ baymodel_id: 'nothing' }), 400);
  });

  test('may name its template', async () => {
    const uuid = uuidOf(await post({ cluster_template_id: 'parent' }));
    expect((await call('GET', `/v1/clusters/${uuid}`)).body).toMatchObject({ cluster_template_id: template });
  });

  test('without workers is of version 1.10', async () => {
    expectError(await post({ node_count: 0 }, '1.9'), 400);
    expect((await post({ node_count: 0 }, '1.10')).status).toBe(202);
  });

  test('that fits nowhere is refused, and one that fits is not', async () => {
    const answer = await post({ node_count: 9_000 });
    expectError(answer, 400);
    expect(titleOf(answer)).toBe(
      'This installation has room for 9000 nodes in all, and 9001 are wanted: ask for fewer',
    );
    const uuid = uuidOf(await post({ node_count: 8_999 }));
    const more = [{ op: 'replace', path: '/node_count', value: 9_500 }];
    expectError(await call('PATCH', `/v1/clusters/${uuid}`, { body: more }), 400);
  });

  test('with several masters needs a balancer', async () => {
    expectError(await post({ master_count: 3, master_lb_enabled: false }), 400);
  });

  test('merges labels when told, and says how they differ from the parent’s present ones', async () => {
    const parent = await contract.template({ name: 'moving', labels: { a: '1', b: '2', c: '3' } });
    const make = async (body: object) => uuidOf(await post({ cluster_template_id: parent, ...body }));
    const merged = await make({ labels: { a: '9', d: '4' }, merge_labels: true });
    const replaced = await make({ labels: { a: '9', d: '4' } });
    const differences = async (uuid: string) => {
      const { labels, labels_overridden, labels_added, labels_skipped } = clusterAnswer.parse(
        (await call('GET', `/v1/clusters/${uuid}`)).body,
      );
      return [labels, labels_overridden, labels_added, labels_skipped];
    };
    expect(await differences(merged)).toEqual([{ a: '9', b: '2', c: '3', d: '4' }, { a: '1' }, { d: '4' }, {}]);
    expect(await differences(replaced)).toEqual([{ a: '9', d: '4' }, { a: '1' }, { d: '4' }, { b: '2', c: '3' }]);
  });

  test('is shown in the forms that Magnum has', async () => {
    const uuid = uuidOf(await post({ name: 'of-forms' }));
    const inList = ['uuid', 'name', 'cluster_template_id', 'keypair', 'node_count', 'master_count']
      .concat(['docker_volume_size', 'labels', 'master_flavor_id', 'flavor_id', 'create_timeout', 'links', 'stack_id'])
      .concat(['status', 'health_status', 'merge_labels']);
    const inFull = inList
      .concat(['status_reason', 'health_status_reason', 'discovery_url', 'api_address', 'coe_version'])
      .concat(['container_version', 'project_id', 'user_id', 'node_addresses', 'master_addresses', 'fixed_network'])
      .concat(['fixed_subnet', 'floating_ip_enabled', 'labels_overridden', 'labels_added', 'labels_skipped'])
      .concat(['master_lb_enabled', 'created_at', 'updated_at']);
    const { clusters } = clustersAnswer.parse((await call('GET', '/v1/clusters')).body);
    expect(Object.keys(clusters[0] ?? {}).sort()).toEqual(inList.sort());
    expect(Object.keys((await call('GET', `/v1/clusters/${uuid}`)).body as object).sort()).toEqual(inFull.sort());
    const { body } = await call('GET', '/v1/clusters/detail');
    expect(Object.keys((body as { clusters: object[] }).clusters[0] ?? {}).sort()).toEqual(inFull.sort());
  });
});

describe('a bay', () => {
  test('is a cluster in the older words', async () => {
    const answer = await postBay({ name: 'older', bay_create_timeout: 7 });
    expect(answer.status).toBe(202);
    const bay = (await call('GET', '/v1/bays/older')).body;
    const inList = ['uuid', 'name', 'baymodel_id', 'node_count', 'master_count', 'docker_volume_size', 'labels']
      .concat(['master_flavor_id', 'flavor_id', 'bay_create_timeout', 'links', 'stack_id', 'status'])
      .concat(['floating_ip_enabled']);
    const inFull = inList
      .concat(['status_reason', 'discovery_url', 'api_address', 'coe_version', 'container_version', 'node_addresses'])
      .concat(['master_addresses', 'fixed_network', 'fixed_subnet', 'master_lb_enabled', 'created_at', 'updated_at']);
    expect(bayAnswer.parse(bay)).toMatchObject({ bay_create_timeout: 7, baymodel_id: template });
    expect(Object.keys(bay as object).sort()).toEqual(inFull.sort());
    const { bays } = baysAnswer.parse((await call('GET', '/v1/bays')).body);
    expect(Object.keys(bays[0] ?? {}).sort()).toEqual(inList.sort());
    expect((await call('GET', '/v1/clusters/older')).body).toMatchObject({ create_timeout: 7 });
  });

  test.each(['1.1', '1.2', '1.10', '1.11', '1.14'])('is served at version %s as from 1.2 on', async (version) => {
    const answer = await postBay({}, version);
    expect([answer.status, Object.keys(answer.body as object)]).toEqual([202, ['uuid']]);
  });

  test.each(['cluster_template_id', 'create_timeout', 'keypair', 'merge_labels', 'health_status', 'status', 'uuid'])(
    'has no field %s',
    async (field) => {
      expectError(await postBay({ [field]: null }), 400);
    },
  );

  test('is called a cluster in refusals', async () => {
    expect((await call('GET', '/v1/bays/nothing')).body).toMatchObject({
      errors: [{ title: 'Cluster nothing could not be found' }],
    });
    expect((await call('GET', '/v1/baymodels/nothing')).body).toMatchObject({
      errors: [{ title: 'ClusterTemplate nothing could not be found' }],
    });
  });
});

describe('a patch', () => {
  const patch = (uuid: string, operations: readonly unknown[], query = '', version = 'latest') =>
    call('PATCH', `/v1/clusters/${uuid}${query}`, { body: operations, headers: at(version) });
  const replace = (path: string, value: unknown): unknown => ({ op: 'replace', path, value });

  test.each<[string, readonly unknown[], number]>([
    ['nothing', [], 2],
    ['the count', [replace('/node_count', 5)], 5],
    ['the count to nothing', [replace('/node_count', 0)], 0],
    ['the count with a boolean', [replace('/node_count', true)], 1],
    ['the count by removing it', [{ op: 'remove', path: '/node_count' }], 1],
    ['the count twice', [replace('/node_count', 5), replace('/node_count', 6)], 6],
    ['the name to what it is', [replace('/name', 'patched')], 2],
    ['the health', [replace('/health_status', 'UNHEALTHY')], 2],
    ['the reason of the health', [replace('/health_status_reason', "{'api': 'ok'}")], 2],
    ['one reason', [{ op: 'add', path: '/health_status_reason/api', value: 'ok' }], 2],
  ])('may change %s', async (_what, operations, count) => {
    const uuid = uuidOf(await post({ name: 'patched', node_count: 2 }));
    expect(await patch(uuid, operations)).toMatchObject({ status: 202, body: { uuid } });
    expect((await call('GET', `/v1/clusters/${uuid}`)).body).toMatchObject({ node_count: count });
  });

  test.each<[string, readonly unknown[]]>([
    ...['name', 'cluster_template_id', 'keypair', 'flavor_id', 'master_flavor_id', 'discovery_url', 'fixed_network']
      .concat(['status', 'status_reason', 'coe_version', 'project_id', 'user_id', 'uuid', 'id', 'links'])
      .concat(['api_address', 'node_addresses', 'master_addresses', 'stack_id', 'cluster_id', 'ca_cert_ref'])
      .concat(['created_at', 'merge_labels', 'labels_added', 'faults', 'colour', 'baymodel_id'])
      .map((name): [string, unknown[]] => [name, [replace(`/${name}`, 'x')]]),
    ['master_count', [replace('/master_count', 3)]],
    ['create_timeout', [replace('/create_timeout', 5)]],
    ['floating_ip_enabled', [replace('/floating_ip_enabled', true)]],
    ['a label', [replace('/labels/a', 'x')]],
    ['labels', [replace('/labels', "{'x': 'y'}")]],
    ['labels by removing them', [{ op: 'remove', path: '/labels' }]],
    ['the template by removing it', [{ op: 'remove', path: '/cluster_template_id' }]],
    ['the count to text', [replace('/node_count', '5')]],
    ['the count to less than nothing', [replace('/node_count', -1)]],
    ['the count to a fraction', [replace('/node_count', 1.5)]],
    ['the count to null', [replace('/node_count', null)]],
    ['the count by adding it', [{ op: 'add', path: '/node_count', value: 5 }]],
    ['the health to no kind', [replace('/health_status', 'FINE')]],
    ['one thing of two', [replace('/node_count', 5), replace('/name', 'x')]],
  ])('may not change %s', async (_what, operations) => {
    const uuid = uuidOf(await post({ node_count: 2 }));
    const before = (await call('GET', `/v1/clusters/${uuid}`)).text;
    expectError(await patch(uuid, operations), 400);
    expect((await call('GET', `/v1/clusters/${uuid}`)).text).toBe(before);
  });

  test.each(['baymodel_id', 'bay_create_timeout', 'name', 'cluster_template_id'])(
    'of %s is told what can be changed',
    async (name) => {
      await post({ name: `of-${name}` });
      const answer = await call('PATCH', `/v1/bays/of-${name}`, { body: [replace(`/${name}`, 'x')] });
      expectError(answer, 400);
      expect(titleOf(answer)).toBe(`Can't change cluster attributes ${name}: only node_count can be changed`);
    },
  );

  test.each<[string, string, number]>([
    ['?rollback=true', '1.2', 400],
    ['?rollback=true', '1.3', 202],
    ['/?rollback=True', '1.14', 202],
    ['?rollback=no', '1.14', 202],
    ['?rollback=maybe', '1.14', 400],
    ['?rollback=', '1.14', 400],
    ['?rollback=1&rollback=1', '1.14', 400],
    ['?force=1', '1.14', 400],
  ])('with %s at version %s answers %d', async (query, version, status) => {
    const uuid = uuidOf(await post({}));
    expect((await patch(uuid, [replace('/node_count', 2)], query, version)).status).toBe(status);
  });

  test('to no workers is of version 1.10', async () => {
    const uuid = uuidOf(await post({}));
    expectError(await patch(uuid, [replace('/node_count', 0)], '', '1.9'), 400);
  });
});

test('a cluster can be deleted at any time, and again', async () => {
  const uuid = uuidOf(await post({}));
  for (let time = 0; time < 2; time++) {
    const answer = await call('DELETE', `/v1/clusters/${uuid}`);
    expect([answer.status, answer.text, answer.headers.get('content-type')]).toEqual([204, '', null]);
  }
  expect((await call('GET', `/v1/clusters/${uuid}`, { headers: LATEST })).body).toMatchObject({
    status: 'DELETE_IN_PROGRESS',
  });
});
