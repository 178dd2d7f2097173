/**
 * Requests a second of the API over real PostgreSQL and Redis, with one and with two API processes. The clients run on the
 * same processors as the service, so what they need is part of every figure.
 */
import autocannon from 'autocannon';
import pg from 'pg';
import { askAtRate, type Latencies } from './ask-at-rate.js';
import type { BenchmarkResult } from './result.js';
import { loginBody, run, startService, type BenchService } from './service.js';

const CLIENTS = 16;
const SECONDS = 5;
const SECONDS_AT_HALF = 15;
/** Without requests, after which what they left behind is collected. */
const REST_MS = 40_000;
const BAYS = 1_000;
const SETTLE_MS = 60_000;

interface Question {
  readonly name: string;
  /** Requests a second that are asked for with two processes; null: none are. */
  readonly target: number | null;
  readonly method?: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export async function benchApiRequests(): Promise<readonly BenchmarkResult[]> {
  const results: BenchmarkResult[] = [];
  for (const processes of [1, 2]) results.push(...(await measure(processes)));
  return results;
}

async function measure(processes: number): Promise<readonly BenchmarkResult[]> {
  const service = await startService({
    ...{ BAYKEEPER_COMPUTE: 'simulated', BAYKEEPER_LOAD_BALANCER: 'simulated', BAYKEEPER_SIMULATED_LATENCY_MS: '0' },
    // Limits are for tenants that overdo it, and this is one.
    ...{ BAYKEEPER_API_PROCESSES: String(processes), ...LIMITS },
  });
  try {
    const token = await service.token();
    const bay = await makeBays(service, token);
    const results: BenchmarkResult[] = [];
    for (const question of await questionsOf(service, token, bay)) {
      // Before the other one, which leaves work behind for a while: that would be no load of half.
      const half = processes === 1 ? null : await askAtHalf(service, token, question);
      const full = await ask(service, token, question);
      results.push(...report(question, processes, full, half));
    }
    // Logins that nobody waits for any more are still worked on, with 32 MiB each: this one comes after them.
    await service.token();
    results.push(...(await reportMemory(service, processes, 'right after')));
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
    results.push(...(await reportMemory(service, processes, 'at rest')));
    return results;
  } finally {
    await service.close();
  }
}

/** What would keep one tenant from asking as often as it is measured here. */
const LIMITS: Readonly<Record<string, string>> = {
  BAYKEEPER_SETTLED_SWEEP_SECONDS: '86400',
  BAYKEEPER_LOGINS_PER_MINUTE: '0',
  BAYKEEPER_LOGINS_PER_USER_PER_MINUTE: '0',
  BAYKEEPER_REQUESTS_PER_SECOND: '0',
  BAYKEEPER_QUOTA_BAYMODELS: '1000000',
};

async function questionsOf(service: BenchService, token: string, bay: string): Promise<readonly Question[]> {
  return [
    { name: 'show a bay', target: 3_500, path: `/v1/clusters/${bay}` },
    { name: 'list 100 bays', target: 1_000, path: '/v1/clusters?limit=100' },
    { name: 'list 1,000 bays', target: null, path: '/v1/clusters?limit=1000' },
    {
      ...{ name: 'create a baymodel', target: 1_500, method: 'POST', path: '/v1/clustertemplates' },
      body: JSON.stringify({ name: 'bench', coe: 'swarm', image_id: 'debian-12-docker', labels: { a: '1' } }),
    },
    {
      ...{ name: 'sign a request for a certificate', target: 500, method: 'POST', path: '/v1/certificates' },
      body: JSON.stringify({ cluster_uuid: bay, csr: await makeRequest(service.data) }),
    },
    {
      ...{ name: 'validate a token', target: null, path: '/identity/v3/auth/tokens' },
      headers: { 'X-Subject-Token': token },
    },
    {
      ...{ name: 'issue a token by password', target: null, method: 'POST', path: '/identity/v3/auth/tokens' },
      body: JSON.stringify(loginBody(service.openrc)),
    },
  ];
}

/** Makes one bay as a tenant does, waits until it is settled, and copies its records. @returns its uuid */
async function makeBays(service: BenchService, token: string): Promise<string> {
  const headers = { 'X-Auth-Token': token, 'Content-Type': 'application/json' };
  const body = JSON.stringify({ name: 'bench', cluster_template_id: 'swarm', node_count: 2 });
  const answer = await fetch(`${service.url}/v1/clusters`, { method: 'POST', headers, body });
  if (answer.status !== 202) throw new Error(`creating a bay: ${String(answer.status)} ${await answer.text()}`);
  const { uuid } = (await answer.json()) as { uuid: string };
  const end = Date.now() + SETTLE_MS;
  for (;;) {
    const shown = await fetch(`${service.url}/v1/clusters/${uuid}`, { headers });
    const { status } = (await shown.json()) as { status: string };
    if (status === 'CREATE_COMPLETE') break;
    if (Date.now() > end) throw new Error(`the bay is ${status}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await copyBay(service.data, uuid);
  return uuid;
}

/** The copies are settled and no sweep looks at them before the benchmark is over, so nothing is made for them. */
async function copyBay(data: string, uuid: string): Promise<void> {
  const client = new pg.Client({ host: `${data}/postgresql/run`, user: 'baykeeper', database: 'baykeeper' });
  await client.connect();
  await client.query(
    `WITH copies AS (SELECT gen_random_uuid() AS id, number FROM generate_series(2, $2::integer) AS number),
       made AS (
         INSERT INTO bays
         SELECT (jsonb_populate_record(null::bays, to_jsonb(bays) || jsonb_build_object('id', copies.id,
           'name', 'bench-' || copies.number, 'sequence', nextval(pg_get_serial_sequence('bays', 'sequence'))))).*
         FROM bays CROSS JOIN copies WHERE bays.id = $1 RETURNING id)
     INSERT INTO node_groups
     SELECT (jsonb_populate_record(null::node_groups, to_jsonb(node_groups) || jsonb_build_object('id', gen_random_uuid(),
       'bay_id', made.id, 'sequence', nextval(pg_get_serial_sequence('node_groups', 'sequence'))))).*
     FROM node_groups CROSS JOIN made WHERE bay_id = $1`,
    [uuid, BAYS],
  );
  await client.query('ANALYZE');
  await client.end();
}

async function makeRequest(directory: string): Promise<string> {
  const { stdout } = await run('openssl', [
    ...[
      'req',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      `${directory}/bench-key.pem`,
    ],
    ...['-subj', '/CN=bench'],
  ]);
  return stdout;
}

function headersOf(token: string, { body, headers }: Question): Readonly<Record<string, string>> {
  return { 'X-Auth-Token': token, ...(body !== undefined && { 'Content-Type': 'application/json' }), ...headers };
}

/** As many as there can be. */
async function ask(service: BenchService, token: string, question: Question): Promise<autocannon.Result> {
  const { method = 'GET', path, body } = question;
  const result = await autocannon({
    ...{ url: `${service.url}${path}`, method, connections: CLIENTS, duration: SECONDS },
    headers: headersOf(token, question),
    ...(body !== undefined && { body }),
  });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${path}: ${String(result.non2xx)} answers were no success, ${String(result.errors)} errors`);
  return result;
}

/** At half the rate that is asked for, when it has run warm; null where none is. */
async function askAtHalf(service: BenchService, token: string, question: Question): Promise<Latencies | null> {
  const { method = 'GET', path, body, target } = question;
  if (target === null) return null;
  const paced = {
    ...{ url: `${service.url}${path}`, method, rate: target / 2 },
    headers: headersOf(token, question),
    ...(body !== undefined && { body }),
  };
  await askAtRate({ ...paced, seconds: SECONDS });
  return askAtRate({ ...paced, seconds: SECONDS_AT_HALF });
}

async function reportMemory(
  service: BenchService,
  processes: number,
  when: string,
): Promise<readonly BenchmarkResult[]> {
  const memory = await service.memory();
  const parts = ['api', 'worker'].map((name) => [name, memory.get(name) ?? Number.NaN] as const);
  const together = parts.reduce((sum, [, value]) => sum + value, 0);
  return [...parts, ['both', together] as const].map(([name, value]) => {
    console.log(`  memory of ${name}, ${String(processes)} API, ${when}: ${value.toFixed(0)} MiB`);
    return { name: `api: memory of ${name}, ${String(processes)} API, ${when}`, unit: 'MiB', value, samples: [value] };
  });
}

function report(
  { name, target }: Question,
  processes: number,
  full: autocannon.Result,
  half: Latencies | null,
): readonly BenchmarkResult[] {
  const rate = full.requests.average;
  const { p50, p99 } = full.latency;
  const asked = target === null || processes === 1 ? '' : ` (asked for: ${String(target)})`;
  const atHalf = half === null ? '' : `; at ${String((target ?? 0) / 2)}/s p99 ${half.p99.toFixed(1)} ms`;
  console.log(
    `  ${name}, ${String(processes)} API: ${rate.toFixed(0)}/s${asked}, p50 ${String(p50)} ms, p99 ${String(p99)} ms${atHalf}`,
  );
  const title = `api: ${name}, ${String(processes)} API`;
  return [
    { name: title, unit: '1/s', value: rate, samples: [full.requests.min, full.requests.max] },
    { name: `${title}, p99`, unit: 'ms', value: p99, samples: [p50, full.latency.max] },
    ...(half === null
      ? []
      : [
          {
            name: `${title}, p99 at half`,
            unit: 'ms',
            value: half.p99,
            samples: [half.p50, half.max],
          },
        ]),
  ];
}
