/**
 * The client that people have for Magnum, unchanged: Debian's `openstack coe`, through every command and option that it
 * has for tenants, over simulated machines. What is asserted is what a person reads.
 */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  countUse,
  listCoeCommands,
  openstackClient,
  GROUPS_COMMANDS,
  OPERATORS_COMMANDS,
  whyNoOpenstackClient,
  type OpenstackClient,
} from '../support/openstack-client.js';
import { startServer, FOR_CLIENTS, type RunningServer } from '../support/running-server.js';
import { run, until } from '../support/run.js';

const reason = await whyNoOpenstackClient();
if (reason !== null) console.log(`SKIPPED test/e2e/openstack-coe: ${reason}`);
/** Each command starts an interpreter: a second alone, several on a busy machine. */
jest.setTimeout(240_000);
const describeWithClient = reason === null ? describe : describe.skip;

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
const IMAGE = ['--image', 'debian-12-docker', '--external-network', 'public'];

describeWithClient('the openstack coe client', () => {
  let server: RunningServer;
  let openstack: OpenstackClient;
  let unused: () => readonly string[];

  beforeAll(async () => {
    server = await startServer(FOR_CLIENTS);
    const plain = openstackClient(join(server.dataDirectory, 'admin-openrc'), server.dataDirectory);
    ({ client: openstack, unused } = countUse(plain, await listCoeCommands()));
    for (const name of ['ops', 'mine']) await makeKeypair(name);
  });
  afterAll(() => server.purge());

  /** The client has no command for it that does not ask a Nova. */
  async function makeKeypair(name: string): Promise<void> {
    const token = await said(['token', 'issue', '-f', 'value', '-c', 'id']);
    const made = await fetch(`${server.url}/v1/keypairs`, {
      method: 'POST',
      headers: { 'X-Auth-Token': token, 'Content-Type': 'application/json' },
      body: JSON.stringify({ name }),
    });
    expect(made.status).toBe(201);
  }
  const said = async (args: string[]): Promise<string> => (await openstack.run(args)).stdout.trim();
  const field = (command: string[], name: string): Promise<string> => said([...command, '-f', 'value', '-c', name]);
  const statusOf = (cluster: string): Promise<string> => field(['coe', 'cluster', 'show', cluster], 'status');
  const settled = (cluster: string, status: string): Promise<void> =>
    until(`${cluster} to be ${status}`, 120_000, async () => (await statusOf(cluster)) === status);

  it('makes a cluster template with everything that a template can have', async () => {
    const shown = await openstack.run([
      ...['coe', 'cluster', 'template', 'create', 'full', '--coe', 'swarm', ...IMAGE, '--keypair', 'ops'],
      ...['--fixed-network', 'private', '--fixed-subnet', 'private-subnet', '--network-driver', 'docker'],
      ...['--volume-driver', 'rexray', '--dns-nameserver', '9.9.9.9', '--flavor', 'm1.small'],
      ...['--master-flavor', 'm1.medium', '--docker-volume-size', '5', '--docker-storage-driver', 'overlay2'],
      ...['--http-proxy', 'http://proxy:3128', '--https-proxy', 'http://proxy:3129', '--no-proxy', '10.0.0.0/8'],
      ...['--labels', 'tier=one,zone=two', '--registry-enabled', '--server-type', 'vm', '--master-lb-enabled'],
      ...['--floating-ip-disabled', '--tags', 'blue', '--visible', '-f', 'json'],
    ]);
    const [accepted = '', ...json] = shown.stdout.split('\n');
    expect(accepted).toBe('Request to create cluster template full accepted');
    expect(JSON.parse(json.join('\n'))).toEqual({
      name: 'full',
      uuid: expect.stringMatching(UUID),
      coe: 'swarm',
      image_id: 'debian-12-docker',
      cluster_distro: 'debian',
      server_type: 'vm',
      keypair_id: 'ops',
      flavor_id: 'm1.small',
      master_flavor_id: 'm1.medium',
      external_network_id: 'public',
      fixed_network: 'private',
      fixed_subnet: 'private-subnet',
      dns_nameserver: '9.9.9.9',
      network_driver: 'docker',
      volume_driver: 'rexray',
      docker_volume_size: 5,
      docker_storage_driver: 'overlay2',
      http_proxy: 'http://proxy:3128',
      https_proxy: 'http://proxy:3129',
      no_proxy: '10.0.0.0/8',
      labels: { tier: 'one', zone: 'two' },
      registry_enabled: true,
      master_lb_enabled: true,
      floating_ip_enabled: false,
      tls_disabled: false,
      public: false,
      hidden: false,
      tags: 'blue',
      insecure_registry: '-',
      apiserver_port: '-',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+\+00:00$/),
      updated_at: '-',
    });
  });

  it('lists, changes and deletes cluster templates', async () => {
    const template = ['coe', 'cluster', 'template'];
    await said([...template, 'create', 'open', '--coe', 'swarm', ...IMAGE, '--public', '--floating-ip-enabled']);
    await said([
      ...template,
      'create',
      'secret',
      '--keypair',
      'ops',
      '--coe',
      'swarm',
      ...IMAGE,
      '--hidden',
      '--tls-disabled',
    ]);
    expect(await openstack.json([...template, 'list', '--sort-key', 'name', '--sort-dir', 'desc'])).toEqual(
      ['swarm-web', 'swarm', 'secret', 'open', 'kubernetes', 'full'].map((name) => ({
        uuid: expect.stringMatching(UUID),
        name,
        tags: name === 'full' ? 'blue' : null,
      })),
    );
    const fields = ['--limit', '2', '--sort-key', 'name', '--fields', 'public,tls_disabled'];
    expect(await openstack.json([...template, 'list', ...fields])).toMatchObject([
      { name: 'full', public: false, tls_disabled: false },
      { name: 'kubernetes', public: true, tls_disabled: false },
    ]);

    await said([...template, 'update', 'open', 'replace', 'name=opened', 'tags=q', 'labels=u=v']);
    await said([...template, 'update', 'opened', 'add', '/labels/w=1', 'volume_driver=rexray']);
    await said([...template, 'update', 'opened', 'remove', '/labels/u', 'dns_nameserver']);
    expect(await openstack.json([...template, 'show', 'opened'])).toMatchObject({
      name: 'opened',
      tags: 'q',
      labels: { w: '1' },
      volume_driver: 'rexray',
      dns_nameserver: '-',
    });
    expect(await openstack.failure([...template, 'update', 'opened', 'replace', 'coe=dcos'])).toMatch(/\(HTTP 400\)$/);

    const deleted = (await said([...template, 'delete', 'opened', 'nowhere'])).split('\n');
    expect(deleted[0]).toBe('Request to delete cluster template opened has been accepted.');
    expect(deleted[1]).toMatch(/^Delete for cluster template nowhere failed: .* could not be found \(HTTP 404\)/);
  });

  it('makes a cluster with everything that a cluster can have', async () => {
    const accepted = await said([
      ...['coe', 'cluster', 'create', 'web', '--cluster-template', 'full', '--node-count', '2', '--master-count', '3'],
      ...['--discovery-url', 'http://discovery.example', '--docker-volume-size', '4', '--keypair', 'mine'],
      ...['--labels', 'zone=three', '--labels', 'more=yes', '--merge-labels', '--timeout', '10'],
      ...['--flavor', 'm1.medium', '--master-flavor', 'm1.small', '--fixed-network', 'private'],
      ...['--fixed-subnet', 'private-subnet', '--floating-ip-enabled'],
    ]);
    expect(accepted).toMatch(new RegExp(`^Request to create cluster ${UUID.source} accepted$`));
    await settled('web', 'CREATE_COMPLETE');
    const address = expect.stringMatching(/^198\.(18|19)\.\d+\.\d+$/);
    expect(await openstack.json(['coe', 'cluster', 'show', 'web'])).toMatchObject({
      name: 'web',
      status: 'CREATE_COMPLETE',
      status_reason: null,
      node_count: 2,
      master_count: 3,
      node_addresses: [address, address],
      master_addresses: [address, address, address],
      api_address: expect.stringMatching(/^tcp:\/\/198\.(18|19)\.\d+\.\d+:2376$/),
      keypair: 'mine',
      labels: { tier: 'one', zone: 'three', more: 'yes' },
      labels_overridden: { zone: 'two' },
      labels_added: { more: 'yes' },
      labels_skipped: {},
      create_timeout: 10,
      discovery_url: 'http://discovery.example',
      docker_volume_size: 4,
      flavor_id: 'm1.medium',
      master_flavor_id: 'm1.small',
      fixed_network: 'private',
      fixed_subnet: 'private-subnet',
      floating_ip_enabled: true,
      master_lb_enabled: true,
    });
  });

  it('says why a cluster cannot be made', async () => {
    const create = ['coe', 'cluster', 'create'];
    expect(await openstack.failure([...create, 'lost', '--cluster-template', 'nowhere'])).toMatch(
      /nowhere could not be found: .* \(HTTP 404\)$/,
    );
    expect(await openstack.failure([...create, '9lives', '--cluster-template', 'full'])).toContain('(HTTP 400)');
    expect(await openstack.failure([...create, 'even', '--cluster-template', 'full', '--master-count', '2'])).toContain(
      '(HTTP 400)',
    );
    expect(await openstack.failure([...create, 'huge', '--cluster-template', 'full', '--flavor', 'm1.enormous'])).toBe(
      'Unable to find flavor m1.enormous: choose one of those in /v1/flavors (HTTP 400)',
    );
    expect(await openstack.failure([...create, 'keyed', '--cluster-template', 'full', '--keypair', 'lost'])).toBe(
      'Unable to find keypair lost: choose one of yours in /v1/keypairs, or add it there (HTTP 404)',
    );
  });

  it('lists and changes clusters', async () => {
    const create = ['coe', 'cluster', 'create', '--cluster-template', 'swarm', '--node-count', '0'];
    await said([...create, '--floating-ip-disabled', '--master-lb-disabled', 'bare']);
    // The client of Debian 12 takes this option for its opposite.
    await said([...create, '--master-lb-enabled', 'also-bare']);
    const list = ['coe', 'cluster', 'list', '--sort-key', 'name', '--sort-dir', 'desc'];
    expect(await openstack.json([...list, '--limit', '2'])).toMatchObject([
      { name: 'web', node_count: 2, master_count: 3, keypair: 'mine', status: 'CREATE_COMPLETE' },
      { name: 'bare', node_count: 0, master_count: 1, keypair: null },
    ]);
    expect(await said(['coe', 'cluster', 'list', '-c', 'name', '-f', 'value'])).toBe('web\nbare\nalso-bare');
    expect(await field(['coe', 'cluster', 'show', 'bare'], 'floating_ip_enabled')).toBe('False');

    const update = ['coe', 'cluster', 'update', 'web'];
    expect(await said([...update, 'replace', 'node_count=3', '--rollback'])).toBe(
      'Request to update cluster web has been accepted.',
    );
    await settled('web', 'UPDATE_COMPLETE');
    expect(await field(['coe', 'cluster', 'show', 'web'], 'node_count')).toBe('3');
    expect(await openstack.failure([...update, 'replace', 'name=other'])).toBe(
      "Can't change cluster attributes name: only node_count can be changed (HTTP 400)",
    );
  });

  it('fetches the certificate authority, has requests signed and writes the files of docker', async () => {
    const ca = join(server.dataDirectory, 'ca.pem');
    const csr = join(server.dataDirectory, 'alice.csr');
    const signed = join(server.dataDirectory, 'alice.pem');
    await writeFile(ca, await said(['coe', 'ca', 'show', 'web']));
    const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', join(server.dataDirectory, 'alice.key')];
    await run('openssl', ['req', '-new', ...key, '-subj', '/CN=alice', '-out', csr]);
    await writeFile(signed, await said(['coe', 'ca', 'sign', 'web', csr]));
    expect((await run('openssl', ['verify', '-CAfile', ca, signed])).stdout).toContain('OK');

    const directory = join(server.dataDirectory, 'config');
    await mkdir(directory);
    const config = ['coe', 'cluster', 'config', 'web', '--dir', directory, '--output-certs'];
    const lines = [
      `export DOCKER_HOST=${await field(['coe', 'cluster', 'show', 'web'], 'api_address')}`,
      `export DOCKER_CERT_PATH=${directory}`,
      'export DOCKER_TLS_VERIFY=True',
    ];
    expect((await said(config)).split('\n')).toEqual(lines);
    expect((await readFile(join(directory, 'ca.pem'), 'utf8')).trim()).toBe((await readFile(ca, 'utf8')).trim());
    expect((await run('openssl', ['verify', '-CAfile', ca, join(directory, 'cert.pem')])).stdout).toContain('OK');
    expect(await openstack.failure(config)).toBe(`File ${join(directory, 'key.pem')} exists, aborting.`);
    expect((await said([...config, '--force', '--use-certificate'])).split('\n')).toEqual(lines);
    expect((await said([...config, '--force', '--use-keystone'])).split('\n')).toEqual(lines);
  });

  it('tells docker to do without TLS where the template does', async () => {
    await said(['coe', 'cluster', 'create', 'plain', '--cluster-template', 'secret', '--node-count', '0']);
    await settled('plain', 'CREATE_COMPLETE');
    expect((await said(['coe', 'cluster', 'config', 'plain'])).split('\n')).toEqual([
      expect.stringMatching(/^export DOCKER_HOST=tcp:\/\/198\.(18|19)\.\d+\.\d+:2375$/),
      expect.stringMatching(/^export DOCKER_CERT_PATH=\//),
      'export DOCKER_TLS_VERIFY=',
    ]);
    await said(['coe', 'cluster', 'delete', 'plain']);
  });

  it('deletes clusters, and templates only when no cluster uses them', async () => {
    expect(await said(['coe', 'cluster', 'template', 'delete', 'full'])).toMatch(
      /^Delete for cluster template full failed: .* \(HTTP 400\)/,
    );
    const { code, stdout, stderr } = await openstack.run(['coe', 'cluster', 'delete', 'web', 'bare', 'nowhere'], {
      mayFail: true,
    });
    expect(code).toBe(1);
    expect(stdout).toBe(
      'Request to delete cluster web has been accepted.\nRequest to delete cluster bare has been accepted.\n',
    );
    expect(stderr).toMatch(/nowhere could not be found \(HTTP 404\)/);
    await until(
      'all to be gone',
      120_000,
      async () => (await said(['coe', 'cluster', 'list', '-c', 'name', '-f', 'value'])) === 'also-bare',
    );
    expect(await said(['coe', 'cluster', 'template', 'delete', 'full', 'secret'])).toBe(
      'Request to delete cluster template full has been accepted.\nRequest to delete cluster template secret has been accepted.',
    );
  });

  it('has used every command and every option of the client but those of the other files', () => {
    expect(unused().filter((name) => !GROUPS_COMMANDS.test(name) && !OPERATORS_COMMANDS.test(name))).toEqual([]);
  });
});
