/**
 * A manager's Docker Engine API, over mutual TLS or, for a bay without TLS, in the clear. One connection per
 * conversation, in the version that the engine itself speaks; every call has a time limit.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { ControlIdentity } from '../../contracts/engine.js';
import { readAnswer } from '../read-answer.js';
import { dockerProblem, unreachable } from './swarm.errors.js';

const TIMEOUT_MS = 5_000;
/** The largest answers are lists of nodes and tasks; more than this is no Docker. */
const LARGEST_ANSWER = 64 * 1024 * 1024;
/** The version that has all we use, for an engine that does not say which it speaks. */
const OLDEST_VERSION = '1.41';

export interface DockerApi {
  /** @throws BaykeeperError as the table in swarm.errors.ts says. */
  call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<unknown>;
  close(): void;
}

export interface DockerEndpoint {
  readonly address: string;
  readonly port: number;
  readonly identity: ControlIdentity | null;
  /** For one call, from its start to the end of the answer. */
  readonly timeoutMs?: number;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export function openDockerApi({ address, port, identity, timeoutMs = TIMEOUT_MS }: DockerEndpoint): DockerApi {
  const agent = identity
    ? new HttpsAgent({ ca: identity.ca, cert: identity.certificate, key: identity.key, keepAlive: true })
    : new HttpAgent({ keepAlive: true });

  function send(method: string, path: string, text: string | null): Promise<Answer> {
    const headers = text === null ? {} : { 'Content-Type': 'application/json' };
    const options = { agent, host: address, port, method, path, headers };
    return new Promise<Answer>((resolve, reject) => {
      const sent = identity ? httpsRequest(options) : httpRequest(options);
      const timer = setTimeout(() => {
        sent.destroy(new Error(`no answer within ${String(timeoutMs)} ms`));
      }, timeoutMs);
      const settle = (finish: () => void): void => {
        clearTimeout(timer);
        finish();
      };
      sent.on('error', (error) => {
        settle(() => {
          reject(error);
        });
      });
      sent.on('response', (answer) => {
        readAnswer(answer, LARGEST_ANSWER).then(
          (body) => {
            settle(() => {
              resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: body });
            });
          },
          (error: unknown) => {
            sent.destroy();
            settle(() => {
              reject(error instanceof Error ? error : new Error(String(error)));
            });
          },
        );
      });
      sent.end(text ?? undefined);
    }).catch((error: unknown) => {
      throw unreachable(`${address} ${method} ${path}`, error);
    });
  }

  /** Engines refuse versions that are too old or too new for them, so it is theirs that is spoken. */
  let prefix: Promise<string> | null = null;
  async function askVersion(): Promise<string> {
    const { status, headers, text } = await send('GET', '/_ping', null);
    if (status !== 200) throw dockerProblem(status, 'GET /_ping', text);
    const version = headers['api-version'];
    return typeof version === 'string' && /^\d+\.\d+$/.test(version) ? `/v${version}` : `/v${OLDEST_VERSION}`;
  }

  return {
    async call(method, path, body) {
      prefix ??= askVersion();
      const { status, text } = await send(
        method,
        `${await prefix}${path}`,
        body === undefined ? null : JSON.stringify(body),
      );
      if (status < 200 || status >= 300) throw dockerProblem(status, `${method} ${path}`, text);
      if (text === '') return null;
      try {
        return JSON.parse(text) as unknown;
      } catch (error) {
        throw unreachable(`${address} ${method} ${path}`, error);
      }
    },
    close() {
      agent.destroy();
    },
  };
}
