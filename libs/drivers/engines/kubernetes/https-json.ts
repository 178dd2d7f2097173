/**
 * JSON over HTTPS with a client certificate: how both the Kubernetes API and etcd are spoken to. One connection per
 * conversation; every call has a time limit.
 */
import { Agent, request as httpsRequest } from 'node:https';
import type { SessionIdentity } from '../../contracts/engine.js';
import { readAnswer } from '../read-answer.js';
import { clusterProblem, unreachable } from './kubernetes.errors.js';

const TIMEOUT_MS = 10_000;
/** Lists of nodes and pods are the largest; more than this is no answer of theirs. */
const LARGEST_ANSWER = 256 * 1024 * 1024;

export interface HttpsEndpoint {
  readonly address: string;
  readonly port: number;
  readonly identity: SessionIdentity;
  /** For one call, from its start to the end of the answer. */
  readonly timeoutMs?: number;
}

export interface HttpsJson {
  /**
   * @param contentType of the body; JSON unless told
   * @returns what was read as JSON; the text itself where it is none (`ok`)
   * @throws BaykeeperError as the table in kubernetes.errors.ts says
   */
  call(method: string, path: string, body?: unknown, contentType?: string): Promise<unknown>;
  close(): void;
}

export function openHttpsJson({ address, port, identity, timeoutMs = TIMEOUT_MS }: HttpsEndpoint): HttpsJson {
  const agent = new Agent({ ca: identity.ca, cert: identity.certificate, key: identity.key, keepAlive: true });

  function send(method: string, path: string, text: string | null, contentType: string): Promise<Answer> {
    const headers = { Accept: 'application/json', ...(text !== null && { 'Content-Type': contentType }) };
    return new Promise<Answer>((resolve, reject) => {
      const sent = httpsRequest({ agent, host: address, port, method, path, headers });
      const timer = setTimeout(() => {
        sent.destroy(new Error(`no answer within ${String(timeoutMs)} ms`));
      }, timeoutMs);
      sent.on('error', (error) => {
        clearTimeout(timer);
        reject(error);
      });
      sent.on('response', (answer) => {
        readAnswer(answer, LARGEST_ANSWER)
          .then((body) => {
            resolve({ status: answer.statusCode ?? 0, text: body });
          })
          .catch((error: unknown) => {
            sent.destroy();
            reject(error instanceof Error ? error : new Error(String(error)));
          })
          .finally(() => {
            clearTimeout(timer);
          });
      });
      sent.end(text ?? undefined);
    }).catch((error: unknown) => {
      throw unreachable(`${address}:${String(port)} ${method} ${path}`, error);
    });
  }

  return {
    async call(method, path, body, contentType = 'application/json') {
      const { status, text } = await send(method, path, body === undefined ? null : JSON.stringify(body), contentType);
      if (status < 200 || status >= 300) throw clusterProblem(status, `${method} ${path}`, text);
      try {
        return JSON.parse(text) as unknown;
      } catch {
        return text;
      }
    },
    close() {
      agent.destroy();
    },
  };
}

interface Answer {
  readonly status: number;
  readonly text: string;
}
