import { afterEach, describe, expect, it } from '@jest/globals';
import { makeBay, makeReadyNode, T0 } from '@baykeeper/domain/testing/builders.js';
import type { BayKeys, EngineContext } from '../../contracts/engine.js';
import { findTemplatesDirectory } from '../../bootstrap/templates.js';
import { createSwarmEngine } from './swarm.engine.js';
import { makeDoubleNode, openDockerDouble, type DockerDouble, type DoubleNode } from './testing/docker-double.js';

/** Of a swarm: it shares none. */
const NO_KEYS: BayKeys = { serviceAccountKey: () => Promise.reject(new Error('no key is asked for')) };

const engine = createSwarmEngine({ templatesDirectory: findTemplatesDirectory() });
const opened: DockerDouble[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((double) => double.close()));
});

async function open(nodes: DoubleNode[]): Promise<DockerDouble> {
  const double = await openDockerDouble(nodes);
  opened.push(double);
  return double;
}

const manager = (ordinal: number, changes: Partial<DoubleNode> = {}): DoubleNode =>
  makeDoubleNode({ id: `m${String(ordinal)}`, hostname: `web-master-${String(ordinal)}`, role: 'manager', ...changes });
const worker = (ordinal: number, changes: Partial<DoubleNode> = {}): DoubleNode =>
  makeDoubleNode({ id: `w${String(ordinal)}`, hostname: `web-worker-${String(ordinal)}`, ...changes });

/** A bay without TLS whose managers have these addresses, in the order of their ordinals. */
function contextOf(...addresses: string[]): EngineContext {
  const masters = addresses.map((address, ordinal) => makeReadyNode({ role: 'master', ordinal, address }));
  return {
    bay: makeBay({ tlsDisabled: true, foundedAt: T0, foundingNodeId: masters[0]?.id ?? null }),
    nodes: [...masters, makeReadyNode({ ordinal: 0 }), makeReadyNode({ ordinal: 1 })],
    clientAddress: null,
    identity: null,
  };
}
const masterNode = (ordinal: number): ReturnType<typeof makeReadyNode> => makeReadyNode({ role: 'master', ordinal });
const workerNode = (ordinal: number): ReturnType<typeof makeReadyNode> => makeReadyNode({ ordinal });
/** Nobody listens there. */
const SILENT = '127.0.0.1';

describe('observe', () => {
  it('tells how each node is, and the versions', async () => {
    const double = await open([
      manager(0),
      manager(1, { reachability: 'unreachable' }),
      worker(0, { state: 'down' }),
      worker(1, { state: 'unknown' }),
    ]);
    expect(await engine.observe(contextOf(double.address))).toEqual({
      reachable: true,
      nodes: [
        { name: 'web-master-0', state: 'ready', detail: 'is ready' },
        { name: 'web-master-1', state: 'down', detail: 'the other managers do not reach it' },
        { name: 'web-worker-0', state: 'down', detail: 'is down' },
      ],
      engineVersion: '20.10.24',
      containerVersion: '1.6.20',
    });
  });

  it('counts the living entry of a host that joined a second time', async () => {
    const double = await open([
      ...[worker(0, { id: 'new' }), worker(0, { id: 'old', state: 'down' })],
      ...[worker(1, { id: 'old1', state: 'down' }), worker(1, { id: 'new1' })],
    ]);
    const observed = await engine.observe(contextOf(double.address));
    expect(observed.reachable && observed.nodes.map(({ name, state }) => [name, state])).toEqual([
      ['web-worker-0', 'ready'],
      ['web-worker-1', 'ready'],
    ]);
  });

  it('asks the next manager when the first is silent', async () => {
    const double = await open([manager(0)]);
    expect((await engine.observe(contextOf(SILENT, double.address))).reachable).toBe(true);
  });

  it('asks the next manager when the first has lost the others', async () => {
    const [lost, good] = [await open([manager(0)]), await open([manager(1)])];
    lost.refusals.set('GET /swarm', 503);
    expect((await engine.observe(contextOf(lost.address, good.address))).reachable).toBe(true);
  });

  it('concludes nothing when no manager answers', async () => {
    expect(await engine.observe(contextOf(SILENT))).toEqual({
      reachable: false,
      reason: "None of the bay's managers answered. It is tried again.",
    });
  });
});

describe('joinData', () => {
  const founding = { ...contextOf(), bay: makeBay({ tlsDisabled: true, foundingNodeId: masterNode(0).id }) };

  it('tells the founder to found, and where it is', async () => {
    const data = await engine.joinData(founding, masterNode(0), NO_KEYS);
    expect(data?.['SWARM_PATH']).toBe('/swarm/init');
    expect(JSON.parse(data?.['SWARM_BODY'] ?? '')).toEqual({
      ListenAddr: '0.0.0.0:2377',
      AdvertiseAddr: '192.0.2.10',
      DataPathAddr: '192.0.2.10',
    });
  });

  it('has nothing yet for the others, and for a node without an address', async () => {
    expect(await engine.joinData(founding, workerNode(0), NO_KEYS)).toBeNull();
    expect(await engine.joinData(founding, { ...masterNode(0), address: null }, NO_KEYS)).toBeNull();
  });

  it.each([
    ['worker', workerNode(0), 'SWMTKN-w'],
    ['master', masterNode(2), 'SWMTKN-m'],
  ])('gives a %s the token for its role and a manager that answers', async (_, node, token) => {
    const double = await open([manager(0)]);
    const data = await engine.joinData(contextOf(SILENT, double.address), node, NO_KEYS);
    expect(data?.['SWARM_PATH']).toBe('/swarm/join');
    expect(JSON.parse(data?.['SWARM_BODY'] ?? '')).toEqual({
      ListenAddr: '0.0.0.0:2377',
      AdvertiseAddr: node.address,
      DataPathAddr: node.address,
      RemoteAddrs: [`${double.address}:2377`],
      JoinToken: token,
    });
  });
});

describe('configureNode', () => {
  it('labels the node once, and keeps what tenants labelled', async () => {
    const double = await open([manager(0), worker(0, { labels: { disk: 'ssd' } })]);
    await engine.configureNode(contextOf(double.address), workerNode(0), {
      name: 'default-worker',
      nodeLabels: {},
      nodeTaints: [],
    });
    await engine.configureNode(contextOf(double.address), workerNode(0), {
      name: 'default-worker',
      nodeLabels: {},
      nodeTaints: [],
    });
    expect(double.nodes[1]?.labels).toEqual({ disk: 'ssd', bay: 'web', nodegroup: 'default-worker' });
    expect(double.calls.filter((call) => call.startsWith('POST'))).toEqual(['POST /nodes/w0/update']);
  });

  it('does not take a node for another whose name only starts the same', async () => {
    const double = await open([manager(0), makeDoubleNode({ id: 'w10', hostname: 'web-worker-10' }), worker(1)]);
    await engine.configureNode(contextOf(double.address), workerNode(1), {
      name: 'default-worker',
      nodeLabels: {},
      nodeTaints: [],
    });
    expect(double.nodes.map((node) => Object.keys(node.labels).length)).toEqual([0, 0, 2]);
  });
});

describe('drainNode', () => {
  it('is done when the last task has ended, and sends work away only once', async () => {
    const double = await open([manager(0), worker(0, { tasks: ['running', 'shutdown', 'complete'] })]);
    const context = contextOf(double.address);
    expect(await engine.drainNode(context, workerNode(0))).toEqual({
      drained: false,
      detail: '1 task still runs on it',
    });
    expect(double.nodes[1]?.availability).toBe('drain');
    double.nodes[1]?.tasks.splice(0, 1, 'shutdown');
    expect(await engine.drainNode(context, workerNode(0))).toEqual({ drained: true, detail: 'no task runs on it' });
    expect(double.calls.filter((call) => call.startsWith('POST'))).toHaveLength(1);
  });

  it('does not wait for a node that is down', async () => {
    const double = await open([manager(0), worker(0, { state: 'down', tasks: ['running'] })]);
    expect((await engine.drainNode(contextOf(double.address), workerNode(0))).drained).toBe(true);
  });

  it('has nothing to do for a node that the swarm does not know', async () => {
    const double = await open([manager(0)]);
    expect((await engine.drainNode(contextOf(double.address), workerNode(0))).drained).toBe(true);
  });
});

describe('removeNode', () => {
  it('takes a worker out with its ghosts, and finds nothing to do the second time', async () => {
    const double = await open([manager(0), worker(0), worker(0, { id: 'ghost', state: 'down' }), worker(1)]);
    await engine.removeNode(contextOf(double.address), workerNode(0));
    await engine.removeNode(contextOf(double.address), workerNode(0));
    expect(double.nodes.map((node) => node.id)).toEqual(['m0', 'w1']);
  });

  it('demotes a manager, waits until it has given up its vote, and removes it then', async () => {
    const double = await open([manager(0), manager(1), manager(2)]);
    double.demotionTakes = 2;
    await engine.removeNode(contextOf(SILENT, double.address), masterNode(0));
    expect(double.nodes.map((node) => node.id)).toEqual(['m1', 'm2']);
    expect(double.calls.filter((call) => !call.startsWith('GET'))).toEqual([
      'POST /nodes/m0/update',
      'DELETE /nodes/m0',
    ]);
  });

  it('asks again while the swarm chooses another leader', async () => {
    const double = await open([manager(0), manager(1), manager(2)]);
    double.demotionTakes = 0;
    const removing = engine.removeNode(contextOf(double.address), masterNode(0));
    while (!double.calls.includes('POST /nodes/m0/update')) await new Promise(setImmediate);
    double.refusals.set('GET /nodes', 503);
    const before = double.calls.length;
    while (double.calls.length < before + 2) await new Promise(setImmediate);
    double.refusals.clear();
    await removing;
    expect(double.nodes.map((node) => node.id)).toEqual(['m1', 'm2']);
  });

  it('refuses while the other managers would have no majority', async () => {
    const double = await open([manager(0), manager(1), manager(2, { reachability: 'unreachable' })]);
    await expect(engine.removeNode(contextOf(double.address), masterNode(0))).rejects.toMatchObject({
      code: 'conflict',
      publicMessage: "web-master-0 can't leave now: the other managers would have no majority. Bring them back first.",
    });
    expect(double.nodes.map((node) => node.role)).toEqual(['manager', 'manager', 'manager']);
  });

  it('removes the manager that is itself the lost one', async () => {
    const double = await open([manager(0), manager(1), manager(2, { state: 'down', reachability: 'unreachable' })]);
    await engine.removeNode(contextOf(double.address), masterNode(2));
    expect(double.nodes.map((node) => node.id)).toEqual(['m0', 'm1']);
  });

  it('removes managers that lost their vote when the swarm was restored from another', async () => {
    const lost = { state: 'down', reachability: null };
    const double = await open([manager(0), manager(1, lost), manager(2, lost)]);
    await engine.removeNode(contextOf(double.address), masterNode(1));
    await engine.removeNode(contextOf(double.address), masterNode(2));
    expect(double.nodes.map((node) => node.id)).toEqual(['m0']);
  });

  it('refuses to take the last manager', async () => {
    const double = await open([manager(0), worker(0)]);
    await expect(engine.removeNode(contextOf(double.address), masterNode(0))).rejects.toMatchObject({
      code: 'conflict',
      publicMessage: "web-master-0 is the swarm's last manager and can't leave. Delete the bay instead.",
    });
  });

  it('has nothing to leave before there is a swarm', async () => {
    const context = { ...contextOf(SILENT), bay: makeBay({ tlsDisabled: true }) };
    await expect(engine.removeNode(context, masterNode(0))).resolves.toBeUndefined();
  });

  it('concludes nothing when no manager answers', async () => {
    await expect(engine.removeNode(contextOf(SILENT), workerNode(0))).rejects.toMatchObject({
      code: 'provider-unavailable',
    });
  });
});

describe('rotateCredentials', () => {
  it('replaces both join tokens, keeps what else the swarm is told, and asks the next manager where one is silent', async () => {
    const double = await open([manager(0), worker(0)]);
    const context = contextOf(SILENT, double.address);
    const tokenOf = async (node: ReturnType<typeof makeReadyNode>): Promise<unknown> => {
      const data = await engine.joinData(context, { ...node, address: '127.0.0.9' }, NO_KEYS);
      return (JSON.parse(data?.['SWARM_BODY'] ?? '{}') as { JoinToken?: unknown }).JoinToken;
    };
    const joining = [workerNode(7), masterNode(7)];
    expect(await Promise.all(joining.map(tokenOf))).toEqual(['SWMTKN-w', 'SWMTKN-m']);
    await engine.rotateCredentials?.(context);
    expect(await Promise.all(joining.map(tokenOf))).toEqual(["SWMTKN-w'", "SWMTKN-m'"]);
    await engine.rotateCredentials?.(context);
    expect(double.tokens).toBe("''");
  });

  it('says so when no manager answers', async () => {
    await expect(engine.rotateCredentials?.(contextOf(SILENT))).rejects.toMatchObject({ code: 'provider-unavailable' });
  });
});
