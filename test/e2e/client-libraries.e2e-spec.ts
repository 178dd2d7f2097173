/** The libraries that programs use for Magnum, unchanged: what is under Terraform's provider, Ansible's modules and scripts. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { SYSTEM_PYTHON, whyNoOpenstackClient } from '../support/openstack-client.js';
import { ROOT, startServer, type RunningServer } from '../support/running-server.js';
import { run } from '../support/run.js';

/** Where Debian puts the sources of Go libraries. */
const GO_SOURCES = '/usr/share/gocode';
const GOPHERCLOUD = join(GO_SOURCES, 'src/github.com/gophercloud/gophercloud/openstack/containerinfra/v1');

async function whyNoGophercloud(): Promise<string | null> {
  const go = await run('go', ['version'], { mayFail: true }).catch(() => null);
  if (go?.code !== 0) return 'golang-go is not installed';
  return access(GOPHERCLOUD).then(
    () => null,
    () => 'golang-github-gophercloud-gophercloud-dev is not installed',
  );
}

const reasons = { gophercloud: await whyNoGophercloud(), python: await whyNoOpenstackClient() };
for (const [name, reason] of Object.entries(reasons))
  if (reason !== null) console.log(`SKIPPED test/e2e/client-libraries (${name}): ${reason}`);
const itWith = (name: keyof typeof reasons): typeof it.skip => (reasons[name] === null ? it : it.skip);

const CERTIFICATE = /^-----BEGIN CERTIFICATE-----\n/;

describe('libraries for Magnum', () => {
  let server: RunningServer;

  beforeAll(async () => {
    server = await startServer({ BAYKEEPER_COMPUTE: 'simulated', BAYKEEPER_SIMULATED_LATENCY_MS: '50' });
  }, 180_000);
  afterAll(() => server.purge(), 60_000);

  itWith('gophercloud')(
    'gophercloud logs in and walks through templates, clusters, certificates and quotas',
    async () => {
      const program = join(server.dataDirectory, 'gophercloud');
      const goEnvironment = {
        PATH: process.env['PATH'] ?? '',
        HOME: server.dataDirectory,
        CGO_ENABLED: '0',
        GO111MODULE: 'off',
        GOFLAGS: '',
        GOPATH: GO_SOURCES,
        GOCACHE: join(server.dataDirectory, 'go-cache'),
      };
      await run('go', ['build', '-o', program, '.'], {
        cwd: join(ROOT, 'test/e2e/gophercloud'),
        env: goEnvironment,
        timeoutMs: 240_000,
      });
      const env = { ...(await server.openrc()), OS_DOMAIN_NAME: 'Default' };
      const { stdout } = await run(program, ['debian-12-docker'], { env, timeoutMs: 180_000 });
      const seen = JSON.parse(stdout) as Record<string, unknown>;
      const project = seen['project'];
      expect(seen).toMatchObject({
        template: { name: 'gopher', coe: 'swarm', labels: { from: 'go', more: 'yes' }, project_id: project },
        templates: ['gopher', 'kubernetes', 'swarm', 'swarm-web'],
        cluster: {
          name: 'gopher',
          status: 'UPDATE_COMPLETE',
          node_count: 2,
          labels: { from: 'go', more: 'yes', own: '1' },
          api_address: expect.stringMatching(/^tcp:/),
          project_id: project,
        },
        clusters: ['gopher'],
        'signed for': 'admin',
        quota: { limit: 7, resource: 'Cluster', 'of the project': true },
      });
      // Without a version said, the library talks the oldest one, which has this name for it.
      const cluster = seen['cluster'] as Record<string, unknown>;
      expect(cluster['stack_id']).toBe(cluster['uuid']);
    },
    300_000,
  );

  itWith('python')(
    'python-magnumclient works with a token, and tells errors apart',
    async () => {
      const token = (await server.bay(['token'])).stdout.trim();
      const walk = join(ROOT, 'test/e2e/python/magnumclient-walk.py');
      const { stdout } = await run(SYSTEM_PYTHON, [walk, server.url, token, 'debian-12-docker'], {
        timeoutMs: 180_000,
      });
      expect(JSON.parse(stdout)).toMatchObject({
        template: { name: 'snake', tags: 'py', cluster_distro: 'debian', labels: { a: '1' } },
        pages: [['one', 'three'], ['two']],
        detail: [true, true, true],
        cluster: { name: 'one', node_count: 1, status: 'UPDATE_COMPLETE', health_status: 'HEALTHY' },
        'older version': ['cluster_id', 'stack_id'],
        authority: expect.stringMatching(CERTIFICATE),
        missing: ['NotFound', 404, expect.stringContaining('nowhere could not be found')],
        bad: ['BadRequest', 400, expect.stringMatching(/^Invalid input for field\/attribute name/)],
        'in use': ['BadRequest', 400, expect.stringContaining('is referenced by one or multiple clusters')],
        'too new': ['NotAcceptable', 406, 'Requested microversion is unsupported'],
        'no token': ['Unauthorized', 401, 'Unauthorized'],
        left: [],
      });
    },
    200_000,
  );

  itWith('python')(
    "openstacksdk, which is under Ansible's modules, makes, changes and deletes a cluster",
    async () => {
      const env = { HOME: server.dataDirectory, ...(await server.openrc()) };
      const walk = join(ROOT, 'test/e2e/python/openstacksdk-walk.py');
      const { stdout } = await run(SYSTEM_PYTHON, [walk, 'debian-12-docker'], { env, timeoutMs: 180_000 });
      expect(JSON.parse(stdout)).toEqual({
        templates: ['kubernetes', 'sdk', 'swarm', 'swarm-web'],
        cluster: { name: 'sdk', node_count: 2, master_count: 1 },
        authority: expect.stringMatching(CERTIFICATE),
        deleted: true,
        'template deleted': true,
        left: [],
      });
    },
    200_000,
  );

  it('has no clusters left', async () => {
    expect(JSON.parse((await server.bay(['ls', '--json'])).stdout)).toMatchObject({ bays: [] });
  });
});
