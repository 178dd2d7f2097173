/** The commands of `bay` that look after groups, quotas and the audit, against the real service over simulated machines. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startServer, FOR_CLIENTS, type RunningServer } from '../support/running-server.js';

describe('bay, against the real service', () => {
  let server: RunningServer;

  beforeAll(async () => {
    server = await startServer(FOR_CLIENTS);
    await server.bay(['create', 'web', '--template', 'swarm', '--nodes', '2', '--wait']);
  }, 180_000);
  afterAll(() => server.purge(), 60_000);

  const bay = async (...words: string[]): Promise<string> => (await server.bay(words)).stdout;
  const json = async (...words: string[]): Promise<unknown> => JSON.parse(await bay(...words, '--json')) as unknown;
  const refusal = async (...words: string[]): Promise<{ code: number; stderr: string }> => {
    const { code, stderr } = await server.bay(words, { mayFail: true });
    return { code, stderr };
  };
  const nodes = async (): Promise<string[]> =>
    ((await json('nodes', 'web')) as { nodes: { name: string }[] }).nodes.map(({ name }) => name).sort();

  it('keeps groups of workers, and resizes each', async () => {
    const words = ['--nodes', '1', '--max', '3', '--role', 'storage', '--node-label', 'disk=ssd'];
    await bay('nodegroups', 'create', 'web', 'big', ...words);
    await bay('wait', 'web');
    await bay('scale', 'web', '2', '--group', 'big', '--wait');
    expect(await nodes()).toEqual([...['web-big-0', 'web-big-1', 'web-master-0', 'web-worker-0', 'web-worker-1']]);
    expect(await json('nodegroups', 'update', 'web', 'big', '--min', '1', '--node-label', 'zone=a')).toMatchObject({
      ...{ node_count: 2, min_node_count: 1, max_node_count: 3, role: 'storage' },
      node_labels: { disk: 'ssd', zone: 'a' },
    });
    expect(await bay('nodegroups', 'web')).toMatch(/^big +storage +\w+_COMPLETE +2 +1 +3 /m);
    expect(await bay('nodegroups', 'show', 'web', 'big')).toMatch(/^Node labels: +disk=ssd\n +zone=a$/m);
    expect(await refusal('scale', 'web', '0', '--group', 'big')).toEqual({
      ...{ code: 3, stderr: 'bay: Resizing big outside the allowed range: give a node_count from 1 to 3.\n' },
    });
    await bay('nodegroups', 'rm', 'web', 'big');
    await bay('wait', 'web');
    expect(await nodes()).toEqual(['web-master-0', 'web-worker-0', 'web-worker-1']);
  }, 120_000);

  it('lets the named node leave', async () => {
    await bay('resize', 'web', '1', '--remove', 'web-worker-0', '--wait');
    expect(await nodes()).toEqual(['web-master-0', 'web-worker-1']);
    expect((await refusal('resize', 'web', '0', '--remove', 'nobody')).stderr).toMatch(/^bay: Node nobody could not/);
  }, 60_000);

  it('sets, shows and drops quotas', async () => {
    expect(await bay('quotas')).toMatch(/^RESOURCE +IN USE +LIMIT +DEFAULT\nCluster +1 +\d+ +yes\nNode +1 +\d+ +yes\n/);
    await bay('quotas', 'set', 'cluster', '1');
    await bay('quotas', 'set', 'cluster', '2');
    expect(await bay('quotas')).toMatch(/^Cluster +1 +2 +no$/m);
    expect(await bay('quotas', 'ls', '--all-projects')).toMatch(/^\S+ +Cluster +2$/m);
    await bay('quotas', 'rm', 'Cluster');
    expect(await json('quotas', 'ls')).toEqual({ quotas: [] });
    expect((await refusal('quotas', 'set', 'node', '1', '--project', 'nobody')).code).toBe(4);
  }, 60_000);

  it('counts, and shows the workers', async () => {
    expect(await json('stats')).toEqual({ clusters: 1, nodes: 2 });
    expect(await bay('services')).toMatch(/^1 +\S+ +magnum-conductor +up /m);
  }, 60_000);

  it('says beforehand what it would do, and replaces a node by a fresh one', async () => {
    expect(await bay('scale', 'web', '3', '--dry-run')).toMatch(
      /^CHANGE +NODE +ROLE +GROUP +WHY\nmake +web-worker-2 +worker +default-worker +The group is to have 3 nodes\.\n/,
    );
    expect(await json('create', 'other', '-t', 'swarm', '--dry-run')).toMatchObject({
      changes: [
        { change: 'make', node: 'other-master-0' },
        { change: 'make', node: 'other-worker-0' },
      ],
    });
    expect(await bay('rm', 'web', '--dry-run')).toContain('0 would be made and 2 removed. Nothing was changed.');
    expect((await refusal('rebuild', 'web')).stderr).toContain('No worker of bay "web" failed.');
    await bay('rebuild', 'web', 'web-worker-1', '--yes', '--wait');
    expect(await nodes()).toEqual(['web-master-0', 'web-worker-2']);
  }, 90_000);

  it('shows how far all is, in every form', async () => {
    expect(await bay('top')).toMatch(/^web +UPDATE_COMPLETE +\S+ +█{12} 2\/2 /m);
    expect(await bay('top', 'web')).toMatch(/^default-worker +worker +█{12} 1\/1 /m);
    expect(await bay('ls', '--output', 'name')).toBe('web\n');
    expect(await bay('nodes', 'web', '-o', 'yaml')).toMatch(/^nodes:\n {2}- uuid: \S+\n {4}name: web-master-0\n/);
    expect(await bay('certificates', 'web')).toMatch(/^authority +\S.* days$/m);
    expect(await json('certificates', 'web', '--nodes')).toMatchObject({
      certificates: expect.arrayContaining([expect.objectContaining({ kind: 'node' })]),
    });
    expect(await bay('certificates', 'ca', 'web')).toMatch(/^-----BEGIN CERTIFICATE-----\n/);
    expect(await bay('autoscale', 'web', '--min', '1', '--max', '4')).toContain('has 1 nodes and may have 1 to 4.');
    expect(await bay('autoscale', 'web', '--off')).toContain('0 to as many as the quota allows.');
  }, 60_000);

  it('lets people in, and out', async () => {
    expect(await bay('whoami')).toMatch(/^Roles: +admin, member, reader$/m);
    await bay('projects', 'create', 'shop');
    const created = await server.bay(['users', 'create', 'ada', '--project', 'shop', '--password-stdin'], {
      input: 'three clicks away',
    });
    expect(created.stdout).toContain('Let it in with: bay roles grant member ada');
    await bay('roles', 'grant', 'member', 'ada', '--project', 'shop');
    expect(await bay('roles', '--project', 'shop')).toMatch(/^ada +member +shop$/m);
    expect(await bay('projects', '--all', '-o', 'name')).toContain('shop\n');
    const { url } = server;
    const login = ['--url', url, '--user', 'ada', '--project', 'shop', '--password-stdin', '--profile', 'ada'];
    await server.bay(['login', ...login], { input: 'three clicks away' });
    expect(await bay('whoami', '--profile', 'ada')).toMatch(/^User: +ada .*\nProject: +shop /);
    expect(await bay('ls', '--profile', 'ada', '-o', 'name')).toBe('');
    expect(await bay('profiles')).toMatch(/^ada +ada +shop +/m);
    await bay('roles', 'revoke', 'member', 'ada', '--project', 'shop');
    expect((await refusal('ls', '--profile', 'ada')).code).toBe(5);
    await bay('users', 'rm', 'ada', '--yes');
    await bay('projects', 'rm', 'shop', '--yes');
    expect((await refusal('users', 'rm', 'ada', '--yes')).code).toBe(4);
  }, 60_000);

  it('rotates what machines join with', async () => {
    expect(await bay('rotate-credentials', 'web')).toMatch(/^Bay "web" has new credentials for joining\./);
    expect(await bay('events', 'web')).toContain('The credentials with which machines join were replaced.');
  }, 60_000);

  it('says clearly what no engine can do yet, and the audit knows of it', async () => {
    for (const words of [
      ['upgrade', 'web', '-t', 'swarm-web'],
      ['rotate-ca', 'web'],
    ]) {
      const { code, stderr } = await refusal(...words);
      expect([words[0], code, stderr]).toEqual([words[0], 3, expect.stringMatching(/^bay: .*swarm cluster.*\.\n$/)]);
    }
    const { audit } = (await json('audit', '--outcome', 'refused', '--since', '10m')) as {
      audit: { action: string }[];
    };
    expect(audit.map(({ action }) => action)).toEqual([...['certificate:rotate_ca', 'cluster:upgrade']]);
    const all = (await json('audit', '--all')) as { audit: unknown[] };
    expect(all.audit.length).toBeGreaterThan(8);
    expect(await json('audit', '--last', '2')).toEqual({ audit: all.audit.slice(0, 2) });
  }, 60_000);
});
