/** Sessions with our own identity service. */
import type { Identity } from '../identity.js';
import type { IssuedToken } from '../login.js';
import type { Actor, Origin, Principal } from '../principal.js';
import { MOST_PROJECTS, noProject, type Sessions } from './sessions.js';

export function openOwnSessions(
  identity: Pick<Identity, 'authenticate' | 'validateToken' | 'revokeToken' | 'projects'>,
): Sessions {
  const nowhere: Origin = { address: null, requestId: null };

  function projectsOf(principal: Principal) {
    const page = { limit: MOST_PROJECTS, marker: null };
    return identity.projects.listOfUser(actingAs(principal, nowhere), principal.userId, { enabled: true }, page);
  }

  async function end(token: string, origin: Origin): Promise<void> {
    const principal = await identity.validateToken(token);
    if (principal !== null) await identity.revokeToken(actingAs(principal, origin), token, principal);
  }

  async function change(token: string, projectId: string, origin: Origin): Promise<IssuedToken> {
    const issued = await identity.authenticate({ proof: { method: 'token', token }, scope: { projectId } }, origin);
    await end(token, origin);
    return issued;
  }

  return {
    change,
    end,
    find: (token) => identity.validateToken(token),
    async signIn({ userName, domain, password, projectName }, origin) {
      const at = domain === null ? null : { name: domain };
      const proof = { method: 'password', userName, domain: at, password } as const;
      const scope = projectName === null ? null : { projectName, domain: at };
      const issued = await identity.authenticate({ proof, scope }, origin);
      if (issued.principal.projectId !== null) return issued;
      const [first] = await projectsOf(issued.principal);
      if (first !== undefined) return change(issued.token, first.id, origin);
      await end(issued.token, origin);
      throw noProject();
    },
    async projectsOf(_token, principal) {
      return (await projectsOf(principal)).map(({ id, name }) => ({ id, name }));
    },
  };
}

/** Whoever the token stands for, where it came with no header. */
function actingAs(principal: Principal, { address, requestId }: Origin): Actor {
  const { userId, userName, projectId, roles, isSystemAdmin, applicationCredential } = principal;
  const isRestricted = applicationCredential?.unrestricted === false;
  return { userId, userName, projectId, roles, isSystemAdmin, isRestricted, address, requestId };
}
