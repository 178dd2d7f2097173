import { BaykeeperError, type ProjectId, type UserId } from '@baykeeper/domain';
import { SYSTEM, type Scope } from '@baykeeper/storage';

/** Who asks: a user in a project, with the roles that the user has there (implied ones included), and from where. */
export interface Caller {
  readonly projectId: ProjectId;
  readonly userId: UserId;
  readonly userName: string;
  readonly roles: readonly string[];
  /** Runs the whole installation: sees every project's rows. An `admin` of a project is one in that project only. */
  readonly isSystemAdmin: boolean;
  /** Of the request: for the audit. */
  readonly requestId: string | null;
  /** The other end of the connection. */
  readonly address: string | null;
}

/** Whether the caller runs the installation; a project's admin does not. */
export function isAdministrator(caller: Caller): boolean {
  return caller.isSystemAdmin;
}

/** The caller's own project. */
export function ownScope(caller: Caller): Scope {
  return { projectId: caller.projectId };
}

/** What lists show: an administrator sees every project's rows (Magnum). */
export function visibleScope(caller: Caller): Scope {
  return isAdministrator(caller) ? SYSTEM : ownScope(caller);
}

/**
 * Finds a row by name or id in the caller's project first, then, for an administrator, in all projects: so another
 * project's equal name never gets in the way.
 */
export async function findForCaller<Row>(caller: Caller, find: (scope: Scope) => Promise<Row>): Promise<Row> {
  try {
    return await find(ownScope(caller));
  } catch (error) {
    const isMissing = error instanceof BaykeeperError && error.code === 'not-found';
    if (!isMissing || !isAdministrator(caller)) throw error;
    return find(SYSTEM);
  }
}

/** Refuses what only an administrator may do, in Magnum's words, which name the rule. */
export function forbidden(rule: string): BaykeeperError {
  return new BaykeeperError({
    code: 'forbidden',
    publicMessage: `Policy doesn't allow ${rule} to be performed: ask an administrator.`,
  });
}
