/** Decides about every request before its body is read: who asks, and whether that one may. */
import { BaykeeperError, type ProjectId, type UserId } from '@baykeeper/domain';
import { forbidden, type Caller } from '@baykeeper/services';
import { allowsRequest, type Principal } from '@baykeeper/tenancy';
import { ACCESS_RULES, type AccessRule } from './access-rules.js';
import { sessionTokenOf } from './session-cookie.js';

/** What a token stands for. Roles: those it implies included. */
export interface TokenHolder {
  readonly userId: UserId;
  readonly userName: string;
  /** Null for a token that is good for no project. */
  readonly projectId: ProjectId | null;
  readonly roles: readonly string[];
  readonly isSystemAdmin: boolean;
  /** Of a token that is good for the installation as a whole: the project whose admins run it. */
  readonly systemProjectId?: ProjectId | null;
  /** What the token was got with, if it was not its user. */
  readonly applicationCredential?: Pick<
    NonNullable<Principal['applicationCredential']>,
    'unrestricted' | 'accessRules'
  > | null;
}

/**
 * @param isAgain of a request that was let in before and is still being answered: it takes no further turn
 * @returns who asks; null for a rule that asks for no role
 * @throws BaykeeperError `unauthenticated`, `forbidden`, `too-many-requests`
 */
export type AccessCheck = (rule: AccessRule, request: AccessFacts, isAgain?: boolean) => Promise<Caller | null>;

/** What is looked at of a request. */
export interface AccessFacts {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly method: string;
  /** With its query. */
  readonly url: string;
  /** The other end of the connection. */
  readonly ip: string;
  /** The id of the request. */
  readonly id: string;
  /** Is set as soon as it is known, so that it is known of a refused request, too. Null: nobody with a token. */
  holder: TokenHolder | null;
  /** What the request was let in with. */
  token: string | null;
}

export interface AccessCheckOptions {
  /** Null for a token that is not valid (any more). */
  readonly validate: (token: string) => Promise<TokenHolder | null>;
  /** How many requests a token may send. @returns seconds to wait; 0 when it may go on */
  readonly takeTurn?: (token: string) => number;
}

/** Longer ones are no tokens of ours; looking them up would be work for whoever sends them. */
const LONGEST_TOKEN = 1_024;

/** A token can be looked at and ended whatever its credential may do besides. */
const OWN_TOKEN: ReadonlySet<AccessRule> = new Set(['identity:validate_token', 'identity:revoke_token'] as const);

export function openAccessCheck({ validate, takeTurn }: AccessCheckOptions): AccessCheck {
  return async (rule, request, isAgain = false) => {
    const { headers, ip, id } = request;
    const kind = ACCESS_RULES[rule];
    if (kind === 'anonymous' || kind === 'node') return null;
    const token = headers['x-auth-token'] ?? sessionTokenOf(request);
    if (kind === 'operator' && token === undefined && isThisMachine(headers, ip)) return null;
    if (typeof token !== 'string' || token === '' || token.length > LONGEST_TOKEN) throw unauthenticated();
    const holder = await validate(token);
    if (holder === null) throw unauthenticated();
    request.holder = holder;
    request.token = token;
    const retryAfterSeconds = isAgain ? 0 : (takeTurn?.(token) ?? 0);
    if (retryAfterSeconds > 0) throw tooManyRequests(retryAfterSeconds);
    checkAccessRules(rule, holder, request);
    if (kind === 'token') return null;
    const { userId, userName, roles, isSystemAdmin } = holder;
    const isAllowed = kind === 'operator' || kind === 'system-admin' ? isSystemAdmin : roles.includes(kind);
    const projectId = projectFor(rule, holder);
    if (projectId === null) throw forNoProject(rule);
    if (!isAllowed) throw forbidden(rule);
    return { projectId, userId, userName, roles, isSystemAdmin, requestId: id, address: ip };
  };
}

/** Not a question of roles: whoever logs in without a project may well have them in one. */
function forNoProject(rule: AccessRule): BaykeeperError {
  return new BaykeeperError({
    code: 'forbidden',
    publicMessage: `Policy doesn't allow ${rule} to be performed with a token that is for no project: log in to a project.`,
  });
}

/** A token for the installation as a whole is good for running it, and not for work in projects (Keystone). */
function projectFor(rule: AccessRule, { projectId, systemProjectId }: TokenHolder): ProjectId | null {
  const kind = ACCESS_RULES[rule];
  const isAboutInstallation = kind === 'system-admin' || kind === 'operator' || rule.startsWith('identity:');
  return projectId ?? (isAboutInstallation ? (systemProjectId ?? null) : null);
}

/** @throws BaykeeperError `forbidden` for what an application credential's own rules do not name */
function checkAccessRules(rule: AccessRule, { applicationCredential }: TokenHolder, request: AccessFacts): void {
  const rules = applicationCredential?.accessRules ?? null;
  if (rules === null || OWN_TOKEN.has(rule)) return;
  const url = request.url.split('?', 1)[0] ?? '';
  const isIdentity = rule.startsWith('identity:');
  const path = isIdentity ? url.slice('/identity'.length) : url;
  const service = isIdentity ? 'identity' : 'container-infra';
  if (!allowsRequest(rules, { service, method: request.method, path })) throw forbidden(rule);
}

/** A proxy on this machine speaks for others, and says so. */
function isThisMachine(headers: AccessFacts['headers'], ip: string): boolean {
  const isProxied = headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined;
  return !isProxied && LOOPBACK.has(ip);
}

const LOOPBACK = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);

/** No token and a bad token look the same (Magnum). */
export function unauthenticated(): BaykeeperError {
  return new BaykeeperError({
    code: 'unauthenticated',
    publicMessage: 'The request you have made requires authentication: get a token from /identity/v3/auth/tokens.',
  });
}

function tooManyRequests(retryAfterSeconds: number): BaykeeperError {
  return new BaykeeperError({
    code: 'too-many-requests',
    publicMessage: 'This token sends too many requests: wait a moment, or spread them.',
    retryAfterSeconds,
  });
}
