/** Who may do what on the routes that Magnum does not have: one line per route. */
import { IDENTITY_ROUTES } from './identity-routes.js';
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

/** The identity service's routes are about users rather than about a project's things: they have a walk of their own. */
export const WALKED_ELSEWHERE: Readonly<Record<string, string>> = Object.fromEntries(
  Object.keys(IDENTITY_ROUTES).map((route) => [route, 'identity/identity-walk.int-spec.ts']),
);
