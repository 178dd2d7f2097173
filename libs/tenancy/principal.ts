import { BaykeeperError, type ProjectId, type UserId } from '@baykeeper/domain';
import type { AccessRule } from '@baykeeper/storage';
import type { Role } from './roles.js';

/** Whom a valid token stands for, and what it is good for. */
export interface Principal {
  readonly userId: UserId;
  readonly userName: string;
  /** Null for a token that is good for no project. */
  readonly projectId: ProjectId | null;
  readonly projectName: string | null;
  /**
   * Of a token that is good for the installation as a whole (Keystone's scope `system`): the project that is called
   * {@link ADMIN_PROJECT}. Null for every other token.
   */
  readonly systemProjectId: ProjectId | null;
  /** Implied ones included, the strongest first; empty for a token that is good for nothing. */
  readonly roles: readonly Role[];
  /** Runs the installation: an admin of the project that is called {@link ADMIN_PROJECT}. */
  readonly isSystemAdmin: boolean;
  /** What the token was got with, if it was not its user. */
  readonly applicationCredential: {
    readonly id: string;
    readonly name: string;
    readonly unrestricted: boolean;
    readonly accessRules: readonly AccessRule[] | null;
  } | null;
  /** How the user proved to be it; `token` is among them when the token came from another one. */
  readonly methods: readonly string[];
  readonly auditId: string;
  /** Of the token that all rescoping began with; null for such a one. */
  readonly rootAuditId: string | null;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

/** From where a request came, for the audit and the limits. */
export interface Origin {
  /** The other end of the connection. */
  readonly address: string | null;
  readonly requestId: string | null;
}

/** Who asks for a change, or to see something. */
export interface Actor extends Origin {
  readonly userId: UserId;
  readonly userName: string;
  readonly projectId: ProjectId | null;
  /** In that project; implied ones included. */
  readonly roles: readonly string[];
  readonly isSystemAdmin: boolean;
  /** By an application credential that is not unrestricted: may change nothing in here. */
  readonly isRestricted: boolean;
  /** Of an application credential that is good for these requests only; null or absent: for all. */
  readonly accessRules?: readonly Omit<AccessRule, 'id'>[] | null;
}

/** Whoever is admin in it runs the installation (Keystone calls it the admin project). */
export const ADMIN_PROJECT = 'admin';

export function isSystemAdmin(projectName: string | null, roles: readonly Role[]): boolean {
  return projectName === ADMIN_PROJECT && roles.includes('admin');
}

/** There is one domain; Keystone's clients name it in one of these ways. */
export const DOMAIN = { id: 'default', name: 'Default' } as const;

export interface DomainReference {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
}

/** Not given means the only one there is. */
export function isOurDomain(domain: DomainReference | null | undefined): boolean {
  if (!domain) return true;
  return (domain.id ?? DOMAIN.id) === DOMAIN.id && (domain.name ?? DOMAIN.name) === DOMAIN.name;
}

/** Whether the actor administers this project: its own admin, or whoever runs the installation. */
export function administers(actor: Actor, projectId: string): boolean {
  return actor.isSystemAdmin || (actor.projectId === projectId && actor.roles.includes('admin'));
}

export function notAllowed(action: string): BaykeeperError {
  return new BaykeeperError({
    code: 'forbidden',
    publicMessage: `Policy doesn't allow ${action} to be performed: ask an administrator.`,
  });
}

/** @throws BaykeeperError `forbidden` for a restricted application credential */
export function checkMayChange(actor: Actor): void {
  if (!actor.isRestricted) return;
  throw new BaykeeperError({
    code: 'forbidden',
    publicMessage:
      'A restricted application credential may not change accounts: use a password, or a credential made as unrestricted.',
  });
}

export function missing(what: string, id: string): BaykeeperError {
  const shown = id.replace(/[^\x20-\x7e]/g, '?').slice(0, 64);
  return new BaykeeperError({ code: 'not-found', publicMessage: `Could not find ${what}: ${shown}.` });
}

export function invalid(publicMessage: string): BaykeeperError {
  return new BaykeeperError({ code: 'invalid-input', publicMessage });
}
