/**
 * The session of a browser: a token in a cookie that no script reads. Browsers send cookies by themselves, also for pages
 * of others; so what changes something counts only with a header that such pages can't set, besides `SameSite=Strict`.
 */
import { BaykeeperError } from '@baykeeper/domain';

const NAME = 'baykeeper_session';
/** A page of another origin may send it only if it was allowed to (CORS), and then without the cookie. */
export const DASHBOARD_HEADER = 'x-baykeeper-dashboard';

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

interface BrowserRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly method: string;
}

/** @throws BaykeeperError `forbidden` for a change without the dashboard's header */
export function sessionTokenOf(request: BrowserRequest): string | undefined {
  const token = cookieOf(request.headers['cookie']);
  if (token === undefined) return undefined;
  checkOrigin(request);
  return token;
}

/** @throws BaykeeperError `forbidden` for what another site's page may have sent */
export function checkOrigin({ headers, method }: BrowserRequest): void {
  if (READS.has(method) || headers[DASHBOARD_HEADER] !== undefined) return;
  throw new BaykeeperError({
    code: 'forbidden',
    publicMessage: 'A browser’s session may change something with the header X-Baykeeper-Dashboard only: add it.',
  });
}

function cookieOf(header: string | string[] | undefined): string | undefined {
  if (typeof header !== 'string') return undefined;
  for (const pair of header.split(';')) {
    const [name = '', value = ''] = pair.trim().split('=', 2);
    if (name === NAME && value !== '') return value;
  }
  return undefined;
}

/** @param seconds for which the token is good; 0 ends the session */
export function sessionCookie(token: string, { seconds, isSecure }: { seconds: number; isSecure: boolean }): string {
  const parts = [`${NAME}=${token}`, 'Path=/', `Max-Age=${String(Math.max(0, Math.floor(seconds)))}`, 'HttpOnly'];
  return [...parts, 'SameSite=Strict', ...(isSecure ? ['Secure'] : [])].join('; ');
}
