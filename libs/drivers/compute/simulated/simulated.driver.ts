/**
 * Machines that are only remembered, and nodes that are only played: for trying the product without rights, and for scale
 * and fault tests. It says `simulated` wherever it shows up; nothing ever runs on such a machine.
 */
import { rm } from 'node:fs/promises';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BaykeeperError, isUuid, type ImageFields } from '@baykeeper/domain';
import type { ComputeDriver, Machine, MachineSpec } from '../../contracts/compute.js';
import { PRIVATE_NETWORK, PRIVATE_SUBNET, PUBLIC_NETWORK, TRADITIONAL_FLAVORS } from '../traditional-entries.js';
import { parseNodeEnvironment } from './node-environment.js';
import { simulateNode, type SimulatedFailure } from './node-simulator.js';
import { SimulatedMachines, type SimulatedMachine } from './simulated-machines.js';

export interface SimulatedComputeConfig {
  readonly dataDirectory: string;
  /** How long a machine takes to run; its node then takes as long to boot, and again to start its engine. */
  readonly latencyMs: number;
  /** The share (0 to 1) of calls that fail for no reason, as a cloud's do. */
  readonly failureRate: number;
  /** How many machines there is room for. */
  readonly capacity: number;
  /** Images that exist; not given: any. */
  readonly images?: readonly string[];
  /** What the catalogue begins with. */
  readonly catalogueImages?: readonly ImageFields[];
  /** For how long a machine that was made is not listed yet; always listed unless given. */
  readonly unlistedMs?: () => Promise<number>;
  /** What goes wrong on which machine, by the machine's name. */
  readonly nodeFailures?: Readonly<Record<string, SimulatedFailure>>;
}

export interface SimulatedCompute extends ComputeDriver {
  /** Switches a machine off, as a power cut would. */
  switchOff(id: string): Promise<void>;
  /** Stops playing nodes in this process. */
  close(): void;
}

/** Where simulated machines have their addresses: the range for benchmarks (RFC 2544). */
const BENCHMARK_RANGE = '198.18.0.0/15';
/** As the contract says: at most 16 KiB of console. */
const CONSOLE_CHARACTERS = 16 * 1024;
/** Sockets for ten thousand nodes that all wait for their turn would be too many for one process. */
const MOST_SOCKETS = 1024;
const NODE_FILES = { environment: '/etc/baykeeper/node.env', authority: '/etc/baykeeper/control-plane-ca.pem' };

export function simulatedComputeDirectory(dataDirectory: string): string {
  return join(dataDirectory, 'simulated-compute');
}

/** Forgets all machines of the data directory. Run it when no server uses the directory any more. */
export async function purgeSimulatedCompute(config: { readonly dataDirectory: string }): Promise<void> {
  await rm(simulatedComputeDirectory(config.dataDirectory), { recursive: true, force: true });
}

export function createSimulatedCompute(config: SimulatedComputeConfig): SimulatedCompute {
  const machines = new SimulatedMachines(simulatedComputeDirectory(config.dataDirectory), config.capacity);
  const agent = new Agent({ keepAlive: true, maxSockets: MOST_SOCKETS });
  const played = new Map<string, AbortController>();

  const failSometimes = (): void => {
    if (Math.random() >= config.failureRate) return;
    throw new BaykeeperError({
      code: 'provider-unavailable',
      publicMessage: 'The simulated cloud failed, as its failure rate asks for. It will be tried again.',
    });
  };

  function playNode(machine: SimulatedMachine): void {
    const { environment: text, authority } = machines.filesOf(machine.id);
    if (!machine.on || played.has(machine.id) || text === null || authority === null) return;
    if (!machines.claimRunner(machine.id, isAnotherProcess)) return;
    const controller = new AbortController();
    played.set(machine.id, controller);
    const environment = parseNodeEnvironment(text);
    const simulation = simulateNode({
      url: environment['BAYKEEPER_URL'] ?? '',
      ca: authority,
      nodeId: environment['BAYKEEPER_NODE_ID'] ?? machine.id,
      nodeName: environment['BAYKEEPER_NODE_NAME'] ?? machine.name,
      token: environment['BAYKEEPER_NODE_TOKEN'] ?? '',
      failure: config.nodeFailures?.[machine.name] ?? null,
      latencyMs: config.latencyMs,
      memory: machines.memoryOf(machine.id),
      remember(memory) {
        ifThere(machine.id, () => {
          machines.remember(machine.id, memory);
        });
      },
      print(line) {
        ifThere(machine.id, () => {
          machines.print(machine.id, line);
        });
      },
      agent,
      signal: controller.signal,
    });
    // Its end is nobody's to wait for: what becomes of the node shows at the control plane, as a real one's does.
    void simulation.catch(() => undefined).finally(() => played.delete(machine.id));
  }

  /** A machine that another process removed must not write itself back; its node stops being played. */
  function ifThere(id: string, work: () => void): void {
    if (machines.find(id)?.on === true) work();
    else played.get(id)?.abort();
  }

  return {
    name: 'simulated',
    catalogue: {
      owner: 'administrators',
      bootsOnlyItsImages: config.images !== undefined,
      entries: () =>
        Promise.resolve({
          flavors: TRADITIONAL_FLAVORS,
          images: config.catalogueImages ?? [],
          networks: [
            { ...PUBLIC_NETWORK, subnets: [] },
            { ...PRIVATE_NETWORK, subnets: [{ name: PRIVATE_SUBNET, cidr: BENCHMARK_RANGE, gatewayIp: null }] },
          ],
        }),
    },

    prepare(report) {
      report('Machines are simulated here: nothing runs on them');
      for (const machine of machines.list()) playNode(machine);
      return Promise.resolve();
    },

    async ensureMachine(spec) {
      checkSpec(config, spec);
      failSometimes();
      const content = (path: string): string | null => spec.files.find((file) => file.path === path)?.content ?? null;
      const { id, name, installation, bayId } = spec;
      const machine = machines.create(
        { id, name, installation, bayId, on: true, createdAt: Date.now() },
        { environment: content(NODE_FILES.environment), authority: content(NODE_FILES.authority) },
      );
      if (machine === null) {
        throw new BaykeeperError({
          code: 'provider-unavailable',
          publicMessage: `The simulated cloud is full: it has room for ${config.capacity} machines.`,
        });
      }
      const restMs = machine.createdAt + config.latencyMs - Date.now();
      if (restMs > 0) await sleep(restMs);
      if (!machine.on) machines.switch(id, true);
      const running = { ...machine, on: true };
      playNode(running);
      return describeMachine(running);
    },

    removeMachine: (id) =>
      answer(() => {
        if (!isUuid(id)) return;
        failSometimes();
        played.get(id)?.abort();
        machines.remove(id);
      }),

    /** The nodes are played by the servers themselves. */
    hostAddress: () => Promise.resolve('127.0.0.1'),

    capacity: () => Promise.resolve(machines.capacity),

    async listMachines(installation) {
      const unlistedMs = (await config.unlistedMs?.()) ?? 0;
      const latest = Date.now() - unlistedMs;
      return machines
        .list()
        .filter((machine) => machine.installation === installation && machine.createdAt <= latest)
        .map(describeMachine);
    },

    console: (id) => answer(() => machines.console(id).slice(-CONSOLE_CHARACTERS)),

    switchOff: (id) =>
      answer(() => {
        machines.switch(id, false);
        played.get(id)?.abort();
      }),

    close() {
      for (const controller of played.values()) controller.abort();
      agent.destroy();
    },
  };
}

function answer<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(work());
  });
}

function describeMachine(machine: SimulatedMachine): Machine {
  return {
    id: machine.id,
    name: machine.name,
    bayId: machine.bayId,
    state: machine.on ? 'running' : 'stopped',
    address: machine.address,
    reason: machine.on ? null : 'The machine is switched off.',
  };
}

function checkSpec(config: SimulatedComputeConfig, spec: MachineSpec): void {
  if (!isUuid(spec.id)) throw refused('The machine has an id that is not a UUID.');
  checkImage(spec.image, config.images);
}

function checkImage(name: string, known: readonly string[] | undefined): void {
  if (known === undefined || known.includes(name)) return;
  throw refused(`The image "${name}" does not exist here. Use one of: ${known.join(', ')}.`);
}

function refused(publicMessage: string): BaykeeperError {
  return new BaykeeperError({ code: 'provider-refused', publicMessage });
}

function isAnotherProcess(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It lives, but is another user's.
    return typeof error === 'object' && error !== null && 'code' in error && error.code === 'EPERM';
  }
}
