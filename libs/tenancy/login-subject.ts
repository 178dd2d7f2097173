import type { UserId } from '@baykeeper/domain';
import type { ApplicationCredentialRecord } from '@baykeeper/storage';
import type { FinishedLogin, LoginLimiter } from './login.js';
import type { Passwords } from './password.js';
import type { Origin, Principal } from './principal.js';

export interface LoginSettings {
  readonly passwords: Passwords;
  readonly limiter: LoginLimiter;
  readonly tokenHours: number;
  readonly now: () => Date;
  readonly onLogin: (login: FinishedLogin) => void;
  readonly validateToken: (token: string) => Promise<Principal | null>;
}

/** Whom a proof has shown. */
export interface Subject {
  readonly user: { readonly id: UserId; readonly name: string };
  readonly methods: readonly string[];
  /** The token that it came from. */
  readonly parent: Pick<Principal, 'auditId' | 'rootAuditId' | 'expiresAt'> | null;
  /** Bounds the token to its project and roles. */
  readonly credential: Pick<
    ApplicationCredentialRecord,
    'id' | 'name' | 'projectId' | 'roles' | 'unrestricted' | 'accessRules' | 'expiresAt'
  > | null;
}

/** What was found out on the way, for the audit of a refusal. */
export interface Attempt extends Origin {
  user: { readonly id: UserId; readonly name: string } | null;
}
