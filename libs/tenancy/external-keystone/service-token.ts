/** The token with which we ask about the tokens of others: renewed before it ends, and when it is refused. */
import type { KeystoneHttp } from './keystone-http.js';
import { KeystoneFailure } from './keystone-failure.js';

export interface ServiceUser {
  readonly user: string;
  readonly userDomain: string;
  readonly password: string;
  readonly project: string;
  readonly projectDomain: string;
}

export interface IssuedServiceToken {
  readonly token: string;
  readonly expiresAt: Date;
  /** As the Keystone sent it. */
  readonly body: unknown;
}

export interface ServiceTokens {
  /** @throws KeystoneFailure */
  get(): Promise<string>;
  /** To be called when it was refused: the next `get` gives another one. */
  forget(token: string): void;
}

/** Before the end; a tenth of a short life. */
const RENEWED_BEFORE_MS = 300_000;
/** After a failure nobody tries for so long: a Keystone locks users who are refused often. */
const PAUSE_MS = 5_000;

export function openServiceTokens(
  issue: () => Promise<IssuedServiceToken>,
  now: () => number,
  first: IssuedServiceToken,
): ServiceTokens {
  let current: Pick<IssuedServiceToken, 'token' | 'expiresAt'> | null = first;
  let renewAt = renewalOf(first, now());
  let renewal: Promise<string> | null = null;
  let failed: { readonly until: number; readonly failure: Error } | null = null;

  async function renew(): Promise<string> {
    try {
      const issued = await issue();
      current = issued;
      renewAt = renewalOf(issued, now());
      failed = null;
      return issued.token;
    } catch (failure) {
      if (failure instanceof Error) failed = { until: now() + PAUSE_MS, failure };
      throw failure;
    } finally {
      renewal = null;
    }
  }

  function renewOnce(): Promise<string> {
    if (failed !== null && now() < failed.until) return Promise.reject(failed.failure);
    renewal ??= renew();
    return renewal;
  }

  return {
    async get() {
      const known = current;
      if (known === null || now() >= known.expiresAt.getTime()) return renewOnce();
      // Still good: whoever asks now need not wait for the next one, nor fail because of it.
      if (now() >= renewAt) void renewOnce().catch(() => undefined);
      return known.token;
    },
    forget(token) {
      if (current?.token === token) current = null;
    },
  };
}

function renewalOf({ expiresAt }: Pick<IssuedServiceToken, 'expiresAt'>, now: number): number {
  const left = expiresAt.getTime() - now;
  return expiresAt.getTime() - Math.min(RENEWED_BEFORE_MS, left / 10);
}

/** @throws KeystoneFailure */
export async function issueServiceToken(http: KeystoneHttp, who: ServiceUser): Promise<IssuedServiceToken> {
  const { status, headers, json } = await http.send({
    method: 'POST',
    path: '/v3/auth/tokens?nocatalog',
    body: {
      auth: {
        identity: {
          methods: ['password'],
          password: { user: { name: who.user, domain: { name: who.userDomain }, password: who.password } },
        },
        scope: { project: { name: who.project, domain: { name: who.projectDomain } } },
      },
    },
  });
  if (status === 401 || status === 403) {
    throw new KeystoneFailure('user-refused', `the Keystone refuses the user ${who.user} (status ${status})`);
  }
  const token = headers['x-subject-token'];
  const expiresAt = new Date(expiryOf(json));
  if (status !== 201 || typeof token !== 'string' || Number.isNaN(expiresAt.getTime())) {
    throw new KeystoneFailure('unreadable', `it does not answer as a Keystone does (status ${status})`);
  }
  return { token, expiresAt, body: json };
}

function expiryOf(json: unknown): string {
  const token = (json as { token?: { expires_at?: unknown } | null } | null)?.token;
  return typeof token?.expires_at === 'string' ? token.expires_at : '';
}
