/** Who may do what on the routes that speak Magnum's format: one line per route. */
import type { RouteCases } from './route-case.js';
import { certificateRequest } from '../certificate-request.js';

const renamed = [{ op: 'replace', path: '/name', value: 'renamed' }];
const scaled = [{ op: 'replace', path: '/node_count', value: 2 }];
const template = { coe: 'swarm', image_id: 'debian-12-docker', flavor_id: 'm1.small', master_lb_enabled: true };
const marker = ({ ident = '' }): string => `marker=${ident}`;
const csr = certificateRequest('ada');
const ofProject = ({ project = '' }): string => `project_id=${project}`;

const bounded = [{ op: 'replace', path: '/max_node_count', value: 9 }];

/** The same under both families of names. */
function nodeGroupRoutes(collection: string): RouteCases {
  const groups = `/v1/${collection}/{ident}/nodegroups`;
  const actions = `/v1/${collection}/{ident}/actions`;
  return {
    [`GET ${groups}`]: { who: 'reader', ok: 200, about: 'bay' },
    [`POST ${groups}`]: { who: 'member', ok: 202, about: 'bay', isOwnOnly: true, body: () => ({ name: 'made' }) },
    [`GET ${groups}/{group}`]: { who: 'reader', ok: 200, about: 'nodeGroup' },
    [`PATCH ${groups}/{group}`]: { who: 'member', ok: 202, about: 'nodeGroup', isOwnOnly: true, body: () => bounded },
    [`DELETE ${groups}/{group}`]: { who: 'member', ok: 204, about: 'nodeGroup', isOwnOnly: true },
    [`POST ${actions}/resize`]: {
      ...{ who: 'member', ok: 202, about: 'bay', isOwnOnly: true, body: () => ({ node_count: 2 }) },
    },
    // Whoever may is told that no engine can do it.
    [`POST ${actions}/upgrade`]: {
      ...{ who: 'member', ok: 400, about: 'bay', refersTo: 'baymodel' },
      body: ({ ident }) => ({ cluster_template: ident }),
    },
  };
}

export const MAGNUM_ROUTES: RouteCases = {
  ...nodeGroupRoutes('clusters'),
  ...nodeGroupRoutes('bays'),
  'PATCH /v1/certificates/{ident}': { who: 'member', ok: 400, about: 'bay', isOwnOnly: true },
  'PATCH /v1/credentials/{ident}': { who: 'member', ok: 400, about: 'bay', isOwnOnly: true },

  'GET /v1/federations': { who: 'reader', ok: 200 },
  'GET /v1/federations/detail': { who: 'reader', ok: 200 },
  'POST /v1/federations': {
    ...{ who: 'member', ok: 202, refersTo: 'bay' },
    body: ({ ident }) => ({ hostcluster_id: ident, properties: { 'dns-zone': 'example.org' } }),
  },
  'GET /v1/federations/{ident}': { who: 'reader', ok: 404, parameters: { ident: 'none' } },
  'PATCH /v1/federations/{ident}': { who: 'member', ok: 404, parameters: { ident: 'none' }, body: () => renamed },
  'DELETE /v1/federations/{ident}': { who: 'member', ok: 404, parameters: { ident: 'none' } },

  'GET /v1/baymodels': { who: 'reader', ok: 200, refersTo: 'baymodel', query: marker },
  'GET /v1/baymodels/detail': { who: 'reader', ok: 200, refersTo: 'baymodel', query: marker },
  'POST /v1/baymodels': { who: 'member', ok: 201, body: () => ({ ...template, keypair_id: 'mine' }) },
  'GET /v1/baymodels/{ident}': { who: 'reader', ok: 200, about: 'baymodel' },
  'PATCH /v1/baymodels/{ident}': { who: 'member', ok: 200, about: 'baymodel', body: () => renamed },
  'DELETE /v1/baymodels/{ident}': { who: 'member', ok: 204, about: 'baymodel' },

  'GET /v1/clustertemplates': { who: 'reader', ok: 200, refersTo: 'baymodel', query: marker },
  'GET /v1/clustertemplates/detail': { who: 'reader', ok: 200, refersTo: 'baymodel', query: marker },
  'POST /v1/clustertemplates': { who: 'member', ok: 201, body: () => template },
  'GET /v1/clustertemplates/{ident}': { who: 'reader', ok: 200, about: 'baymodel' },
  'PATCH /v1/clustertemplates/{ident}': { who: 'member', ok: 200, about: 'baymodel', body: () => renamed },
  'DELETE /v1/clustertemplates/{ident}': { who: 'member', ok: 204, about: 'baymodel' },

  'GET /v1/bays': { who: 'reader', ok: 200, refersTo: 'bay', query: marker },
  'GET /v1/bays/detail': { who: 'reader', ok: 200, refersTo: 'bay', query: marker },
  'POST /v1/bays': {
    ...{ who: 'member', ok: 202, refersTo: 'baymodel', absent: 400 },
    body: ({ ident }) => ({ baymodel_id: ident, name: 'made' }),
  },
  'GET /v1/bays/{ident}': { who: 'reader', ok: 200, about: 'bay' },
  'PATCH /v1/bays/{ident}': { who: 'member', ok: 202, about: 'bay', body: () => scaled },
  'DELETE /v1/bays/{ident}': { who: 'member', ok: 204, about: 'bay' },

  'GET /v1/clusters': { who: 'reader', ok: 200, refersTo: 'bay', query: marker },
  'GET /v1/clusters/detail': { who: 'reader', ok: 200, refersTo: 'bay', query: marker },
  'POST /v1/clusters': {
    ...{ who: 'member', ok: 202, refersTo: 'baymodel' },
    body: ({ ident }) => ({ cluster_template_id: ident, name: 'made' }),
  },
  'GET /v1/clusters/{ident}': { who: 'reader', ok: 200, about: 'bay' },
  'PATCH /v1/clusters/{ident}': { who: 'member', ok: 202, about: 'bay', body: () => scaled },
  'DELETE /v1/clusters/{ident}': { who: 'member', ok: 204, about: 'bay' },

  'GET /v1/certificates/{ident}': { who: 'reader', ok: 200, about: 'bay', isOwnOnly: true },
  'GET /v1/certificates/{ident}/{type}': {
    ...{ who: 'reader', ok: 200, about: 'bay', isOwnOnly: true, parameters: { type: 'kubernetes' } },
  },
  'POST /v1/certificates': {
    ...{ who: 'member', ok: 201, refersTo: 'bay', absent: 400, isOwnOnly: true },
    body: ({ ident }) => ({ cluster_uuid: ident, csr }),
  },

  'GET /v1/quotas': { who: 'system-admin', ok: 200 },
  'POST /v1/quotas': {
    ...{ who: 'system-admin', ok: 201, refersTo: 'project' },
    body: ({ project }) => ({ project_id: project, hard_limit: 3 }),
  },
  'GET /v1/quotas/{project}/{resource}': { who: 'reader', ok: 200, about: 'quota', absent: 403 },
  'PATCH /v1/quotas/{project}/{resource}': {
    ...{ who: 'system-admin', ok: 202, about: 'quota' },
    body: () => ({ hard_limit: 9 }),
  },
  'DELETE /v1/quotas/{project}/{resource}': { who: 'system-admin', ok: 204, about: 'quota' },
  'GET /v1/stats': { who: 'reader', ok: 200, refersTo: 'project', query: ofProject, absent: 403 },
  'GET /v1/mservices': { who: 'system-admin', ok: 200 },
};
