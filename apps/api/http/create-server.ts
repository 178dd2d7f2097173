/**
 * The HTTP server under Nest: what happens to every request before a controller sees it, in this order: request id,
 * access, version, accepted types, query, body. A request without a valid token is refused before its body is read.
 */
import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { NotFoundException } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Log } from '@baykeeper/domain';
import { invalidInput, showName, type AuditCollector, type Caller } from '@baykeeper/services';
import type { AccessCheck, TokenHolder } from '../access/access-check.js';
import { refusalOf } from '../audit/collected-entries.js';
import { addBodyParsers } from './body-parsers.js';
import { allowOrigins } from './cors.js';
import { RouterRefusal, VersionRefusal, failureOf } from './failure.js';
import { sendFailure } from './failure.filter.js';
import { MINIMUM_MINOR, negotiate, versionHeaders, versionOf } from './microversion.js';
import { LongAnswers } from './long-answers.js';
import { MAXIMUM_LIMIT } from './pages.js';
import { RouteIndex } from './route-index.js';
import { traceRequests } from './trace-requests.js';

/** Octets; Magnum's largest bodies are templates with many labels. */
export const BODY_LIMIT = 64 * 1024;
/** Longest name plus escapes. */
const LONGEST_PARAMETER = 1_024;
/** Milliseconds in which a request must have arrived completely; slow senders are cut off. */
const REQUEST_TIMEOUT = 60_000;
/** Milliseconds in which a long answer must have been taken: it is kept until then. */
const LONG_ANSWER_TIMEOUT = 60_000;

declare module 'fastify' {
  interface FastifyRequest {
    /** Null on routes that need no project. */
    caller: Caller | null;
    /** Null on routes that need no token. */
    holder: TokenHolder | null;
    /** What it was let in with: from its header, or from a browser's session. */
    token: string | null;
    /** Why it was refused, as its client was told; null while it was not. */
    reason: string | null;
    /** Whether it would still be let in: for answers that take long. */
    checkAgain(): Promise<Caller | null>;
    /** The minor version this request is served with. */
    minor: number;
  }
}

export interface ServerOptions {
  readonly baseUrl: string;
  /** Where tokens come from, if not from here. */
  readonly identityUrl?: string | undefined;
  readonly access: AccessCheck;
  readonly log: Log;
  /** Proxies whose word about the other end of a connection is taken: addresses or networks. */
  readonly trustedProxies?: readonly string[];
  /** Origins whose pages may use the API in a browser. */
  readonly corsOrigins?: readonly string[];
  /** Is told of refused requests. */
  readonly audit: Pick<AuditCollector, 'add'>;
  /** Called once per answered request, for metrics. */
  readonly observe?: (request: { method: string; route: string; status: number; seconds: number }) => void;
}

export function createServer(options: ServerOptions): FastifyAdapter {
  const routes = new RouteIndex();
  const longAnswers = new LongAnswers();
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT,
    ...(options.trustedProxies && options.trustedProxies.length > 0 && { trustProxy: [...options.trustedProxies] }),
    requestTimeout: REQUEST_TIMEOUT,
    exposeHeadRoutes: false,
    // A server that ends still answers whoever is connected.
    return503OnClosing: false,
    genReqId: () => `req-${randomUUID()}`,
    rewriteUrl: (request: IncomingMessage) => routes.versioned(request.url ?? '/'),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: LONGEST_PARAMETER },
    clientErrorHandler: refuseConnection,
    // No middleware of Express' kind is used.
    skipMiddie: true,
    frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
      identify(request, reply);
      sendFailure(error, request, reply, options);
    },
  });
  const server = adapter.getInstance();

  server.decorateRequest('caller', null);
  server.decorateRequest('holder', null);
  server.decorateRequest('token', null);
  server.decorateRequest('reason', null);
  server.decorateRequest('minor', MINIMUM_MINOR);
  server.decorateRequest('checkAgain', function (this: FastifyRequest) {
    const { facts } = this.routeOptions.config;
    if (facts === undefined) throw new Error('a request without a route was let in');
    return options.access(facts.access, this, true);
  });
  addBodyParsers(server);

  allowOrigins(adapter, options.corsOrigins ?? []);

  server.addHook('onRoute', (route) => {
    // Where browsers ask for permission: answered before any other hook, so it declares nothing.
    if (route.url === '*' && route.method === 'OPTIONS') return;
    if (route.config?.facts === undefined)
      throw new Error(`route ${String(route.method)} ${route.url} declares no operation`);
    routes.add(route.url, [route.method].flat());
  });

  traceRequests(server);
  server.addHook('onRequest', async (request, reply) => {
    identify(request, reply);
    const facts = request.routeOptions.config.facts;
    if (request.is404 || facts === undefined) throw missing(routes, request);
    request.caller = await options.access(facts.access, request);
    agreeOnVersion(request, reply, facts.since);
    if (!accepts(request.headers.accept, facts.mediaTypes)) throw new RouterRefusal(406);
    if (!facts.takesQuery) refuseQuery(request);
    if (facts.isLong) await awaitTurn(longAnswers, request, reply);
  });

  server.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    const seconds = reply.elapsedTime / 1_000;
    options.observe?.({ method: request.method, route, status: reply.statusCode, seconds });
    const refusal = refusalOf(request, reply.statusCode);
    if (refusal !== null) options.audit.add(refusal);
    options.log.debug(
      {
        requestId: request.id,
        method: request.method,
        route,
        status: reply.statusCode,
        seconds,
        projectId: request.holder?.projectId,
      },
      'answering a request',
    );
    done();
  });

  return adapter;
}

/** What never became a request: there is no reply to answer with, only the connection. */
function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  // Who reset the connection reads nothing any more.
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy(error);
    return;
  }
  const isLate = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const statusCode = isLate ? 408 : error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
  const { status, body } = failureOf({ statusCode }, 'magnum', '');
  const text = JSON.stringify(body);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}\r\nConnection: close\r\n` +
      `X-OpenStack-Request-Id: req-${randomUUID()}\r\n` +
      `Content-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
}

function identify(request: FastifyRequest, reply: FastifyReply): void {
  void reply.header('X-OpenStack-Request-Id', request.id);
  void reply.header('X-Content-Type-Options', 'nosniff');
  void reply.header('Cache-Control', 'no-store');
}

/** Magnum misses an argument where these come without one; every other method is simply not there. */
const NEED_IDENT = new Set(['PATCH', 'DELETE']);

function missing(routes: RouteIndex, request: FastifyRequest): Error {
  const methods = routes.methodsAt(request.url);
  const isCollection = methods.length > 0 || routes.isCollection(request.url);
  if (NEED_IDENT.has(request.method) && isCollection && routes.isCollectionOf(request.url, request.method)) {
    return invalidInput('The path names a collection: add the identifier of what is meant, its UUID or its name.');
  }
  if (isCollection) return new RouterRefusal(405, { Allow: methods.join(', ') });
  if (routes.lacksStep(request.url, request.method)) {
    return invalidInput('The path ends too early: add what it lacks, such as Cluster after a quota’s project.');
  }
  // Magnum finds its controller, and no method for what follows.
  return routes.isBelowLeaf(request.url) ? new RouterRefusal(405, { Allow: '' }) : new NotFoundException();
}

/** Only under `/v1`, and not for nodes, which are no clients of Magnum's. */
function agreeOnVersion(request: FastifyRequest, reply: FastifyReply, since: number): void {
  const { url } = request;
  if (!url.startsWith('/v1') || url.startsWith('/v1/nodes/')) return;
  const result = negotiate(request.headers['openstack-api-version']);
  if (result.outcome === 'malformed') throw new RouterRefusal(406);
  if (result.outcome === 'out-of-range') throw new VersionRefusal(result.version);
  // To a client of that version there is no such route, and Magnum says no more.
  if (result.minor < since) throw new RouterRefusal(406);
  request.minor = result.minor;
  void reply.headers(versionHeaders(versionOf(result.minor)));
}

/** A stream is no long answer: it holds one event at a time. */
async function awaitTurn(answers: LongAnswers, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const projectId = request.holder?.projectId ?? null;
  if (projectId === null || request.headers.accept?.includes('text/event-stream')) return;
  const turn = answers.queueUp(projectId, rowsAsked(request.query));
  const late = setTimeout(() => request.raw.destroy(), LONG_ANSWER_TIMEOUT);
  reply.raw.once('close', () => {
    clearTimeout(late);
    turn.end();
  });
  await turn.begins;
}

/** What is no number is refused later, and costs nothing. */
function rowsAsked(query: unknown): number {
  const { limit } = query as { readonly limit?: unknown };
  const rows = Number(limit ?? MAXIMUM_LIMIT);
  return rows >= 1 ? Math.min(rows, MAXIMUM_LIMIT) : 1;
}

/** Whether a client that sends this `Accept` can take one of `mediaTypes`. */
export function accepts(header: string | undefined, mediaTypes: readonly string[]): boolean {
  if (header === undefined || header === '*/*' || mediaTypes.length === 0) return true;
  return header.split(',').some((entry) => {
    const range = (entry.split(';', 1)[0] ?? '').trim().toLowerCase();
    return (
      range === '' ||
      range === '*/*' ||
      mediaTypes.some((type) => range === type || range === `${type.split('/', 1)[0] ?? ''}/*`)
    );
  });
}

function refuseQuery(request: FastifyRequest): void {
  const [name] = Object.keys(request.query as object);
  if (name !== undefined) throw invalidInput(`Unknown argument: ${showName(name)}: remove it or correct its name.`);
}
