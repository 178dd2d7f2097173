import { readFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { CommandFailure } from '../failure.js';
import { isJsonObject } from './json-reader.js';

export interface HttpRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
}

/** Sends one HTTP request. Throws a `cannot-connect` failure when no answer came; any status is an answer. */
export type SendRequest = (url: string, request: HttpRequest, timeoutMs: number | null) => Promise<HttpAnswer>;

/** How long a plain call may take, in milliseconds: signing and zipping credentials are the slowest, at a second. */
export const CALL_TIMEOUT_MS = 30_000;

/** An answer whose body is still on its way: it is read once, or discarded. */
export class HttpAnswer {
  private readonly message: IncomingMessage;
  private readonly url: string;

  constructor(message: IncomingMessage, url: string) {
    this.message = message;
    this.url = url;
  }

  get status(): number {
    return this.message.statusCode ?? 0;
  }

  get statusText(): string {
    return this.message.statusMessage ?? '';
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  header(name: string): string | null {
    const value = this.message.headers[name.toLowerCase()];
    return typeof value === 'string' ? value : (value?.join(', ') ?? null);
  }

  async bytes(): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    try {
      for await (const chunk of this.pieces()) chunks.push(chunk);
    } catch (error) {
      throw cannotConnect(this.url, error);
    }
    return Buffer.concat(chunks);
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(await this.bytes());
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  /** As they come. */
  pieces(): AsyncIterable<Uint8Array> {
    return this.message;
  }

  discard(): void {
    this.message.resume();
  }
}

/**
 * Requests by Node's own HTTP client, which starts in a third of the time that `fetch` takes. Redirects are refused:
 * following one would carry the token to whoever it points at.
 * @param caFile a private authority (`OS_CACERT`, a PEM file); null: those that Node knows
 */
export function createSendRequest(caFile: string | null): SendRequest {
  const ca = caFile === null ? null : readAuthority(caFile);
  return async (url, request, timeoutMs) => {
    const signals = [request.signal, timeoutMs === null ? undefined : AbortSignal.timeout(timeoutMs)];
    const signal = AbortSignal.any(signals.filter((each) => each !== undefined));
    let answer: HttpAnswer;
    try {
      answer = new HttpAnswer(await exchange(url, { ...request, signal }, ca), url);
    } catch (error) {
      if (request.signal?.aborted === true) throw error;
      throw cannotConnect(url, error);
    }
    if (answer.status >= 300 && answer.status < 400) {
      const target = answer.header('location') ?? 'elsewhere';
      throw new CommandFailure('refused', `${originOf(url)} redirects to ${target}. Log in at that address instead.`);
    }
    return answer;
  };
}

/** TLS is loaded only where it is used: it takes a while. */
async function exchange(url: string, request: HttpRequest, ca: string | null): Promise<IncomingMessage> {
  const { request: open } = url.startsWith('https:') ? await import('node:https') : { request: httpRequest };
  const { method = 'GET', headers, body, signal } = request;
  return await new Promise((resolve, reject) => {
    const sent = open(url, { method, headers: { ...headers }, ...(signal && { signal }), ...(ca !== null && { ca }) });
    sent.once('response', resolve);
    sent.on('error', reject);
    sent.end(body);
  });
}

function readAuthority(caFile: string): string {
  try {
    return readFileSync(caFile, 'utf8');
  } catch (error) {
    throw new CommandFailure('usage', { message: `OS_CACERT names ${caFile}, which cannot be read.`, cause: error });
  }
}

function cannotConnect(url: string, error: unknown): CommandFailure {
  return new CommandFailure('cannot-connect', { message: describeConnectionFault(url, error), cause: error });
}

/** The failure for an answer that is not a success, from whichever of the service's error forms it has. */
export async function failureOfAnswer(answer: HttpAnswer): Promise<CommandFailure> {
  const text = await answer.text().catch(() => '');
  const httpStatus = answer.status;
  const requestId = answer.header('x-openstack-request-id') ?? undefined;
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
  const message = said ?? `The service refused with ${httpStatus} ${answer.statusText}.`;
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
  ETIMEDOUT: 'no answer in time. Check the address and the network.',
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

/** An abort hides why in its cause, and a host with several addresses hides what happened one deeper. */
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
