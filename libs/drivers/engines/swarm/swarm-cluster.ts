/** Questions to, and changes of, a running swarm, asked of whichever manager answers. */
import { isStaying, type Node } from '@baykeeper/domain';
import { z } from 'zod';
import type { EngineContext } from '../../contracts/engine.js';
import { openDockerApi, type DockerApi } from './docker-api.js';
import { apiPortOf } from './swarm.config.js';
import { unreachable } from './swarm.errors.js';

const swarmNode = z.object({
  ID: z.string(),
  Version: z.object({ Index: z.number() }),
  Spec: z
    .object({ Role: z.string(), Availability: z.string(), Labels: z.record(z.string(), z.string()).nullish() })
    .loose(),
  // Missing for the moment between a node's admission and its first report.
  Description: z.object({ Hostname: z.string().optional() }).loose().optional(),
  Status: z.object({ State: z.string(), Message: z.string().optional() }).loose(),
  ManagerStatus: z.object({ Leader: z.boolean().optional(), Reachability: z.string().optional() }).loose().nullish(),
});
export type SwarmNode = z.infer<typeof swarmNode>;

const task = z.object({ Status: z.object({ State: z.string() }).loose() }).loose();
const swarm = z
  .object({
    Version: z.object({ Index: z.number() }),
    Spec: z.object({}).loose(),
    JoinTokens: z.object({ Manager: z.string(), Worker: z.string() }),
  })
  .loose();
const version = z
  .object({
    Version: z.string(),
    Components: z.array(z.object({ Name: z.string(), Version: z.string() }).loose()).nullish(),
  })
  .loose();

/** Task states after which nothing runs any more (Docker Engine API, TaskState). */
const ENDED = new Set(['complete', 'shutdown', 'failed', 'rejected', 'remove', 'orphaned']);

export interface SwarmCluster {
  /** The manager that is asked. */
  readonly manager: Node;
  readonly joinTokens: { readonly manager: string; readonly worker: string };
  /** Whoever has the present ones can't join with them any more. */
  rotateJoinTokens(): Promise<void>;
  listNodes(): Promise<readonly SwarmNode[]>;
  /** Usually one; a host that joined a second time has two entries. Costs the same in a large swarm as in a small one. */
  findNodes(hostname: string): Promise<readonly SwarmNode[]>;
  listManagers(): Promise<readonly SwarmNode[]>;
  countTasks(nodeId: string): Promise<number>;
  versions(): Promise<{ readonly engine: string; readonly container: string }>;
  /** What is not named stays. */
  updateNode(
    node: SwarmNode,
    changes: { Role?: string; Availability?: string; Labels?: Readonly<Record<string, string>> },
  ): Promise<void>;
  /** Also while it is up: the swarm would otherwise wait for its machine to go first. Refused for a manager. */
  removeNode(nodeId: string): Promise<void>;
}

/**
 * Speaks with the first manager that answers; `last` is asked after the others (a manager should not remove itself).
 * @throws BaykeeperError `provider-unavailable` when none answers.
 */
export async function withCluster<T>(
  context: EngineContext,
  work: (cluster: SwarmCluster) => Promise<T>,
  last?: Node,
): Promise<T> {
  const managers = context.nodes
    .filter((node) => node.role === 'master' && node.joinedAt && node.address !== null && !node.machineRemovedAt)
    .sort((a, b) => reluctance(a, last) - reluctance(b, last) || a.ordinal - b.ordinal);
  let problem: unknown = unreachable('managers', new Error('no manager has joined yet'));
  for (const manager of managers) {
    const address = manager.address ?? '';
    const api = openDockerApi({ address, port: apiPortOf(context.bay), identity: context.identity });
    try {
      let known: z.infer<typeof swarm>;
      try {
        // A manager that is cut off from the others answers a ping, but no question about the swarm.
        known = read(swarm, await api.call('GET', '/swarm'), address);
      } catch (error) {
        problem = error;
        continue;
      }
      return await work(clusterOf(manager, api, known));
    } finally {
      api.close();
    }
  }
  throw problem;
}

/** Up, and where it is a manager heard by the others too. */
export function isReady(node: SwarmNode): boolean {
  return node.Status.State === 'ready' && (node.ManagerStatus?.Reachability ?? 'reachable') === 'reachable';
}

function reluctance(node: Node, last: Node | undefined): number {
  if (node.id === last?.id) return 3;
  if (node.engineState === 'down' || node.failedAt) return 2;
  return isStaying(node) ? 0 : 1;
}

/** What does not look like Docker's answer comes from something else at that address. */
function read<T>(shape: z.ZodType<T>, answer: unknown, address: string): T {
  const read = shape.safeParse(answer);
  if (read.success) return read.data;
  throw unreachable(address, read.error);
}

function clusterOf(manager: Node, api: DockerApi, known: z.infer<typeof swarm>): SwarmCluster {
  const ask = async <T>(shape: z.ZodType<T>, path: string): Promise<T> =>
    read(shape, await api.call('GET', path), manager.address ?? '');
  const list = (filters: Readonly<Record<string, readonly string[]>>): Promise<readonly SwarmNode[]> =>
    ask(z.array(swarmNode), `/nodes?filters=${encodeURIComponent(JSON.stringify(filters))}`);
  return {
    manager,
    joinTokens: { manager: known.JoinTokens.Manager, worker: known.JoinTokens.Worker },
    async rotateJoinTokens() {
      const path = `/swarm/update?version=${String(known.Version.Index)}&rotateWorkerToken=true&rotateManagerToken=true`;
      await api.call('POST', path, known.Spec);
    },
    listNodes: () => list({}),
    async findNodes(hostname) {
      // The filter matches by prefix.
      return (await list({ name: [hostname] })).filter((node) => node.Description?.Hostname === hostname);
    },
    listManagers: () => list({ role: ['manager'] }),
    async countTasks(nodeId) {
      const filters = encodeURIComponent(JSON.stringify({ node: [nodeId] }));
      const tasks = await ask(z.array(task), `/tasks?filters=${filters}`);
      return tasks.filter(({ Status }) => !ENDED.has(Status.State)).length;
    },
    async versions() {
      const known = await ask(version, '/version');
      const containerd = known.Components?.find((component) => component.Name === 'containerd');
      return { engine: known.Version, container: containerd?.Version ?? known.Version };
    },
    async updateNode(node, changes) {
      const path = `/nodes/${node.ID}/update?version=${String(node.Version.Index)}`;
      await api.call('POST', path, { ...node.Spec, ...changes });
    },
    async removeNode(nodeId) {
      await api.call('DELETE', `/nodes/${nodeId}?force=true`);
    },
  };
}
