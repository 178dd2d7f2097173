/** A Swarm bay of real nodes, made with `openstack coe` and used by the docker client with the files that it wrote. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openstackClient, whyNoOpenstackClient, type OpenstackClient } from '../support/openstack-client.js';
import { startServer, type RunningServer } from '../support/running-server.js';
import { run, until } from '../support/run.js';
import { whyNotLocal } from './why-not-local.js';

const reason = (await whyNoOpenstackClient()) ?? (await whyNotLocal());
if (reason !== null) console.log(`SKIPPED test/e2e/openstack-coe-docker: ${reason}`);
const describeOnRealNodes = reason === null ? describe : describe.skip;

describeOnRealNodes('openstack coe and docker on a real Swarm bay', () => {
  let server: RunningServer;
  let openstack: OpenstackClient;

  beforeAll(async () => {
    server = await startServer({ BAYKEEPER_COMPUTE: 'local', BAYKEEPER_IMAGES: '/var/tmp/baykeeper-test-images' });
    openstack = openstackClient(join(server.dataDirectory, 'admin-openrc'), server.dataDirectory);
  }, 300_000);
  afterAll(() => server.purge(), 300_000);

  const statusIs = (status: string): Promise<void> =>
    until(`the cluster to be ${status}`, 240_000, async () => {
      const shown = await openstack.json<{ status: string; status_reason: string | null }>([
        ...['coe', 'cluster', 'show', 'web', '-c', 'status', '-c', 'status_reason'],
      ]);
      if (shown.status.endsWith('_FAILED')) throw new Error(shown.status_reason ?? shown.status);
      return shown.status === status;
    });

  it('gives docker what it needs', async () => {
    await openstack.run(['coe', 'cluster', 'create', 'web', '--cluster-template', 'swarm', '--node-count', '1']);
    await statusIs('CREATE_COMPLETE');

    const files = join(server.dataDirectory, 'files');
    await mkdir(files);
    // As its users do: the printed lines are for the shell.
    const docker = (command: string): Promise<{ stdout: string }> =>
      run(
        'bash',
        [
          '-c',
          `. "$0" && eval "$(cd "$1" && openstack coe cluster config web --output-certs --force)" && ${command}`,
          join(server.dataDirectory, 'admin-openrc'),
          files,
        ],
        {
          env: { PATH: process.env['PATH'] ?? '', HOME: server.dataDirectory, SHELL: '/bin/bash' },
        },
      );
    const nodes = async (): Promise<string[]> =>
      (await docker("docker node ls --format '{{.Hostname}} {{.Status}} {{.ManagerStatus}}'")).stdout
        .trim()
        .split('\n')
        .map((line) => line.trim())
        .sort();
    expect(await nodes()).toEqual(['web-master-0 Ready Leader', 'web-worker-0 Ready']);

    await openstack.run(['coe', 'cluster', 'update', 'web', 'replace', 'node_count=2']);
    await statusIs('UPDATE_COMPLETE');
    expect(await nodes()).toEqual(['web-master-0 Ready Leader', 'web-worker-0 Ready', 'web-worker-1 Ready']);

    await openstack.run(['coe', 'cluster', 'delete', 'web']);
    await until(
      'the cluster to be gone',
      120_000,
      async () => (await openstack.json<unknown[]>(['coe', 'cluster', 'list'])).length === 0,
    );
  }, 600_000);
});
