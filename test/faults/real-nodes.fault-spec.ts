/**
 * Faults of real machines and processes: system containers that are switched off, frozen, removed by hand, engines and
 * HAProxy that are killed, under real Swarm bays. What is asserted is what a tenant sees, and what the host has.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { whyNotLocal } from '../e2e/why-not-local.js';
import { findLeftovers, IMAGES, openRealBays, type RealBays } from '../support/real-bays.js';
import {
  kill,
  killTree,
  listEvents,
  listNodes,
  nodeNamed,
  PROMPT,
  showBay,
  timed,
  untilNodes,
} from '../support/real-faults.js';
import { run, until } from '../support/run.js';
import { startServer, type RunningServer } from '../support/running-server.js';

const reason = await whyNotLocal();
if (reason !== null) console.log(`SKIPPED test/faults/real-nodes: ${reason}`);
const describeOnRealNodes = reason === null ? describe : describe.skip;

const MINUTES = 60_000;
const report = (line: string): void => void process.stdout.write(`real-nodes: ${line}\n`);

describeOnRealNodes('faults of real nodes', () => {
  let server: RunningServer;
  let bays: RealBays;

  beforeAll(async () => {
    server = await startServer({ ...PROMPT, BAYKEEPER_IMAGES: IMAGES });
    bays = openRealBays(server, await mkdtemp(join(server.dataDirectory, 'work-')));
  }, 5 * MINUTES);
  afterAll(() => server.purge(), 5 * MINUTES);

  const containerOf = async (bay: string, name: string): Promise<string> => (await nodeNamed(bays, bay, name)).uuid;
  const bridgeOf = async (container: string): Promise<string> => {
    const text = await readFile(join(server.dataDirectory, 'machines', container, 'config'), 'utf8');
    return /^lxc\.net\.0\.link = (\S+)$/m.exec(text)?.[1] ?? '';
  };
  const messagesAbout = async (bay: string, name: string): Promise<readonly string[]> =>
    (await listEvents(bays, bay)).map(({ message }) => message).filter((message) => message.includes(name));
  const inNode = (container: string, ...command: readonly string[]): ReturnType<RealBays['lxc']> =>
    bays.lxc('lxc-attach', container, ['--', ...command], { mayFail: true });

  async function removeWithoutTrace(bay: string): Promise<void> {
    const [node] = await listNodes(bays, bay);
    const bridge = await bridgeOf(node?.uuid ?? '');
    expect(bridge).not.toBe('');
    await server.bay(['rm', bay, '--yes', '--wait']);
    let left: readonly string[] = [];
    await until('everything to be gone', MINUTES, async () => {
      left = await findLeftovers(server, bays, bridge);
      return left.length === 0;
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${left.join(', ')}`);
    });
  }

  describe('while a bay grows', () => {
    const bay = 'grow';
    let workers = 1;
    const wanted = (): readonly string[] => [
      `${bay}-master-0`,
      ...Array.from({ length: workers }, (_, ordinal) => `${bay}-worker-${String(ordinal)}`),
    ];
    beforeAll(async () => {
      await server.bay(['create', bay, '--template', 'swarm-web', '--nodes', '1', '--wait']);
      await bays.downloadCredentials(bay);
    }, 3 * MINUTES);

    it.each([
      [
        'worker',
        async () => {
          for (const pid of await server.children('worker')) kill(pid);
        },
      ],
      [
        'API',
        async () => {
          for (const pid of await server.children('API')) kill(pid);
        },
      ],
      [
        'supervisor with its whole tree',
        async () => {
          await killTree(server);
          await server.start();
        },
      ],
    ] as const)(
      'the %s is killed, and the bay reaches the asked size with no ghost',
      async (what, strike) => {
        workers += 2;
        const before = (await bays.containers()).length;
        await server.bay(['scale', bay, String(workers)]);
        await until('the first new machine', MINUTES, async () => (await bays.containers()).length > before);
        await strike();
        await until('the API to answer', MINUTES, () =>
          fetch(`${server.url}/readyz`).then(
            ({ ok }) => ok,
            () => false,
          ),
        );
        report(
          `${what} killed: at size after ${String(await timed(() => untilNodes(bays, bay, wanted(), 2 * MINUTES)))} ms`,
        );
        const members = (await bays.balancerServers()).filter(({ backend }) => backend.endsWith('port-80'));
        expect(members).toHaveLength(workers);
      },
      5 * MINUTES,
    );

    it('is deleted without a trace', () => removeWithoutTrace(bay), 3 * MINUTES);
  });

  describe('in a bay with three managers', () => {
    const bay = 'trio';
    const masters = new Set([0, 1, 2]);
    const workers = new Set([0, 1]);
    let nextMaster = 3;
    let nextWorker = 2;
    const wanted = (): readonly string[] => [
      ...[...masters].map((ordinal) => `${bay}-master-${String(ordinal)}`),
      ...[...workers].map((ordinal) => `${bay}-worker-${String(ordinal)}`),
    ];
    /** A node is expected to be replaced by the next of its group. */
    const replaced = (role: 'master' | 'worker', ordinal: number): void => {
      const [set, next] = role === 'master' ? [masters, nextMaster++] : [workers, nextWorker++];
      set.delete(ordinal);
      set.add(next);
    };
    const last = (set: ReadonlySet<number>): number => Math.max(...set);
    /** Whether each certificate that was issued for a node is revoked: the record of it is read past Baykeeper. */
    const revocationsOf = async (nodeId: string): Promise<readonly boolean[]> => {
      const client = new Client({
        ...{ host: join(server.dataDirectory, 'postgresql/run'), user: 'baykeeper', database: 'baykeeper' },
      });
      await client.connect();
      try {
        const { rows } = await client.query<{ revoked: boolean }>(
          'SELECT revoked_at IS NOT NULL AS revoked FROM certificates WHERE node_id = $1',
          [nodeId],
        );
        return rows.map(({ revoked }) => revoked);
      } finally {
        await client.end();
      }
    };

    beforeAll(async () => {
      await server.bay(['create', bay, '--template', 'swarm-web', '--masters', '3', '--nodes', '2', '--wait']);
      await bays.downloadCredentials(bay);
    }, 4 * MINUTES);

    it(
      'a dockerd that is killed is started again by its machine, and nothing is replaced',
      async () => {
        const name = `${bay}-worker-${String(last(workers))}`;
        const container = await containerOf(bay, name);
        const pidOf = async (): Promise<string> =>
          (
            await inNode(container, 'systemctl', 'show', '--property=MainPID', '--value', 'docker.service')
          ).stdout.trim();
        const before = await pidOf();
        expect(before).toMatch(/^[1-9]\d*$/);
        await inNode(container, 'kill', '-9', before);
        await until(
          'another dockerd',
          MINUTES,
          async () => /^[1-9]\d*$/.test(await pidOf()) && (await pidOf()) !== before,
        );
        await untilNodes(bays, bay, wanted(), MINUTES);
      },
      3 * MINUTES,
    );

    it(
      'HAProxy that is killed comes back with the members it had',
      async () => {
        const members = async (): Promise<readonly string[]> =>
          (await bays.balancerServers().catch(() => [])).map(
            ({ backend, name, address }) => `${backend} ${name} ${address}`,
          );
        const before = await members();
        // One listener over the managers, two over the workers.
        expect(before).toHaveLength(masters.size + 2 * workers.size);
        const pids = (await run('pgrep', ['-f', `haproxy .*${server.dataDirectory}`])).stdout
          .trim()
          .split('\n')
          .map(Number);
        for (const pid of pids) kill(pid);
        const took = await timed(() =>
          until(
            'HAProxy with its members',
            MINUTES,
            async () => JSON.stringify(await members()) === JSON.stringify(before),
          ),
        );
        report(`HAProxy killed: back after ${String(took)} ms`);
        expect(took).toBeLessThan(15_000);
        expect(await bays.swarmNodes(bay)).toHaveLength(wanted().length);
      },
      3 * MINUTES,
    );

    it(
      'a node that is frozen for a moment comes back as itself',
      async () => {
        const ordinal = last(workers);
        const name = `${bay}-worker-${String(ordinal)}`;
        const container = await containerOf(bay, name);
        await bays.lxc('lxc-freeze', container);
        await until('the tenant to be told', MINUTES, async () =>
          (await messagesAbout(bay, name)).some((message) =>
            message.includes('is not ready any more: its cluster does not reach it'),
          ),
        );
        expect((await nodeNamed(bays, bay, name)).engine_state).toBe('down');
        await until(
          'the bay to be called unhealthy',
          MINUTES,
          async () => (await showBay(bays, bay)).health_status === 'UNHEALTHY',
        );
        await bays.lxc('lxc-unfreeze', container);
        await untilNodes(bays, bay, wanted(), MINUTES);
        expect(await messagesAbout(bay, name)).toContain(`${name} is ready again.`);
      },
      4 * MINUTES,
    );

    it(
      'a node that stays frozen is replaced after the deadline, and is no ghost when it is thawed',
      async () => {
        const ordinal = last(workers);
        const name = `${bay}-worker-${String(ordinal)}`;
        const container = await containerOf(bay, name);
        await bays.lxc('lxc-freeze', container);
        replaced('worker', ordinal);
        await until('the node to be given up', 2 * MINUTES, async () =>
          (await messagesAbout(bay, name)).some((message) =>
            /failed in phase engine: its cluster has missed it for \d+ seconds\./.test(message),
          ),
        );
        // In the middle of its removal, which has no use for it any more.
        await bays.lxc('lxc-unfreeze', container, [], { mayFail: true });
        await untilNodes(bays, bay, wanted(), 2 * MINUTES);
      },
      5 * MINUTES,
    );

    it(
      'a machine that is removed by hand is replaced, and leaks nothing',
      async () => {
        const ordinal = last(workers);
        const container = await containerOf(bay, `${bay}-worker-${String(ordinal)}`);
        await bays.lxc('lxc-destroy', container, ['-f']);
        replaced('worker', ordinal);
        await untilNodes(bays, bay, wanted(), 2 * MINUTES);
        const addresses = await run('ls', [join(server.dataDirectory, 'addresses')]);
        expect(addresses.stdout.trim().split('\n')).toHaveLength(wanted().length);
      },
      4 * MINUTES,
    );

    it(
      'the leader is switched off: another is elected, and the old one loses its seat and its certificate',
      async () => {
        const leader = (await bays.swarmNodes(bay)).find((line) => line.endsWith('Leader'))?.split(' ')[0] ?? '';
        const ordinal = Number(leader.split('-').at(-1));
        const container = await containerOf(bay, leader);
        await bays.lxc('lxc-stop', container, ['-k']);
        const silentMs = await timed(() =>
          until('the swarm to answer', MINUTES, () =>
            bays.swarmNodes(bay).then(
              () => true,
              () => false,
            ),
          ),
        );
        report(`leader switched off: the swarm answers after ${String(silentMs)} ms`);
        expect(silentMs).toBeLessThan(60_000);
        replaced('master', ordinal);
        await untilNodes(bays, bay, wanted(), 3 * MINUTES);
        const revocations = await revocationsOf(container);
        expect(revocations.length).toBeGreaterThan(0);
        expect(revocations).not.toContain(false);
      },
      5 * MINUTES,
    );

    it(
      'two managers that are switched off are switched on again, because their disks hold the cluster',
      async () => {
        const [, second, third] = [...masters].map((ordinal) => `${bay}-master-${String(ordinal)}`);
        // At once: were one off for long before the other, it would be replaced.
        const both = await Promise.all([second, third].map((name) => containerOf(bay, name ?? '')));
        await Promise.all(both.map((container) => bays.lxc('lxc-stop', container, ['-k'])));
        await until('both to be switched on again', 2 * MINUTES, async () => {
          const started = (await listEvents(bays, bay)).filter(({ kind }) => kind === 'machine-started');
          return [second, third].every((name) =>
            started.some(({ message }) => message.includes(`of ${name ?? ''} was off`)),
          );
        });
        await untilNodes(bays, bay, wanted(), 3 * MINUTES);
      },
      5 * MINUTES,
    );

    it(
      'two managers that are removed by hand take the quorum with them: the bay says so, and an operator brings it back',
      async () => {
        const [first, ...lost] = [...masters].map((ordinal) => `${bay}-master-${String(ordinal)}`);
        for (const name of lost) await bays.lxc('lxc-destroy', await containerOf(bay, name), ['-f']);
        await until('the bay to say what is wrong', 2 * MINUTES, async () =>
          /^Quorum lost, 2 of 3 masters are gone \(.*\)\. .* operator /.test(
            (await showBay(bays, bay)).status_reason ?? '',
          ),
        );
        expect((await showBay(bays, bay)).status).toBe('UPDATE_FAILED');
        expect((await bays.docker(bay, ['node', 'ls'], { mayFail: true })).code).not.toBe(0);
        const survivor = await nodeNamed(bays, bay, first ?? '');
        // As docs/operations.md says.
        const advertise = ['--advertise-addr', survivor.address ?? ''];
        const restored = await inNode(survivor.uuid, 'docker', 'swarm', 'init', '--force-new-cluster', ...advertise);
        expect(restored).toMatchObject({ code: 0 });
        for (const name of lost) replaced('master', Number(name.split('-').at(-1)));
        await untilNodes(bays, bay, wanted(), 3 * MINUTES);
        const founded = (await listEvents(bays, bay)).filter(({ kind }) => kind === 'cluster-founded');
        expect(founded).toHaveLength(1);
      },
      5 * MINUTES,
    );

    it('is deleted without a trace', () => removeWithoutTrace(bay), 3 * MINUTES);
  });
});
