/** Requests for artifacts. */
import { Readable } from 'node:stream';
import { BaykeeperError } from '@baykeeper/domain';

export interface WebAnswer {
  readonly headers: Headers;
  readonly content: Readable;
}

/** Until the answer begins; how long its body takes is the network's matter. */
const ANSWER_WITHIN_MS = 60_000;

/**
 * @throws BaykeeperError `provider-unavailable` when nobody answers or with 5xx, 408 or 429; `provider-refused` with any
 *   other status that is no success
 */
export async function get(url: string, headers: Readonly<Record<string, string>>): Promise<WebAnswer> {
  const response = await send(url, headers);
  if (response.ok) return answerOf(response);
  await response.body?.cancel();
  throw refusal(url, response.status);
}

/** As the environment says (`HTTPS_PROXY`, `NO_PROXY`), which Node's own client does not look at before version 24. */
async function throughProxy(): Promise<Pick<RequestInit, 'dispatcher'>> {
  const { EnvHttpProxyAgent } = await import('undici');
  // Node's types and the package's are of the same thing at two versions.
  const agent: unknown = new EnvHttpProxyAgent();
  return { dispatcher: agent as NonNullable<RequestInit['dispatcher']> };
}

/** The answer whatever its status. */
export async function send(url: string, headers: Readonly<Record<string, string>>): Promise<Response> {
  const gone = new AbortController();
  const timer = setTimeout(() => {
    gone.abort();
  }, ANSWER_WITHIN_MS);
  try {
    return await fetch(url, { headers, signal: gone.signal, ...(await throughProxy()) });
  } catch (error) {
    throw new BaykeeperError({
      code: 'provider-unavailable',
      publicMessage: `${new URL(url).origin} cannot be reached: import the artifacts from a folder, or try again later.`,
      cause: error,
    });
  } finally {
    clearTimeout(timer);
  }
}

export function answerOf(response: Response): WebAnswer {
  const { body, headers } = response;
  return { headers, content: body === null ? Readable.from([]) : Readable.fromWeb(body) };
}

export function refusal(url: string, status: number): BaykeeperError {
  const isPassing = status >= 500 || status === 408 || status === 429;
  return new BaykeeperError({
    code: isPassing ? 'provider-unavailable' : 'provider-refused',
    publicMessage: `${url} was answered with ${String(status)}.`,
  });
}
