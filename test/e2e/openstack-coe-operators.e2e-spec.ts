/** What operators do with `openstack coe`: quotas, statistics, services. Tenants' commands: openstack-coe.e2e-spec.ts. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { join } from 'node:path';
import {
  countUse,
  listCoeCommands,
  makeUsers,
  openstackClient,
  OPERATORS_COMMANDS,
  whyNoOpenstackClient,
  writeOpenrc,
  type OpenstackClient,
} from '../support/openstack-client.js';
import { FOR_CLIENTS, startServer, type RunningServer } from '../support/running-server.js';

const reason = await whyNoOpenstackClient();
if (reason !== null) console.log(`SKIPPED test/e2e/openstack-coe-operators: ${reason}`);
/** Each command starts an interpreter: a second alone, several on a busy machine. */
jest.setTimeout(240_000);
const describeWithClient = reason === null ? describe : describe.skip;

const ALICE = { user: 'alice', project: 'garden', password: 'tulips-and-roses', role: 'member' };

describeWithClient('operators at the openstack coe client', () => {
  let server: RunningServer;
  let openstack: OpenstackClient;
  let alice: OpenstackClient;
  let unused: () => readonly string[];
  let garden: string;

  beforeAll(async () => {
    server = await startServer(FOR_CLIENTS);
    const openrc = join(server.dataDirectory, 'admin-openrc');
    const plain = openstackClient(openrc, server.dataDirectory);
    ({ client: openstack, unused } = countUse(plain, await listCoeCommands()));
    await makeUsers(openstack, [ALICE]);
    alice = openstackClient(await writeOpenrc(openrc, server.dataDirectory, ALICE), server.dataDirectory);
    garden = await said(['project', 'show', 'garden', '-f', 'value', '-c', 'id']);
  });
  afterAll(() => server.purge());

  const said = async (args: string[]): Promise<string> => (await openstack.run(args)).stdout.trim();
  const quotas = (command: string, ...options: string[]): Promise<string> =>
    said(['coe', 'quotas', command, '--project-id', garden, '--resource', 'Cluster', ...options]);

  it('sets, shows, changes and lists quotas', async () => {
    expect(tableOf(await quotas('show'))).toEqual({ project_id: garden, resource: 'Cluster', hard_limit: '20' });
    expect(tableOf(await quotas('create', '--hard-limit', '2'))).toMatchObject({ id: '1', hard_limit: '2' });
    expect(await quotas('create')).toMatch(
      new RegExp(`^Create quota for project_id ${garden} resource Cluster failed: .*already exists.* \\(HTTP 409\\)`),
    );
    expect(tableOf(await quotas('update', '--hard-limit', '1'))).toMatchObject({ id: '1', hard_limit: '1' });
    expect(tableOf(await quotas('show'))).toMatchObject({ project_id: garden, hard_limit: '1' });

    const list = ['coe', 'quotas', 'list', '--all-tenants'];
    const rows = await said([...list, '--limit', '5', '--sort-key', 'hard_limit', '--sort-dir', 'desc']);
    expect(rows).toMatch(new RegExp(`\\| ${garden} +\\| Cluster +\\| 1 +\\|`));
    expect(await said([...list, '--marker', '1'])).not.toContain(garden);
    expect(await said(['coe', 'quotas', 'list'])).not.toContain(garden);
  });

  it('holds a tenant to its quota, and counts what there is', async () => {
    const create = ['coe', 'cluster', 'create', '--cluster-template', 'swarm', '--node-count', '2'];
    await alice.run([...create, 'roses']);
    expect(await alice.failure([...create, 'tulips'])).toMatch(
      /^Resource limit for \w+ exceeded: 1 more asked for, 1 of 1 in use.* \(HTTP 403\)$/,
    );
    expect(tableOf(await said(['coe', 'stats', 'list', garden]))).toEqual({ clusters: '1', nodes: '3' });
    expect(await alice.failure(['coe', 'quotas', 'list'])).toMatch(/\(HTTP 403\)$/);
    expect(await alice.failure(['coe', 'service', 'list'])).toMatch(/\(HTTP 403\)$/);

    expect(await quotas('delete')).toBe(
      `Request to delete quota for project id ${garden} and resource Cluster has been accepted.`,
    );
    expect(await quotas('delete')).toMatch(/^Quota delete failed for .* :.*could not be found.* \(HTTP 404\)/);
    await alice.run([...create, 'tulips']);
  });

  it('lists the service that does the work', async () => {
    expect(await openstack.json(['coe', 'service', 'list'])).toMatchObject([
      { id: 1, binary: 'magnum-conductor', state: 'up', disabled: false, disabled_reason: null },
    ]);
  });

  it('has used every command and every option for operators', () => {
    expect(unused().filter((name) => OPERATORS_COMMANDS.test(name))).toEqual([]);
  });
});

/** What the client prints of one thing: the columns `Property` and `Value`. */
function tableOf(text: string): Record<string, string> {
  const [, ...rows] = [...text.matchAll(/^\| (\S+) +\| (.*?) *\|$/gm)];
  return Object.fromEntries(rows.map(([, name = '', value = '']) => [name, value]));
}
