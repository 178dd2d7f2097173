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

  'dashboard:show': 'reader',
  'dashboard:show_session': 'token',
  'dashboard:sign_in': 'anonymous',
  'dashboard:switch_project': 'token',
  'dashboard:sign_out': 'token',

  'identity:discover': 'anonymous',
  'identity:issue_token': 'anonymous',
  'identity:validate_token': 'token',
  'identity:revoke_token': 'token',
  'identity:get_auth_catalog': 'token',
  'identity:get_auth_projects': 'token',
  'identity:get_auth_domains': 'token',
  'identity:get_auth_system': 'token',
  'identity:list_projects': 'system-admin',
  'identity:get_project': 'token',
  'identity:create_project': 'system-admin',
  'identity:update_project': 'system-admin',
  'identity:delete_project': 'system-admin',
  'identity:list_users': 'admin',
  'identity:get_user': 'token',
  'identity:create_user': 'system-admin',
  'identity:update_user': 'system-admin',
  'identity:delete_user': 'system-admin',
  'identity:change_password': 'token',
  'identity:list_user_projects': 'token',
  'identity:list_roles': 'token',
  'identity:get_role': 'token',
  'identity:list_role_assignments': 'token',
  'identity:list_grants': 'token',
  'identity:check_grant': 'token',
  'identity:create_grant': 'admin',
  'identity:revoke_grant': 'admin',
  'identity:list_application_credentials': 'token',
  'identity:get_application_credential': 'token',
  'identity:create_application_credential': 'token',
  'identity:delete_application_credential': 'token',
  'identity:list_access_rules': 'token',
  'identity:get_access_rule': 'token',
  'identity:list_domains': 'token',
  'identity:get_domain': 'token',
  'identity:list_services': 'token',
  'identity:get_service': 'token',
  'identity:list_endpoints': 'token',
  'identity:get_endpoint': 'token',
  'identity:list_regions': 'token',
  'identity:get_region': 'token',
  'identity:list_groups': 'token',

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
  'cluster:preview': 'member',
  'cluster:resize': 'member',
  'cluster:upgrade': 'member',
  'cluster:get_nodes': 'reader',
  'cluster:get_events': 'reader',
  'cluster:get_load_balancers': 'reader',
  'cluster:get_certificates': 'reader',
  'event:get_all': 'reader',
  'cluster:get_topology': 'reader',
  'cluster:get_timeline': 'reader',

  'flavor:get_all': 'reader',
  'flavor:get': 'reader',
  'flavor:create': 'system-admin',
  'flavor:update': 'system-admin',
  'flavor:delete': 'system-admin',
  'image:get_all': 'reader',
  'image:get': 'reader',
  'image:create': 'system-admin',
  'image:update': 'system-admin',
  'image:delete': 'system-admin',
  'network:get_all': 'reader',
  'network:get': 'reader',
  'network:create': 'system-admin',
  'network:update': 'system-admin',
  'network:delete': 'system-admin',
  'keypair:get_all': 'reader',
  'keypair:get': 'reader',
  'keypair:create': 'member',
  'keypair:delete': 'member',

  'nodegroup:get_all': 'reader',
  'nodegroup:get': 'reader',
  'nodegroup:create': 'member',
  'nodegroup:update': 'member',
  'nodegroup:delete': 'member',

  'certificate:get': 'reader',
  'certificate:rotate_ca': 'member',
  'credential:rotate': 'member',
  'certificate:create': 'member',
  'certificate:create_credentials': 'member',

  'federation:get_all': 'reader',
  'federation:get': 'reader',
  'federation:create': 'member',
  'federation:update': 'member',
  'federation:delete': 'member',

  'quota:get': 'reader',
  'quota:get_usage': 'reader',
  'quota:get_all': 'system-admin',
  'quota:create': 'system-admin',
  'quota:update': 'system-admin',
  'quota:delete': 'system-admin',
  'stats:get_all': 'reader',
  'audit:get_all': 'admin',
  'magnum-service:get_all': 'system-admin',
  'process:get_all': 'system-admin',

  'artifact:get_all': 'system-admin',
  'artifact:get': 'system-admin',
  'artifact:update': 'system-admin',
  'artifact:verify': 'system-admin',

  'node:enrol': 'node',
} as const satisfies Readonly<Record<string, AccessKind>>;

export type AccessRule = keyof typeof ACCESS_RULES;
