/** A span for each request; whatever the request does belongs to it. Without tracing it adds one comparison. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { openSpan, parseTraceparent, withSpan } from '@baykeeper/platform';

/** Whoever asks these asks them all the time. */
const NOT_TRACED: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);

/** Before all other hooks, so that theirs belong to the span as well. */
export function traceRequests(server: Pick<FastifyInstance, 'addHook'>): void {
  server.addHook('onRequest', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    const span = NOT_TRACED.has(route) ? null : openSpan({ name: request.method, ...factsOf(request) });
    if (span === null) {
      done();
      return;
    }
    reply.raw.once('close', () => {
      const { statusCode } = reply.raw;
      span.end({
        name: `${request.method} ${route}`,
        attributes: { 'http.route': route, 'http.response.status_code': statusCode },
        error: statusCode >= 500 ? String(statusCode) : null,
      });
    });
    withSpan(span.context, done);
  });
}

function factsOf(request: FastifyRequest) {
  const { traceparent } = request.headers;
  return {
    kind: 'server',
    parent: parseTraceparent(typeof traceparent === 'string' ? traceparent : null),
    attributes: { 'http.request.method': request.method, 'baykeeper.request_id': request.id },
  } as const;
}
