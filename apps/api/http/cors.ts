/**
 * Pages of other origins that may use the API in a browser (CORS, as the Fetch standard has it). Tokens travel in headers
 * of ours, so cookies and other credentials of the browser are never asked for.
 */
import type { FastifyAdapter } from '@nestjs/platform-fastify';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
/** What clients send beside what every page may send. */
const ALLOWED_HEADERS = [
  ...['Content-Type', 'Last-Event-ID', 'X-Auth-Token', 'X-Subject-Token', 'OpenStack-API-Version'],
  'X-OpenStack-Request-Id',
];
/** What pages may read beside what every page may read. */
const EXPOSED_HEADERS = [
  ...['OpenStack-API-Version', 'OpenStack-API-Minimum-Version', 'OpenStack-API-Maximum-Version'],
  ...['X-OpenStack-Request-Id', 'X-Subject-Token', 'WWW-Authenticate', 'Retry-After', 'Content-Disposition'],
];
/** Seconds for which a browser need not ask again; none of them remembers it for longer than two hours. */
const PREFLIGHT_SECONDS = 3_600;

/** @param origins such as `https://panel.example`; none: no page of another origin is let in */
export function allowOrigins(adapter: FastifyAdapter, origins: readonly string[]): void {
  if (origins.length === 0) return;
  const allowed = new Set(origins);
  const options = {
    origin: [...origins],
    ...{ methods: METHODS, allowedHeaders: ALLOWED_HEADERS, exposedHeaders: EXPOSED_HEADERS },
    ...{ credentials: false, maxAge: PREFLIGHT_SECONDS },
  };
  adapter.enableCors({
    delegator: (request, decide) => {
      const isAllowed = allowed.has(request.headers.origin ?? '');
      const isPreflight = request.headers['access-control-request-method'] !== undefined;
      // Any other OPTIONS is answered by the router, as without all this.
      decide(null, isAllowed ? { ...options, preflight: isPreflight } : { origin: false });
    },
  });
  // Whoever keeps an answer must not give it to a page of another origin; other fields of Vary are set later on.
  adapter.getInstance().addHook('onSend', (_request, reply, _payload, done) => {
    const vary = reply.getHeader('Vary');
    const fields = typeof vary === 'string' ? vary.split(/\s*,\s*/) : [];
    if (!fields.includes('Origin')) void reply.header('Vary', [...fields, 'Origin'].join(', '));
    done();
  });
}
