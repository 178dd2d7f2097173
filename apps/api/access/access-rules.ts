/**
 * Who may do what: the one table. Rule names are Magnum's where Magnum has one, because its refusals name them. Which
 * rows a caller sees (own project, public, all for an administrator) is decided by the services; a foreign row is 404.
 */
export type Role = 'reader' | 'member' | 'admin';

export type AccessKind =
  /** Anybody, without a token. */
  | 'anonymous'
  /** A node with its own bearer token, checked by the enrolment service. */
  | 'node'
  /** Whoever is on this machine (a scraper has no token), or a system administrator. */
  | 'operator'
  /** Any valid token, scoped to a project or not. */
  | 'token'
  /** Whoever runs the installation. */
  | 'system-admin'
  /** A token of a project in which its user has the role. */
  | Role;

export const ACCESS_RULES = {
  'service:discover': 'anonymous',
  'service:health': 'anonymous',
  'service:metrics': 'operator',
  'service:document': 'anonymous',

  'identity:discover': 'anonymous',
  'identity:issue_token': 'anonymous',
  'identity:validate_token': 'token',
  'identity:revoke_token': 'token',

  'clustertemplate:get_all': 'reader',
  'clustertemplate:detail': 'reader',
  'clustertemplate:get': 'reader',
  'clustertemplate:create': 'member',
  'clustertemplate:update': 'member',
  'clustertemplate:delete': 'member',

  'cluster:get_all': 'reader',
  'cluster:detail': 'reader',
  'cluster:get': 'reader',
  'cluster:create': 'member',
  'cluster:update': 'member',
  'cluster:delete': 'member',
  'cluster:retry': 'member',
  'cluster:get_nodes': 'reader',
  'cluster:get_events': 'reader',
  'cluster:get_load_balancers': 'reader',

  'certificate:get': 'reader',
  'certificate:create': 'member',
  'certificate:create_credentials': 'member',

  'magnum-service:get_all': 'system-admin',

  'node:enrol': 'node',
} as const satisfies Readonly<Record<string, AccessKind>>;

export type AccessRule = keyof typeof ACCESS_RULES;
