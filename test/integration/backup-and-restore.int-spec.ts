/** What docs/operations.md says about backups, done: whatever happened between the backup and the loss is put right. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { Client } from 'pg';
import { simulatedComputeDirectory } from '@baykeeper/drivers/compute/simulated/simulated.driver.js';
import { MOST_MACHINES, SimulatedMachines } from '@baykeeper/drivers/compute/simulated/simulated-machines.js';
import { run, until } from '../support/run.js';
import { startServer, type RunningServer } from '../support/running-server.js';

const SETTINGS = {
  ...{ BAYKEEPER_COMPUTE: 'simulated', BAYKEEPER_SIMULATED_LATENCY_MS: '50', BAYKEEPER_LOG_LEVEL: 'info' },
  ...{ BAYKEEPER_ORPHAN_GRACE_SECONDS: '1', BAYKEEPER_SETTLED_SWEEP_SECONDS: '5' },
};

let backup: string;
beforeAll(async () => {
  backup = await mkdtemp(join(tmpdir(), 'baykeeper-backup-'));
});
afterAll(() => rm(backup, { recursive: true, force: true }));

function machines(server: RunningServer): Promise<number> {
  const directory = simulatedComputeDirectory(server.dataDirectory);
  return Promise.resolve(new SimulatedMachines(directory, MOST_MACHINES).list().length);
}

async function readyNodes(server: RunningServer, bay: string): Promise<readonly string[]> {
  const { stdout } = await server.bay(['nodes', bay, '--json']);
  const { nodes } = JSON.parse(stdout) as { nodes: { name: string; phase: string }[] };
  return nodes.map(({ name, phase }) => `${name} ${phase}`).sort();
}

describe('an installation over a database of its own', () => {
  let database: TestDatabase;
  let url: string;
  let server: RunningServer;

  beforeAll(async () => {
    database = await startTestDatabase();
    url = await database.emptyUrl();
    server = await startServer({ ...SETTINGS, DATABASE_URL: url });
  }, 180_000);
  afterAll(async () => {
    await server.purge();
    await database.stop();
  }, 60_000);

  it('is as it was at the time of the dump, and what the world did since is put right', async () => {
    await server.bay(['create', 'web', '--template', 'swarm', '--nodes', '2', '--wait']);
    const dump = join(backup, 'baykeeper.dump');
    await run('pg_dump', ['--format=custom', `--file=${dump}`, url]);
    await cp(join(server.dataDirectory, 'master.key'), join(backup, 'master.key'));

    // What the dump does not know: a node that is gone, and a bay that is there.
    await server.bay(['scale', 'web', '1', '--wait']);
    await server.bay(['create', 'later', '--template', 'swarm', '--nodes', '1', '--wait']);
    expect(await machines(server)).toBe(4);

    await server.stop();
    await rm(join(server.dataDirectory, 'master.key'));
    await rm(join(server.dataDirectory, 'redis'), { recursive: true });
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    await client.end();

    await run('pg_restore', ['--no-owner', '--exit-on-error', '--clean', '--if-exists', `--dbname=${url}`, dump]);
    await cp(join(backup, 'master.key'), join(server.dataDirectory, 'master.key'));
    await server.start();

    // Two workers again, and nothing of the bay that nobody knows any more.
    await until('what was lost and what is too much', 120_000, async () => {
      const nodes = await readyNodes(server, 'web');
      return nodes.length === 3 && nodes.every((node) => node.endsWith(' ready')) && (await machines(server)) === 3;
    });
    const { code } = await server.bay(['show', 'later'], { mayFail: true });
    expect(code).not.toBe(0);
    // Its authority's key opens with the master key that was kept.
    await server.bay(['credentials', 'web', '--dir', join(backup, 'credentials')]);
    expect(await readdir(join(backup, 'credentials'))).toContain('cert.pem');
    await server.bay(['scale', 'web', '3', '--wait']);
    await server.bay(['rm', 'web', '--yes', '--wait']);
    await until('no machine to be left', 60_000, async () => (await machines(server)) === 0);
  }, 300_000);
});

describe('an installation with everything in its data directory', () => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await startServer(SETTINGS);
  }, 180_000);
  afterAll(() => server.purge(), 60_000);

  it('comes back from a copy that was made while it was stopped', async () => {
    await server.bay(['create', 'web', '--template', 'swarm', '--nodes', '1', '--wait']);
    await server.stop();
    const kept = ['postgresql', 'redis', 'master.key', 'admin-openrc'];
    for (const name of kept) {
      // As `cp -a`: owners too, because PostgreSQL runs as another user than root.
      await run('cp', ['-a', join(server.dataDirectory, name), backup]);
      await rm(join(server.dataDirectory, name), { recursive: true });
    }
    for (const name of kept) await run('cp', ['-a', join(backup, name), server.dataDirectory]);
    await server.start();
    expect(await readyNodes(server, 'web')).toHaveLength(2);
    await server.bay(['scale', 'web', '2', '--wait']);
    await server.bay(['rm', 'web', '--yes', '--wait']);
    expect(await machines(server)).toBe(0);
  }, 180_000);
});
