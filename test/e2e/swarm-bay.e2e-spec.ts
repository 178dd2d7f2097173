/**
 * The main job on real parts: a Swarm bay through create, use, scale up, scale down and delete, and once with the server
 * killed in the middle. What is asserted is asked of tools that are not ours: docker, openssl, curl, lxc-ls, iptables, and
 * HAProxy's own `show servers state`.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { startServer, type RunningServer } from '../support/running-server.js';
import { run, until, type RunResult } from '../support/run.js';
import { whyNotLocal } from './why-not-local.js';

const reason = await whyNotLocal();
if (reason !== null) console.log(`SKIPPED test/e2e/swarm-bay: ${reason}`);
const describeOnRealNodes = reason === null ? describe : describe.skip;

const MINUTES = 60_000;
/** Shared by all test runs of a machine: the root filesystem is built once. */
const IMAGES = '/var/tmp/baykeeper-test-images';

describeOnRealNodes('a real Swarm bay', () => {
  let server: RunningServer;
  let work: string;

  const bay: RunningServer['bay'] = (args, options) => server.bay(args, options);
  const bayJson = async <T>(args: string[]): Promise<T> => JSON.parse((await bay([...args, '--json'])).stdout) as T;
  const docker = (name: string, args: string[], input?: Buffer): Promise<RunResult> =>
    run('docker', args, {
      env: { PATH: process.env['PATH'] ?? '', HOME: work, ...dockerEnvironment(name) },
      timeoutMs: 2 * MINUTES,
      ...(input && { input }),
    });
  const dockerEnvironments = new Map<string, Record<string, string>>();
  const dockerEnvironment = (name: string): Record<string, string> => dockerEnvironments.get(name) ?? {};

  async function downloadCredentials(name: string): Promise<string> {
    const directory = join(work, `${name}-credentials`);
    await bay(['credentials', name, '--dir', directory]);
    const shown = await run('bash', ['-c', 'set -a; . "$1/docker.env"; env', 'bash', directory], {
      env: { PATH: process.env['PATH'] ?? '' },
    });
    const lines = shown.stdout.split('\n').filter((line) => line.startsWith('DOCKER_'));
    dockerEnvironments.set(
      name,
      Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])),
    );
    return directory;
  }

  const swarmNodes = async (name: string): Promise<string[]> => {
    const { stdout } = await docker(name, ['node', 'ls', '--format', '{{.Hostname}} {{.Status}} {{.ManagerStatus}}']);
    return stdout
      .trim()
      .split('\n')
      .map((line) => line.trim())
      .sort();
  };

  /** Names of our containers, as LXC itself lists them. */
  const containers = async (): Promise<string[]> => {
    const { stdout } = await run('lxc-ls', ['-P', join(server.dataDirectory, 'machines'), '-1'], { mayFail: true });
    return stdout.trim().split('\n').filter(Boolean);
  };

  /** What HAProxy itself says about its servers: backend and address of each. */
  const haproxyServers = async (): Promise<string[]> => {
    const socket = join(server.dataDirectory, 'haproxy', 'stats.sock');
    const answer = await askSocket(socket, 'show servers state\n');
    return answer
      .split('\n')
      .filter((line) => /^\d+ /.test(line))
      .map((line) => line.split(' '))
      .map((fields) => `${fields[1] ?? ''} ${fields[4] ?? ''}`);
  };

  beforeAll(async () => {
    server = await startServer({ BAYKEEPER_COMPUTE: 'local', BAYKEEPER_IMAGES: IMAGES });
    work = await mkdtemp(join(server.dataDirectory, 'work-'));
  }, 5 * MINUTES);

  afterAll(async () => {
    await server.purge();
    const { stdout } = await run('sh', ['-c', 'ip -o addr; ip -o link; iptables-save; mount']);
    expect(stdout).not.toContain(server.dataDirectory);
  }, 5 * MINUTES);

  it(
    'is created, used through its load balancer, scaled and deleted',
    async () => {
      await bay(['create', 'web', '--template', 'swarm-web', '--nodes', '2', '--wait']);
      const shown = await bayJson<{ uuid: string; api_address: string; status: string }>(['show', 'web']);
      expect(shown.status).toBe('CREATE_COMPLETE');
      expect(await containers()).toHaveLength(3);

      const credentials = await downloadCredentials('web');
      expect(await swarmNodes('web')).toEqual([
        'web-master-0 Ready Leader',
        'web-worker-0 Ready',
        'web-worker-1 Ready',
      ]);
      expect(dockerEnvironment('web')['DOCKER_HOST']).toBe(shown.api_address);

      await checkCertificates(credentials, shown.api_address);
      await checkLabels();
      await checkService(shown.api_address);
      await checkScaling(shown.api_address);
      await checkNodeGroup(shown.uuid);

      await bay(['rm', 'web', '--yes', '--wait']);
      expect((await bay(['show', 'web'], { mayFail: true })).code).toBe(4);
      expect(await containers()).toEqual([]);
      expect(await haproxyServers()).toEqual([]);
    },
    15 * MINUTES,
  );

  async function checkCertificates(credentials: string, apiAddress: string): Promise<void> {
    const { host, port } = new URL(apiAddress.replace('tcp:', 'https:'));
    const ca = join(credentials, 'ca.pem');
    const verified = await run('openssl', [
      'verify',
      '-x509_strict',
      '-CAfile',
      ca,
      '-purpose',
      'sslclient',
      join(credentials, 'cert.pem'),
    ]);
    expect(verified.stdout).toContain('OK');
    const served = await run(
      'openssl',
      [
        's_client',
        '-connect',
        host,
        '-CAfile',
        ca,
        '-cert',
        join(credentials, 'cert.pem'),
        '-key',
        join(credentials, 'key.pem'),
        '-verify_return_error',
        '-verify_ip',
        host.replace(`:${port}`, ''),
      ],
      { input: '' },
    );
    expect(served.stdout).toContain('Verify return code: 0 (ok)');
    const anonymous = await run('curl', ['-sS', '--cacert', ca, `https://${host}/info`], { mayFail: true });
    expect(anonymous.code).not.toBe(0);
    expect((await run('stat', ['-c', '%a', join(credentials, 'key.pem')])).stdout.trim()).toBe('600');

    // A CSR for a server, or in a node's name, gets nothing.
    const key = join(work, 'tenant.key');
    for (const subject of ['/CN=web-master-0', '/CN=']) {
      const csr = await run('openssl', [
        'req',
        '-new',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        key,
        '-subj',
        subject,
      ]);
      const refused = await apiPost('/v1/certificates', { cluster_uuid: 'web', csr: csr.stdout });
      expect(refused.status).toBe(400);
    }
    const csr = await run('openssl', [
      'req',
      '-new',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      key,
      '-subj',
      '/CN=alice',
    ]);
    const signed = await apiPost('/v1/certificates', { cluster_uuid: 'web', csr: csr.stdout });
    expect(signed.status).toBe(201);
    const certificate = join(work, 'tenant.pem');
    await writeFile(certificate, signed.body['pem'] as string);
    const used = await run('curl', [
      '-fsS',
      '--cacert',
      ca,
      '--cert',
      certificate,
      '--key',
      key,
      `https://${host}/_ping`,
    ]);
    expect(used.stdout).toBe('OK');
    const notAServer = await run('openssl', ['verify', '-purpose', 'sslserver', '-CAfile', ca, certificate], {
      mayFail: true,
    });
    expect(notAServer.code).not.toBe(0);
  }

  async function apiPost(path: string, body: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
    const token = (await bay(['token'])).stdout.trim();
    const answer = await fetch(`${server.url}${path}`, {
      method: 'POST',
      headers: { 'X-Auth-Token': token, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  }

  async function checkLabels(): Promise<void> {
    const { stdout } = await docker('web', [
      'node',
      'inspect',
      'web-worker-0',
      '--format',
      '{{index .Spec.Labels "bay"}} {{index .Spec.Labels "nodegroup"}}',
    ]);
    expect(stdout.trim()).toBe('web default-worker');
  }

  /** A second group of workers: its nodes carry its labels, and leave with it. */
  async function checkNodeGroup(uuid: string): Promise<void> {
    const before = await swarmNodes('web');
    const groups = `${server.url}/v1/clusters/${uuid}/nodegroups`;
    const headers = { ...(await loginHeaders()), 'OpenStack-API-Version': 'container-infra latest' };
    const body = JSON.stringify({ name: 'fast', node_count: 1, node_labels: { disk: 'ssd' } });
    expect((await fetch(groups, { method: 'POST', headers, body })).status).toBe(202);
    await until('the new group’s node', 2 * MINUTES, async () =>
      (await swarmNodes('web')).includes('web-fast-0 Ready'),
    );
    const labels = ['node', 'inspect', 'web-fast-0', '--format', '{{json .Spec.Labels}}'];
    await until('its labels', MINUTES, async () => (await docker('web', labels)).stdout.includes('disk'));
    expect(JSON.parse((await docker('web', labels)).stdout)).toEqual({ bay: 'web', nodegroup: 'fast', disk: 'ssd' });
    expect((await fetch(`${groups}/fast`, { method: 'DELETE', headers })).status).toBe(204);
    const group = { status: 0, text: '' };
    const isGone = async (): Promise<boolean> => {
      const answer = await fetch(`${groups}/fast`, { headers });
      Object.assign(group, { status: answer.status, text: await answer.text() });
      return answer.status === 404;
    };
    await until('the group to be gone', 2 * MINUTES, isGone).catch(async (error: unknown) => {
      const { stdout } = await bay(['events', 'web'], { mayFail: true });
      throw new Error(`its last answer was ${JSON.stringify(group)}, and the bay says:\n${stdout.slice(-4_000)}`, {
        cause: error,
      });
    });
    expect(await swarmNodes('web')).toEqual(before);
    expect(await containers()).toHaveLength(before.length);
  }

  async function loginHeaders(): Promise<Record<string, string>> {
    const { OS_USERNAME: name, OS_PASSWORD: password, OS_PROJECT_NAME: project } = await server.openrc();
    const domain = { id: 'default' };
    const identity = { methods: ['password'], password: { user: { name, domain, password } } };
    const answer = await fetch(`${server.url}/identity/v3/auth/tokens`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ auth: { identity, scope: { project: { name: project, domain } } } }),
    });
    return { 'X-Auth-Token': answer.headers.get('x-subject-token') ?? '', 'Content-Type': 'application/json' };
  }

  /** A service whose published port is reached through the load balancer's listener for port 80. */
  async function checkService(apiAddress: string): Promise<void> {
    await loadTestImage();
    await docker('web', [
      'service',
      'create',
      '--detach',
      '--name',
      'hello',
      '--mode',
      'global',
      '--constraint',
      'node.role==worker',
      '--publish',
      'mode=host,published=80,target=80',
      '--no-resolve-image',
      'test/busybox:1',
      'sh',
      '-c',
      'mkdir -p /www && hostname > /www/index.html && exec httpd -f -p 80 -h /www',
    ]);
    const address = new URL(apiAddress.replace('tcp:', 'http:')).hostname;
    await until('the service to answer through the load balancer', 60_000, async () => {
      const answer = await run('curl', ['-fsS', '--max-time', '2', `http://${address}/`], { mayFail: true });
      return answer.code === 0 && /^[0-9a-f]{12}$/.test(answer.stdout.trim());
    });
  }

  /** No registry is at hand, so the image is made of this machine's busybox and given to each node's own engine. */
  async function loadTestImage(): Promise<void> {
    const image = join(work, 'image');
    await run(resolve(import.meta.dirname, '../../script/fill-busybox'), [image, 'sh', 'hostname', 'mkdir', 'httpd']);
    const archive = join(work, 'image.tar');
    await run('tar', ['-C', image, '-cf', archive, '.']);
    const tar = await readFile(archive);
    for (const container of await containers()) {
      const info = await run('lxc-info', ['-P', join(server.dataDirectory, 'machines'), '-n', container, '-p', '-H']);
      const socket = `/proc/${info.stdout.trim()}/root/run/docker.sock`;
      await run('docker', ['-H', `unix://${socket}`, 'import', '-', 'test/busybox:1'], {
        input: tar,
        env: { PATH: process.env['PATH'] ?? '', HOME: work },
      });
    }
  }

  async function checkScaling(apiAddress: string): Promise<void> {
    const address = new URL(apiAddress.replace('tcp:', 'http:')).hostname;
    const workers = async (): Promise<number> =>
      (await haproxyServers()).filter((line) => line.includes('port-80')).length;
    expect(await workers()).toBe(2);

    await bay(['scale', 'web', '3', '--wait']);
    expect(await swarmNodes('web')).toEqual([
      'web-master-0 Ready Leader',
      'web-worker-0 Ready',
      'web-worker-1 Ready',
      'web-worker-2 Ready',
    ]);
    expect(await workers()).toBe(3);
    expect(await containers()).toHaveLength(4);

    await bay(['scale', 'web', '1', '--wait']);
    expect(await swarmNodes('web')).toEqual(['web-master-0 Ready Leader', 'web-worker-0 Ready']);
    expect(await workers()).toBe(1);
    expect(await containers()).toHaveLength(2);
    const answer = await run('curl', ['-fsS', '--max-time', '5', `http://${address}/`]);
    expect(answer.stdout.trim()).toMatch(/^[0-9a-f]{12}$/);

    const { events } = await bayJson<{ events: { kind: string; message: string }[] }>(['events', 'web']);
    const kinds = events.map((event) => event.kind);
    expect(kinds).toContain('members-changed');
    // Out of the balancer before it was drained.
    const left = events.findIndex(
      (event) => event.kind === 'members-changed' && /removed .*web-worker-2/.test(event.message),
    );
    const drained = events.findIndex(
      (event) => event.kind === 'node-drained' && event.message.startsWith('web-worker-2'),
    );
    expect(left).toBeGreaterThan(-1);
    expect(drained).toBeGreaterThan(left);
  }

  it(
    'completes when the server is killed in the middle of the creation, with no node twice and none leaked',
    async () => {
      await bay(['create', 'stormy', '--template', 'swarm', '--nodes', '2']);
      await until('the first machine', 60_000, async () => (await containers()).length > 0);
      await server.kill();
      await server.start();
      await bay(['events', 'stormy']);
      await until(
        'the bay to be complete',
        3 * MINUTES,
        async () => (await bayJson<{ status: string }>(['show', 'stormy'])).status === 'CREATE_COMPLETE',
      );
      await downloadCredentials('stormy');
      expect(await swarmNodes('stormy')).toEqual([
        'stormy-master-0 Ready Leader',
        'stormy-worker-0 Ready',
        'stormy-worker-1 Ready',
      ]);
      expect(await containers()).toHaveLength(3);
      await bay(['rm', 'stormy', '--yes', '--wait']);
      expect(await containers()).toEqual([]);
    },
    10 * MINUTES,
  );

  it('fails with the node, the phase and the end of its log when a node cannot come up, and is removed without a trace', async () => {
    // dockerd itself refuses a registry on such a port.
    await bay([
      'template',
      'create',
      'broken',
      '--engine',
      'swarm',
      '--image',
      'debian-12-docker',
      '--master-lb',
      '--insecure-registry',
      'registry.example:99999',
    ]);
    const failed = await bay(['create', 'broken', '--template', 'broken', '--nodes', '1', '--timeout', '1', '--wait'], {
      mayFail: true,
    });
    expect(failed.code).toBe(6);
    expect(failed.stderr).toContain('CREATE_FAILED');
    const { status_reason: reason } = await bayJson<{ status_reason: string }>(['show', 'broken']);
    expect(reason).toMatch(/^Node broken-(master|worker)-\d+ failed in phase engine: dockerd did not start/);
    expect(reason).toContain('insecure registry');
    await bay(['rm', 'broken', '--yes', '--wait']);
    expect(await containers()).toEqual([]);
  }, 300_000);

  it(
    'works without TLS when its template says so',
    async () => {
      await bay([
        'template',
        'create',
        'plain',
        '--engine',
        'swarm',
        '--image',
        'debian-12-docker',
        '--tls-disabled',
        '--master-lb',
      ]);
      await bay(['create', 'plain', '--template', 'plain', '--nodes', '0', '--wait']);
      await downloadCredentials('plain');
      expect(dockerEnvironment('plain')['DOCKER_TLS_VERIFY'] ?? '').toBe('');
      expect(await swarmNodes('plain')).toEqual(['plain-master-0 Ready Leader']);
      await bay(['rm', 'plain', '--yes', '--wait']);
    },
    10 * MINUTES,
  );
});

function askSocket(path: string, question: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.on('end', () => {
      resolve(answer);
    });
    socket.on('error', reject);
    socket.end(question);
  });
}
