/** Who may do what on the routes that Magnum does not have: one line per route. */
import { IDENTITY_ROUTES } from './identity-routes.js';
import { randomUUID } from 'node:crypto';
import type { RouteCases } from './route-case.js';

const SOME_NODE = { id: '11111111-2222-4333-8444-555555555555' };

const SOME_VERSION = { version: 'v1.99.0' };
const oneFile = () => ({ artifacts: [{ kind: 'binary', name: 'kubelet', sha256: '0'.repeat(64), size: 1 }] });

const describe = () => [{ op: 'replace', path: '/description', value: 'walked' }];
const ofProject = ({ project = '' }): string => `project_id=${project}`;

export const OWN_ROUTES: RouteCases = {
  'GET /v1/bays/{ident}/nodes': { who: 'reader', ok: 200, about: 'bay' },
  'GET /v1/bays/{ident}/topology': { who: 'reader', ok: 200, about: 'bay' },
  'GET /v1/bays/{ident}/timeline': { who: 'reader', ok: 200, about: 'bay' },
  'GET /v1/bays/{ident}/load_balancers': { who: 'reader', ok: 200, about: 'bay' },
  'GET /v1/bays/{ident}/events': { who: 'reader', ok: 200, about: 'bay' },
  'POST /v1/bays/{ident}/credentials': { who: 'member', ok: 200, about: 'bay', isOwnOnly: true },
  'POST /v1/bays/preview': {
    ...{ who: 'member', ok: 200, refersTo: 'baymodel' },
    body: ({ ident }) => ({ cluster_template_id: ident, name: 'made' }),
  },
  'POST /v1/bays/{ident}/actions/preview': { who: 'member', ok: 200, about: 'bay', body: () => ({ action: 'delete' }) },
  'POST /v1/bays/{ident}/actions/retry': { who: 'member', ok: 202, about: 'bay' },

  'GET /v1/dashboard': { who: 'reader', ok: 200 },
  'GET /v1/events': { who: 'reader', ok: 200 },
  'GET /v1/bays/{ident}/certificates': { who: 'reader', ok: 200, about: 'bay' },

  'GET /v1/flavors': { who: 'reader', ok: 200 },
  'GET /v1/flavors/{ident}': { who: 'reader', ok: 200, about: 'flavor', isEverybodys: true },
  'POST /v1/flavors': { who: 'system-admin', ok: 201, body: () => ({ name: 'f', vcpus: 1, ram: 512, disk: 1 }) },
  'PATCH /v1/flavors/{ident}': { who: 'system-admin', ok: 200, about: 'flavor', isEverybodys: true, body: describe },
  'DELETE /v1/flavors/{ident}': { who: 'system-admin', ok: 204, about: 'flavor', isEverybodys: true },

  'GET /v1/images': { who: 'reader', ok: 200 },
  'GET /v1/images/{ident}': { who: 'reader', ok: 200, about: 'image', isEverybodys: true },
  'POST /v1/images': { who: 'system-admin', ok: 201, body: () => ({ name: 'i', driver_image: 'debian-12-docker' }) },
  'PATCH /v1/images/{ident}': { who: 'system-admin', ok: 200, about: 'image', isEverybodys: true, body: describe },
  'DELETE /v1/images/{ident}': { who: 'system-admin', ok: 204, about: 'image', isEverybodys: true },

  'GET /v1/networks': { who: 'reader', ok: 200 },
  'GET /v1/networks/{ident}': { who: 'reader', ok: 200, about: 'network', isEverybodys: true },
  'POST /v1/networks': { who: 'system-admin', ok: 201, body: () => ({ name: 'n' }) },
  'PATCH /v1/networks/{ident}': { who: 'system-admin', ok: 200, about: 'network', isEverybodys: true, body: describe },
  'DELETE /v1/networks/{ident}': { who: 'system-admin', ok: 204, about: 'network', isEverybodys: true },

  'GET /v1/keypairs': { who: 'reader', ok: 200 },
  'POST /v1/keypairs': { who: 'member', ok: 201, body: () => ({ name: `laptop-${randomUUID()}` }) },
  'GET /v1/usage': { who: 'reader', ok: 200, refersTo: 'project', query: ofProject, absent: 403 },
  'GET /v1/audit': { who: 'admin', ok: 200, refersTo: 'project', query: ofProject, absent: 403 },
  'GET /v1/processes': { who: 'system-admin', ok: 200 },

  'GET /v1/artifacts': { who: 'system-admin', ok: 200 },
  'GET /v1/artifacts/{version}': { who: 'system-admin', ok: 404, parameters: SOME_VERSION },
  'PUT /v1/artifacts/{version}': { who: 'system-admin', ok: 200, parameters: SOME_VERSION, body: oneFile },
  'PUT /v1/artifacts/files/{sha256}': { who: 'system-admin', ok: 400, parameters: { sha256: '0'.repeat(64) } },
  'POST /v1/artifacts/{version}/verify': { who: 'system-admin', ok: 404, parameters: SOME_VERSION },

  'GET /': { who: 'anonymous', ok: 200 },
  'GET /v1': { who: 'anonymous', ok: 200 },
  'GET /openapi.json': { who: 'anonymous', ok: 200 },
  'GET /docs': { who: 'anonymous', ok: 200 },
  'GET /docs/{asset}': { who: 'anonymous', ok: 200, parameters: { asset: 'start.js' } },
  'GET /assets/{asset}': { who: 'anonymous', ok: 404, parameters: { asset: 'nothing.js' } },
  'GET /healthz': { who: 'anonymous', ok: 200 },
  'GET /readyz': { who: 'anonymous', ok: 200 },
  'GET /metrics': { who: 'operator', ok: 200 },

  'POST /v1/nodes/{id}/certificate': { who: 'node', ok: 200, parameters: SOME_NODE },
  'GET /v1/nodes/{id}/join': { who: 'node', ok: 200, parameters: SOME_NODE },
  'GET /v1/nodes/{id}/artifacts/{sha256}': {
    ...{ who: 'node', ok: 200, parameters: { ...SOME_NODE, sha256: '0'.repeat(64) } },
  },
  'POST /v1/nodes/{id}/signals': { who: 'node', ok: 204, parameters: SOME_NODE },
};

/** What is about users rather than about a project's things has walks of its own. */
export const WALKED_ELSEWHERE: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.keys(IDENTITY_ROUTES).map((route) => [route, 'identity/identity-walk.int-spec.ts'])),
  'GET /session': 'dashboard/session.int-spec.ts',
  'POST /session': 'dashboard/session.int-spec.ts',
  'PUT /session': 'dashboard/session.int-spec.ts',
  'DELETE /session': 'dashboard/session.int-spec.ts',
  'GET /v1/keypairs/{ident}': 'keypairs/keypairs.int-spec.ts',
  'DELETE /v1/keypairs/{ident}': 'keypairs/keypairs.int-spec.ts',
};
