/** Requests to a Keystone: bounded in time, size and number, over connections that are kept. */
import http from 'node:http';
import https from 'node:https';
import { KeystoneFailure, type KeystoneFailureKind } from './keystone-failure.js';

export interface KeystoneHttpSettings {
  /** Without a version and without a slash at the end. */
  readonly url: string;
  readonly timeoutMs: number;
  /** PEM; null for what Node.js trusts. */
  readonly authorities: string | null;
}

export interface KeystoneRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below the URL. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
}

export interface KeystoneAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** Null when the body is no JSON. */
  readonly json: unknown;
}

export interface KeystoneHttp {
  /** @throws KeystoneFailure `unreachable` for no answer and for 5xx and 429; `untrusted`, `misnamed`, `no-tls` */
  send(request: KeystoneRequest): Promise<KeystoneAnswer>;
  close(): void;
}

const MOST_CONNECTIONS = 32;
/** Octets. A token without its catalog has a few KiB. */
const LARGEST_ANSWER = 1024 * 1024;

export function openKeystoneHttp({ url, timeoutMs, authorities }: KeystoneHttpSettings): KeystoneHttp {
  const isTls = url.startsWith('https:');
  const options = { keepAlive: true, maxSockets: MOST_CONNECTIONS };
  const agent = isTls
    ? new https.Agent({ ...options, ...(authorities !== null && { ca: authorities }) })
    : new http.Agent(options);
  const start = isTls ? https.request : http.request;

  function sendOnce(
    { method, path, headers = {}, body }: KeystoneRequest,
    signal: AbortSignal,
  ): Promise<KeystoneAnswer> {
    const text = body === undefined ? null : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const request = start(`${url}${path}`, {
        ...{ method, agent, signal },
        headers: {
          ...headers,
          Accept: 'application/json',
          ...(text !== null && { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }),
        },
      });
      request.once('error', (error: NodeJS.ErrnoException) => {
        const isStale = request.reusedSocket && error.code === 'ECONNRESET';
        reject(isStale ? new StaleConnection() : error);
      });
      request.once('response', (response) => {
        readAll(response).then((json) => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, json });
        }, reject);
      });
      request.end(text ?? undefined);
    });
  }

  return {
    async send(request) {
      const signal = AbortSignal.timeout(timeoutMs);
      try {
        const answer = await sendOnce(request, signal).catch((error: unknown) => {
          if (error instanceof StaleConnection) return sendOnce(request, signal);
          throw error;
        });
        if (answer.status < 500 && answer.status !== 429) return answer;
        throw new KeystoneFailure('unreachable', `${url} answers with status ${answer.status}`);
      } catch (error) {
        if (error instanceof KeystoneFailure) throw error;
        throw new KeystoneFailure(
          kindOf(error),
          `${url} can't be reached: ${signal.aborted ? `no answer within ${timeoutMs / 1_000} s` : reasonOf(error)}`,
          {
            cause: error,
          },
        );
      }
    },
    close() {
      agent.destroy();
    },
  };
}

/** What OpenSSL and Node.js find wrong with a certificate (the codes of Node.js' documentation, "X509 certificate error codes"). */
const UNTRUSTED =
  /^(UNABLE_TO_(GET_ISSUER_CERT|VERIFY_LEAF|GET_CRL|DECRYPT)|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|CERT_|INVALID_(CA|PURPOSE))/;

function kindOf(error: unknown): KeystoneFailureKind {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'misnamed';
  if (UNTRUSTED.test(code)) return 'untrusted';
  return code === 'EPROTO' || code.startsWith('ERR_SSL_') ? 'no-tls' : 'unreachable';
}

/** The other end closed a kept connection just when we began to use it: nothing was read, so asking again is safe. */
class StaleConnection extends Error {}

async function readAll(response: http.IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_ANSWER) throw new Error(`the answer is larger than ${LARGEST_ANSWER} octets`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch {
    return null;
  }
}

function reasonOf(error: unknown): string {
  const { code = '', message = 'the connection failed' } = error as Partial<NodeJS.ErrnoException>;
  return code === '' || message.includes(code) ? message : `${message} (${code})`;
}
