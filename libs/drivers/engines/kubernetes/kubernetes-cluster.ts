/** Questions to, and changes of, a running cluster, asked of whichever master's API answers. */
import { isStaying, type Node } from '@baykeeper/domain';
import { z } from 'zod';
import type { EngineContext, SessionIdentity } from '../../contracts/engine.js';
import { openHttpsJson, type HttpsJson } from './https-json.js';
import { API_PORT } from './kubernetes.config.js';
import { unreachable } from './kubernetes.errors.js';

const labels = z.record(z.string(), z.string());
const taint = z.object({ key: z.string(), value: z.string().optional(), effect: z.string() }).loose();
export type NodeTaint = z.infer<typeof taint>;

const clusterNode = z
  .object({
    metadata: z.object({ name: z.string(), resourceVersion: z.string(), labels: labels.optional() }).loose(),
    spec: z.object({ unschedulable: z.boolean().optional(), taints: z.array(taint).optional() }).loose(),
    status: z
      .object({
        conditions: z
          .array(z.object({ type: z.string(), status: z.string(), message: z.string().optional() }).loose())
          .optional(),
        nodeInfo: z.object({ containerRuntimeVersion: z.string() }).loose().optional(),
      })
      .loose(),
  })
  .loose();
export type ClusterNode = z.infer<typeof clusterNode>;

const pod = z
  .object({
    metadata: z
      .object({
        name: z.string(),
        namespace: z.string(),
        labels: labels.optional(),
        annotations: labels.optional(),
        ownerReferences: z.array(z.object({ kind: z.string() }).loose()).optional(),
      })
      .loose(),
    status: z.object({ phase: z.string().optional() }).loose(),
  })
  .loose();
export type Pod = z.infer<typeof pod>;

const selector = z
  .object({
    matchLabels: labels.optional(),
    matchExpressions: z
      .array(z.object({ key: z.string(), operator: z.string(), values: z.array(z.string()).nullish() }).loose())
      .optional(),
  })
  .loose();
export type LabelSelector = z.infer<typeof selector>;

const budget = z
  .object({
    metadata: z.object({ name: z.string(), namespace: z.string() }).loose(),
    spec: z.object({ selector: selector.optional() }).loose(),
    status: z.object({ disruptionsAllowed: z.number().optional() }).loose().optional(),
  })
  .loose();
export type DisruptionBudget = z.infer<typeof budget>;

const service = z
  .object({
    metadata: z.object({ name: z.string(), namespace: z.string(), creationTimestamp: z.string() }).loose(),
    spec: z
      .object({
        type: z.string().optional(),
        loadBalancerClass: z.string().nullish(),
        ports: z
          .array(
            z
              .object({ port: z.number(), protocol: z.string().default('TCP'), nodePort: z.number().optional() })
              .loose(),
          )
          .nullish(),
      })
      .loose(),
    status: z
      .object({
        loadBalancer: z
          .object({ ingress: z.array(z.object({ ip: z.string().optional() }).loose()).nullish() })
          .loose()
          .nullish(),
      })
      .loose()
      .nullish(),
  })
  .loose();

/** A Service of type LoadBalancer that asks for the cluster's own balancer. */
export interface LoadBalancerService {
  readonly namespace: string;
  readonly name: string;
  /** As the API writes times: their order is the order of age. */
  readonly createdAt: string;
  readonly ports: readonly { readonly port: number; readonly protocol: string; readonly nodePort: number | null }[];
  /** Where it says that it is served. */
  readonly addresses: readonly string[];
}

const version = z.object({ gitVersion: z.string() }).loose();
const listOf = <Item>(item: z.ZodType<Item>) => z.object({ items: z.array(item) }).loose();

export interface KubernetesCluster {
  /** The master that is asked. */
  readonly master: Node;
  listNodes(): Promise<readonly ClusterNode[]>;
  /** Null: the cluster has none of that name. */
  findNode(name: string): Promise<ClusterNode | null>;
  /**
   * A JSON merge patch (RFC 7396). With the node's `resourceVersion` in it, it is refused where somebody changed the node
   * since it was read (`conflict`).
   */
  changeNode(name: string, patch: object): Promise<void>;
  /** @throws BaykeeperError `not-found` */
  removeNode(name: string): Promise<void>;
  listPodsOn(name: string): Promise<readonly Pod[]>;
  /** @throws BaykeeperError `too-many-requests` while a disruption budget forbids it; `not-found` */
  evict(pod: Pod): Promise<void>;
  listBudgets(namespace: string): Promise<readonly DisruptionBudget[]>;
  version(): Promise<string>;
  listLoadBalancerServices(): Promise<readonly LoadBalancerService[]>;
  announce(service: LoadBalancerService, addresses: readonly string[]): Promise<void>;
  /** Whether there is a Service of that name. */
  hasService(namespace: string, name: string): Promise<boolean>;
}

/**
 * Speaks with the first master whose API is ready; `last` is asked after the others.
 * @throws BaykeeperError `provider-unavailable` when none answers.
 */
export async function withCluster<T>(
  context: EngineContext,
  work: (cluster: KubernetesCluster) => Promise<T>,
  last?: Node,
): Promise<T> {
  let problem: unknown = unreachable('masters', new Error('no master has joined yet'));
  for (const master of mastersOf(context, last)) {
    const api = openApi(master, context.identity);
    try {
      try {
        await api.call('GET', '/readyz');
      } catch (error) {
        problem = error;
        continue;
      }
      return await work(clusterOf(master, api));
    } finally {
      api.close();
    }
  }
  throw problem;
}

/** Masters that joined and whose machines may be there, the likeliest to answer first. */
export function mastersOf(context: EngineContext, last?: Node): readonly Node[] {
  return context.nodes
    .filter((node) => node.role === 'master' && node.joinedAt && node.address !== null && !node.machineRemovedAt)
    .sort((a, b) => reluctance(a, last) - reluctance(b, last) || a.ordinal - b.ordinal);
}

/** Null: its API server says that it is ready; else why not. */
export async function unreadiness(master: Node, identity: EngineContext['identity']): Promise<string | null> {
  const api = openApi(master, identity, 3_000);
  try {
    await api.call('GET', '/readyz');
    return null;
  } catch {
    return 'its API server is not ready';
  } finally {
    api.close();
  }
}

function openApi(master: Node, identity: SessionIdentity | null, timeoutMs?: number): HttpsJson {
  const address = master.address ?? '';
  if (identity === null) throw unreachable(address, new Error('a Kubernetes bay has no identity without TLS'));
  return openHttpsJson({ address, port: API_PORT, identity, ...(timeoutMs !== undefined && { timeoutMs }) });
}

function reluctance(node: Node, last: Node | undefined): number {
  if (node.id === last?.id) return 3;
  if (node.engineState === 'down' || node.failedAt) return 2;
  return isStaying(node) ? 0 : 1;
}

function clusterOf(master: Node, api: HttpsJson): KubernetesCluster {
  const ask = async <T>(shape: z.ZodType<T>, path: string): Promise<T> => {
    const read = shape.safeParse(await api.call('GET', path));
    // What does not look like Kubernetes' answer comes from something else at that address.
    if (!read.success) throw unreachable(`${master.address ?? ''} ${path}`, read.error);
    return read.data;
  };
  const list = async <T>(item: z.ZodType<T>, path: string): Promise<readonly T[]> =>
    (await ask(listOf(item), path)).items;
  const nodePath = (name: string): string => `/api/v1/nodes/${encodeURIComponent(name)}`;
  const namespaced = (api: string, namespace: string, rest: string): string =>
    `${api}/namespaces/${encodeURIComponent(namespace)}/${rest}`;
  return {
    master,
    // From the API server's memory: a large bay is asked often.
    listNodes: () => list(clusterNode, '/api/v1/nodes?resourceVersion=0'),
    findNode: (name) => orNull(ask(clusterNode, nodePath(name))),
    async changeNode(name, patch) {
      await api.call('PATCH', nodePath(name), patch, 'application/merge-patch+json');
    },
    async removeNode(name) {
      await api.call('DELETE', nodePath(name));
    },
    listPodsOn: (name) => list(pod, `/api/v1/pods?fieldSelector=${encodeURIComponent(`spec.nodeName=${name}`)}`),
    async evict({ metadata: { name, namespace } }) {
      await api.call('POST', namespaced('/api/v1', namespace, `pods/${encodeURIComponent(name)}/eviction`), {
        ...{ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } },
      });
    },
    listBudgets: (namespace) => list(budget, namespaced('/apis/policy/v1', namespace, 'poddisruptionbudgets')),
    async listLoadBalancerServices() {
      const services = await list(service, '/api/v1/services?resourceVersion=0');
      return services
        .filter(({ spec }) => spec.type === 'LoadBalancer' && !spec.loadBalancerClass)
        .map(describeService);
    },
    async announce({ namespace, name }, addresses) {
      const path = namespaced('/api/v1', namespace, `services/${encodeURIComponent(name)}/status`);
      const status = { loadBalancer: { ingress: addresses.map((ip) => ({ ip })) } };
      await api.call('PATCH', path, { status }, 'application/merge-patch+json');
    },
    version: async () => (await ask(version, '/version')).gitVersion,
    hasService: async (namespace, name) =>
      (await orNull(ask(z.unknown(), namespaced('/api/v1', namespace, `services/${name}`)))) !== null,
  };
}

function describeService({ metadata, spec, status }: z.infer<typeof service>): LoadBalancerService {
  return {
    ...{ namespace: metadata.namespace, name: metadata.name, createdAt: metadata.creationTimestamp },
    ports: (spec.ports ?? []).map(({ port, protocol, nodePort }) => ({ port, protocol, nodePort: nodePort ?? null })),
    addresses: (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []),
  };
}

async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'not-found') return null;
    throw error;
  }
}
