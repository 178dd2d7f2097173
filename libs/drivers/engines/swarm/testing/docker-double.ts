/**
 * A manager's Docker API, for tests of how its answers are understood: a small swarm in memory on an address of its own
 * within the loopback network (the driver's ports are Docker's and can't be chosen).
 */
import { randomInt } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface DoubleNode {
  id: string;
  hostname: string;
  role: 'manager' | 'worker';
  availability: string;
  labels: Record<string, string>;
  state: string;
  reachability: string | null;
  tasks: string[];
  version: number;
}

export interface DockerDouble {
  readonly address: string;
  /** `POST /nodes/a/update`, in the order of arrival, without the version. */
  readonly calls: string[];
  readonly nodes: DoubleNode[];
  /** Looked at before anything else: a status for calls that start so. */
  readonly refusals: Map<string, number>;
  /** How many questions a demoted manager still counts as one. */
  demotionTakes: number;
  swarmVersion: number;
  /** At the end of both join tokens; longer after each rotation. */
  tokens: string;
  close(): Promise<void>;
}

/** What an update of the swarm must not lose. */
const SWARM_SPEC = { Name: 'default', Orchestration: { TaskHistoryRetentionLimit: 5 } };

export function makeDoubleNode(changes: Partial<DoubleNode> & { id: string; hostname: string }): DoubleNode {
  const role = changes.role ?? 'worker';
  return {
    ...{ role, availability: 'active', labels: {}, state: 'ready', tasks: [], version: 1 },
    reachability: role === 'manager' ? 'reachable' : null,
    ...changes,
  };
}

export async function openDockerDouble(nodes: DoubleNode[], port = 2375): Promise<DockerDouble> {
  const address = `127.${String(randomInt(1, 255))}.${String(randomInt(1, 255))}.${String(randomInt(2, 255))}`;
  const demotions = new Map<string, number>();

  function describe(node: DoubleNode): unknown {
    return {
      ID: node.id,
      Version: { Index: node.version },
      Spec: { Role: node.role, Availability: node.availability, Labels: node.labels },
      Description: { Hostname: node.hostname },
      Status: { State: node.state, Message: `is ${node.state}` },
      ...(node.reachability === null ? {} : { ManagerStatus: { Reachability: node.reachability } }),
    };
  }

  function list(filters: { name?: string[]; role?: string[] }): unknown {
    for (const node of nodes) {
      const left = demotions.get(node.id);
      if (left === undefined) continue;
      demotions.set(node.id, left - 1);
      if (left <= 0) node.reachability = null;
    }
    return nodes
      .filter((node) => filters.name?.some((prefix) => node.hostname.startsWith(prefix)) ?? true)
      .filter((node) => filters.role?.includes(node.role) ?? true)
      .map(describe);
  }

  function update(node: DoubleNode, url: URL, body: string): number {
    if (url.searchParams.get('version') !== String(node.version)) return 500;
    const spec = JSON.parse(body) as {
      Role: 'manager' | 'worker';
      Availability: string;
      Labels: Record<string, string>;
    };
    const isDemoted = node.role === 'manager' && spec.Role === 'worker';
    if (isDemoted && node.reachability === null) return 404;
    if (isDemoted) demotions.set(node.id, double.demotionTakes);
    Object.assign(node, { role: spec.Role, availability: spec.Availability, labels: spec.Labels });
    node.version += 1;
    return 200;
  }

  function updateSwarm(url: URL, body: string): number {
    if (url.searchParams.get('version') !== String(double.swarmVersion)) return 500;
    if (body !== JSON.stringify(SWARM_SPEC)) return 400;
    double.swarmVersion += 1;
    const asked = ['rotateWorkerToken', 'rotateManagerToken'].map((name) => url.searchParams.get(name));
    if (asked.every((value) => value === 'true')) double.tokens += "'";
    return 200;
  }

  function remove(node: DoubleNode, url: URL): number {
    if (node.reachability !== null) return 412;
    if (node.state !== 'down' && url.searchParams.get('force') !== 'true') return 412;
    nodes.splice(nodes.indexOf(node), 1);
    return 200;
  }

  function answer(method: string, url: URL, path: string, body: string): { status: number; content: unknown } {
    const filters = JSON.parse(url.searchParams.get('filters') ?? '{}') as { name?: string[]; node?: string[] };
    const [, , id] = path.split('/');
    const node = nodes.find((known) => known.id === id);
    if (path === '/swarm') {
      const Version = { Index: double.swarmVersion };
      const JoinTokens = { Manager: `SWMTKN-m${double.tokens}`, Worker: `SWMTKN-w${double.tokens}` };
      return { status: 200, content: { Version, Spec: SWARM_SPEC, JoinTokens } };
    }
    if (path === '/swarm/update') return { status: updateSwarm(url, body), content: null };
    if (path === '/nodes') return { status: 200, content: list(filters) };
    if (path === '/tasks') {
      const states = nodes.filter((known) => filters.node?.includes(known.id)).flatMap((known) => known.tasks);
      return { status: 200, content: states.map((State) => ({ Status: { State } })) };
    }
    if (path === '/version') {
      const Components = [{ Name: 'containerd', Version: '1.6.20' }];
      return { status: 200, content: { Version: '20.10.24', Components } };
    }
    if (!node) return { status: 404, content: { message: 'not found' } };
    return { status: method === 'DELETE' ? remove(node, url) : update(node, url, body), content: null };
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://docker');
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    if (url.pathname === '/_ping') {
      response.writeHead(200, { 'Api-Version': '1.41' }).end('OK');
      return;
    }
    const path = url.pathname.replace(/^\/v1\.41/, '');
    const call = `${request.method ?? ''} ${path}`;
    double.calls.push(call);
    const refused = [...double.refusals].find(([start]) => call.startsWith(start))?.[1];
    const { status, content } = refused
      ? { status: refused, content: { message: 'no' } }
      : answer(request.method ?? '', url, path, Buffer.concat(chunks).toString());
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(content === null ? '' : JSON.stringify(content));
  }

  const server = createServer((request, response) => void handle(request, response));
  const double: DockerDouble = {
    ...{ address, calls: [], nodes, refusals: new Map<string, number>(), demotionTakes: 1 },
    ...{ swarmVersion: 7, tokens: '' },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, resolve);
  });
  return double;
}
