/**
 * Sessions with a Keystone that others run (Identity API v3, "Authentication and token management"): it checks the password,
 * gives and ends the tokens, and says where the user has a role. Who tries too often is refused here, before it is asked.
 */
import { BaykeeperError, sourceOf } from '@baykeeper/domain';
import { hashToken } from '../authenticate.js';
import { loginRefused, takeTurn } from '../check-password.js';
import type { FinishedLogin, IssuedToken, LoginLimiter } from '../login.js';
import type { Origin, Principal } from '../principal.js';
import { MOST_PROJECTS, noProject, type SessionProject, type Sessions, type SignIn } from '../sessions/sessions.js';
import { KeystoneFailure, unavailable } from './keystone-failure.js';
import type { KeystoneAnswer, KeystoneHttp } from './keystone-http.js';

export interface KeystoneSessionSettings {
  readonly limiter: LoginLimiter;
  /** Called after each login, refused or not; it may not throw and is not waited for. */
  readonly onLogin: (login: FinishedLogin) => void;
}

export interface KeystoneSessionParts extends KeystoneSessionSettings {
  readonly http: KeystoneHttp;
  /** Whom the body of a token stands for; makes the row of its project. */
  readonly readPrincipal: (body: unknown) => Promise<Principal>;
  readonly validateToken: (token: string) => Promise<Principal | null>;
  /** The token is no longer good: whatever is remembered of it. */
  readonly forget: (token: string) => void;
}

const DEFAULT_DOMAIN = { id: 'default' } as const;

export function openKeystoneSessions(parts: KeystoneSessionParts): Sessions {
  const { http, limiter, onLogin, readPrincipal, validateToken, forget } = parts;

  async function issue(method: 'password' | 'token', auth: object, origin: Origin): Promise<IssuedToken> {
    try {
      const answer = await http.send({ method: 'POST', path: '/v3/auth/tokens?nocatalog', body: { auth } });
      const token = tokenOf(answer);
      const principal = await readPrincipal(answer.json);
      const user = { id: principal.userId, name: principal.userName };
      onLogin({ method, user, projectId: principal.projectId, refusal: null, origin });
      return { token, principal };
    } catch (error) {
      if (!(error instanceof BaykeeperError)) throw unavailable(error);
      onLogin({ method, user: null, projectId: null, refusal: error, origin });
      throw error;
    }
  }

  async function listProjects(token: string): Promise<readonly SessionProject[]> {
    const { status, json } = await http.send({
      method: 'GET',
      path: '/v3/auth/projects',
      headers: { 'X-Auth-Token': token },
    });
    if (status !== 200) throw new KeystoneFailure('unreadable', `the Keystone lists projects with status ${status}`);
    return readProjects(json);
  }

  async function end(token: string): Promise<void> {
    forget(token);
    const headers = { 'X-Auth-Token': token, 'X-Subject-Token': token };
    try {
      const { status } = await http.send({ method: 'DELETE', path: '/v3/auth/tokens', headers });
      if (![204, 401, 404].includes(status)) {
        throw new KeystoneFailure('unreadable', `the Keystone ends a token with status ${status}`);
      }
    } catch (error) {
      throw unavailable(error);
    }
  }

  async function change(token: string, projectId: string, origin: Origin): Promise<IssuedToken> {
    const identity = { methods: ['token'], token: { id: token } };
    const issued = await issue('token', { identity, scope: { project: { id: projectId } } }, origin);
    await end(token);
    return issued;
  }

  return {
    change,
    end,
    find: validateToken,
    async signIn(who, origin) {
      const source = sourceOf(origin.address);
      try {
        await takeTurn(limiter, 'address', source);
        // Of this place alone, so that nobody keeps others out; a name may be a password, and goes nowhere as it is.
        await takeTurn(limiter, 'user', hashToken([who.domain ?? '', who.userName, source].join('\n')));
      } catch (error) {
        if (error instanceof BaykeeperError) {
          onLogin({ method: 'password', user: null, projectId: null, refusal: error, origin });
        }
        throw error;
      }
      const issued = await issue('password', passwordLogin(who), origin);
      if (issued.principal.projectId !== null) return issued;
      const [first] = await listProjects(issued.token).catch((error: unknown) => {
        throw unavailable(error);
      });
      if (first !== undefined) return change(issued.token, first.id, origin);
      await end(issued.token);
      throw noProject();
    },
    async projectsOf(token) {
      try {
        return await listProjects(token);
      } catch (error) {
        throw unavailable(error);
      }
    },
  };
}

function passwordLogin({ userName, domain: given, password, projectName }: SignIn): object {
  const domain = given === null ? DEFAULT_DOMAIN : { name: given };
  const identity = { methods: ['password'], password: { user: { name: userName, domain, password } } };
  return { identity, ...(projectName !== null && { scope: { project: { name: projectName, domain } } }) };
}

/** @throws BaykeeperError `unauthenticated`; KeystoneFailure */
function tokenOf({ status, headers, json }: KeystoneAnswer): string {
  const token = headers['x-subject-token'];
  if (status === 201 && typeof token === 'string') return token;
  const isKeystones = typeof (json as { error?: unknown } | null)?.error === 'object';
  // 400 for what can't be a name or a password, 403 for a user that may not do this: to us all are the same.
  if (isKeystones && [400, 401, 403, 404].includes(status)) {
    throw loginRefused(`the Keystone refuses the login with status ${status}`);
  }
  throw new KeystoneFailure('unreadable', `the Keystone answers a login with status ${status}`);
}

function readProjects(json: unknown): readonly SessionProject[] {
  const listed = (json as { projects?: unknown } | null)?.projects;
  if (!Array.isArray(listed)) throw new KeystoneFailure('unreadable', 'the Keystone lists no projects');
  return listed
    .filter((project) => isProject(project))
    .filter(({ enabled }) => enabled !== false)
    .map(({ id, name }) => ({ id, name }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .slice(0, MOST_PROJECTS);
}

function isProject(value: unknown): value is SessionProject & { readonly enabled?: boolean } {
  const { id, name } = (value ?? {}) as { id?: unknown; name?: unknown };
  return typeof id === 'string' && typeof name === 'string';
}
