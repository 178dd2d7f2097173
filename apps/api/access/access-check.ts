/** Decides about every request before its body is read: who asks, and whether that one may. */
import { BaykeeperError, type ProjectId, type UserId } from '@baykeeper/domain';
import { forbidden, type Caller } from '@baykeeper/services';
import { ACCESS_RULES, type AccessRule } from './access-rules.js';

/** What a token stands for. Roles: those it implies included. */
export interface TokenHolder {
  readonly userId: UserId;
  readonly userName: string;
  /** Null for a token that is good for no project. */
  readonly projectId: ProjectId | null;
  readonly roles: readonly string[];
  readonly isSystemAdmin: boolean;
}

/**
 * @returns who asks, for a rule that asks for a role; null for the others
 * @throws BaykeeperError `unauthenticated`, `forbidden`
 */
export type AccessCheck = (rule: AccessRule, request: AccessFacts) => Promise<Caller | null>;

/** What is looked at of a request. */
export interface AccessFacts {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The other end of the connection. */
  readonly ip: string;
  /** The id of the request. */
  readonly id: string;
}

/** Longer ones are no tokens of ours; looking them up would be work for whoever sends them. */
const LONGEST_TOKEN = 1_024;

/** @param validate null for a token that is not valid (any more) */
export function openAccessCheck(validate: (token: string) => Promise<TokenHolder | null>): AccessCheck {
  return async (rule, { headers, ip, id }) => {
    const kind = ACCESS_RULES[rule];
    if (kind === 'anonymous' || kind === 'node') return null;
    const token = headers['x-auth-token'];
    if (kind === 'operator' && token === undefined && isThisMachine(headers, ip)) return null;
    if (typeof token !== 'string' || token === '' || token.length > LONGEST_TOKEN) throw unauthenticated();
    const holder = await validate(token);
    if (holder === null) throw unauthenticated();
    if (kind === 'token') return null;
    const { projectId, userId, userName, roles, isSystemAdmin } = holder;
    const isAllowed = kind === 'operator' || kind === 'system-admin' ? isSystemAdmin : roles.includes(kind);
    if (projectId === null || !isAllowed) throw forbidden(rule);
    return { projectId, userId, userName, roles, isSystemAdmin, requestId: id, address: ip };
  };
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
