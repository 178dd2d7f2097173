/**
 * Real nodes on this host, from their first boot to a swarm, by their own scripts; judged by the docker client, openssl
 * and what lies on the nodes. The control plane is a double that keeps to the same protocol.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Node } from '@baykeeper/domain';
import { probeLocalCompute } from '../compute/local/local.probe.js';
import { openTestSwarm, type TestSwarm } from './testing/test-swarm.js';

const probeDirectory = mkdtempSync('/var/tmp/bk-probe-');
const probe = await probeLocalCompute({ dataDirectory: probeDirectory });
rmSync(probeDirectory, { recursive: true, force: true });
const describeHere = probe.usable ? describe : describe.skip;
if (!probe.usable) process.stderr.write(`Skipping the first boots of real nodes: ${probe.reason}\n`);

const BOOT_MS = 60_000;

async function eventually(what: string, check: () => boolean | Promise<boolean>, timeoutMs = BOOT_MS): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await check())) {
    if (performance.now() > end) throw new Error(`waited ${String(timeoutMs)} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** With what the nodes said where it does not happen. */
async function untilJoined(swarm: TestSwarm, nodes: readonly Node[]): Promise<void> {
  try {
    await eventually('all nodes have joined', () => nodes.every((node) => swarm.controlPlane.node(node.id).joinedAt));
  } catch (error) {
    const logs = nodes.map((node) => `${node.name}:\n${swarm.inside(node.id, 'cat', '/var/log/baykeeper.log')}`);
    throw new Error(`${String(error)}\n${logs.join('\n')}`, { cause: error });
  }
}

async function untilReady(swarm: TestSwarm, count: number): Promise<void> {
  await eventually(`${String(count)} nodes are ready`, async () => {
    const seen = await swarm.engine.observe(swarm.controlPlane.context());
    return seen.reachable && seen.nodes.filter((node) => node.state === 'ready').length === count;
  });
}

function callsOf(swarm: TestSwarm, node: Node): string[] {
  return swarm.controlPlane.calls.filter((call) => call.nodeId === node.id).map((call) => call.what);
}

/** The docker client as a tenant uses it: with the files of a download. */
function openClient(swarm: TestSwarm, address: string): (...args: string[]) => string {
  const { engine, client: tls, controlPlane } = swarm;
  const { bay } = controlPlane.context();
  const directory = join(swarm.directory, 'credentials');
  mkdirSync(directory, { recursive: true });
  const apiAddress = engine.apiAddress(bay, address);
  const credentials = tls && { ca: tls.ca, certificate: tls.certificate, key: tls.key };
  for (const file of engine.credentialFiles({ bayName: bay.name, apiAddress, tls: credentials })) {
    writeFileSync(join(directory, file.name), file.content, { mode: 0o600 });
  }
  const script = '. "$1"; shift; exec docker "$@"';
  return (...args) =>
    execFileSync('bash', ['-c', script, 'bash', join(directory, 'docker.env'), ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
    });
}

describeHere('nodes that join by themselves', () => {
  describe('with TLS', () => {
    let swarm: TestSwarm;
    let nodes: readonly [Node, Node, Node];
    let docker: (...args: string[]) => string;

    beforeAll(async () => {
      swarm = await openTestSwarm({ masterLbEnabled: false });
      // A control plane that is not quite there yet, as it is after an update.
      swarm.controlPlane.refuse('/certificate', 503, 2);
      swarm.controlPlane.refuse('/join', 502, 1);
      nodes = await Promise.all([swarm.addNode('master', 0), swarm.addNode('worker', 0), swarm.addNode('worker', 1)]);
      await untilJoined(swarm, nodes);
      await untilReady(swarm, 3);
      docker = openClient(swarm, nodes[0].address ?? '');
    }, 400_000);
    afterAll(() => swarm.close(), 60_000);

    it('the docker client sees them all ready, over mutual TLS', () => {
      const list = docker('node', 'ls', '--format', '{{.Hostname}} {{.Status}} {{.ManagerStatus}}');
      expect(
        list
          .trim()
          .split('\n')
          .map((line) => line.trim())
          .sort(),
      ).toEqual(['web-master-0 Ready Leader', 'web-worker-0 Ready', 'web-worker-1 Ready']);
    });

    it('they carry the labels of the bay and the node group, as engines and as nodes', async () => {
      for (const node of nodes) {
        await swarm.engine.configureNode(swarm.controlPlane.context(), node, {
          ...{ name: `default-${node.role}`, nodeLabels: {}, nodeTaints: [] },
        });
        const labels = docker('node', 'inspect', node.name, '--format', '{{json .Spec.Labels}}');
        expect(JSON.parse(labels)).toEqual({ bay: 'web', nodegroup: `default-${node.role}` });
        const own = docker('node', 'inspect', node.name, '--format', '{{json .Description.Engine.Labels}}');
        expect(JSON.parse(own)).toEqual({ bay: 'web', nodegroup: `default-${node.role}` });
      }
    });

    it('the manager’s certificate is good for its addresses, and nobody gets in without one', () => {
      const address = nodes[0].address ?? '';
      const url = `https://${address}:2376/_ping`;
      const ca = join(swarm.directory, 'credentials/ca.pem');
      expect(() => execFileSync('curl', ['-s', '--max-time', '5', '--cacert', ca, url], { stdio: 'ignore' })).toThrow();
      const certificate = swarm.inside(
        nodes[0].id,
        'openssl',
        'x509',
        '-in',
        '/etc/docker/baykeeper/cert.pem',
        '-text',
      );
      expect(certificate).toContain(`DNS:web-master-0, DNS:localhost, IP Address:${address}, IP Address:127.0.0.1`);
      expect(certificate).toMatch(/Extended Key Usage: \n\s+TLS Web Server Authentication\n/);
    });

    it('what the operator’s authorities signed is good for every program of a node', () => {
      const verify = (...words: string[]): string =>
        swarm.inside(nodes[0].id, 'openssl', 'verify', ...words, '/etc/docker/baykeeper/cert.pem');
      expect(verify()).toContain('cert.pem: OK');
      expect(() => verify('-no-CApath', '-no-CAfile', '-no-CAstore')).toThrow();
    });

    it('workers listen to no client from the network', () => {
      const open = swarm.inside(nodes[1].id, 'ss', '-Htln');
      expect(open).not.toMatch(/:237[56]\s/);
    });

    it('no token is in a log, and keys and tokens are for root alone', async () => {
      const joinTokens = docker('swarm', 'join-token', '-q', 'worker') + docker('swarm', 'join-token', '-q', 'manager');
      for (const node of nodes) {
        const { enrolment, session } = swarm.controlPlane.tokens.get(node.id) ?? { enrolment: '-', session: '-' };
        const said = [
          swarm.inside(node.id, 'cat', '/var/log/baykeeper.log'),
          swarm.inside(node.id, 'journalctl', '--no-pager', '--quiet'),
          await swarm.console(node.id),
          ...swarm.controlPlane.calls.map((call) => call.what + call.log),
        ].join('\n');
        for (const secret of [enrolment, session ?? '-', ...joinTokens.trim().split('\n')]) {
          expect(said).not.toContain(secret);
        }
        const kept = ['/var/lib/baykeeper', '/etc/baykeeper/node.env', '/etc/docker/baykeeper'];
        const present = kept.filter((path) => node.role === 'master' || path !== '/etc/docker/baykeeper');
        // Files that hold nothing are marks.
        expect(swarm.inside(node.id, 'find', ...present, '-type', 'f', '-size', '+0', '-perm', '/077')).toBe('');
        expect(() => swarm.inside(node.id, 'grep', '-r', 'SWMTKN', '/var/lib/baykeeper')).toThrow();
      }
    });

    it('the scripts may run again: nothing is done twice', async () => {
      const before = callsOf(swarm, nodes[1]).length;
      const id = docker('node', 'inspect', nodes[1].name, '--format', '{{.ID}}');
      await swarm.runInside(nodes[1].id, '/usr/lib/baykeeper/agent.sh');
      // What is said of the engine goes out beside the join: either may be heard first.
      expect(new Set(callsOf(swarm, nodes[1]).slice(before))).toEqual(new Set(['booted ok', 'engine ok', 'joined ok']));
      expect(callsOf(swarm, nodes[1])).toHaveLength(before + 3);
      expect(docker('node', 'inspect', nodes[1].name, '--format', '{{.ID}}')).toBe(id);
    });

    it('a node comes back by itself after a power cut', async () => {
      swarm.switchOff(nodes[1].id);
      await swarm.switchOn(nodes[1].id);
      // Asked on the node: the swarm itself needs a while to notice that it was away.
      await eventually('its engine is a member again', () => {
        try {
          return (
            swarm.inside(nodes[1].id, 'docker', 'info', '--format', '{{.Swarm.LocalNodeState}}').trim() === 'active'
          );
        } catch {
          return false;
        }
      });
      await untilReady(swarm, 3);
      expect(docker('info', '--format', '{{.Swarm.Nodes}}').trim()).toBe('3');
    }, 90_000);

    it('a node whose power is cut in the middle of its first boot joins after all', async () => {
      const node = await swarm.addNode('worker', 2);
      await eventually('it asked for its certificate', () => callsOf(swarm, node).includes('certificate 200'));
      swarm.switchOff(node.id);
      await swarm.switchOn(node.id);
      await untilJoined(swarm, [node]);
      await untilReady(swarm, 4);
      expect(callsOf(swarm, node).filter((call) => call === 'certificate 401')).toEqual([]);
    }, 90_000);

    it('whoever learned of the join tokens can do nothing with them once they are rotated, and nodes go on joining', async () => {
      const token = docker('swarm', 'join-token', '-q', 'worker').trim();
      const members = docker('node', 'ls', '-q');
      await swarm.engine.rotateCredentials?.(swarm.controlPlane.context());
      expect(docker('swarm', 'join-token', '-q', 'worker').trim()).not.toBe(token);
      expect(docker('node', 'ls', '-q')).toBe(members);
      // One that was about to join with the old token is refused, asks again, and is let in.
      await swarm.runInside(nodes[1].id, 'docker', 'swarm', 'leave');
      const rejoin = swarm.runInside(
        nodes[1].id,
        ...['docker', 'swarm', 'join', '--token', token, `${nodes[0].address ?? ''}:2377`],
      );
      await expect(rejoin).rejects.toThrow(/join token/);
      await swarm.runInside(nodes[1].id, '/usr/lib/baykeeper/agent.sh');
      await untilReady(swarm, 4);
    }, 90_000);

    it('a drained node has nothing to do, and a removed one is unknown', async () => {
      const context = swarm.controlPlane.context();
      const node = nodes[2];
      expect(await swarm.engine.drainNode(context, node)).toEqual({ drained: true, detail: 'no task runs on it' });
      expect(docker('node', 'inspect', node.name, '--format', '{{.Spec.Availability}}').trim()).toBe('drain');
      await swarm.engine.removeNode(context, node);
      await swarm.engine.removeNode(context, node);
      expect(docker('node', 'ls', '--format', '{{.Hostname}}')).not.toContain(node.name);
    });

    it('a node that is down is removed too', async () => {
      const node = [...swarm.controlPlane.context().nodes].find((known) => known.name === 'web-worker-2');
      if (!node) throw new Error('the node was added above');
      swarm.switchOff(node.id);
      await swarm.engine.removeNode(swarm.controlPlane.context(), node);
      expect(docker('node', 'ls', '--format', '{{.Hostname}}')).not.toContain(node.name);
    });

    it('a node whose dockerd can’t start says so, with the reason', async () => {
      const node = await swarm.addNode('worker', 3, (file) =>
        file.path === '/etc/docker/daemon.json' ? { ...file, content: '{ "hosts": 7 }' } : file,
      );
      await eventually('it reports', () => swarm.controlPlane.node(node.id).failedAt !== null);
      const report = swarm.controlPlane.calls.find((call) => call.nodeId === node.id && call.what.includes('failed'));
      expect(report?.what).toBe('engine failed: dockerd did not start');
      expect(report?.log).toContain('unable to configure the Docker daemon');
      expect(report?.log).toContain('failed: dockerd did not start');
    }, 90_000);
  });

  it('without TLS a bay is open in the clear, and joins the same', async () => {
    const swarm = await openTestSwarm({ masterLbEnabled: false, tlsDisabled: true });
    try {
      const nodes = await Promise.all([swarm.addNode('master', 0), swarm.addNode('worker', 0)]);
      await untilJoined(swarm, nodes);
      await untilReady(swarm, 2);
      const docker = openClient(swarm, nodes[0].address ?? '');
      expect(docker('node', 'ls', '--format', '{{.Hostname}}').trim().split('\n').sort()).toEqual([
        'web-master-0',
        'web-worker-0',
      ]);
    } finally {
      await swarm.close();
    }
  }, 120_000);

  it('of three managers the leader leaves, and the last two can’t lose one while the other is down', async () => {
    const swarm = await openTestSwarm({});
    try {
      const nodes = await Promise.all([0, 1, 2].map((ordinal) => swarm.addNode('master', ordinal)));
      await untilJoined(swarm, nodes);
      await untilReady(swarm, 3);
      const [leader, second, third] = nodes;
      if (!leader || !second || !third) throw new Error('three were added');
      const docker = openClient(swarm, second.address ?? '');
      const managers = (): string[] =>
        docker('node', 'ls', '--format', '{{.Hostname}} {{.ManagerStatus}}').trim().split('\n').sort();
      expect(managers()).toEqual(['web-master-0 Leader', 'web-master-1 Reachable', 'web-master-2 Reachable']);

      await swarm.engine.removeNode(swarm.controlPlane.context(), leader);
      expect(managers().map((line) => line.split(' ')[0])).toEqual(['web-master-1', 'web-master-2']);
      expect(managers().filter((line) => line.endsWith('Leader'))).toHaveLength(1);
      swarm.controlPlane.forget(leader.id);
      await swarm.removeMachine(leader.id);

      swarm.switchOff(third.id);
      await expect(swarm.engine.removeNode(swarm.controlPlane.context(), second)).rejects.toMatchObject({
        code: expect.stringMatching(/^(conflict|provider-unavailable)$/) as unknown,
      });
      await swarm.switchOn(third.id);
      await eventually('both are managers as before', () => {
        try {
          return managers().filter((line) => /(Leader|Reachable)$/.test(line)).length === 2;
        } catch {
          return false;
        }
      });
    } finally {
      await swarm.close();
    }
  }, 180_000);
});
