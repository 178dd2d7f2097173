/**
 * Thousands of requests that nobody should send, at every route of the OpenAPI document: none is our fault, none that is
 * refused changes anything, none is answered with what belongs to another project, and every refusal has its form.
 *
 * Sends FUZZ_REQUESTS (6,000 unless said). A failure names its seed; FUZZ_SEED repeats it.
 */
import { readFile } from 'node:fs/promises';
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { createSwarmEngine } from '@baykeeper/drivers/engines/swarm/swarm.engine.js';
import { watchDatabase, type DatabaseWatch } from '@baykeeper/storage/testing/database-watch.js';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { requestsFor, type FuzzRequest, type OpenapiDocument } from '../testing/fuzz/requests.js';
import { startTestApi, type TestApi } from '../testing/start-test-api.js';
import { RESOURCES, SECRET, makeResource } from '../testing/walk/resources.js';

const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 6_000);
const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
/** Milliseconds after which an answer counts as hanging. */
const LONGEST_ANSWER = 10_000;
// Two milliseconds each on a machine with nothing else to do; a busy one takes what it takes.
jest.setTimeout(60_000 + REQUESTS * 100);

const openapi = JSON.parse(
  await readFile(new URL('../../../openapi.json', import.meta.url), 'utf8'),
) as OpenapiDocument;

let postgres: TestDatabase;
let api: TestApi;
let watch: DatabaseWatch;
/** For routes that write down who was refused. */
let lenient: DatabaseWatch;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
/** Identifiers and names of the other project's things, as long as no request has had them written down as something own. */
const foreign = new Set<string>();
const idents: string[] = [
  ...['swarm', 'debian-12-docker', 'm1.small', 'node_count', '/node_count', '/name', '/labels/a'],
  // What every JavaScript object has without being told.
  ...['__proto__', 'constructor', 'toString'],
];
const names: string[] = [];
const tokens: string[] = ['', 'nonsense'];
let systemAdmin: string;

beforeAll(async () => {
  postgres = await startTestDatabase();
  api = await startTestApi(postgres.url, createSwarmEngine({ templatesDirectory: '/nowhere' }));
  const [own, other] = [await api.project(), await api.project()];
  for (const name of RESOURCES) {
    const theirs = await makeResource(api.database, name, other);
    // The catalogue is nobody's secret.
    const isSecret = Object.values(theirs.names).every((given) => given.startsWith(SECRET));
    if (isSecret)
      for (const secret of [theirs.idents, theirs.names].flatMap(Object.values<string>)) foreign.add(secret);
    names.push(...Object.values(theirs.names));
    idents.push(...Object.values(theirs.idents));
    const ours = await makeResource(api.database, name, own);
    idents.push(...Object.values(ours.idents));
  }
  foreign.add(other);
  idents.push(other, own);
  for (const roles of [['reader'], ['member', 'reader'], ['admin', 'member', 'reader']]) {
    const token = await api.token(own, ...roles);
    tokens.push(token, token);
  }
  systemAdmin = await api.token(await api.project(), 'system-admin', 'admin', 'member', 'reader');
  tokens.push(systemAdmin);
  // What was refused may be written down; nothing else.
  watch = await watchDatabase(postgres.url, ['audit_entries']);
  lenient = await watchDatabase(postgres.url, ['audit_entries', 'login_addresses']);
});

afterAll(async () => {
  agent.destroy();
  await watch.close();
  await lenient.close();
  await api.close();
  await postgres.stop();
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Sends what `fetch` would correct or refuse. */
function sendAsIs({ method, path, headers, body }: FuzzRequest): Promise<Answer> {
  const { port } = new URL(api.url);
  return new Promise((resolve, reject) => {
    const all = { ...headers, 'Content-Length': String(Buffer.byteLength(body)) };
    const sent = httpRequest({ host: '127.0.0.1', port, method, path, headers: all, agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () => {
        resolve({
          ...{ status: response.statusCode ?? 0, headers: response.headers },
          text: Buffer.concat(chunks).toString(),
        });
      });
    });
    sent.setTimeout(LONGEST_ANSWER, () => sent.destroy(new Error('there was no answer')));
    sent.once('error', reject);
    sent.end(body);
  });
}

/** Section 3 of Magnum's contract; Keystone's form below `/identity`, plain text for nodes. */
function checkForm({ method, path }: FuzzRequest, { status, headers, text }: Answer): void {
  expect(headers['x-openstack-request-id']).toMatch(/^req-/);
  if (method === 'HEAD') return;
  if (path.startsWith('/v1/nodes/')) {
    expect(headers['content-type']).toBe('text/plain; charset=utf-8');
    return;
  }
  expect(headers['content-type']).toBe('application/json; charset=utf-8');
  const body = JSON.parse(text) as { readonly error?: unknown; readonly errors?: readonly unknown[] };
  if (status === 401 || path.startsWith('/identity')) {
    expect(body).toEqual({ error: { code: status, title: expect.any(String), message: expect.any(String) } });
    return;
  }
  const [entry] = body.errors ?? [];
  expect(body.errors).toHaveLength(1);
  if (status === 406 && headers['openstack-api-version'] !== undefined && text.includes('microversion')) return;
  expect(entry).toEqual({
    ...{ request_id: '', code: expect.any(String), status, links: [] },
    ...{ title: expect.any(String), detail: expect.any(String) },
  });
}

/** What of the other project is in the answer and was not in the request. */
function leaks(request: FuzzRequest, { text, headers }: Answer): readonly string[] {
  if (request.headers['X-Auth-Token'] === systemAdmin) return [];
  const asked = `${request.path}${decoded(request.path)}${request.body}`.toLowerCase();
  const said = `${text}${JSON.stringify(headers)}`;
  return [...foreign].filter((secret) => said.includes(secret) && !asked.includes(secret.toLowerCase()));
}

function decoded(path: string): string {
  return path.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => Buffer.from(escapes.replaceAll('%', ''), 'hex').toString());
}

test(`malformed requests are refused, and that is all that they do (FUZZ_SEED=${SEED})`, async () => {
  const answered = new Map<string, Set<number>>();
  await fc.assert(
    fc.asyncProperty(requestsFor(openapi, { idents, names, tokens }), async (request) => {
      const observer = request.path.startsWith('/identity') ? lenient : watch;
      const before = await observer.state();
      const answer = await sendAsIs(request);
      answered.set(request.route, (answered.get(request.route) ?? new Set()).add(answer.status));
      expect(api.faults).toEqual([]);
      expect([answer.status, answer.text]).toEqual([answer.status < 500 ? answer.status : 'below 500', answer.text]);
      expect(leaks(request, answer)).toEqual([]);
      if (answer.status < 400) {
        for (const secret of foreign) if (request.body.includes(secret)) foreign.delete(secret);
        return;
      }
      checkForm(request, answer);
      expect(await observer.state()).toBe(before);
    }),
    { numRuns: REQUESTS, seed: SEED },
  );
  // It got behind the doors, everywhere: a run in which everything is refused for its token would prove nothing.
  const routes = Object.entries(openapi.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(routes.filter((route) => !answered.has(route))).toEqual([]);
  const succeeded = [...answered.values()].filter((statuses) => [...statuses].some((status) => status < 300));
  expect(succeeded.length).toBeGreaterThan(routes.length / 3);
  expect([...foreign].some((secret) => secret.startsWith(SECRET))).toBe(true);
});
