/**
 * Who may do what in the identity service, one line per route. Whoever asks is one of {@link IDENTITY_ACTORS}; what they ask
 * about is `self`: a user with the role member in the project P, and things of that user.
 */
export const IDENTITY_ACTORS = [
  /** Without a token. */
  'nobody',
  /** With a token that is good for nothing. */
  'stranger',
  'reader of P',
  'member of P',
  'admin of P',
  'admin of Q',
  'self',
  /** A restricted application credential of one who runs the installation. */
  'restricted program',
  'system admin',
  /** The same with a token for the installation as a whole. */
  'system-scoped admin',
] as const;
export type IdentityActor = (typeof IDENTITY_ACTORS)[number];

/** What is made anew for every request. */
export interface IdentityTargets {
  readonly project: string;
  readonly user: string;
  readonly password: string;
  readonly credential: string;
  readonly rule: string;
  readonly token: string;
}

export interface IdentityRoute {
  readonly ok: number;
  /** Who is let in; all others get 403, and nobody 401. */
  readonly who: readonly IdentityActor[];
  readonly query?: (targets: IdentityTargets) => string;
  readonly body?: (targets: IdentityTargets) => unknown;
  /** Sends the token of `self` as the subject. */
  readonly aboutToken?: true;
}

const SYSTEM: readonly IdentityActor[] = ['system admin', 'system-scoped admin'];
const SYSTEM_READERS: readonly IdentityActor[] = [...SYSTEM, 'restricted program'];
const HOLDERS: readonly IdentityActor[] = IDENTITY_ACTORS.filter((actor) => actor !== 'nobody');
const SELF_OR_SYSTEM: readonly IdentityActor[] = ['self', ...SYSTEM_READERS];
const IN_P: readonly IdentityActor[] = ['reader of P', 'member of P', 'admin of P', 'self'];
const PASSWORD = 'a new password';
const everybody: IdentityRoute = { ok: 200, who: HOLDERS };

export const IDENTITY_ROUTES: Readonly<Record<string, IdentityRoute>> = {
  'GET /identity': { ok: 200, who: IDENTITY_ACTORS },
  'GET /identity/v3': { ok: 200, who: IDENTITY_ACTORS },

  'POST /identity/v3/auth/tokens': {
    ...{ ok: 201, who: IDENTITY_ACTORS },
    body: ({ token }) => ({ auth: { identity: { methods: ['token'], token: { id: token } } } }),
  },
  'GET /identity/v3/auth/tokens': { ok: 200, who: SELF_OR_SYSTEM, aboutToken: true },
  'HEAD /identity/v3/auth/tokens': { ok: 200, who: SELF_OR_SYSTEM, aboutToken: true },
  'DELETE /identity/v3/auth/tokens': { ok: 204, who: ['self', ...SYSTEM], aboutToken: true },
  'GET /identity/v3/auth/catalog': { ok: 200, who: HOLDERS.filter((actor) => actor !== 'stranger') },
  'GET /identity/v3/auth/projects': everybody,
  'GET /identity/v3/auth/domains': everybody,
  'GET /identity/v3/auth/system': everybody,

  'GET /identity/v3/projects': { ok: 200, who: SYSTEM_READERS },
  'POST /identity/v3/projects': { ok: 201, who: SYSTEM, body: () => ({ project: { name: `made-${Math.random()}` } }) },
  'GET /identity/v3/projects/{project}': { ok: 200, who: [...IN_P, ...SYSTEM_READERS] },
  'PATCH /identity/v3/projects/{project}': { ok: 200, who: SYSTEM, body: () => ({ project: { description: 'x' } }) },
  'DELETE /identity/v3/projects/{project}': { ok: 204, who: SYSTEM },

  'GET /identity/v3/users': { ok: 200, who: ['admin of P', 'admin of Q', ...SYSTEM_READERS] },
  'POST /identity/v3/users': { ok: 201, who: SYSTEM, body: () => ({ user: { name: `made-${Math.random()}` } }) },
  'GET /identity/v3/users/{user}': { ok: 200, who: ['admin of P', 'admin of Q', ...SELF_OR_SYSTEM] },
  'PATCH /identity/v3/users/{user}': { ok: 200, who: SYSTEM, body: () => ({ user: { password: PASSWORD } }) },
  'DELETE /identity/v3/users/{user}': { ok: 204, who: SYSTEM },
  'POST /identity/v3/users/{user}/password': {
    ...{ ok: 204, who: ['self'] },
    body: ({ password }) => ({ user: { original_password: password, password: PASSWORD } }),
  },
  'GET /identity/v3/users/{user}/projects': { ok: 200, who: SELF_OR_SYSTEM },
  'GET /identity/v3/users/{user}/groups': everybody,
  'GET /identity/v3/groups': everybody,

  'GET /identity/v3/roles': everybody,
  'GET /identity/v3/roles/{role}': everybody,
  'GET /identity/v3/role_assignments': {
    ...{ ok: 200, who: ['admin of P', ...SELF_OR_SYSTEM] },
    query: ({ project, user }) => `scope.project.id=${project}&user.id=${user}`,
  },
  'GET /identity/v3/projects/{project}/users/{user}/roles': { ok: 200, who: ['admin of P', ...SELF_OR_SYSTEM] },
  'HEAD /identity/v3/projects/{project}/users/{user}/roles/{role}': {
    ...{ ok: 204, who: ['admin of P', ...SELF_OR_SYSTEM] },
  },
  'PUT /identity/v3/projects/{project}/users/{user}/roles/{role}': { ok: 204, who: ['admin of P', ...SYSTEM] },
  'DELETE /identity/v3/projects/{project}/users/{user}/roles/{role}': { ok: 204, who: ['admin of P', ...SYSTEM] },

  'GET /identity/v3/users/{user}/application_credentials': { ok: 200, who: SELF_OR_SYSTEM },
  'POST /identity/v3/users/{user}/application_credentials': {
    ...{ ok: 201, who: ['self'] },
    body: () => ({ application_credential: { name: 'ci' } }),
  },
  'GET /identity/v3/users/{user}/application_credentials/{credential}': { ok: 200, who: SELF_OR_SYSTEM },
  'DELETE /identity/v3/users/{user}/application_credentials/{credential}': { ok: 204, who: ['self', ...SYSTEM] },
  'GET /identity/v3/users/{user}/access_rules': { ok: 200, who: SELF_OR_SYSTEM },
  'GET /identity/v3/users/{user}/access_rules/{rule}': { ok: 200, who: SELF_OR_SYSTEM },

  'GET /identity/v3/domains': everybody,
  'GET /identity/v3/domains/{id}': everybody,
  'GET /identity/v3/services': everybody,
  'GET /identity/v3/services/{id}': everybody,
  'GET /identity/v3/endpoints': everybody,
  'GET /identity/v3/endpoints/{id}': everybody,
  'GET /identity/v3/regions': everybody,
  'GET /identity/v3/regions/{id}': everybody,
};

/** Identifiers of what is the same for everybody. */
export const IDENTITY_IDS: Readonly<Record<string, string>> = {
  domains: 'default',
  services: 'identity',
  endpoints: 'identity-public',
  regions: 'RegionOne',
};
