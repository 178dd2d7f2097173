/**
 * The control plane as nodes see it, for tests: certificates, join data and signals over HTTPS, kept in memory. It is
 * strict where the real one is (tokens, the first key), and says when everything happened.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { BaykeeperError, type Bay, type Node } from '@baykeeper/domain';
import type { BayKeys, ControlIdentity, EngineContext, EngineDriver } from '../../contracts/engine.js';
import { renderEnvironmentFile } from '../environment-file.js';
import type { TestAuthority } from './test-authority.js';

/** One call of a node, in the order of arrival. `atMs` counts from the control plane's start. */
export interface NodeCall {
  readonly nodeId: string;
  /** `booted ok`, `joined failed: message`, `certificate 200`, `join 204`. */
  readonly what: string;
  readonly log: string;
  readonly atMs: number;
}

export interface TestControlPlane {
  readonly url: string;
  readonly calls: readonly NodeCall[];
  readonly tokens: ReadonlyMap<string, { readonly enrolment: string; session: string | null }>;
  /** The enrolment token of a node that is now expected. */
  expect(node: Node): string;
  node(id: string): Node;
  change(id: string, facts: Partial<Node>): void;
  forget(id: string): void;
  context(): EngineContext;
  setBay(changes: Partial<Bay>): void;
  /** The next calls whose path ends so are answered with this status and do nothing. */
  refuse(pathEnd: string, status: number, times: number): void;
  close(): Promise<void>;
}

/** Engines that share one are tried with a whole control plane. */
const NO_KEYS: BayKeys = { serviceAccountKey: () => Promise.reject(new Error('the double keeps no keys')) };

interface Options {
  readonly bay: Bay;
  readonly engine: EngineDriver;
  readonly authority: TestAuthority;
  readonly identity: ControlIdentity | null;
  readonly clientAddress: string | null;
  /** Where nodes reach it. */
  readonly address: string;
}

export async function openTestControlPlane(options: Options): Promise<TestControlPlane> {
  const started = performance.now();
  const calls: NodeCall[] = [];
  const nodes = new Map<string, Node>();
  const tokens = new Map<string, { enrolment: string; session: string | null; keyHash: string | null }>();
  const refusals: { pathEnd: string; status: number; times: number }[] = [];
  let bay = options.bay;

  const context = (): EngineContext => ({
    bay,
    nodes: [...nodes.values()],
    clientAddress: options.clientAddress,
    identity: options.identity,
  });
  const nodeOf = (id: string): Node => {
    const node = nodes.get(id);
    if (!node) throw new Error(`no node ${id}`);
    return node;
  };
  const change = (id: string, facts: Partial<Node>): void => void nodes.set(id, { ...nodeOf(id), ...facts });
  const note = (nodeId: string, what: string, log = ''): void =>
    void calls.push({ nodeId, what, log, atMs: Math.round(performance.now() - started) });

  function mayJoin(node: Node): boolean {
    if (bay.foundedAt === null) return bay.foundingNodeId === node.id;
    const joining = [...nodes.values()].some(
      (other) => other.role === 'master' && other.joinGrantedAt && !other.joinedAt && other.id !== node.id,
    );
    return node.role === 'worker' || !joining;
  }

  async function join(id: string, waitMs: number): Promise<Readonly<Record<string, string>> | null> {
    const end = performance.now() + waitMs;
    for (;;) {
      if (mayJoin(nodeOf(id))) {
        change(id, { joinGrantedAt: new Date() });
        const data = await options.engine.joinData(context(), nodeOf(id), NO_KEYS).catch((error: unknown) => {
          if (error instanceof BaykeeperError) return null;
          throw error;
        });
        if (data) return data;
      }
      if (performance.now() > end) return null;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  function report(id: string, query: URLSearchParams, log: string): void {
    const phase = query.get('phase') ?? '';
    const outcome = query.get('outcome') ?? '';
    note(id, outcome === 'failed' ? `${phase} failed: ${query.get('message') ?? ''}` : `${phase} ${outcome}`, log);
    if (outcome !== 'ok') {
      change(id, { failedAt: new Date() });
      return;
    }
    if (phase === 'booted') change(id, { bootedAt: nodeOf(id).bootedAt ?? new Date() });
    if (phase !== 'joined') return;
    change(id, { joinedAt: nodeOf(id).joinedAt ?? new Date() });
    if (bay.foundingNodeId === id) bay = { ...bay, foundedAt: bay.foundedAt ?? new Date() };
  }

  function certify(id: string, csr: string): { status: number; pem: string; session: string } {
    const token = tokens.get(id);
    const keyHash = createHash('sha256').update(csr).digest('hex');
    if (!token || (token.keyHash !== null && token.keyHash !== keyHash)) return { status: 401, pem: '', session: '' };
    token.keyHash = keyHash;
    token.session ??= `session-${randomBytes(16).toString('hex')}`;
    const profile = options.engine.nodeCertificate({ node: nodeOf(id), clientAddress: options.clientAddress });
    const pem = options.authority.sign(csr, profile) + options.authority.caPem;
    change(id, { certifiedAt: new Date() });
    return { status: 200, pem, session: token.session };
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'https://control-plane');
    const [, , , id = '', what = ''] = url.pathname.split('/');
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const refusal = refusals.find((entry) => entry.times > 0 && url.pathname.endsWith(entry.pathEnd));
    if (refusal) {
      refusal.times -= 1;
      note(id, `${what} ${String(refusal.status)}`);
      return void response.writeHead(refusal.status).end();
    }
    const token = tokens.get(id);
    const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const enrolled = token !== undefined && bearer === token.enrolment;
    const known = token !== undefined && bearer === token.session;
    if (what === 'signals' && (enrolled || known)) {
      report(id, url.searchParams, body);
      response.writeHead(204).end();
    } else if (what === 'certificate' && enrolled) {
      const { status, pem, session } = certify(id, body);
      note(id, `certificate ${String(status)}`);
      response.writeHead(status, { 'X-Baykeeper-Session': session, 'Content-Type': 'text/plain' }).end(pem);
    } else if (what === 'join' && known) {
      const data = await join(id, Number(url.searchParams.get('wait') ?? 0) * 1000);
      note(id, `join ${data ? '200' : '204'}`);
      if (data) response.writeHead(200, { 'Content-Type': 'text/plain' }).end(renderEnvironmentFile(data));
      else response.writeHead(204).end();
    } else {
      note(id, `${what} 401`);
      response.writeHead(401).end();
    }
  }

  const own = options.authority.issue({
    commonName: 'control-plane',
    organization: null,
    dnsNames: [],
    ipAddresses: [options.address],
    usages: ['server'],
    days: 2,
  });
  const server = createServer({ key: own.key, cert: own.certificate }, (request, response) => {
    handle(request, response).catch((error: unknown) => {
      note('', `error: ${String(error)}`);
      response.writeHead(500).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, options.address, resolve));
  const { port } = server.address() as AddressInfo;

  return {
    url: `https://${options.address}:${String(port)}`,
    calls,
    tokens,
    expect(node) {
      const enrolment = `enrolment-${randomBytes(16).toString('hex')}`;
      nodes.set(node.id, node);
      tokens.set(node.id, { enrolment, session: null, keyHash: null });
      return enrolment;
    },
    node: nodeOf,
    change,
    forget: (id) => void nodes.delete(id),
    context,
    setBay: (changes) => void (bay = { ...bay, ...changes }),
    refuse: (pathEnd, status, times) => void refusals.push({ pathEnd, status, times }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
