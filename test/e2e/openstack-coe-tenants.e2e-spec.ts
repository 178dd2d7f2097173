/** What tenants see of each other through `openstack coe`: nothing; and what each role may do in its own project. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  makeUsers,
  openstackClient,
  whyNoOpenstackClient,
  writeOpenrc,
  type OpenstackClient,
} from '../support/openstack-client.js';
import { startServer, FOR_CLIENTS, type RunningServer } from '../support/running-server.js';

const reason = await whyNoOpenstackClient();
if (reason !== null) console.log(`SKIPPED test/e2e/openstack-coe-tenants: ${reason}`);
/** Each command starts an interpreter: a second alone, several on a busy machine. */
jest.setTimeout(240_000);
const describeWithClient = reason === null ? describe : describe.skip;

describeWithClient('tenants at the openstack coe client', () => {
  let server: RunningServer;
  let admin: OpenstackClient;
  let alice: OpenstackClient;
  let rita: OpenstackClient;
  let bob: OpenstackClient;

  beforeAll(async () => {
    server = await startServer(FOR_CLIENTS);
    const users = [
      { user: 'alice', project: 'garden', password: 'tulips-and-roses', role: 'member' },
      { user: 'rita', project: 'garden', password: 'only-looks-at-it', role: 'reader' },
      { user: 'bob', project: 'quarry', password: 'stone-on-a-stone', role: 'member' },
    ];
    const openrc = join(server.dataDirectory, 'admin-openrc');
    admin = openstackClient(openrc, server.dataDirectory);
    await makeUsers(admin, users);
    const [one, two, three] = await Promise.all(
      users.map(async (login) =>
        openstackClient(await writeOpenrc(openrc, server.dataDirectory, login), server.dataDirectory),
      ),
    );
    if (!one || !two || !three) throw new Error('three users were made');
    [alice, rita, bob] = [one, two, three];
  });
  afterAll(() => server.purge());

  const template = ['coe', 'cluster', 'template'];
  const create = [
    ...template,
    'create',
    '--coe',
    'swarm',
    '--image',
    'debian-12-docker',
    '--external-network',
    'public',
  ];
  const names = async (client: OpenstackClient, command: string[]): Promise<string[]> =>
    (await client.run([...command, '--sort-key', 'name', '-c', 'name', '-f', 'value'])).stdout
      .split('\n')
      .filter(Boolean);

  it('shows each tenant its own clusters, and the operator all', async () => {
    const cluster = ['coe', 'cluster', 'create', '--cluster-template', 'swarm', '--node-count', '0'];
    await Promise.all([alice.run([...cluster, 'roses']), bob.run([...cluster, 'stones'])]);
    expect(await names(alice, ['coe', 'cluster', 'list'])).toEqual(['roses']);
    expect(await names(rita, ['coe', 'cluster', 'list'])).toEqual(['roses']);
    expect(await names(bob, ['coe', 'cluster', 'list'])).toEqual(['stones']);
    expect(await names(admin, ['coe', 'cluster', 'list'])).toEqual(['roses', 'stones']);
  });

  it("answers for another tenant's cluster as for one that is not there", async () => {
    const { uuid } = await bob.json<{ uuid: string }>(['coe', 'cluster', 'show', 'stones', '-c', 'uuid']);
    const commands = [
      ['coe', 'cluster', 'show'],
      ['coe', 'cluster', 'delete'],
      ['coe', 'cluster', 'config'],
      ['coe', 'ca', 'show'],
    ];
    for (const command of commands) {
      expect(await alice.failure([...command, uuid])).toBe(`Cluster ${uuid} could not be found (HTTP 404)`);
      expect(await alice.failure([...command, 'stones'])).toBe('Cluster stones could not be found (HTTP 404)');
    }
    expect(await alice.failure(['coe', 'cluster', 'update', uuid, 'replace', 'node_count=5'])).toContain('(HTTP 404)');
    expect(await bob.json(['coe', 'cluster', 'show', uuid])).toMatchObject({ name: 'stones', node_count: 0 });
  });

  it('shares templates only when they are public, and lets nobody else change them', async () => {
    await alice.run([...create, 'mine']);
    await admin.run([...create, 'everyones', '--public']);
    expect(await names(alice, [...template, 'list'])).toEqual([
      'everyones',
      'kubernetes',
      'mine',
      'swarm',
      'swarm-web',
    ]);
    expect(await names(bob, [...template, 'list'])).toEqual(['everyones', 'kubernetes', 'swarm', 'swarm-web']);
    expect(await bob.failure([...template, 'show', 'mine'])).toBe('ClusterTemplate mine could not be found (HTTP 404)');
    expect(await bob.failure([...template, 'update', 'everyones', 'replace', 'name=his'])).toBe(
      "Policy doesn't allow clustertemplate:update to be performed: ask an administrator (HTTP 403)",
    );
    expect(await alice.failure([...create, 'published', '--public'])).toContain('(HTTP 403)');
    expect(await bob.failure(['coe', 'cluster', 'create', 'c', '--cluster-template', 'mine'])).toContain(
      'ClusterTemplate mine could not be found',
    );
  });

  it('takes an application credential for its user', async () => {
    const made = await alice.json<{ id: string; secret: string }>(['application', 'credential', 'create', 'ci']);
    const openrc = join(server.dataDirectory, 'ci-openrc');
    const lines = [
      `. '${join(server.dataDirectory, 'admin-openrc')}'`,
      'unset OS_USERNAME OS_PASSWORD OS_USER_DOMAIN_NAME OS_PROJECT_NAME OS_PROJECT_DOMAIN_NAME',
      'export OS_AUTH_TYPE=v3applicationcredential',
      `export OS_APPLICATION_CREDENTIAL_ID='${made.id}'`,
      `export OS_APPLICATION_CREDENTIAL_SECRET='${made.secret}'`,
    ];
    await writeFile(openrc, `${lines.join('\n')}\n`, { mode: 0o600 });
    const ci = openstackClient(openrc, server.dataDirectory);
    expect(await names(ci, ['coe', 'cluster', 'list'])).toEqual(['roses']);
    expect(await ci.failure(['application', 'credential', 'create', 'another'])).toContain('(HTTP 403)');
    await alice.run(['application', 'credential', 'delete', 'ci']);
    expect(await ci.failure(['coe', 'cluster', 'list'])).toContain('(HTTP 401)');
  });

  it('lets a reader look and nothing more', async () => {
    expect(await rita.json(['coe', 'cluster', 'show', 'roses'])).toMatchObject({ name: 'roses' });
    for (const refused of [
      ['coe', 'cluster', 'create', 'hers', '--cluster-template', 'swarm'],
      ['coe', 'cluster', 'update', 'roses', 'replace', 'node_count=1'],
      ['coe', 'cluster', 'delete', 'roses'],
      [...create, 'hers'],
    ])
      expect(await rita.failure(refused)).toMatch(/\(HTTP 403\)$/);
    expect(await names(alice, ['coe', 'cluster', 'list'])).toEqual(['roses']);
  });
});
