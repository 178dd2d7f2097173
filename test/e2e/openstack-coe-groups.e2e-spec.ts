/** What `openstack coe` does with node groups: made, resized, deleted; and what it is told where nothing can be done yet. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { join } from 'node:path';
import {
  countUse,
  GROUPS_COMMANDS,
  listCoeCommands,
  openstackClient,
  whyNoOpenstackClient,
  type OpenstackClient,
} from '../support/openstack-client.js';
import { until } from '../support/run.js';
import { FOR_CLIENTS, startServer, type RunningServer } from '../support/running-server.js';

const reason = await whyNoOpenstackClient();
if (reason !== null) console.log(`SKIPPED test/e2e/openstack-coe-groups: ${reason}`);
/** Each command starts an interpreter: a second alone, several on a busy machine. */
jest.setTimeout(240_000);
const describeWithClient = reason === null ? describe : describe.skip;

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

describeWithClient('node groups at the openstack coe client', () => {
  let server: RunningServer;
  let openstack: OpenstackClient;
  let unused: () => readonly string[];

  beforeAll(async () => {
    server = await startServer(FOR_CLIENTS);
    const plain = openstackClient(join(server.dataDirectory, 'admin-openrc'), server.dataDirectory);
    ({ client: openstack, unused } = countUse(plain, await listCoeCommands()));
    await said(['coe', 'cluster', 'create', 'web', '--cluster-template', 'swarm', '--labels', 'a=1']);
    await settled('CREATE_COMPLETE');
  });
  afterAll(() => server.purge());

  const said = async (args: string[]): Promise<string> => (await openstack.run(args)).stdout.trim();
  const settled = (status: string): Promise<void> =>
    until(
      `web to be ${status}`,
      120_000,
      async () => (await said(['coe', 'cluster', 'show', 'web', '-f', 'value', '-c', 'status'])) === status,
    );
  const group = ['coe', 'nodegroup'];

  it('makes, lists, shows and changes one', async () => {
    const accepted = await said([
      ...[...group, 'create', 'web', 'extra', '--node-count', '1', '--min-nodes', '1', '--max-nodes', '4'],
      ...['--role', 'ingress', '--image', 'debian-12-docker', '--flavor', 'm1.large', '--docker-volume-size', '3'],
      ...['--labels', 'disk=fast', '--merge-labels'],
    ]);
    expect(accepted).toMatch(new RegExp(`^Request to create nodegroup ${UUID.source} accepted$`));
    await settled('UPDATE_COMPLETE');
    const list = [...group, 'list', 'web', '--sort-key', 'name'];
    expect(await openstack.json(list)).toMatchObject([
      { name: 'default-master', node_count: 1, role: 'master' },
      { name: 'default-worker', node_count: 1, role: 'worker', status: 'CREATE_COMPLETE' },
      { name: 'extra', node_count: 1, role: 'ingress', flavor_id: 'm1.large', status: 'CREATE_COMPLETE' },
    ]);
    expect(await openstack.json([...list, '--sort-dir', 'desc', '--limit', '1'])).toMatchObject([{ name: 'extra' }]);
    expect(await openstack.json([...group, 'list', 'web', '--role', 'ingress'])).toMatchObject([{ name: 'extra' }]);
    const shown = await openstack.json<{ uuid: string }>([...group, 'show', 'web', 'extra']);
    expect(shown).toMatchObject({
      ...{ name: 'extra', role: 'ingress', node_count: 1, min_node_count: 1, max_node_count: 4 },
      ...{ docker_volume_size: 3, labels: { a: '1', disk: 'fast' }, labels_added: { disk: 'fast' } },
      ...{ is_default: false, node_addresses: [expect.stringMatching(/^198\./)] },
    });
    expect(await said([...group, 'update', 'web', 'extra', 'replace', 'max_node_count=5'])).toBe(
      'Request to update nodegroup extra has been accepted.',
    );
    expect(await openstack.failure([...group, 'create', 'web', 'extra'])).toMatch(/already has a nodegroup.*HTTP 409/);
    expect(await openstack.failure([...group, 'create', 'web', 'm', '--role', 'master'])).toMatch(/HTTP 400/);
  });

  it('resizes them, the named nodes going first', async () => {
    const resize = ['coe', 'cluster', 'resize', 'web'];
    const done = 'Request to resize cluster web has been accepted.';
    expect(await said([...resize, '3', '--nodegroup', 'extra'])).toBe(done);
    await settled('UPDATE_COMPLETE');
    expect(await said([...resize, '2', '--nodegroup', 'extra', '--nodes-to-remove', 'web-extra-0'])).toBe(done);
    await settled('UPDATE_COMPLETE');
    const { node_addresses: left } = await openstack.json<{ node_addresses: string[] }>([
      ...[...group, 'show', 'web', 'extra'],
    ]);
    expect(left).toHaveLength(2);
    expect(await openstack.failure([...resize, '9', '--nodegroup', 'extra'])).toMatch(
      /outside the allowed range.*HTTP 400/,
    );
    expect(await said([...group, 'delete', 'web', 'extra'])).toBe(
      'Request to delete nodegroup extra has been accepted.',
    );
    await until(
      'the group to be gone',
      120_000,
      async () => (await openstack.json<unknown[]>([...group, 'list', 'web'])).length === 2,
    );
  });

  it('is told what cannot be done', async () => {
    const options = ['--max-batch-size', '2', '--nodegroup', 'default-worker'];
    expect(await openstack.failure(['coe', 'cluster', 'upgrade', 'web', 'swarm-web', ...options])).toMatch(
      /Upgrading a swarm cluster is not supported.*HTTP 400/,
    );
    expect(await openstack.failure(['coe', 'ca', 'rotate', 'web'])).toMatch(/is not supported yet.*HTTP 400/);
  });

  it('has used every command and every option of its part', () => {
    expect(unused().filter((name) => GROUPS_COMMANDS.test(name))).toEqual([]);
  });
});
