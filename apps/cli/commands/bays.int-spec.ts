import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { FakeService } from '../testing/fake-service.js';
import { fakeNode, magnumError } from '../testing/fixtures.js';
import { buildBay, outcomeOf, Person } from '../testing/run-bay.js';

// Each test starts the command several times; on a busy machine that takes seconds.
jest.setTimeout(60_000);

let service: FakeService;
let person: Person;

beforeAll(buildBay, 120_000);
beforeEach(async () => {
  service = await new FakeService().start();
  service.tokens.add('a-token');
  service.addTemplate('Swarm-1');
  person = new Person();
  person.environment = { OS_AUTH_URL: `${service.url}/identity/v3`, OS_TOKEN: 'a-token' };
});
afterEach(async () => {
  person.leave();
  await service.stop();
});

describe('looking at bays', () => {
  it('lists them all, page by page, in columns', async () => {
    for (const name of ['web', 'db', 'cache']) service.addBay(name);
    const outcome = await person.bay(['ls']);
    expect(outcome.stdout).toBe(
      [
        'NAME   STATUS           NODES  TEMPLATE  ADDRESS               AGE',
        'web    CREATE_COMPLETE  2      Swarm-1   tcp://192.0.2.7:2376  2m',
        'db     CREATE_COMPLETE  2      Swarm-1   tcp://192.0.2.7:2376  2m',
        'cache  CREATE_COMPLETE  2      Swarm-1   tcp://192.0.2.7:2376  2m',
        '',
      ].join('\n'),
    );
  });

  it('adds the uuids when two share a name', async () => {
    const one = service.addBay('web');
    service.addBay('web');
    const outcome = await person.bay(['ls']);
    expect(outcome.stdout).toContain(one.uuid);
  });

  it('prints JSON with the names of the wire', async () => {
    const bay = service.addBay('web');
    const outcome = await person.bay(['--json', 'ls']);
    expect(JSON.parse(outcome.stdout)).toMatchObject({
      bays: [{ uuid: bay.uuid, name: 'web', node_count: 2, template_name: 'Swarm-1', coe: 'swarm' }],
    });
    const shown = await person.bay(['show', 'web', '--json']);
    expect(JSON.parse(shown.stdout)).toMatchObject({ uuid: bay.uuid, api_address: 'tcp://192.0.2.7:2376' });
  });

  it('says which bay there is not, and exits with 4', async () => {
    const outcome = await person.bay(['show', 'nope']);
    expect(outcome).toEqual({
      code: 4,
      stdout: '',
      stderr: 'bay: There is no bay "nope" in project demo. List the bays with: bay ls\n',
    });
  });

  it('never asks for another resource by a name like ..', async () => {
    const outcome = await person.bay(['show', '..']);
    expect(outcome.code).toBe(2);
    expect(service.requestsTo('GET', /\/v1\/(?:bays|clusters)/)).toEqual([]);
  });

  it('keeps escape sequences of a server away from the terminal', async () => {
    service.addBay('web', { status: 'CREATE_FAILED', status_reason: 'bad \u001b]0;owned\u0007 thing' });
    const outcome = await person.bay(['show', 'web']);
    expect(outcome.stdout).toContain('bad \uFFFD]0;owned\uFFFD thing');
    expect(outcome.stdout).not.toContain('\u001b');
  });

  it('shows nodes, and why one failed', async () => {
    service.addBay('web');
    const failure = { phase: 'engine', message: 'dockerd did not start', log_tail: 'line 1\nline 2' };
    service.nodes = [
      fakeNode('web-master-0'),
      fakeNode('web-worker-1', { phase: 'failed', failure, registered: false }),
    ];
    const outcome = await person.bay(['nodes', 'web', '--logs']);
    expect(outcome.stdout).toContain('web-worker-1 failed at "engine": dockerd did not start\n  line 1\n  line 2\n');
    expect(outcome.stdout).toMatch(/^web-master-0 +master +ready +10\.0\.0\.5 +ready +yes/m);
  });

  it("shows the load balancer's listeners and members with their health", async () => {
    service.addBay('web');
    const member = { name: 'web-master-0', node_uuid: 'x', address: '10.0.0.5', port: 2376, health: 'UP' };
    const listeners = [
      { name: 'docker-api', port: 2376, members: [member] },
      { name: 'port-80', port: 80, members: [] },
    ];
    service.loadBalancers = [{ uuid: 'lb', address: '192.0.2.7', listeners }];
    const outcome = await person.bay(['load-balancers', 'web']);
    expect(outcome.stdout).toMatch(/^docker-api +192\.0\.2\.7:2376 +web-master-0 +10\.0\.0\.5:2376 +UP$/m);
    expect(outcome.stdout).toMatch(/^port-80 +192\.0\.2\.7:80 +- +- +-$/m);
  });

  it('has no colours in a pipe, has them on a terminal, and not there with NO_COLOR', async () => {
    service.addBay('web');
    expect((await person.bay(['ls'])).stdout).not.toContain('\u001b');
    expect((await person.bayOnTerminal(['ls'], '')).stdout).toContain('\u001b[32mCREATE_COMPLETE');
    person.environment['NO_COLOR'] = '1';
    expect((await person.bayOnTerminal(['ls'], '')).stdout).not.toContain('\u001b[32m');
  });

  it('ends quietly when a pipe is closed early', async () => {
    for (let index = 0; index < 3; index += 1) service.addBay(`bay-${index}`);
    const child = person.start(['ls']);
    child.stdout?.destroy();
    const { code, stderr } = await outcomeOf(Object.assign(child, { stdout: null }));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});

describe('events', () => {
  const event = (sequence: number, message = `event ${sequence}`, level = 'info') => ({
    sequence,
    kind: 'node-joined',
    level,
    message,
    node: sequence === 2 ? 'web-worker-1' : null,
    node_uuid: null,
    at: '2026-01-02T03:04:05.678+00:00',
  });

  it('are told from the first to the last page, one line each', async () => {
    service.addBay('web');
    service.events = [event(1), event(2), event(3, 'gave up', 'error'), event(4), event(5)];
    const outcome = await person.bay(['events', 'web']);
    expect(outcome.stdout).toBe(
      [
        '2026-01-02T03:04:05Z  event 1',
        '2026-01-02T03:04:05Z  web-worker-1: event 2',
        '2026-01-02T03:04:05Z  ERROR: gave up',
        '2026-01-02T03:04:05Z  event 4',
        '2026-01-02T03:04:05Z  event 5',
        '',
      ].join('\n'),
    );
    expect((await person.bay(['events', 'web', '--last', '1'])).stdout).toBe('2026-01-02T03:04:05Z  event 5\n');
  });

  it('are followed over broken streams, none lost and none told twice, until Ctrl-C', async () => {
    service.addBay('web');
    service.events = [event(1), event(2), event(3), event(4), event(5)];
    service.eventsPerStream = 2;
    const child = person.start(['events', 'web', '-f', '--json']);
    let seen = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      seen += chunk;
      if (seen.includes('"sequence":5')) child.kill('SIGINT');
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    const sequences = seen
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { sequence: number }).sequence);
    expect({ code, sequences }).toEqual({ code: 0, sequences: [1, 2, 3, 4, 5] });
    const streams = service.requestsTo('GET', /events/);
    expect(streams.map((request) => request.headers['last-event-id'])).toEqual([undefined, '2', '4']);
  });
});

describe('a refusal', () => {
  it('by the service is its sentence in one line, with exit code 3', async () => {
    service.failOnce('POST', /clusters$/, 400, magnumError(400, 'master_count must be odd. Use 1, 3 or 5.'));
    const outcome = await person.bay(['create', 'web', '-t', 'swarm-1', '--masters', '2']);
    expect(outcome).toEqual({ code: 3, stdout: '', stderr: 'bay: master_count must be odd. Use 1, 3 or 5.\n' });
  });

  it('by an overloaded service is exit code 1 with the id to give to the operator', async () => {
    service.failOnce('GET', /clusters/, 500, magnumError(500, 'Something went wrong on our side.'));
    const outcome = await person.bay(['ls']);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(
      /^bay: The service failed with 500 \(request req-[0-9a-f-]+\): Something went wrong/,
    );
  });

  it('of an answer that is not understood names what is wrong with it', async () => {
    service.failOnce('GET', /clusters\/detail/, 200, { clusters: [{ uuid: 'u', name: 7 }] });
    const outcome = await person.bay(['ls']);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('answer.clusters[0].name is not a text');
  });

  it('never follows a redirect with the token', async () => {
    service.overrides.push({
      method: 'GET',
      path: /clusters\/detail/,
      answer: (response) => response.writeHead(302, { Location: 'http://evil.example/' }).end(),
    });
    const outcome = await person.bay(['ls']);
    expect(outcome.code).toBe(3);
    expect(outcome.stderr).toContain('redirects to http://evil.example/');
  });
});

describe('templates', () => {
  it('are listed, filtered by a glob in any case', async () => {
    service.addTemplate('swarm-big');
    service.addTemplate('kube', { coe: 'kubernetes' });
    const outcome = await person.bay(['templates', 'SWARM*', '--json']);
    const { templates } = JSON.parse(outcome.stdout) as { templates: { name: string }[] };
    expect(templates.map((template) => template.name)).toEqual(['Swarm-1', 'swarm-big']);
  });

  it('are created with what was said and nothing else', async () => {
    const words = [
      'template',
      'create',
      'mine',
      '--image',
      'debian-12',
      '--label',
      'lb_ports=80,443',
      '--no-floating-ip',
    ];
    const outcome = await person.bay(words);
    expect(outcome.code).toBe(0);
    expect(JSON.parse(service.requestsTo('POST', /clustertemplates/)[0]?.body ?? '')).toEqual({
      name: 'mine',
      image_id: 'debian-12',
      coe: 'swarm',
      labels: { lb_ports: '80,443' },
      floating_ip_enabled: false,
    });
  });

  it('are never deleted by a glob', async () => {
    expect(await person.bay(['template', 'rm', 'swarm*'])).toMatchObject({ code: 4 });
    expect(await person.bay(['template', 'rm', 'swarm-1'])).toMatchObject({ code: 0 });
    expect(service.templates).toEqual([]);
  });
});
