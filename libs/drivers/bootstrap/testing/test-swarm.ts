/** Real nodes of a swarm on this host, for tests: system containers that join by their own scripts. */
import { execFile, execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Bay, BayId, Node, NodeId, NodeRole } from '@baykeeper/domain';
import { makeBay, makeNode } from '@baykeeper/domain/testing/builders.js';
import { createLocalCompute } from '../../compute/local/local.driver.js';
import { purgeLocalCompute } from '../../compute/local/local.purge.js';
import type { MachineFile } from '../../contracts/compute.js';
import type { ControlIdentity, EngineDriver } from '../../contracts/engine.js';
import { createSwarmEngine } from '../../engines/swarm/swarm.engine.js';
import { bootFiles } from '../boot-files.js';
import { findTemplatesDirectory } from '../templates.js';
import { openTestAuthority } from './test-authority.js';
import { openTestControlPlane, type TestControlPlane } from './test-control-plane.js';

/** One build serves all runs. */
const IMAGE_STORE = '/var/tmp/baykeeper-test-images';
const IMAGE = 'debian-12-docker';

export interface TestSwarm {
  readonly engine: EngineDriver;
  readonly controlPlane: TestControlPlane;
  /** What a tenant would download; null without TLS. */
  readonly client: ControlIdentity | null;
  readonly directory: string;
  /** Makes the machine; it joins by itself. The first master founds. */
  addNode(role: NodeRole, ordinal: number, alter?: (file: MachineFile) => MachineFile): Promise<Node>;
  removeMachine(id: string): Promise<void>;
  /** As a power cut does. */
  switchOff(id: string): void;
  switchOn(id: string): Promise<void>;
  /** Nothing that calls the control plane, which waits meanwhile: see `runInside`. */
  inside(id: string, ...command: string[]): string;
  runInside(id: string, ...command: string[]): Promise<void>;
  console(id: string): Promise<string>;
  close(): Promise<void>;
}

/** @throws when the host can't make system containers: probe first. */
export async function openTestSwarm(changes: Partial<Bay> = {}): Promise<TestSwarm> {
  const templatesDirectory = findTemplatesDirectory();
  const engine = createSwarmEngine({ templatesDirectory });
  const directory = mkdtempSync('/var/tmp/bk-swarm-');
  const dataDirectory = join(directory, 'data');
  const config = {
    dataDirectory,
    installation: 'swarm-test',
    subnet: null,
    imagesDirectory: join(templatesDirectory, 'images'),
    imageStoreDirectory: IMAGE_STORE,
  };
  const compute = createLocalCompute(config);
  await compute.prepare(() => undefined);
  const address = (await compute.hostAddress()) ?? '';
  const bay = makeBay({ id: randomUUID() as BayId, ...changes });
  const authority = openTestAuthority(join(directory, 'authority'), `bay ${bay.id}`);
  const issued = (holder: string): ControlIdentity | null =>
    bay.tlsDisabled ? null : authority.issue(engine.clientCertificate(holder, 'admin'));
  const controlPlane = await openTestControlPlane({
    ...{ bay, engine, authority, address },
    identity: issued('control plane'),
    clientAddress: null,
  });
  const machines = join(dataDirectory, 'machines');
  const run = (program: string, ...args: string[]): string =>
    execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const entering = (id: string): string[] => {
    return ['--target', run('lxc-info', '-P', machines, '-n', id, '-pH').trim(), '--all', '--root', '--wd'];
  };
  const files = new Map<string, ReturnType<typeof bootFiles>>();

  const ensure = async (node: Node): Promise<string> => {
    const boot = files.get(node.id);
    if (!boot) throw new Error('the node was not added');
    const machine = await compute.ensureMachine({
      ...{ id: node.id, name: node.name, installation: config.installation, bayId: bay.id },
      ...{ image: IMAGE, flavor: null, network: null, files: boot.files, bootCommand: boot.bootCommand },
    });
    return machine.address ?? '';
  };

  return {
    engine,
    controlPlane,
    client: issued('alice'),
    directory,
    async addNode(role, ordinal, alter = (file) => file) {
      const node = makeNode({ id: randomUUID() as NodeId, bayId: bay.id, role, ordinal });
      if (role === 'master' && ordinal === 0) controlPlane.setBay({ foundingNodeId: node.id });
      const nodeGroupName = `default-${role}`;
      const boot = bootFiles({
        ...{ bay, node, nodeGroupName, templatesDirectory },
        controlPlane: { url: controlPlane.url, caPem: authority.caPem },
        sshPublicKey: null,
        trustedAuthorities: [authority.caPem],
        enrolmentToken: controlPlane.expect(node),
        engine: engine.nodeFiles({ bay, node, nodeGroupName }),
      });
      files.set(node.id, { ...boot, files: boot.files.map(alter) });
      controlPlane.change(node.id, { address: await ensure(node), machineCreatedAt: new Date() });
      return controlPlane.node(node.id);
    },
    removeMachine: (id) => compute.removeMachine(id),
    switchOff: (id) => void run('lxc-stop', '--kill', '-P', machines, '-n', id),
    async switchOn(id) {
      await ensure(controlPlane.node(id));
    },
    inside: (id, ...command) => run('nsenter', ...entering(id), ...command),
    async runInside(id, ...command) {
      await promisify(execFile)('nsenter', [...entering(id), ...command], { timeout: 60_000 });
    },
    console: (id) => compute.console(id),
    async close() {
      await controlPlane.close();
      await purgeLocalCompute(config);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
