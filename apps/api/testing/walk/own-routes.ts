/** Who may do what on the routes that Magnum does not have: one line per route. */
import type { RouteCases } from './route-case.js';

const SOME_NODE = { id: '11111111-2222-4333-8444-555555555555' };

export const OWN_ROUTES: RouteCases = {
  'GET /v1/bays/{ident}/nodes': { who: 'reader', ok: 200, about: 'bay' },
  'GET /v1/bays/{ident}/load_balancers': { who: 'reader', ok: 200, about: 'bay' },
  'GET /v1/bays/{ident}/events': { who: 'reader', ok: 200, about: 'bay' },
  'POST /v1/bays/{ident}/credentials': { who: 'member', ok: 200, about: 'bay', isOwnOnly: true },
  'POST /v1/bays/{ident}/actions/retry': { who: 'member', ok: 202, about: 'bay' },

  'GET /': { who: 'anonymous', ok: 200 },
  'GET /v1': { who: 'anonymous', ok: 200 },
  'GET /openapi.json': { who: 'anonymous', ok: 200 },
  'GET /docs': { who: 'anonymous', ok: 200 },
  'GET /docs/{asset}': { who: 'anonymous', ok: 200, parameters: { asset: 'start.js' } },
  'GET /healthz': { who: 'anonymous', ok: 200 },
  'GET /readyz': { who: 'anonymous', ok: 200 },
  'GET /metrics': { who: 'operator', ok: 200 },

  'POST /v1/nodes/{id}/certificate': { who: 'node', ok: 200, parameters: SOME_NODE },
  'GET /v1/nodes/{id}/join': { who: 'node', ok: 200, parameters: SOME_NODE },
  'POST /v1/nodes/{id}/signals': { who: 'node', ok: 204, parameters: SOME_NODE },
};

/** Routes about a token, which is its own subject: who may see whose is said where logging in is tested. */
export const WALKED_ELSEWHERE: Readonly<Record<string, string>> = {
  'GET /identity': 'identity/identity.int-spec.ts',
  'GET /identity/v3': 'identity/identity.int-spec.ts',
  'POST /identity/v3/auth/tokens': 'identity/identity.int-spec.ts',
  'GET /identity/v3/auth/tokens': 'identity/identity.int-spec.ts',
  'HEAD /identity/v3/auth/tokens': 'identity/identity.int-spec.ts',
  'DELETE /identity/v3/auth/tokens': 'identity/identity.int-spec.ts',
};
