/**
 * What nodes cost on their way from the wish to ready, over real PostgreSQL and Redis and simulated machines without
 * latency: each node makes a key, gets its certificate, waits for its turn, joins, tells of itself, and becomes a member of
 * the load balancer. The simulated nodes run inside the worker, so their part is in its figure.
 *
 * Processor time is what counts: it is the same on a machine that does other things as well, wall time is not.
 */
import type { Cost, Program } from './processes.js';
import type { BenchmarkResult } from './result.js';
import { median } from './result.js';
import type { ScaleOptions } from './scale-options.js';
import { startService, type BenchService } from './service.js';

const NODES_OF_A_BAY = 10;
const PATIENCE_MS = 3_600_000;
/** Showing a large bay costs the database something, too. */
const LOOK_EVERY_MS = 250;
const PROGRAMS = ['api', 'worker', 'postgresql', 'redis'] as const satisfies readonly Program[];

export async function benchScale(options: ScaleOptions): Promise<readonly BenchmarkResult[]> {
  const results: BenchmarkResult[] = [];
  for (const nodes of options.nodes) results.push(...(await measureOneBay(options, nodes)));
  if (options.bays > 0)
    for (const workers of options.workers) results.push(...(await measureManyBays(options, workers)));
  return results;
}

async function startSimulated({ profiles, port }: ScaleOptions, workers: number): Promise<BenchService> {
  return startService({
    ...{ BAYKEEPER_COMPUTE: 'simulated', BAYKEEPER_LOAD_BALANCER: 'simulated', BAYKEEPER_SIMULATED_LATENCY_MS: '0' },
    ...{ BAYKEEPER_SIMULATED_CAPACITY: '100000', BAYKEEPER_WORKER_PROCESSES: String(workers) },
    ...{ BAYKEEPER_QUOTA_NODES: '1000000', BAYKEEPER_QUOTA_BAYS: '100000', BAYKEEPER_QUOTA_MASTERS: '100000' },
    ...{ BAYKEEPER_LOGINS_PER_MINUTE: '0', BAYKEEPER_LOGINS_PER_USER_PER_MINUTE: '0' },
    ...{ BAYKEEPER_REQUESTS_PER_SECOND: '0', BAYKEEPER_LOG_LEVEL: 'warn' },
    ...{ BAYKEEPER_NODE_BOOT_TIMEOUT_SECONDS: '3600', BAYKEEPER_PORT: String(port) },
    BAYKEEPER_NODE_PORT: String(port + 1),
    ...(profiles !== null && {
      NODE_OPTIONS: `--require=${new URL('../profile-process.cjs', import.meta.url).pathname}`,
      BENCH_PROFILES: profiles,
    }),
  });
}

async function measureOneBay(options: ScaleOptions, nodes: number): Promise<readonly BenchmarkResult[]> {
  const service = await startSimulated(options, 1);
  try {
    const tenant = await openTenant(service, await service.token(), null);
    const warm = await tenant.createBay('warm', 1);
    await untilAll([tenant.status(warm)]);
    const grown = await measureWork(service, async () => {
      const uuid = await tenant.createBay('large', nodes - 1);
      await untilAll([tenant.status(uuid)]);
      return uuid;
    });
    const title = `scale: bay of ${String(nodes)} nodes`;
    const results = report(title, nodes, grown);
    const more = await measureWork(service, async () => {
      await tenant.resize(grown.value, nodes);
      await untilAll([tenant.status(grown.value)]);
    });
    return [...results, ...report(`scale: one more node on ${String(nodes)}`, 1, more)];
  } finally {
    await service.close();
  }
}

async function measureManyBays(options: ScaleOptions, workers: number): Promise<readonly BenchmarkResult[]> {
  const service = await startSimulated(options, workers);
  try {
    const token = await service.token();
    const tenants = await Promise.all(
      Array.from({ length: options.tenants }, (_, index) => openTenant(service, token, `tenant-${String(index)}`)),
    );
    const perTenant = Math.max(1, Math.floor(options.bays / options.tenants));
    const greedy = options.crowd > 0 ? await openTenant(service, token, 'crowd') : null;
    await greedy?.createBay('crowd', options.crowd - 1);
    const work = await measureWork(service, () =>
      Promise.all(
        tenants.map(async (tenant) => {
          const uuids: string[] = [];
          for (let bay = 0; bay < perTenant; bay += 1)
            uuids.push(await tenant.createBay(`bay-${String(bay)}`, NODES_OF_A_BAY - 1));
          return tenant.settledAfter(uuids);
        }),
      ),
    );
    const medians = work.value.map(median);
    const of = `${String(options.bays)} bays of ${String(NODES_OF_A_BAY)} nodes, ${String(workers)} workers`;
    const results = report(`scale: ${of}`, perTenant * tenants.length * NODES_OF_A_BAY, work);
    const value = Math.max(...medians) / Math.min(...medians);
    console.log(`  slowest tenant's median over the fastest's: ${value.toFixed(2)}`);
    return [...results, { name: `scale: unfairness, ${of}`, unit: 'x', value, samples: medians }];
  } finally {
    await service.close();
  }
}

interface Work<T> {
  readonly value: T;
  readonly seconds: number;
  readonly costs: ReadonlyMap<Program, Cost>;
}

async function measureWork<T>(service: BenchService, work: () => Promise<T>): Promise<Work<T>> {
  const before = await service.costs();
  const start = performance.now();
  const value = await work();
  const seconds = (performance.now() - start) / 1_000;
  const costs = new Map<Program, Cost>();
  for (const [program, cost] of await service.costs())
    costs.set(program, { ...cost, cpuSeconds: cost.cpuSeconds - (before.get(program)?.cpuSeconds ?? 0) });
  return { value, seconds, costs };
}

function report(title: string, nodes: number, { seconds, costs }: Work<unknown>): BenchmarkResult[] {
  const perNode = new Map(PROGRAMS.map((name) => [name, ((costs.get(name)?.cpuSeconds ?? 0) * 1_000) / nodes]));
  const all = [...perNode.values()].reduce((sum, cost) => sum + cost, 0);
  const parts = PROGRAMS.map((name) => `${name} ${(perNode.get(name) ?? 0).toFixed(2)}`).join(', ');
  const peak = costs.get('worker')?.peakMebibytes ?? Number.NaN;
  console.log(`  ${title}: ${seconds.toFixed(1)} s; ${all.toFixed(2)} ms of processor time a node (${parts})`);
  console.log(`    memory of the worker, at most: ${peak.toFixed(0)} MiB`);
  const one = (name: string, unit: string, value: number): BenchmarkResult => ({ name, unit, value, samples: [value] });
  return [
    one(title, 's', seconds),
    one(`${title}, processors`, 'ms', all),
    ...PROGRAMS.map((name) => one(`${title}, ${name}`, 'ms', perNode.get(name) ?? 0)),
    one(`${title}, memory of the worker`, 'MiB', peak),
  ];
}

interface Tenant {
  createBay(name: string, workers: number): Promise<string>;
  resize(uuid: string, workers: number): Promise<void>;
  /** Asks anew at each call. */
  status(uuid: string): () => Promise<string>;
  /** Seconds until each was settled, asked with one request for all. */
  settledAfter(uuids: readonly string[]): Promise<readonly number[]>;
}

/** @param project null: the administrators' own */
async function openTenant(service: BenchService, adminToken: string, project: string | null): Promise<Tenant> {
  const ask = async <T>(method: string, path: string, token: string, body?: unknown): Promise<T> => {
    const headers = { 'X-Auth-Token': token, 'Content-Type': 'application/json' };
    const answer = await fetch(`${service.url}${path}`, {
      ...{ method, headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${String(answer.status)} ${await answer.text()}`);
    const text = await answer.text();
    return (text === '' ? null : JSON.parse(text)) as T;
  };
  const token = project === null ? adminToken : await makeProject(service, adminToken, project, ask);
  const model = await ask<{ uuid: string }>('POST', '/v1/clustertemplates', token, {
    ...{ name: 'scale', coe: 'swarm', image_id: 'debian-12-docker', labels: { lb_ports: '80' } },
    ...{ master_lb_enabled: true, external_network_id: 'public' },
  });
  return {
    async createBay(name, workers) {
      const body = { name, cluster_template_id: model.uuid, node_count: workers, master_count: 1 };
      return (await ask<{ uuid: string }>('POST', '/v1/clusters', token, body)).uuid;
    },
    async resize(uuid, workers) {
      await ask('PATCH', `/v1/clusters/${uuid}`, token, [{ op: 'replace', path: '/node_count', value: workers }]);
    },
    status: (uuid) => async () => (await ask<{ status: string }>('GET', `/v1/clusters/${uuid}`, token)).status,
    async settledAfter(uuids) {
      const start = performance.now();
      const open = new Set(uuids);
      const seconds: number[] = [];
      for (;;) {
        const { clusters } = await ask<{ clusters: readonly { uuid: string; status: string }[] }>(
          'GET',
          '/v1/clusters?limit=1000',
          token,
        );
        for (const { uuid, status } of clusters) {
          if (status.endsWith('FAILED')) throw new Error(`the bay ${uuid} is ${status}`);
          if (!open.has(uuid) || !status.endsWith('COMPLETE')) continue;
          open.delete(uuid);
          seconds.push((performance.now() - start) / 1_000);
        }
        if (open.size === 0) return seconds;
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS * 4));
      }
    },
  };
}

type Ask = <T>(method: string, path: string, token: string, body?: unknown) => Promise<T>;

async function makeProject(service: BenchService, adminToken: string, name: string, ask: Ask): Promise<string> {
  const { project } = await ask<{ project: { id: string } }>('POST', '/identity/v3/projects', adminToken, {
    project: { name },
  });
  const password = `${name}-has-a-long-password`;
  const { user } = await ask<{ user: { id: string } }>('POST', '/identity/v3/users', adminToken, {
    user: { name, password },
  });
  const { roles } = await ask<{ roles: readonly { id: string; name: string }[] }>(
    ...(['GET', '/identity/v3/roles', adminToken] as const),
  );
  const member = roles.find((role) => role.name === 'member')?.id ?? '';
  await ask('PUT', `/identity/v3/projects/${project.id}/users/${user.id}/roles/${member}`, adminToken);
  return service.token({ OS_USERNAME: name, OS_PROJECT_NAME: name, OS_PASSWORD: password });
}

async function untilAll(questions: readonly (() => Promise<string>)[]): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  for (const question of questions) {
    for (;;) {
      const status = await question();
      if (status.endsWith('COMPLETE')) break;
      if (status.endsWith('FAILED') || Date.now() > end) throw new Error(`the bay is ${status}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }
}
