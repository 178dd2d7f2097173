/** Requests to a Keystone: bounded in time, size and number, over connections that are kept. */
import http from 'node:http';
import https from 'node:https';
import { KeystoneFailure } from './keystone-failure.js';

export interface KeystoneHttpSettings {
  /** Without a version and without a slash at the end. */
  readonly url: string;
  readonly timeoutMs: number;
  /** PEM; null for what Node.js trusts. */
  readonly authorities: string | null;
}

export interface KeystoneRequest {
  readonly method: 'GET' | 'POST';
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
  /** @throws KeystoneFailure `unreachable` for no answer and for 5xx and 429 */
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
          'unreachable',
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
  if (!(error instanceof Error)) return 'the connection failed';
  const code = 'code' in error ? String(error.code) : '';
  return code === '' || error.message.includes(code) ? error.message : `${error.message} (${code})`;
}
