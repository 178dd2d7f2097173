import { readFileSync } from 'node:fs';
import { CommandFailure } from '../failure.js';
import { isJsonObject } from './json-reader.js';

/** Sends one HTTP request. Throws a `cannot-connect` failure when no answer came; any status is an answer. */
export type SendRequest = (url: string, request: RequestInit, timeoutMs: number | null) => Promise<Response>;

/** How long a plain call may take, in milliseconds: signing and zipping credentials are the slowest, at a second. */
export const CALL_TIMEOUT_MS = 30_000;

/**
 * Requests by Node's own fetch. A private authority (`OS_CACERT`, a PEM file) needs a dispatcher of its own, which is
 * loaded only then. Redirects are refused: following one would carry the token to whoever it points at.
 */
export async function createSendRequest(caFile: string | null): Promise<SendRequest> {
  const send = caFile === null ? fetch : await fetchTrusting(caFile);
  return async (url, request, timeoutMs) => {
    const signals = [request.signal, timeoutMs === null ? null : AbortSignal.timeout(timeoutMs)];
    const signal = AbortSignal.any(signals.filter((each) => each !== null && each !== undefined));
    let response: Response;
    try {
      response = await send(url, { ...request, redirect: 'manual', signal });
    } catch (error) {
      if (request.signal?.aborted === true) throw error;
      throw new CommandFailure('cannot-connect', { message: describeConnectionFault(url, error), cause: error });
    }
    if (response.status >= 300 && response.status < 400) {
      const target = response.headers.get('location') ?? 'elsewhere';
      throw new CommandFailure('refused', `${originOf(url)} redirects to ${target}. Log in at that address instead.`);
    }
    return response;
  };
}

async function fetchTrusting(caFile: string): Promise<typeof fetch> {
  let ca: string;
  try {
    ca = readFileSync(caFile, 'utf8');
  } catch (error) {
    throw new CommandFailure('usage', { message: `OS_CACERT names ${caFile}, which cannot be read.`, cause: error });
  }
  const undici = await import('undici');
  const dispatcher = new undici.Agent({ connect: { ca } });
  return ((url: string, request: object) => undici.fetch(url, { ...request, dispatcher })) as unknown as typeof fetch;
}

/** The failure for an answer that is not a success, from whichever of the service's error forms it has. */
export async function failureOfResponse(response: Response): Promise<CommandFailure> {
  const text = await response.text().catch(() => '');
  const httpStatus = response.status;
  const requestId = response.headers.get('x-openstack-request-id') ?? undefined;
  const said = sentenceOf(text);
  const facts = { httpStatus, requestId };
  if (httpStatus === 401) {
    return new CommandFailure('unauthenticated', {
      ...facts,
      message: said ?? 'The service does not know who you are.',
    });
  }
  if (httpStatus >= 500) {
    const where = requestId === undefined ? '' : ` (request ${requestId})`;
    const what = said ?? 'it gave no reason. Try again later.';
    return new CommandFailure('unexpected', {
      ...facts,
      message: `The service failed with ${httpStatus}${where}: ${what}`,
    });
  }
  const message = said ?? `The service refused with ${httpStatus} ${response.statusText}.`;
  return new CommandFailure(httpStatus === 404 ? 'not-found' : 'refused', { ...facts, message });
}

/** Magnum's `{errors:[{detail,title}]}`, or Keystone's and the 401's `{error:{message,title}}`. Null: neither. */
function sentenceOf(text: string): string | null {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isJsonObject(body)) return null;
  const errors: unknown = body['errors'];
  const first: unknown = Array.isArray(errors) ? errors[0] : body['error'];
  if (!isJsonObject(first)) return null;
  for (const name of ['detail', 'message', 'title']) {
    const value = first[name];
    if (typeof value === 'string' && value.trim() !== '') return value.trim();
  }
  return null;
}

const FAULTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there. Is the service running?',
  ENOTFOUND: 'there is no such host. Check the address.',
  EAI_AGAIN: 'the host name could not be looked up. Check the network.',
  EHOSTUNREACH: 'no way leads to that host. Check the network.',
  ENETUNREACH: 'no way leads to that network. Check the network.',
  ECONNRESET: 'the connection was cut. Try again.',
  UND_ERR_SOCKET: 'the connection was cut. Try again.',
  ETIMEDOUT: 'no answer in time. Check the address and the network.',
  UND_ERR_CONNECT_TIMEOUT: 'no answer in time. Check the address and the network.',
  TimeoutError: 'no answer in time. Try again later.',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed. Name its authority in OS_CACERT.',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from an unknown authority. Name it in OS_CACERT.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate comes from an unknown authority. Name it in OS_CACERT.',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate comes from an unknown authority. Name it in OS_CACERT.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name. Check the address.',
  CERT_HAS_EXPIRED: 'its certificate has expired.',
};

function describeConnectionFault(url: string, error: unknown): string {
  const [code, text] = faultOf(error);
  return `Cannot reach ${originOf(url)}: ${FAULTS[code] ?? text}`;
}

/** fetch hides what happened in its error's cause, and a host with several addresses hides it one deeper. */
function faultOf(error: unknown): [code: string, text: string] {
  if (error instanceof AggregateError && error.errors.length > 0) return faultOf(error.errors[0]);
  if (!(error instanceof Error)) return ['', String(error)];
  if (error.cause instanceof Error) return faultOf(error.cause);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return [code, error.message];
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url;
}
