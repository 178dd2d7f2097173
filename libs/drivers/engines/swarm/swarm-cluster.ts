/** Questions to, and changes of, a running swarm, asked of whichever manager answers. */
import { BaykeeperError, isStaying, type Node } from '@baykeeper/domain';
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
  Description: z.object({ Hostname: z.string() }).loose(),
  Status: z.object({ State: z.string(), Message: z.string().optional() }).loose(),
  ManagerStatus: z.object({ Leader: z.boolean().optional(), Reachability: z.string().optional() }).loose().optional(),
});
export type SwarmNode = z.infer<typeof swarmNode>;

const task = z.object({ Status: z.object({ State: z.string() }).loose() }).loose();
const swarm = z.object({ JoinTokens: z.object({ Manager: z.string(), Worker: z.string() }) }).loose();
const version = z
  .object({
    Version: z.string(),
    Components: z.array(z.object({ Name: z.string(), Version: z.string() }).loose()).nullish(),
  })
  .loose();

/** Task states after which nothing runs any more (Docker Engine API, Task.Status.State). */
const ENDED = new Set(['complete', 'shutdown', 'failed', 'rejected', 'remove', 'orphaned']);

export interface SwarmCluster {
  readonly manager: Node;
  listNodes(): Promise<readonly SwarmNode[]>;
  countTasks(nodeId: string): Promise<number>;
  joinTokens(): Promise<{ readonly manager: string; readonly worker: string }>;
  versions(): Promise<{ readonly engine: string; readonly container: string }>;
  updateNode(
    node: SwarmNode,
    changes: { Role?: string; Availability?: string; Labels?: Readonly<Record<string, string>> },
  ): Promise<void>;
  removeNode(nodeId: string): Promise<void>;
}

/**
 * Speaks with the first manager that answers; `except` is asked last (a manager should not remove itself).
 * @throws BaykeeperError `provider-unavailable` when none answers.
 */
export async function withCluster<T>(
  context: EngineContext,
  work: (cluster: SwarmCluster) => Promise<T>,
  except?: Node,
): Promise<T> {
  const managers = context.nodes
    .filter((node) => node.role === 'master' && node.joinedAt && node.address !== null && !node.machineRemovedAt)
    .sort((a, b) => preference(a, except) - preference(b, except) || a.ordinal - b.ordinal);
  let last: unknown = new Error('no manager has joined yet');
  for (const manager of managers) {
    const api = openDockerApi({
      address: manager.address ?? '',
      port: apiPortOf(context.bay),
      identity: context.identity,
    });
    try {
      // A manager that is cut off from the others answers a ping, but no question about the swarm.
      await api.call('GET', '/swarm');
    } catch (error) {
      last = error;
      api.close();
      continue;
    }
    try {
      return await work(clusterOf(manager, api));
    } finally {
      api.close();
    }
  }
  throw last instanceof BaykeeperError ? last : unreachable('managers', last);
}

function preference(node: Node, except: Node | undefined): number {
  if (node.id === except?.id) return 2;
  return isStaying(node) && !node.failedAt ? 0 : 1;
}

function clusterOf(manager: Node, api: DockerApi): SwarmCluster {
  return {
    manager,
    async listNodes() {
      return z.array(swarmNode).parse(await api.call('GET', '/nodes'));
    },
    async countTasks(nodeId) {
      const filters = encodeURIComponent(JSON.stringify({ node: [nodeId] }));
      const tasks = z.array(task).parse(await api.call('GET', `/tasks?filters=${filters}`));
      return tasks.filter(({ Status }) => !ENDED.has(Status.State)).length;
    },
    async joinTokens() {
      const { JoinTokens } = swarm.parse(await api.call('GET', '/swarm'));
      return { manager: JoinTokens.Manager, worker: JoinTokens.Worker };
    },
    async versions() {
      const known = version.parse(await api.call('GET', '/version'));
      const containerd = known.Components?.find((component) => component.Name === 'containerd');
      return { engine: known.Version, container: containerd?.Version ?? known.Version };
    },
    async updateNode(node, changes) {
      await api.call('POST', `/nodes/${node.ID}/update?version=${String(node.Version.Index)}`, {
        ...node.Spec,
        ...changes,
      });
    },
    async removeNode(nodeId) {
      await api.call('DELETE', `/nodes/${nodeId}?force=true`);
    },
  };
}
