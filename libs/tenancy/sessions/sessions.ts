/** What a browser's session needs of an identity service, ours or another one. */
import { BaykeeperError } from '@baykeeper/domain';
import type { IssuedToken } from '../login.js';
import type { Origin, Principal } from '../principal.js';

/** What somebody types to sign in. */
export interface SignIn {
  readonly userName: string;
  /** Name of the user's domain; null for `Default`. */
  readonly domain: string | null;
  readonly password: string;
  /** In the same domain; null for the user's default one, or the first by name. */
  readonly projectName: string | null;
}

export interface SessionProject {
  readonly id: string;
  readonly name: string;
}

export interface Sessions {
  /**
   * @returns a token for a project
   * @throws BaykeeperError `unauthenticated`; `forbidden` for a user without projects; `too-many-requests`;
   * `provider-unavailable` where the service is another one and away
   */
  signIn(who: SignIn, origin: Origin): Promise<IssuedToken>;
  /** Another token, good for that project, in place of this one, which ends. @throws as `signIn` does */
  change(token: string, projectId: string, origin: Origin): Promise<IssuedToken>;
  /** Ends the token, if it is still good. */
  end(token: string, origin: Origin): Promise<void>;
  /** Null for a token that is no longer good. */
  find(token: string): Promise<Principal | null>;
  /** Where the user has a role, by name; not more than a switch can show. */
  projectsOf(token: string, principal: Principal): Promise<readonly SessionProject[]>;
}

/** As many as a switch can show. */
export const MOST_PROJECTS = 200;

export function noProject(): BaykeeperError {
  return new BaykeeperError({
    code: 'forbidden',
    publicMessage: 'This user has no role in any project: ask an administrator for one.',
  });
}
