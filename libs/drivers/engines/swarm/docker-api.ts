/**
 * A manager's Docker Engine API (version 1.41 and later), over mutual TLS or, for a bay without TLS, in the clear. One
 * connection per conversation; every call has a time limit.
 */
import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { ControlIdentity } from '../../contracts/engine.js';
import { dockerProblem, unreachable } from './swarm.errors.js';

/** Debian 12's engine speaks it, and newer ones still do. */
const API = '/v1.41';
const TIMEOUT_MS = 5_000;
/** The largest answers are lists of nodes and tasks; more than this is no Docker. */
const LARGEST_ANSWER = 64 * 1024 * 1024;

export interface DockerApi {
  /** @throws BaykeeperError as the table in swarm.errors.ts says. */
  call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<unknown>;
  close(): void;
}

export interface DockerEndpoint {
  readonly address: string;
  readonly port: number;
  readonly identity: ControlIdentity | null;
}

export function openDockerApi({ address, port, identity }: DockerEndpoint): DockerApi {
  const tls = identity && { ca: identity.ca, cert: identity.certificate, key: identity.key };
  const agent = tls ? new HttpsAgent({ ...tls, keepAlive: true }) : new HttpAgent({ keepAlive: true });

  const send = (method: string, path: string, text: string | null): ClientRequest => {
    const options = {
      agent,
      host: address,
      port,
      method,
      path: `${API}${path}`,
      headers: text === null ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) },
    };
    return tls ? httpsRequest(options) : httpRequest(options);
  };

  return {
    call(method, path, body) {
      const text = body === undefined ? null : JSON.stringify(body);
      return new Promise((resolve, reject) => {
        const sent = send(method, path, text);
        const timer = setTimeout(
          () => sent.destroy(new Error(`no answer within ${String(TIMEOUT_MS)} ms`)),
          TIMEOUT_MS,
        );
        sent.on('error', (error) => {
          clearTimeout(timer);
          reject(unreachable(address, error));
        });
        sent.on('response', (answer) => {
          readAll(answer)
            .then((answerText) => {
              const status = answer.statusCode ?? 0;
              if (status >= 400) throw dockerProblem(status, `${method} ${path}`, answerText);
              resolve(answerText === '' ? null : parse(answerText, address));
            })
            .catch(reject)
            .finally(() => {
              clearTimeout(timer);
            });
        });
        sent.end(text ?? undefined);
      });
    },
    close() {
      agent.destroy();
    },
  };
}

function parse(text: string, address: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    // `/_ping` and a few more answer plain text; anything else that is no JSON is no Docker.
    if (text.length < 100) return text;
    throw unreachable(address, error);
  }
}

async function readAll(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LARGEST_ANSWER) throw unreachable('the engine', new Error('the answer is too large'));
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
