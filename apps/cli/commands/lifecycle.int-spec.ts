import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { FakeService } from '../testing/fake-service.js';
import { fakeGroup, fakeNode, type Scene } from '../testing/fixtures.js';
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
  service.addTemplate('swarm-2');
  person = new Person();
  person.environment = { OS_AUTH_URL: `${service.url}/identity/v3`, OS_TOKEN: 'a-token' };
});
afterEach(async () => {
  person.leave();
  await service.stop();
});

const CREATION: readonly Scene[] = [
  { status: 'CREATE_IN_PROGRESS', nodes: [fakeNode('web-master-0', { phase: 'booting' })] },
  {
    status: 'CREATE_IN_PROGRESS',
    nodes: [fakeNode('web-master-0'), fakeNode('web-worker-1', { phase: 'joining' })],
  },
  { status: 'CREATE_COMPLETE', nodes: [fakeNode('web-master-0'), fakeNode('web-worker-1')] },
];

describe('bay create', () => {
  it('sends what was asked for, merging labels into the template’s', async () => {
    const words = ['create', 'web', '--template', 'swarm-1', '--nodes', '3', '--masters', '3', '--timeout', '20'];
    const outcome = await person.bay([...words, '--label', 'lb_ports=80,443', '--label', 'note=a=b']);
    expect(outcome).toMatchObject({
      code: 0,
      stdout: 'Bay "web" is being created. Watch it with: bay wait web\n',
    });
    expect(JSON.parse(service.requestsTo('POST', /clusters$/)[0]?.body ?? '')).toEqual({
      name: 'web',
      cluster_template_id: service.templates[0]?.uuid,
      node_count: 3,
      master_count: 3,
      create_timeout: 20,
      labels: { lb_ports: '80,443', note: 'a=b' },
      merge_labels: true,
    });
  });

  it('does not guess between templates', async () => {
    const outcome = await person.bay(['create', 'web', '--template', 'swarm*']);
    expect(outcome).toEqual({
      code: 3,
      stdout: '',
      stderr: 'bay: "swarm*" fits 2 templates: Swarm-1, swarm-2. Name one of them.\n',
    });
    expect(service.bays.size).toBe(0);
  });

  it('--wait prints one line per change in a pipe, and the result on stdout', async () => {
    service.play(CREATION);
    const outcome = await person.bay(['create', 'web', '-t', 'swarm-1', '--wait']);
    expect(outcome.code).toBe(0);
    expect(outcome.stdout).toMatch(
      /^Bay "web" is CREATE_COMPLETE at tcp:\/\/192\.0\.2\.7:2376 after \d\.\d s: 1 master, 1 node\.\n$/,
    );
    const lines = outcome.stderr
      .trim()
      .split('\n')
      .map((line) => line.replace(/^\[ *\d+:\d\d\] /, ''));
    expect(lines).toEqual([
      'web: CREATE_IN_PROGRESS',
      'web-master-0: booting',
      'web-master-0: ready',
      'web-worker-1: joining',
      'web: CREATE_COMPLETE',
      'web-worker-1: ready',
    ]);
  });

  it('--wait redraws lines of the nodes on a terminal', async () => {
    service.play(CREATION);
    const { code, stdout } = await person.bayOnTerminal(['create', 'web', '-t', 'swarm-1', '--wait'], '');
    expect(code).toBe(0);
    expect(stdout).toContain('\u001b[?25l');
    expect(stdout).toContain('⠋ web-master-0');
    expect(stdout).toContain('\u001b[2A\r\u001b[0J');
    const last = stdout.slice(stdout.lastIndexOf('\u001b[0J'));
    expect(last).toContain('✓\u001b[0m web-worker-1  worker  ready  after 0:12');
    expect(last).toContain('\u001b[?25h');
  });

  it('--wait --json prints the bay alone, and nothing on stderr', async () => {
    service.play(CREATION);
    const outcome = await person.bay(['create', 'web', '-t', 'swarm-1', '--wait', '--json']);
    expect(outcome.stderr).toBe('');
    expect(JSON.parse(outcome.stdout)).toMatchObject({ name: 'web', status: 'CREATE_COMPLETE', coe: 'swarm' });
  });

  it('--wait ends with 6 and the reason when the bay fails', async () => {
    const reason = 'Node web-worker-1 failed at engine: dockerd did not start.\nlast line of the log';
    service.play([{ status: 'CREATE_IN_PROGRESS' }, { status: 'CREATE_FAILED', status_reason: reason }]);
    const outcome = await person.bay(['create', 'web', '-t', 'swarm-1', '--wait']);
    expect(outcome.code).toBe(6);
    expect(outcome.stdout).toBe('');
    expect(outcome.stderr).toContain(
      'bay: Bay "web" is CREATE_FAILED: Node web-worker-1 failed at engine: dockerd did not start. Try again with: bay retry web\n  last line of the log\n',
    );
  });

  it('--wait-timeout ends with 7 and says how to go on', async () => {
    service.play([{ status: 'CREATE_IN_PROGRESS' }]);
    const outcome = await person.bay(['create', 'web', '-t', 'swarm-1', '--wait-timeout', '1.5s']);
    expect(outcome.code).toBe(7);
    expect(outcome.stderr).toContain(
      'bay: Bay "web" is not done after 0:01; it goes on by itself. Watch it again with: bay wait web\n',
    );
  });

  it('--wait lives through a service that is away for a moment', async () => {
    service.play(CREATION);
    service.overrides.push({ method: 'GET', path: /nodes$/, answer: (response) => response.destroy() });
    service.failOnce('GET', /nodes$/, 503, { errors: [{ detail: 'Redis is away.' }] });
    const outcome = await person.bay(['create', 'web', '-t', 'swarm-1', '--wait']);
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toMatch(/Cannot reach http:.*: the connection was cut\. Trying again\.\n/);
    expect(outcome.stderr).toContain('Redis is away.');
  });

  it('leaves the bay alone at Ctrl-C, and says how to watch it again', async () => {
    service.play([{ status: 'CREATE_IN_PROGRESS', nodes: [fakeNode('web-master-0', { phase: 'booting' })] }]);
    const child = person.start(['create', 'web', '-t', 'swarm-1', '--wait']);
    child.stderr?.on('data', (chunk: Buffer) => {
      if (chunk.includes('booting')) child.kill('SIGINT');
    });
    const outcome = await outcomeOf(child);
    expect(outcome.code).toBe(130);
    expect(outcome.stderr).toMatch(
      /bay: Stopped watching; bay "web" goes on by itself\. Watch it again with: bay wait web\n$/,
    );
    expect(service.requestsTo('DELETE', /./)).toEqual([]);
    expect(service.bays.size).toBe(1);
  });
});

describe('bay scale', () => {
  it('waits for the new count although the status is still that of the last wish', async () => {
    service.addBay('web', { status: 'UPDATE_COMPLETE', node_count: 1 });
    const worker = (index: number, phase = 'ready') => fakeNode(`web-worker-${index}`, { phase });
    service.play([
      { status: 'UPDATE_COMPLETE', nodes: [worker(1)] },
      { status: 'UPDATE_COMPLETE', nodes: [worker(1), worker(2, 'booting')] },
      { status: 'UPDATE_COMPLETE', nodes: [worker(1), worker(2)] },
    ]);
    const outcome = await person.bay(['scale', 'web', '2', '--wait']);
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toContain('web-worker-2: ready');
    expect(JSON.parse(service.requestsTo('POST', /resize/)[0]?.body ?? '')).toEqual({
      node_count: 2,
      nodegroup: 'default-worker-uuid',
    });
  });

  it('waits for the number of one group among others, and names the nodes that leave first', async () => {
    service.addBay('web', { status: 'UPDATE_COMPLETE', node_count: 3 });
    service.extraGroups.push({ ...fakeGroup('big'), node_count: 2 });
    service.play([{ nodes: ['a', 'b'].map((name) => fakeNode(`web-worker-${name}`)) }]);
    const words = ['scale', 'web', '1', '--group', 'big', '--wait', '--json'];
    expect(JSON.parse((await person.bay(words)).stdout)).toMatchObject({ node_count: 2 });
    const named = await person.bay(['resize', 'web', '0', '--remove', 'n1', '--remove', 'n2', '-g', 'big']);
    expect(named.stdout).toBe(
      'Group "big" of bay "web" goes from 1 to 0 nodes, without n1, n2. Watch it with: bay wait web\n',
    );
    expect(JSON.parse(service.requestsTo('POST', /resize/)[1]?.body ?? '')).toEqual({
      ...{ node_count: 0, nodegroup: 'big-uuid', nodes_to_remove: ['n1', 'n2'] },
    });
    expect(await person.bay(['scale', 'web', '1', '--group', 'huge'])).toMatchObject({
      code: 4,
      stderr: 'bay: The bay has no node group "huge". It has: default-worker, big.\n',
    });
  });

  it('tells of nodes that leave', async () => {
    service.addBay('web', { node_count: 2 });
    service.play([
      { nodes: [fakeNode('web-worker-1'), fakeNode('web-worker-2')] },
      {
        status: 'UPDATE_IN_PROGRESS',
        nodes: [fakeNode('web-worker-1'), fakeNode('web-worker-2', { phase: 'draining' })],
      },
      { status: 'UPDATE_COMPLETE', nodes: [fakeNode('web-worker-1')] },
    ]);
    const outcome = await person.bay(['scale', 'web', '1', '--wait']);
    expect(outcome.stderr).toMatch(/web-worker-2: draining\n.*web: UPDATE_COMPLETE\n.*1 node removed\n/);
  });

  it('refuses what is no number before anything is asked', async () => {
    expect(await person.bay(['scale', 'web', 'many'])).toMatchObject({ code: 2 });
    expect(await person.bay(['scale', 'web', '1.5'])).toMatchObject({ code: 2 });
    expect(service.requests).toEqual([]);
  });
});

describe('bay wait', () => {
  it('does not call a bay done whose nodes are not yet what was wished', async () => {
    service.addBay('web', { node_count: 2 });
    const nodes = [fakeNode('web-master-0'), fakeNode('web-worker-1'), fakeNode('web-worker-2', { phase: 'booting' })];
    service.play([
      { nodes: nodes.slice(0, 2) },
      { nodes },
      { nodes: [...nodes.slice(0, 2), fakeNode('web-worker-2')] },
    ]);
    const outcome = await person.bay(['wait', 'web']);
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toMatch(/web-worker-2: booting\n.*web-worker-2: ready\n$/);
  });
});

describe('bay retry', () => {
  it('does not take the old failure for the new one', async () => {
    service.addBay('web', { status: 'CREATE_FAILED', status_reason: 'old' });
    service.play([
      { status: 'CREATE_FAILED', status_reason: 'old' },
      { status: 'CREATE_IN_PROGRESS', status_reason: null },
      { status: 'CREATE_COMPLETE' },
    ]);
    const outcome = await person.bay(['retry', 'web', '--wait']);
    expect(outcome.code).toBe(0);
    expect(service.requestsTo('POST', /actions\/retry$/)).toHaveLength(1);
  });
});

describe('bay rm', () => {
  it('asks before it deletes, and a no deletes nothing', async () => {
    service.addBay('web');
    const outcome = await person.bayOnTerminal(['rm', 'web'], 'n\r');
    expect(outcome.stdout).toContain('Delete bay "web" with its 3 nodes and everything on them? [y/N]');
    expect(outcome.code).toBe(130);
    expect(service.bays.size).toBe(1);
    expect(await person.bayOnTerminal(['rm', 'web'], 'y\r')).toMatchObject({ code: 0 });
    expect(service.bays.size).toBe(0);
  });

  it('wants --yes where nobody can be asked', async () => {
    service.addBay('web');
    expect(await person.bay(['rm', 'web'])).toMatchObject({ code: 2 });
    expect(service.bays.size).toBe(1);
  });

  it('waits until the bay is gone, and deletes its credentials here', async () => {
    const bay = service.addBay('web', { status: 'CREATE_FAILED' });
    const kept = join(person.home, '.local/share/baykeeper/bays', bay.uuid);
    mkdirSync(kept, { recursive: true });
    service.play([{ status: 'CREATE_FAILED' }, { status: 'DELETE_IN_PROGRESS' }, { gone: true }]);
    const outcome = await person.bay(['rm', 'web', '--yes', '--wait']);
    expect(outcome).toMatchObject({ code: 0, stdout: 'Bay "web" is gone.\n' });
    expect(existsSync(kept)).toBe(false);
    expect(await person.bay(['rm', 'web', '--yes'])).toMatchObject({ code: 4 });
    expect(await person.bay(['wait', 'web', '--deleted'])).toMatchObject({ code: 0 });
  });

  it('ends with 6 when deleting fails', async () => {
    service.addBay('web');
    service.play([
      { status: 'CREATE_COMPLETE' },
      { status: 'DELETE_IN_PROGRESS' },
      { status: 'DELETE_FAILED', status_reason: 'The load balancer could not be removed' },
    ]);
    const outcome = await person.bay(['rm', 'web', '--yes', '--wait']);
    expect(outcome.code).toBe(6);
    expect(outcome.stderr).toContain('The load balancer could not be removed. Try again with: bay rm web');
  });
});
