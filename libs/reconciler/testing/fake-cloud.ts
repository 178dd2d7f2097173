/** Drivers over a cloud that is plain data: they keep what they made, and fail exactly where a test tells them to. */
import { BaykeeperError, type Listener, type Member, type Node } from '@baykeeper/domain';
import type { ComputeDriver, Drivers, EngineDriver, LoadBalancerDriver, Machine } from '@baykeeper/drivers';
import { openArtifactMirror } from '@baykeeper/drivers/artifacts/artifact-mirror.js';
import { findTemplatesDirectory } from '@baykeeper/drivers/bootstrap/templates.js';

export const CALLS = [
  'compute.ensureMachine',
  'compute.removeMachine',
  'compute.listMachines',
  'loadBalancer.ensureLoadBalancer',
  'loadBalancer.changeMembers',
  'loadBalancer.removeLoadBalancer',
  'loadBalancer.observe',
  'engine.observe',
  'engine.configureNode',
  'engine.drainNode',
  'engine.removeNode',
] as const;
export type Call = (typeof CALLS)[number] | 'loadBalancer.ensureMembers';

export const FAULTS = ['fails before', 'fails after', 'hangs before', 'hangs after', 'is throttled'] as const;
export type Fault = (typeof FAULTS)[number];

interface Balancer {
  readonly installation: string;
  readonly bayId: string;
  readonly listeners: readonly Listener[];
  members: Readonly<Record<string, readonly Member[]>>;
}

export class FakeCloud {
  readonly machines = new Map<string, Machine & { readonly installation: string }>();
  /** Ports that another program has on the machine that balances. */
  readonly takenPorts = new Set<number>();
  readonly balancers = new Map<string, Balancer>();
  /** What the engine's cluster knows, by node name. */
  readonly cluster = new Map<string, 'ready' | 'down'>();
  readonly drained = new Set<string>();
  /** Nodes of which the engine always says that work is left. */
  readonly busy = new Set<string>();
  /** What must never happen, and did. */
  readonly broken: string[] = [];
  readonly calls: Call[] = [];
  private faults: { readonly call: Call; left: number; readonly fault: Fault }[] = [];
  consoleText = '';

  /** @param nth the how many-th of these calls from now on, counted from 1 */
  inject(call: Call, nth: number, fault: Fault): void {
    this.faults.push({ call, left: nth, fault });
  }

  readonly drivers: Drivers = {
    compute: this.compute(),
    loadBalancer: this.loadBalancer(),
    engineNames: ['swarm'],
    templatesDirectory: findTemplatesDirectory(),
    artifacts: openArtifactMirror({
      ...{ directory: '/nowhere', templatesDirectory: findTemplatesDirectory(), mirrorUrl: null },
    }),
    engine: () => this.engine,
  };

  private async call<T>(name: Call, work: () => T): Promise<T> {
    this.calls.push(name);
    const due = this.faults.find((known) => known.call === name && (known.left -= 1) === 0);
    if (due?.fault === 'fails before') throw unavailable();
    if (due?.fault === 'is throttled') throw throttled();
    if (due?.fault === 'hangs before') return new Promise(() => undefined);
    const result = work();
    if (due?.fault === 'fails after') throw unavailable();
    if (due?.fault === 'hangs after') return new Promise(() => undefined);
    return Promise.resolve(result);
  }

  private compute(): ComputeDriver {
    return {
      name: 'fake',
      catalogue: {
        owner: 'administrators',
        bootsOnlyItsImages: false,
        entries: () => Promise.resolve({ flavors: [], images: [], networks: [] }),
      },
      prepare: () => Promise.resolve(),
      ensureMachine: ({ id, name, bayId, installation }) =>
        this.call('compute.ensureMachine', () => {
          const address = `192.0.2.${String((this.machines.size % 250) + 1)}`;
          const known = this.machines.get(id) ?? {
            id,
            name,
            bayId,
            installation,
            state: 'running',
            address,
            reason: null,
          };
          const running = { ...known, state: 'running', reason: null } as const;
          this.machines.set(id, running);
          return running;
        }),
      removeMachine: (id) =>
        this.call('compute.removeMachine', () => {
          const registered = [...this.balancers.values()].some(({ members }) =>
            Object.values(members).some((list) => list.some(({ nodeId }) => nodeId === id)),
          );
          if (registered) this.broken.push(`the machine ${id} went while it was a member`);
          this.machines.delete(id);
        }),
      hostAddress: () => Promise.resolve('192.0.2.254'),
      capacity: () => Promise.resolve(null),
      listMachines: (installation) =>
        this.call('compute.listMachines', () =>
          [...this.machines.values()].filter((machine) => machine.installation === installation),
        ),
      console: () => Promise.resolve(this.consoleText),
    };
  }

  private loadBalancer(): LoadBalancerDriver {
    return {
      name: 'fake',
      ensureLoadBalancer: ({ id, bayId, installation, listeners }) =>
        this.call('loadBalancer.ensureLoadBalancer', () => {
          const taken = listeners.find(({ port }) => this.takenPorts.has(port));
          if (taken)
            throw new BaykeeperError({
              code: 'provider-refused',
              publicMessage: `Port ${String(taken.port)} is taken.`,
            });
          this.balancers.set(id, { installation, bayId, listeners, members: this.balancers.get(id)?.members ?? {} });
          return { id, bayId, address: '192.0.2.250', listeners: [] };
        }),
      ensureMembers: (id, wanted) =>
        this.call('loadBalancer.ensureMembers', () => {
          this.checkMembers(Object.values(wanted).flat());
          const balancer = this.balancers.get(id);
          if (balancer) balancer.members = wanted;
        }),
      changeMembers: (id, changes) =>
        this.call('loadBalancer.changeMembers', () => {
          const balancer = this.balancers.get(id);
          const names = balancer?.listeners.map(({ name }) => name);
          for (const [listener, { put, remove }] of Object.entries(changes)) {
            if (!balancer || !names?.includes(listener))
              throw new BaykeeperError({ code: 'provider-refused', publicMessage: `There is no ${listener}.` });
            this.checkMembers(put);
            const gone = new Set([...remove, ...put.map(({ nodeId }) => nodeId)]);
            const staying = (balancer.members[listener] ?? []).filter(({ nodeId }) => !gone.has(nodeId));
            balancer.members = { ...balancer.members, [listener]: [...staying, ...put] };
          }
        }),
      removeLoadBalancer: (id) => this.call('loadBalancer.removeLoadBalancer', () => void this.balancers.delete(id)),
      list: (installation) =>
        Promise.resolve(
          [...this.balancers]
            .filter(([, balancer]) => balancer.installation === installation)
            .map(([id, { bayId }]) => ({ id, bayId, address: '192.0.2.250', listeners: [] })),
        ),
      observe: (id) =>
        this.call('loadBalancer.observe', () => {
          const balancer = this.balancers.get(id);
          if (!balancer) return null;
          const listeners = balancer.listeners.map(({ name, port }) => ({
            ...{ name, port },
            members: (balancer.members[name] ?? []).map((member) => ({ ...member, health: 'up' as const })),
          }));
          return { id, bayId: balancer.bayId, address: '192.0.2.250', listeners };
        }),
      close: () => Promise.resolve(),
    };
  }

  private checkMembers(members: readonly Member[]): void {
    for (const { name } of members) {
      if (this.cluster.get(name) !== 'ready') this.broken.push(`${name} became a member before it was ready`);
      if (this.drained.has(name)) this.broken.push(`${name} became a member after it was drained`);
    }
  }

  /** Listeners that the cluster's users ask for, and the addresses that the cluster was told for them. */
  readonly asked: Listener[] = [];
  readonly announced: string[] = [];

  /** The users of this cluster ask for listeners from now on. */
  takeRequests(): void {
    Object.assign(this.engine, {
      announceListeners: (_context: unknown, address: string) => {
        this.announced.push(address);
        return Promise.resolve();
      },
    });
  }

  private readonly engine: EngineDriver = {
    name: 'swarm',
    checkBaymodel: () => [],
    checkBay: () => [],
    listeners: () => [
      { name: 'api', port: 2376, memberPort: 2376, memberRole: 'master' },
      { name: 'web', port: 80, memberPort: 80, memberRole: 'worker' },
    ],
    apiAddress: (_bay, address) => `tcp://${address}:2376`,
    nodeCertificate: () => unused(),
    clientCertificate: () => unused(),
    nodeFiles: () => ({ files: [], environment: {} }),
    joinData: () => unused(),
    credentialFiles: () => [],
    toleratedMasterLosses: (masters) => Math.floor((masters - 1) / 2),
    observe: ({ nodes }) =>
      this.call('engine.observe', () => {
        const masters = nodes.filter((node) => node.role === 'master' && this.cluster.has(node.name));
        if (!masters.some((node) => this.machines.get(node.id)?.state === 'running'))
          return { reachable: false, reason: 'nobody answers' };
        return {
          reachable: true,
          nodes: [...this.cluster].map(([name, state]) => ({ name, state, detail: '' })),
          engineVersion: '1',
          containerVersion: '1',
          listeners: [...this.asked],
          isUnannounced: this.announced.length < this.asked.length,
        };
      }),
    configureNode: () => this.call('engine.configureNode', () => undefined),
    drainNode: (_context, node) =>
      this.call('engine.drainNode', () => {
        this.checkNotMember(node, 'drained');
        if (this.busy.has(node.name)) return { drained: false, detail: '1 task still runs on it' };
        this.drained.add(node.name);
        return { drained: true, detail: 'no task runs on it' };
      }),
    removeNode: (_context, node) =>
      this.call('engine.removeNode', () => {
        this.checkNotMember(node, 'taken out of the cluster');
        this.cluster.delete(node.name);
      }),
  };

  private checkNotMember(node: Node, what: string): void {
    for (const { members } of this.balancers.values()) {
      if (Object.values(members).some((list) => list.some(({ nodeId }) => nodeId === node.id)))
        this.broken.push(`${node.name} was ${what} while it was a member`);
    }
  }
}

function unavailable(): BaykeeperError {
  return new BaykeeperError({ code: 'provider-unavailable', publicMessage: 'The cloud failed, as the test wants.' });
}

function throttled(): BaykeeperError {
  return new BaykeeperError({ code: 'too-many-requests', publicMessage: 'Too many requests.', retryAfterSeconds: 7 });
}

function unused(): never {
  throw new Error('the reconciler asks for no such thing');
}
