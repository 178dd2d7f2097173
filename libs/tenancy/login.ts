import type { BaykeeperError, ProjectId, UserId } from '@baykeeper/domain';
import type { DomainReference, Origin, Principal } from './principal.js';

/** A user by its id, or by its name and domain. */
export interface UserReference {
  readonly userId?: string | undefined;
  readonly userName?: string | undefined;
  /** The user's; with a name. */
  readonly domain?: DomainReference | null;
}

export interface PasswordProof extends UserReference {
  readonly method: 'password';
  readonly password: string;
}

export interface CredentialProof extends UserReference {
  readonly method: 'application_credential';
  /** Alone, or the name together with its user. */
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly secret: string;
}

/** What somebody shows to be let in; `method` is Keystone's name of it. */
export type Proof = PasswordProof | CredentialProof | { readonly method: 'token'; readonly token: string };

/** What the token shall be good for. */
export type RequestedScope =
  | { readonly projectId: string }
  | { readonly projectName: string; readonly domain?: DomainReference | null }
  /** The installation as a whole. */
  | 'system'
  /** A domain: nobody has a role on it. */
  | 'domain'
  /** No project, though the user has a default one. */
  | 'unscoped'
  /** The user's default project, if there is one; an application credential's own one. */
  | null;

export interface Login {
  readonly proof: Proof;
  readonly scope: RequestedScope;
}

export interface IssuedToken {
  /** The only time that the token itself is seen: it is kept as a hash. */
  readonly token: string;
  readonly principal: Principal;
}

/** A login that is over, for the audit. */
export interface FinishedLogin {
  readonly method: Proof['method'];
  /** Whose it was to be; null where there is no such user: people type their password as a name, too. */
  readonly user: { readonly id: UserId; readonly name: string } | null;
  /** What the token is good for. */
  readonly projectId: ProjectId | null;
  /** Why it was refused; null when it was not. */
  readonly refusal: BaykeeperError | null;
  readonly origin: Origin;
}

/** How often somebody may try to log in, over all processes. */
export interface LoginLimiter {
  /**
   * @param key the address; or the user's id, or the name of one that does not exist
   * @returns seconds to wait; 0 when it may go on
   */
  take(kind: 'address' | 'user', key: string): Promise<number>;
}

export const UNLIMITED: LoginLimiter = { take: () => Promise.resolve(0) };
