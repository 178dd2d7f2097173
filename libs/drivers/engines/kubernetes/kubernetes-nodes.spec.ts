import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Node } from '@baykeeper/domain';
import { makeBay, makeReadyNode, T0 } from '@baykeeper/domain/testing/builders.js';
import type { EngineContext } from '../../contracts/engine.js';
import { kubernetesJoinData } from './join-data.js';
import { configureNode, drainNode, removeNode } from './kubernetes-nodes.js';
import { announceListeners, observeCluster } from './observe-cluster.js';
import {
  makeClusterState,
  makeDoubleNode,
  openDoublePki,
  openMasterDouble,
  type ClusterState,
  type DoublePki,
  type MasterDouble,
} from './testing/cluster-double.js';
import { makeRelease, makeReleases } from './testing/releases-double.js';

const directory = mkdtempSync(join(tmpdir(), 'bk-kubernetes-'));
let pki: DoublePki;
let state: ClusterState;
let doubles: MasterDouble[];
let masters: Node[];
const worker = makeReadyNode({ role: 'worker' });
const open: MasterDouble[] = [];

beforeAll(() => {
  pki = openDoublePki(directory);
});
afterAll(async () => {
  await Promise.all(open.map((double) => double.close()));
  rmSync(directory, { recursive: true });
});
beforeEach(async () => {
  state = makeClusterState();
  doubles = await Promise.all([0, 1, 2].map(() => openMasterDouble(state, pki)));
  open.push(...doubles);
  masters = doubles.map(({ address }, ordinal) => ({ ...makeReadyNode({ role: 'master', ordinal }), address }));
  state.nodes.push(...masters.map(({ name }) => makeDoubleNode(name)), makeDoubleNode(worker.name));
  state.members.push(
    ...masters.map(({ name, address }, index) => ({
      ...{ ID: String(index + 1), name, peerURLs: [`https://${address ?? ''}:2380`] },
    })),
  );
});

function context(nodes: readonly Node[] = masters): EngineContext {
  const bay = makeBay({ engine: 'kubernetes', foundedAt: T0 });
  return { bay, nodes, clientAddress: '203.0.113.7', identity: pki.identity };
}

describe('configureNode', () => {
  const group = {
    name: 'gpu',
    nodeLabels: { gpu: 'yes' },
    nodeTaints: [{ key: 'gpu', effect: 'NoSchedule' as const, value: 'only' }],
  };

  it('gives a node its group’s labels and taints once, and leaves what else it has', async () => {
    const known = state.nodes[3];
    if (!known) throw new Error('the worker was added above');
    Object.assign(known, { labels: { mine: 'stays' }, taints: [{ key: 'mine', effect: 'NoExecute' }] });
    await configureNode(context(), worker, group);
    await configureNode(context(), worker, group);
    expect(known.labels).toEqual({
      mine: 'stays',
      gpu: 'yes',
      'magnum.openstack.org/role': 'worker',
      'magnum.openstack.org/nodegroup': 'gpu',
      'node-role.kubernetes.io/worker': '',
    });
    expect(known.taints).toEqual([
      { key: 'mine', effect: 'NoExecute' },
      { key: 'gpu', effect: 'NoSchedule', value: 'only' },
    ]);
    expect(state.changes).toEqual(['PATCH /api/v1/nodes/web-worker-0']);
  });
});

describe('drainNode', () => {
  const pod = (name: string, more: object = {}) => ({ namespace: 'default', name, node: worker.name, ...more });

  it('cordons, evicts what can run elsewhere, and leaves what belongs to the node', async () => {
    state.pods.push(
      pod('a'),
      pod('agent', { owner: 'DaemonSet' }),
      pod('static', { isMirror: true }),
      pod('done', { phase: 'Succeeded' }),
    );
    expect(await drainNode(context(), worker)).toEqual({ drained: false, detail: '1 pod still runs on it' });
    expect(await drainNode(context(), worker)).toEqual({
      ...{ drained: true, detail: 'no pod runs on it that could run elsewhere' },
    });
    expect(state.changes).toEqual([
      'PATCH /api/v1/nodes/web-worker-0',
      'POST /api/v1/namespaces/default/pods/a/eviction',
    ]);
  });

  it('names the disruption budgets that hold pods back, and only those', async () => {
    state.pods.push(pod('db-0', { labels: { app: 'db' } }), pod('web-0', { labels: { app: 'web' } }));
    state.budgets.push(
      { namespace: 'default', name: 'db', labels: { app: 'db' }, allowed: 0 },
      { namespace: 'default', name: 'web', labels: { app: 'web' }, allowed: 1 },
    );
    expect(await drainNode(context(), worker)).toEqual({
      drained: false,
      detail: '2 pods still run on it, held by the disruption budget default/db',
    });
    expect(state.pods.map(({ name }) => name)).toEqual(['db-0']);
  });

  it('does not wait for a kubelet that is silent', async () => {
    state.pods.push(pod('a'));
    Object.assign(state.nodes[3] ?? {}, { ready: false });
    expect(await drainNode(context(), worker)).toEqual({ drained: true, detail: 'its kubelet does not answer' });
    expect(state.changes).toEqual(['PATCH /api/v1/nodes/web-worker-0']);
  });

  it('asks another master when the first is not ready', async () => {
    for (const double of doubles.slice(0, 2)) double.readyz = 500;
    expect(await drainNode(context(), worker)).toMatchObject({ drained: true });
    for (const double of doubles) double.readyz = 500;
    await expect(drainNode(context(), worker)).rejects.toMatchObject({ code: 'provider-unavailable' });
  });
});

describe('removeNode', () => {
  it('takes a worker out, once and again', async () => {
    await removeNode(context(), worker);
    await removeNode(context(), worker);
    expect(state.changes).toEqual(['DELETE /api/v1/nodes/web-worker-0']);
  });

  it('takes a master out of etcd before it goes from the cluster; the leader hands over first', async () => {
    const [leader] = masters;
    if (!leader) throw new Error('three were opened');
    await removeNode(context(), leader);
    expect(state.changes).toEqual(['transfer leadership to 2', 'remove member 1', 'DELETE /api/v1/nodes/web-master-0']);
  });

  it('takes a master out that is dead', async () => {
    const dead = masters[2];
    const double = doubles[2];
    if (!dead || !double) throw new Error('three were opened');
    await double.close();
    await removeNode(context(masters.map((node) => (node === dead ? { ...node, failedAt: T0 } : node))), dead);
    expect(state.changes).toEqual(['remove member 3', 'DELETE /api/v1/nodes/web-master-2']);
  });

  it('refuses while the others would have no majority', async () => {
    const [first] = masters;
    if (!first) throw new Error('three were opened');
    for (const double of doubles.slice(1, 2)) double.isEtcdHealthy = false;
    await expect(removeNode(context(), first)).rejects.toMatchObject({ code: 'conflict' });
    expect(state.changes).toEqual([]);
  });

  it('refuses for the last master', async () => {
    const [first] = masters;
    if (!first) throw new Error('three were opened');
    state.members.splice(1);
    await expect(removeNode(context([first]), first)).rejects.toMatchObject({ code: 'conflict' });
  });
});

describe('observeCluster', () => {
  it('knows who is ready, in which versions', async () => {
    expect(await observeCluster(context())).toEqual({
      reachable: true,
      engineVersion: 'v1.32.13',
      containerVersion: '1.6.20',
      nodes: [...masters, worker].map(({ name }) => ({ name, state: 'ready', detail: 'ready' })),
      notes: { dns: 'ok' },
      listeners: [],
      isUnannounced: false,
    });
  });

  it('hears of Services that ask for the balancer, and tells them where they are served', async () => {
    state.services.push(
      { name: 'web', port: 80, nodePort: 30080, addresses: [] },
      { name: 'inside', port: 81, nodePort: 30081, addresses: [], type: 'NodePort' },
    );
    expect(await observeCluster(context())).toMatchObject({
      listeners: [{ name: 'service-30080', port: 80, memberPort: 30080, memberRole: 'worker' }],
      isUnannounced: true,
    });
    await announceListeners(context(), '203.0.113.7', []);
    await announceListeners(context(), '203.0.113.7', []);
    expect(state.services.map(({ addresses }) => addresses)).toEqual([['203.0.113.7'], []]);
    expect(state.changes).toEqual(['PATCH /api/v1/namespaces/default/services/web/status']);
    expect(await observeCluster(context())).toMatchObject({ isUnannounced: false });
  });

  it('calls a master down whose API server or member of etcd is not well, and says which', async () => {
    const [first, second] = doubles;
    if (!first || !second) throw new Error('three were opened');
    first.readyz = 500;
    second.isEtcdHealthy = false;
    state.hasDns = false;
    const seen = await observeCluster(context());
    expect(seen).toMatchObject({
      nodes: [
        { name: 'web-master-0', state: 'down', detail: 'its API server is not ready' },
        { name: 'web-master-1', state: 'down', detail: 'its member of etcd is not well' },
        { name: 'web-master-2', state: 'ready' },
        { name: 'web-worker-0', state: 'ready' },
      ],
      notes: {
        dns: expect.stringMatching(/^absent: /) as unknown,
        'web-master-0.reason': 'its API server is not ready',
        'web-master-1.reason': 'its member of etcd is not well',
      },
    });
  });

  it('says what a node itself says', async () => {
    Object.assign(state.nodes[3] ?? {}, { ready: false });
    expect(await observeCluster(context())).toMatchObject({
      notes: { 'web-worker-0.reason': 'kubelet is silent' },
    });
  });

  it('concludes nothing when nobody answers', async () => {
    for (const double of doubles) double.readyz = 500;
    expect(await observeCluster(context())).toEqual({
      reachable: false,
      reason: 'The cluster could not do it at the moment. It is tried again.',
    });
  });
});

describe('the join of a further master', () => {
  const keys = { serviceAccountKey: () => Promise.resolve('KEY') };

  it('first takes out members of etcd that belong to nobody', async () => {
    const joining = { ...makeReadyNode({ role: 'master', ordinal: 3 }), joinedAt: null, address: '192.0.2.13' };
    state.members.push(
      { ID: '7', name: '', peerURLs: ['https://192.0.2.13:2380'] },
      { ID: '8', name: 'web-master-9', peerURLs: ['https://192.0.2.99:2380'] },
    );
    const data = await kubernetesJoinData(
      makeReleases(makeRelease('v1.32.13')),
      context([...masters, joining]),
      joining,
      keys,
    );
    expect(state.changes).toEqual(['remove member 7', 'remove member 8']);
    expect(data).toMatchObject({
      K8S_ACTION: 'join',
      K8S_SERVER: `https://${masters[0]?.address ?? ''}:6443`,
      K8S_OWN_SERVER: 'https://192.0.2.13:6443',
      K8S_SERVICE_ACCOUNT_KEY: 'KEY',
    });
  });
});
