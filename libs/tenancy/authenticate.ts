/**
 * Logging in: by password, by another token, or by an application credential. Whoever fails learns nothing: an unknown
 * user, a disabled one, a locked one and a wrong password give the same error after the same work.
 */
import { createHash, randomBytes } from 'node:crypto';
import { BaykeeperError, type ProjectId } from '@baykeeper/domain';
import type { Database, TokenRecord } from '@baykeeper/storage';
import { checkApplicationCredential } from './check-application-credential.js';
import { checkPassword } from './check-password.js';
import { findScope } from './find-scope.js';
import type { Attempt, LoginSettings, Subject } from './login-subject.js';
import type { IssuedToken, Login, Proof } from './login.js';
import { ADMIN_PROJECT, isSystemAdmin, type Origin, type Principal } from './principal.js';

const TOKEN_BYTES = 32;
const AUDIT_ID_BYTES = 16;

export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** @throws BaykeeperError `unauthenticated`; `forbidden` for a restricted application credential; `too-many-requests` */
export async function authenticate(
  database: Database,
  settings: LoginSettings,
  login: Login,
  origin: Origin,
): Promise<IssuedToken> {
  const attempt: Attempt = { ...origin, user: null };
  const { method } = login.proof;
  try {
    const subject = await identify(database, settings, login.proof, attempt);
    attempt.user = subject.user;
    const scope = await findScope(database.stores, subject, login.scope);
    const issued = await issueToken(database, settings, subject, scope);
    const projectId = issued.principal.projectId ?? issued.principal.systemProjectId;
    settings.onLogin({ method, user: subject.user, projectId, refusal: null, origin });
    return issued;
  } catch (error) {
    if (isRefusal(error)) settings.onLogin({ method, user: attempt.user, projectId: null, refusal: error, origin });
    throw error;
  }
}

const REFUSALS = new Set<string>(['unauthenticated', 'forbidden', 'too-many-requests']);

function isRefusal(error: unknown): error is BaykeeperError {
  return error instanceof BaykeeperError && REFUSALS.has(error.code);
}

function identify(database: Database, settings: LoginSettings, proof: Proof, attempt: Attempt): Promise<Subject> {
  switch (proof.method) {
    case 'password':
      return checkPassword(database, settings, proof, attempt);
    case 'application_credential':
      return checkApplicationCredential(database, settings, proof, attempt);
    case 'token':
      return checkToken(settings, proof.token, attempt);
  }
}

async function checkToken(settings: LoginSettings, token: string, attempt: Attempt): Promise<Subject> {
  const principal = await settings.validateToken(token);
  if (principal === null) {
    throw new BaykeeperError({
      code: 'unauthenticated',
      publicMessage: 'The token is unknown or has ended. Log in again.',
    });
  }
  const { applicationCredential, projectId, roles } = principal;
  attempt.user = { id: principal.userId, name: principal.userName };
  if (applicationCredential?.unrestricted === false) {
    throw new BaykeeperError({
      code: 'forbidden',
      publicMessage: 'The token of a restricted application credential can not be exchanged for another one.',
    });
  }
  return {
    user: attempt.user,
    methods: [...new Set([...principal.methods, 'token'])],
    parent: principal,
    credential: applicationCredential &&
      projectId && { ...applicationCredential, projectId, roles, expiresAt: principal.expiresAt },
  };
}

interface FoundScope {
  readonly project: { readonly id: ProjectId; readonly name: string } | null;
  readonly systemProjectId: ProjectId | null;
  readonly roles: Principal['roles'];
}

async function issueToken(
  { stores }: Database,
  settings: LoginSettings,
  { user, methods, parent, credential }: Subject,
  { project, systemProjectId, roles }: FoundScope,
): Promise<IssuedToken> {
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  const issuedAt = settings.now();
  const ends = [
    parent?.expiresAt ?? new Date(issuedAt.getTime() + settings.tokenHours * 3_600_000),
    ...(credential?.expiresAt ? [credential.expiresAt] : []),
  ];
  const principal: Principal = {
    userId: user.id,
    userName: user.name,
    projectId: project?.id ?? null,
    projectName: project?.name ?? null,
    systemProjectId,
    roles,
    isSystemAdmin: isSystemAdmin(systemProjectId === null ? (project?.name ?? null) : ADMIN_PROJECT, roles),
    applicationCredential: credential && {
      ...{ id: credential.id, name: credential.name },
      ...{ unrestricted: credential.unrestricted, accessRules: credential.accessRules },
    },
    methods,
    auditId: randomBytes(AUDIT_ID_BYTES).toString('base64url'),
    rootAuditId: parent && (parent.rootAuditId ?? parent.auditId),
    issuedAt,
    expiresAt: new Date(Math.min(...ends.map((end) => end.getTime()))),
  };
  await stores.tokens.insert(recordOf(token, principal));
  return { token, principal };
}

function recordOf(token: string, principal: Principal): TokenRecord {
  const { userId, projectId, systemProjectId, methods, auditId, rootAuditId, issuedAt, expiresAt } = principal;
  return {
    ...{ tokenHash: hashToken(token), userId, projectId, systemProjectId },
    applicationCredentialId: principal.applicationCredential?.id ?? null,
    ...{ methods, auditId, rootAuditId, issuedAt, expiresAt },
  };
}
