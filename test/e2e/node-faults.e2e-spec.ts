/**
 * Nodes of a real Swarm bay that are switched off under load: what its tenant sees meanwhile, and that they are replaced.
 * More of the kind, and slower, is in test/faults.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { IMAGES, openRealBays, type RealBays } from '../support/real-bays.js';
import { listEvents, nodeNamed, PROMPT, sample, timed, untilNodes } from '../support/real-faults.js';
import { run, until } from '../support/run.js';
import { startServer, type RunningServer } from '../support/running-server.js';
import { whyNotLocal } from './why-not-local.js';

const reason = await whyNotLocal();
if (reason !== null) console.log(`SKIPPED test/e2e/node-faults: ${reason}`);
const describeOnRealNodes = reason === null ? describe : describe.skip;

const MINUTES = 60_000;
/**
 * HAProxy asks each second, a miss takes a second by itself, and the second one counts: 2 to 5 s, and twice that on a
 * machine that is busy with other tests.
 */
const HEALTH_INTERVAL_MS = 10_000;
const BAY = 'hurt';

describeOnRealNodes('nodes of a real bay that are switched off', () => {
  let server: RunningServer;
  let bays: RealBays;
  let address: string;

  beforeAll(async () => {
    server = await startServer({ ...PROMPT, BAYKEEPER_IMAGES: IMAGES });
    bays = openRealBays(server, await mkdtemp(join(server.dataDirectory, 'work-')));
    await server.bay(['create', BAY, '--template', 'swarm-web', '--masters', '3', '--nodes', '2', '--wait']);
    await bays.downloadCredentials(BAY);
    address = new URL((bays.dockerEnvironment(BAY)['DOCKER_HOST'] ?? '').replace('tcp:', 'http:')).hostname;
  }, 5 * MINUTES);
  afterAll(() => server.purge(), 5 * MINUTES);

  const switchOff = async (name: string): Promise<string> => {
    const { uuid } = await nodeNamed(bays, BAY, name);
    await bays.lxc('lxc-stop', uuid, ['-k']);
    return uuid;
  };
  /** What the tenant was told of a node, in order. */
  const toldOf = async (name: string): Promise<string> =>
    (await listEvents(bays, BAY))
      .map(({ message }) => message)
      .filter((message) => message.includes(name))
      .join('\n');

  it(
    'a worker leaves the balancer within the health interval, its service goes on, and another takes its place',
    async () => {
      await bays.loadTestImage(await bays.containers());
      const serve = 'mkdir -p /www && hostname > /www/index.html && exec httpd -f -p 80 -h /www';
      await bays.docker(BAY, [
        ...['service', 'create', '--detach', '--name', 'hello', '--mode', 'global', '--no-resolve-image'],
        ...['--constraint', 'node.role==worker', '--publish', 'mode=host,published=80,target=80'],
        ...['test/busybox:1', 'sh', '-c', serve],
      ]);
      const members = async (): Promise<readonly { name: string; status: string }[]> =>
        (await bays.balancerServers()).filter(({ backend }) => backend.endsWith('port-80'));
      await until('both workers to serve', MINUTES, async () =>
        (await members()).every(({ status }) => status.startsWith('UP')),
      );
      const ask = (): Promise<unknown> => run('curl', ['-fsS', '--max-time', '5', `http://${address}/`]);
      await ask();

      const during = sample(ask);
      const uuid = await switchOff(`${BAY}-worker-1`);
      const goneMs = await timed(() =>
        until('the member to be gone', MINUTES, async () =>
          (await members()).every(({ name, status }) => name !== `node-${uuid}` || status === 'DOWN'),
        ),
      );
      process.stdout.write(`node-faults: the member was out of use after ${String(goneMs)} ms\n`);
      expect(goneMs).toBeLessThan(HEALTH_INTERVAL_MS);
      await until('the worker to be removed', 2 * MINUTES, async () =>
        (await members()).every(({ name }) => name !== `node-${uuid}`),
      );
      const { asked, failures, slowestMs } = await during.stop();
      process.stdout.write(`node-faults: asked the service ${String(asked)} times, slowest ${String(slowestMs)} ms\n`);
      expect(failures).toEqual([]);

      await untilNodes(
        bays,
        BAY,
        [0, 1, 2].map((ordinal) => `${BAY}-master-${String(ordinal)}`).concat(`${BAY}-worker-0`, `${BAY}-worker-2`),
        2 * MINUTES,
      );
      const told = await toldOf(`${BAY}-worker-1`);
      expect(told).toContain(`${BAY}-worker-1 is not ready any more: `);
      expect(told).toContain(`Node ${BAY}-worker-1 failed in phase machine: the machine was switched off.`);
      expect(told).toContain(`Removing ${BAY}-worker-1 (replaced).`);
      expect(await bays.containers()).not.toContain(uuid);
    },
    5 * MINUTES,
  );

  it(
    'a manager is replaced, and the swarm answers through the bay’s address all the while',
    async () => {
      const listed = await bays.swarmNodes(BAY);
      const follower = listed.find((line) => line.endsWith('Reachable'))?.split(' ')[0] ?? '';
      const during = sample(() => bays.swarmNodes(BAY));
      await switchOff(follower);
      const nodes = [0, 1, 2, 3]
        .map((ordinal) => `${BAY}-master-${String(ordinal)}`)
        .filter((name) => name !== follower);
      await untilNodes(bays, BAY, [...nodes, `${BAY}-worker-0`, `${BAY}-worker-2`], 2 * MINUTES);
      const { asked, failures, slowestMs } = await during.stop();
      process.stdout.write(`node-faults: asked the swarm ${String(asked)} times, slowest ${String(slowestMs)} ms\n`);
      expect(failures).toEqual([]);
      expect(asked).toBeGreaterThan(20);
      expect(await toldOf(follower)).toContain(
        `Node ${follower} failed in phase machine: the machine was switched off.`,
      );
    },
    5 * MINUTES,
  );
});
