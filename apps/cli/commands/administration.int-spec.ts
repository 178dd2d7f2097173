import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { FakeService } from '../testing/fake-service.js';
import { magnumError } from '../testing/fixtures.js';
import { buildBay, Person } from '../testing/run-bay.js';

// Each test starts the command several times; on a busy machine that takes seconds.
jest.setTimeout(60_000);

let service: FakeService;
let person: Person;

beforeAll(buildBay, 120_000);
beforeEach(async () => {
  service = await new FakeService().start();
  service.tokens.add('a-token');
  person = new Person();
  person.environment = { OS_AUTH_URL: `${service.url}/identity/v3`, OS_TOKEN: 'a-token' };
});
afterEach(async () => {
  person.leave();
  await service.stop();
});

const sentTo = (method: string, path: RegExp): unknown =>
  JSON.parse(service.requestsTo(method, path)[0]?.body ?? 'null') as unknown;

describe('the audit', () => {
  const entry = (sequence: number) => ({
    ...{ sequence, at: '2026-01-02T03:04:05+00:00', project_id: 'p', user_id: 'u', user_name: 'ada' },
    ...{ action: 'cluster:create', outcome: 'success', target: { kind: 'cluster', id: 'c', name: 'web' } },
    ...{ detail: null, request_id: 'req-1', address: '192.0.2.1' },
  });

  it('is read page by page until there are enough', async () => {
    service.failOnce('GET', /^\/v1\/audit\?limit=3$/, 200, { audit: [entry(9), entry(8)], next: 'http://else/x' });
    service.failOnce('GET', /^\/v1\/audit\?limit=1&marker=8$/, 200, { audit: [entry(7)], next: 'http://else/x' });
    const { code, stdout } = await person.bay(['audit', '--last', '3', '--json']);
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as { audit: { sequence: number }[] }).audit.map((each) => each.sequence)).toEqual([
      9, 8, 7,
    ]);
  });

  it('hands the filters on, and shows a line for each', async () => {
    service.failOnce('GET', /^\/v1\/audit/, 200, { audit: [{ ...entry(1), outcome: 'refused', detail: 'No\nroom' }] });
    const words = ['--user', 'ada', '--outcome', 'refused', '--since', '2026-01-02', '-a', '--target', 'a b'];
    expect((await person.bay(['audit', ...words])).stdout).toBe(
      [
        'TIME                  USER  ACTION          TARGET       OUTCOME  FROM       DETAIL',
        '2026-01-02T03:04:05Z  ada   cluster:create  cluster web  refused  192.0.2.1  No room',
        '',
      ].join('\n'),
    );
    const asked = new URL(service.requestsTo('GET', /audit/)[0]?.path ?? '', service.url).searchParams;
    expect(Object.fromEntries(asked)).toEqual({
      ...{ user: 'ada', outcome: 'refused', target: 'a b', all_tenants: 'true', limit: '50' },
      since: '2026-01-02T00:00:00.000Z',
    });
  });

  it('wants a time', async () => {
    expect(await person.bay(['audit', '--since', '2026-99-02'])).toMatchObject({ code: 2 });
    expect(await person.bay(['audit', '--since', 'lately'])).toMatchObject({ code: 2 });
  });
});

describe('quotas', () => {
  it('are changed where there is one already', async () => {
    service.failOnce('POST', /^\/v1\/quotas$/, 409, magnumError(409, 'Quota exists'));
    const quota = { project_id: 'p/1', resource: 'Node', hard_limit: 7 };
    service.failOnce('PATCH', /^\/v1\/quotas\/p%2F1\/Node$/, 202, { id: 1, ...quota });
    const { code, stdout } = await person.bay(['quotas', 'set', 'node', '7', '--project', 'p/1']);
    expect([code, stdout]).toEqual([0, 'Project p/1 may have 7 of Node.\n']);
    expect(sentTo('PATCH', /quotas/)).toEqual(quota);
  });

  it('are of known resources', async () => {
    expect(await person.bay(['quotas', 'set', 'gold', '7'])).toMatchObject({
      code: 2,
      stderr: 'bay: There is no quota for "gold". There are: Cluster, Node, Master, ClusterTemplate.\n',
    });
  });
});

describe('node groups', () => {
  const group = {
    ...{ uuid: 'g-1', name: 'big', role: 'worker', status: 'CREATE_COMPLETE', node_count: 2, min_node_count: 0 },
    ...{ max_node_count: 4, flavor_id: 'm1.large', image_id: 'debian-12', is_default: false, labels: {} },
    ...{ node_labels: { disk: 'ssd', old: '1' }, node_taints: [{ key: 'gpu', effect: 'NoSchedule' }] },
  };

  it('take new bounds, and labels and taints beside those they have', async () => {
    service.addBay('web', { node_count: 3 });
    service.failOnce('GET', /nodegroups\/big$/, 200, group);
    service.failOnce('PATCH', /nodegroups\/g-1$/, 202, group);
    const words = ['--max', '0', '--node-label', 'disk=nvme', '--remove-node-label', 'old', '--taint', 'a=b:NoExecute'];
    const { code, stdout } = await person.bay(['nodegroups', 'update', 'web', 'big', ...words]);
    expect(code).toBe(0);
    expect(stdout).toContain('Node taints:  gpu:NoSchedule');
    expect(sentTo('PATCH', /nodegroups/)).toEqual([
      { op: 'replace', path: '/max_node_count', value: 0 },
      { op: 'replace', path: '/node_labels', value: '{"disk":"nvme"}' },
      {
        ...{ op: 'replace', path: '/node_taints' },
        value: '[{"key":"gpu","effect":"NoSchedule"},{"key":"a","effect":"NoExecute","value":"b"}]',
      },
    ]);
  });

  it('are changed by saying what', async () => {
    expect(await person.bay(['nodegroups', 'update', 'web', 'big'])).toMatchObject({ code: 2 });
    expect(await person.bay(['nodegroups', 'create', 'web', 'big', '--taint', 'x'])).toMatchObject({ code: 2 });
    expect(service.requests).toEqual([]);
  });
});

describe('what the service refuses', () => {
  it.each([
    [['upgrade', 'web', '-t', 'swarm'], 'POST', /actions\/upgrade$/],
    [['rotate-ca', 'web'], 'PATCH', /\/v1\/certificates\//],
    [['rotate-credentials', 'web'], 'PATCH', /\/v1\/credentials\//],
  ])('%j is said in its words', async (words, method, path) => {
    service.addTemplate('swarm');
    service.addBay('web');
    service.failOnce(method, path, 400, magnumError(400, 'Not supported: make a new cluster.'));
    expect(await person.bay(words)).toEqual({
      ...{ code: 3, stdout: '', stderr: 'bay: Not supported: make a new cluster.\n' },
    });
  });
});
