/**
 * The whole service without root: API, worker, embedded PostgreSQL and Redis as they really run, over simulated machines.
 * What is at stake here is that no wish is lost, whoever dies and whatever is forgotten.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { simulatedComputeDirectory } from '@baykeeper/drivers/compute/simulated/simulated.driver.js';
import { MOST_MACHINES, SimulatedMachines } from '@baykeeper/drivers/compute/simulated/simulated-machines.js';
import { run, until } from '../support/run.js';
import { startServer, type RunningServer } from '../support/running-server.js';

describe('the service over simulated machines', () => {
  let server: RunningServer;

  beforeAll(async () => {
    server = await startServer({ BAYKEEPER_COMPUTE: 'simulated', BAYKEEPER_SIMULATED_LATENCY_MS: '300' });
  }, 180_000);
  afterAll(() => server.purge(), 60_000);

  const show = async (name: string): Promise<{ status: string; status_reason: string | null }> =>
    JSON.parse((await server.bay(['show', name, '--json'])).stdout) as { status: string; status_reason: string | null };
  const phases = async (name: string): Promise<string[]> => {
    const { nodes } = JSON.parse((await server.bay(['nodes', name, '--json'])).stdout) as {
      nodes: { name: string; phase: string }[];
    };
    return nodes.map((node) => `${node.name} ${node.phase}`).sort();
  };
  const machines = (): Promise<number> => {
    const directory = simulatedComputeDirectory(server.dataDirectory);
    return Promise.resolve(new SimulatedMachines(directory, MOST_MACHINES).list().length);
  };

  it('makes a bay with three masters, scales it and removes it', async () => {
    await server.bay(['create', 'three', '--template', 'swarm-web', '--masters', '3', '--nodes', '2', '--wait']);
    expect(await phases('three')).toEqual([
      'three-master-0 ready',
      'three-master-1 ready',
      'three-master-2 ready',
      'three-worker-0 ready',
      'three-worker-1 ready',
    ]);
    await server.bay(['scale', 'three', '4', '--wait']);
    await server.bay(['scale', 'three', '0', '--wait']);
    expect(await phases('three')).toEqual(['three-master-0 ready', 'three-master-1 ready', 'three-master-2 ready']);
    await server.bay(['rm', 'three', '--yes', '--wait']);
    expect(await machines()).toBe(0);
  }, 120_000);

  it('completes a bay whose worker process was killed while it made the machines', async () => {
    await server.bay(['create', 'orphan', '--template', 'swarm', '--nodes', '3']);
    await until('the first machine', 30_000, async () => (await machines()) > 0);
    for (const pid of await server.children('worker')) process.kill(pid, 'SIGKILL');
    await until('the bay to be complete', 90_000, async () => (await show('orphan')).status === 'CREATE_COMPLETE');
    expect(await phases('orphan')).toHaveLength(4);
    expect(await machines()).toBe(4);
    await server.bay(['rm', 'orphan', '--yes', '--wait']);
    expect(await machines()).toBe(0);
  }, 180_000);

  it('completes a bay although Redis forgot everything', async () => {
    const [worker] = await server.children('worker');
    const environment = await readFile(`/proc/${String(worker)}/environ`, 'utf8');
    const url = /(?:^|\0)REDIS_URL=([^\0]*)/.exec(environment)?.[1] ?? '';
    await server.bay(['create', 'amnesia', '--template', 'swarm', '--nodes', '3']);
    await until('the first machine', 30_000, async () => (await machines()) > 0);
    await run('redis-cli', ['-s', url.replace('unix://', ''), 'FLUSHALL']);
    await until('the bay to be complete', 90_000, async () => (await show('amnesia')).status === 'CREATE_COMPLETE');
    expect(await phases('amnesia')).toHaveLength(4);
    await server.bay(['rm', 'amnesia', '--yes', '--wait']);
  }, 180_000);

  it('takes the latest wish while it is busy with an earlier one', async () => {
    await server.bay(['create', 'busy', '--template', 'swarm', '--nodes', '1']);
    for (const count of ['5', '3', '2']) await server.bay(['scale', 'busy', count]);
    await until('the last wish', 90_000, async () => {
      const ready = (await phases('busy')).filter((line) => line.includes('worker'));
      return (
        ready.length === 2 &&
        ready.every((line) => line.endsWith('ready')) &&
        (await show('busy')).status === 'UPDATE_COMPLETE'
      );
    });
    await server.bay(['rm', 'busy', '--yes', '--wait']);
    expect(await machines()).toBe(0);
  }, 120_000);
});
