/** Tenants of the benchmark `scale`, as clients of the REST API. */
import type { BenchService } from './service.js';

const PATIENCE_MS = 3_600_000;
/** Showing a large bay costs the database something, too. */
const LOOK_EVERY_MS = 250;

/** Someone who asks for bays, in a project of his own. */
export interface Tenant {
  createBay(name: string, workers: number): Promise<string>;
  resize(uuid: string, workers: number): Promise<void>;
  /** Asks anew at each call. */
  status(uuid: string): () => Promise<string>;
  /**
   * Waits until all are settled, asking with one request for all.
   * @param everyMs how exactly
   * @returns when each was, by `performance.now()`
   */
  settledAt(uuids: readonly string[], everyMs?: number): Promise<readonly number[]>;
  /** How many of the tenant's bays are complete. */
  complete(): Promise<number>;
}

/** @param project null: the administrators' own */
export async function openTenant(service: BenchService, adminToken: string, project: string | null): Promise<Tenant> {
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
  const list = async (): Promise<readonly { readonly uuid: string; readonly status: string }[]> =>
    (await ask<{ clusters: readonly { uuid: string; status: string }[] }>('GET', '/v1/clusters?limit=1000', token))
      .clusters;
  return {
    async createBay(name, workers) {
      const body = { name, cluster_template_id: model.uuid, node_count: workers, master_count: 1 };
      return (await ask<{ uuid: string }>('POST', '/v1/clusters', token, body)).uuid;
    },
    async resize(uuid, workers) {
      await ask('PATCH', `/v1/clusters/${uuid}`, token, [{ op: 'replace', path: '/node_count', value: workers }]);
    },
    status: (uuid) => async () => (await ask<{ status: string }>('GET', `/v1/clusters/${uuid}`, token)).status,
    async settledAt(uuids, everyMs = LOOK_EVERY_MS * 4) {
      const open = new Set(uuids);
      const settled: number[] = [];
      for (;;) {
        for (const { uuid, status } of await list()) {
          if (status.endsWith('FAILED')) throw new Error(`the bay ${uuid} is ${status}`);
          if (status.endsWith('COMPLETE') && open.delete(uuid)) settled.push(performance.now());
        }
        if (open.size === 0) return settled;
        await new Promise((resolve) => setTimeout(resolve, everyMs));
      }
    },
    complete: async () => (await list()).filter(({ status }) => status.endsWith('COMPLETE')).length,
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

export async function untilAll(questions: readonly (() => Promise<string>)[]): Promise<void> {
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
