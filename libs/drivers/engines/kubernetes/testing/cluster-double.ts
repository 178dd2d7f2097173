/**
 * A master's API server and its member of etcd, for tests of how their answers are understood: a small cluster in memory on
 * an address of its own within the loopback network (the ports are Kubernetes' and can't be chosen).
 */
import { randomInt } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { ControlIdentity } from '../../../contracts/engine.js';
import { openTestAuthority, type TestAuthority } from '../../../bootstrap/testing/test-authority.js';

export interface DoublePod {
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly owner?: string;
  readonly isMirror?: boolean;
  readonly phase?: string;
}

export interface DoubleNode {
  name: string;
  ready: boolean;
  unschedulable?: boolean;
  labels: Record<string, string>;
  taints: { key: string; value?: string; effect: string }[];
  version: number;
}

export interface DoubleMember {
  ID: string;
  name: string;
  peerURLs: string[];
}

/** What all masters of a test share. */
export interface ClusterState {
  readonly nodes: DoubleNode[];
  readonly pods: DoublePod[];
  /** `namespace/name` of each budget, the labels it selects, and how many more it lets go. */
  readonly budgets: { namespace: string; name: string; labels: Record<string, string>; allowed: number }[];
  readonly members: DoubleMember[];
  /** Of type LoadBalancer, in the namespace `default`. */
  readonly services: { name: string; port: number; nodePort: number; addresses: string[]; type?: string }[];
  leader: string;
  hasDns: boolean;
  /** `PATCH /api/v1/nodes/a`, in the order of arrival: what changes something. */
  readonly changes: string[];
}

export function makeClusterState(changes: Partial<ClusterState> = {}): ClusterState {
  return {
    ...{ nodes: [], pods: [], budgets: [], members: [], services: [], leader: '1', hasDns: true, changes: [] },
    ...changes,
  };
}

export function makeDoubleNode(name: string, changes: Partial<DoubleNode> = {}): DoubleNode {
  return { name, ready: true, labels: {}, taints: [], version: 1, ...changes };
}

export interface MasterDouble {
  readonly address: string;
  /** Its API server answers `/readyz` so. */
  readyz: number;
  isEtcdHealthy: boolean;
  close(): Promise<void>;
}

export interface DoublePki {
  readonly authority: TestAuthority;
  readonly identity: ControlIdentity;
}

/** @param directory for keys and certificates */
export function openDoublePki(directory: string): DoublePki {
  const authority = openTestAuthority(directory, 'bay');
  const client = authority.issue({
    ...{ commonName: 'baykeeper', organization: null, dnsNames: [], ipAddresses: [], usages: ['client'], days: 1 },
  });
  return { authority, identity: { ...client, etcd: client } };
}

interface Answer {
  readonly status: number;
  readonly content: unknown;
}

type Handle = (method: string, url: URL, body: unknown) => Answer;

export async function openMasterDouble(state: ClusterState, { authority }: DoublePki): Promise<MasterDouble> {
  const address = `127.${String(randomInt(1, 255))}.${String(randomInt(1, 255))}.${String(randomInt(2, 255))}`;
  const own = authority.issue({
    ...{ commonName: 'kube-apiserver', organization: null, dnsNames: [], usages: ['server'], days: 1 },
    ipAddresses: [address],
  });
  const servers: Server[] = [];
  const serve = async (port: number, handle: Handle): Promise<void> => {
    const server = createServer(
      { key: own.key, cert: own.certificate, ca: own.ca, requestCert: true, rejectUnauthorized: true },
      (request, response) => void reply(request, response, handle),
    );
    await new Promise<void>((resolve) => server.listen(port, address, resolve));
    servers.push(server);
  };
  const double: MasterDouble = {
    ...{ address, readyz: 200, isEtcdHealthy: true },
    async close() {
      for (const server of servers) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
  await serve(6443, (method, url, body) => answerApi(state, double, method, url, body));
  await serve(2379, (method, url, body) => answerEtcd(state, double, method, url, body));
  return double;
}

async function reply(request: IncomingMessage, response: ServerResponse, handle: Handle): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  const url = new URL(request.url ?? '/', 'https://master');
  const { status, content } = handle(request.method ?? 'GET', url, text === '' ? null : JSON.parse(text));
  response.writeHead(status).end(typeof content === 'string' ? content : JSON.stringify(content));
}

const GONE: Answer = { status: 404, content: {} };

function answerApi(state: ClusterState, double: MasterDouble, method: string, url: URL, body: unknown): Answer {
  const path = decodeURIComponent(url.pathname);
  const done = (content: unknown = {}): Answer => ({ status: 200, content });
  const note = (): void => void state.changes.push(`${method} ${path}`);
  if (path === '/readyz') return { status: double.readyz, content: 'ok' };
  if (path === '/version') return done({ gitVersion: 'v1.32.13' });
  if (path === '/api/v1/namespaces/kube-system/services/kube-dns') return state.hasDns ? done() : GONE;
  if (path === '/api/v1/nodes') return done({ items: state.nodes.map(describeNode) });
  const [, name = ''] = /^\/api\/v1\/nodes\/(.+)$/.exec(path) ?? [];
  if (name !== '') {
    const node = state.nodes.find((known) => known.name === name);
    if (!node) return GONE;
    if (method === 'GET') return done(describeNode(node));
    note();
    if (method === 'DELETE') state.nodes.splice(state.nodes.indexOf(node), 1);
    else return patchNode(node, body as NodePatch);
    return done();
  }
  if (path === '/api/v1/pods') {
    const on = url.searchParams.get('fieldSelector')?.replace('spec.nodeName=', '');
    return done({ items: state.pods.filter(({ node }) => node === on).map(describePod) });
  }
  const [, namespace = '', pod = ''] = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)\/eviction$/.exec(path) ?? [];
  if (pod !== '') {
    note();
    return evict(state, namespace, pod);
  }
  if (path === '/api/v1/services') return done({ items: state.services.map(describeService) });
  const [, serviceName] = /^\/api\/v1\/namespaces\/default\/services\/(.+)\/status$/.exec(path) ?? [];
  const asked = state.services.find((known) => known.name === serviceName);
  if (asked) {
    note();
    const { status } = body as { status: { loadBalancer: { ingress: { ip: string }[] } } };
    asked.addresses = status.loadBalancer.ingress.map(({ ip }) => ip);
    return done();
  }
  const [, budgetNamespace] = /^\/apis\/policy\/v1\/namespaces\/([^/]+)\/poddisruptionbudgets$/.exec(path) ?? [];
  if (budgetNamespace !== undefined) {
    return done({ items: state.budgets.filter((known) => known.namespace === budgetNamespace).map(describeBudget) });
  }
  return GONE;
}

interface NodePatch {
  readonly metadata?: { readonly labels?: Record<string, string>; readonly resourceVersion?: string };
  readonly spec?: { readonly unschedulable?: boolean; readonly taints?: DoubleNode['taints'] };
}

function patchNode(node: DoubleNode, { metadata, spec }: NodePatch): Answer {
  if (metadata?.resourceVersion !== undefined && metadata.resourceVersion !== String(node.version))
    return { status: 409, content: {} };
  Object.assign(node.labels, metadata?.labels);
  if (spec?.taints) node.taints = spec.taints;
  if (spec?.unschedulable !== undefined) node.unschedulable = spec.unschedulable;
  node.version += 1;
  return { status: 200, content: {} };
}

function evict(state: ClusterState, namespace: string, name: string): Answer {
  const pod = state.pods.find((known) => known.namespace === namespace && known.name === name);
  if (!pod) return GONE;
  const budget = state.budgets.find(
    (known) =>
      known.namespace === namespace &&
      Object.entries(known.labels).every(([label, value]) => pod.labels?.[label] === value),
  );
  if (budget && budget.allowed < 1) return { status: 429, content: {} };
  if (budget) budget.allowed -= 1;
  state.pods.splice(state.pods.indexOf(pod), 1);
  return { status: 201, content: {} };
}

function describeNode({ name, ready, unschedulable, labels, taints, version }: DoubleNode): unknown {
  return {
    metadata: { name, resourceVersion: String(version), labels },
    spec: { taints, ...(unschedulable !== undefined && { unschedulable }) },
    status: {
      conditions: [
        { type: 'Ready', status: ready ? 'True' : 'Unknown', message: ready ? 'fine' : 'kubelet is silent' },
      ],
      nodeInfo: { containerRuntimeVersion: 'containerd://1.6.20' },
    },
  };
}

function describePod({ namespace, name, labels, owner, isMirror, phase }: DoublePod): unknown {
  return {
    metadata: {
      ...{ namespace, name, labels: labels ?? {} },
      ...(owner !== undefined && { ownerReferences: [{ kind: owner }] }),
      ...(isMirror === true && { annotations: { 'kubernetes.io/config.mirror': 'x' } }),
    },
    status: { phase: phase ?? 'Running' },
  };
}

function describeService({ name, port, nodePort, addresses, type }: ClusterState['services'][number]): unknown {
  return {
    metadata: { namespace: 'default', name, creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { type: type ?? 'LoadBalancer', ports: [{ port, nodePort, protocol: 'TCP' }] },
    status: { loadBalancer: addresses.length === 0 ? {} : { ingress: addresses.map((ip) => ({ ip })) } },
  };
}

function describeBudget({ namespace, name, labels, allowed }: ClusterState['budgets'][number]): unknown {
  return {
    metadata: { namespace, name },
    spec: { selector: { matchLabels: labels } },
    status: { disruptionsAllowed: allowed },
  };
}

function answerEtcd(state: ClusterState, double: MasterDouble, method: string, url: URL, body: unknown): Answer {
  if (!double.isEtcdHealthy) return { status: 503, content: {} };
  const { ID, targetID } = (body ?? {}) as { ID?: string; targetID?: string };
  switch (`${method} ${url.pathname}`) {
    case 'GET /health':
      return { status: 200, content: { health: 'true' } };
    case 'POST /v3/cluster/member/list':
      return { status: 200, content: { header: {}, members: state.members } };
    case 'POST /v3/maintenance/status':
      return { status: 200, content: { header: { member_id: '1' }, leader: state.leader } };
    case 'POST /v3/maintenance/transfer-leadership':
      state.changes.push(`transfer leadership to ${targetID ?? ''}`);
      state.leader = targetID ?? '';
      return { status: 200, content: {} };
    case 'POST /v3/cluster/member/remove': {
      state.changes.push(`remove member ${ID ?? ''}`);
      const index = state.members.findIndex((member) => member.ID === ID);
      if (index < 0) return GONE;
      state.members.splice(index, 1);
      return { status: 200, content: {} };
    }
    default:
      return GONE;
  }
}
