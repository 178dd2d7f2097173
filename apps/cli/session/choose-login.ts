import { CommandFailure } from '../failure.js';
import type { Proof, Scope, UserReference } from './identity.js';
import { identityUrlOfOpenrc, type Openrc } from './openrc.js';
import type { SavedLogin } from './saved-login.js';

/** How a command gets its token. */
export type LoginChoice =
  | { readonly kind: 'prove'; readonly authUrl: string; readonly proof: Proof; readonly caFile: string | null }
  | { readonly kind: 'saved'; readonly login: SavedLogin; readonly renewal: Proof | null; readonly expired: boolean };

/** A token this close to its end, in milliseconds, counts as expired: the command itself takes a while. */
const EXPIRY_MARGIN_MS = 30_000;

/**
 * Decides between the OS_* variables and the saved login. The variables win, and are never half obeyed: when they name
 * another user, project or service than the saved login and hold no secret to log in with, that is an error, since the
 * command would otherwise act somewhere the person did not mean.
 */
export function chooseLogin(openrc: Openrc, saved: SavedLogin | null, now: Date): LoginChoice {
  const authUrl = openrc.authUrl === null ? (saved?.authUrl ?? null) : identityUrlOfOpenrc(openrc.authUrl);
  const proof = proofFrom(openrc);
  if (proof !== null && authUrl !== null) {
    return { kind: 'prove', authUrl, proof, caFile: openrc.caFile ?? saved?.caFile ?? null };
  }
  if (saved === null) throw new CommandFailure('unauthenticated', explainMissing(openrc, proof));
  for (const [variable, wanted, actual] of differences(openrc, saved, authUrl)) {
    throw new CommandFailure(
      'unauthenticated',
      `${variable} says ${wanted}, but the saved login is for ${actual} and OS_PASSWORD is not set. Set it, unset ${variable}, or run: bay login`,
    );
  }
  const renewal = openrc.password === null ? null : renewalProof(saved, openrc.password);
  const expired = Date.parse(saved.expiresAt) - EXPIRY_MARGIN_MS <= now.getTime();
  if (expired && renewal === null) throw new CommandFailure('unauthenticated', explainExpired(saved));
  return { kind: 'saved', login: saved, renewal, expired };
}

export function explainExpired(saved: SavedLogin): string {
  return `The login of ${saved.user.name} at ${new URL(saved.endpoint).origin} has expired. Log in again with: bay login`;
}

/** The scope that the variables ask for; null when they name no project. */
export function scopeFrom(openrc: Openrc): Scope {
  if (openrc.projectId !== null) return { id: openrc.projectId };
  return openrc.projectName === null ? null : { name: openrc.projectName, domain: openrc.projectDomain };
}

function proofFrom(openrc: Openrc): Proof | null {
  if (openrc.applicationCredentialId !== null && openrc.applicationCredentialSecret !== null) {
    const { applicationCredentialId: id, applicationCredentialSecret: secret } = openrc;
    return { kind: 'application-credential', id, secret };
  }
  const user: UserReference | null =
    openrc.userId !== null
      ? { id: openrc.userId }
      : openrc.userName === null
        ? null
        : { name: openrc.userName, domain: openrc.userDomain };
  if (openrc.password !== null && user !== null) {
    return { kind: 'password', user, password: openrc.password, scope: scopeFrom(openrc) };
  }
  return openrc.token === null ? null : { kind: 'token', token: openrc.token };
}

function renewalProof(saved: SavedLogin, password: string): Proof {
  const scope = saved.project === null ? null : { id: saved.project.id };
  return { kind: 'password', user: { id: saved.user.id }, password, scope };
}

function explainMissing(openrc: Openrc, proof: Proof | null): string {
  if (proof !== null) return 'OS_AUTH_URL is not set, so there is nowhere to log in. Source the whole openrc file.';
  if (openrc.authUrl !== null && (openrc.userName ?? openrc.userId) !== null) {
    return 'OS_PASSWORD is not set. Source the whole openrc file, or run: bay login';
  }
  return 'You are not logged in. Source an openrc file, or run: bay login --url http://HOST:9511 --user NAME --project NAME';
}

function differences(
  openrc: Openrc,
  saved: SavedLogin,
  authUrl: string | null,
): readonly (readonly [variable: string, wanted: string, actual: string])[] {
  const project = saved.project;
  const checks: readonly (readonly [string, string | null, string])[] = [
    ['OS_AUTH_URL', authUrl, saved.authUrl],
    ['OS_USERNAME', openrc.userName, saved.user.name],
    ['OS_USER_ID', openrc.userId, saved.user.id],
    ['OS_PROJECT_NAME', openrc.projectName, project?.name ?? 'no project'],
    ['OS_PROJECT_ID', openrc.projectId, project?.id ?? 'no project'],
  ];
  return checks.flatMap(([variable, wanted, actual]) =>
    wanted === null || wanted === actual ? [] : [[variable, wanted, actual] as const],
  );
}
