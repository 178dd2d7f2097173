import type { ProjectId, UserId } from '@baykeeper/domain';
import type { Role } from './roles.js';

/** Whom a valid token stands for, and what it is good for. */
export interface Principal {
  readonly userId: UserId;
  readonly userName: string;
  /** Null for a token that is good for no project. */
  readonly projectId: ProjectId | null;
  readonly projectName: string | null;
  /** Implied ones included, the strongest first; empty without project. */
  readonly roles: readonly Role[];
  /** Runs the installation: an admin of the project that is called {@link ADMIN_PROJECT}. */
  readonly isSystemAdmin: boolean;
  readonly auditId: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
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
