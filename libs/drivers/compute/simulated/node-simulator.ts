/**
 * A node without a machine: says to the control plane what a real node's agent says, with a key and a certificate request
 * of its own. What it learns is kept by `remember`, so that another process can go on where one was killed.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { request, type Agent } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { renderCertificateRequest } from './certificate-request.js';

export const NODE_PHASES = ['booted', 'certificate', 'engine', 'join', 'joined'] as const;
export type NodePhase = (typeof NODE_PHASES)[number];

/** A scripted failure: a machine that never says a word, or one that reports a failed phase with this message and log. */
export type SimulatedFailure =
  | { readonly kind: 'never-boots' }
  | { readonly kind: 'fails'; readonly phase: NodePhase; readonly message: string; readonly log: string };

export interface NodeMemory {
  /** PKCS #8 PEM; made at the first start. The single-use token is bound to it. */
  readonly privateKey: string | null;
  readonly session: string | null;
  readonly done: boolean;
}

export interface NodeSimulation {
  readonly url: string;
  readonly ca: string;
  readonly nodeId: string;
  readonly nodeName: string;
  readonly token: string;
  readonly failure: SimulatedFailure | null;
  /** How long booting and starting the engine take, each. */
  readonly latencyMs: number;
  readonly memory: NodeMemory;
  readonly remember: (memory: NodeMemory) => void;
  /** One line for the machine's console. */
  readonly print: (line: string) => void;
  readonly agent: Agent;
  readonly signal: AbortSignal;
}

/** How long the control plane may hold a question for the join data, as agreed in the protocol. */
const JOIN_WAIT_SECONDS = 25;
/** The first pause before the same is asked again, and the longest; each is twice the one before it. */
const RETRY_FIRST_MS = 20;
const RETRY_LATEST_MS = 320;

/** Resolves when the node has joined, has failed as scripted, was refused, or `signal` aborts. Throws for nothing else. */
export async function simulateNode(node: NodeSimulation): Promise<void> {
  if (node.memory.done || node.failure?.kind === 'never-boots') return;
  let memory = node.memory;
  let token = memory.session ?? node.token;
  try {
    await rest(node, node.latencyMs);
    await enterPhase(node, token, 'booted');
    await report(node, token, 'booted', 'ok');
    await enterPhase(node, token, 'certificate');
    if (memory.session === null) {
      const key = memory.privateKey === null ? makeKey() : readKey(memory.privateKey);
      memory = { ...memory, privateKey: key.pem };
      // Before it is sent: an answer that gets lost is given again, but only to the same key.
      node.remember(memory);
      token = await requestCertificate(node, token, key);
      memory = { ...memory, session: token };
      node.remember(memory);
    }
    await enterPhase(node, token, 'engine');
    await rest(node, node.latencyMs);
    await enterPhase(node, token, 'join');
    await awaitJoin(node, token);
    await enterPhase(node, token, 'joined');
    await report(node, token, 'joined', 'ok');
    node.remember({ ...memory, done: true });
  } catch (error) {
    if (node.signal.aborted) return;
    if (!(error instanceof NodeFailure)) throw error;
    node.remember({ ...memory, done: true });
  }
}

/** Ends a node's story: it has failed as scripted, or the control plane does not want it. */
class NodeFailure extends Error {}

async function enterPhase(node: NodeSimulation, token: string, phase: NodePhase): Promise<void> {
  node.print(phase);
  if (node.failure?.kind !== 'fails' || node.failure.phase !== phase) return;
  node.print(node.failure.log);
  await report(node, token, phase, 'failed', node.failure);
  throw new NodeFailure(node.failure.message);
}

async function report(
  node: NodeSimulation,
  token: string,
  phase: NodePhase,
  outcome: 'ok' | 'failed',
  failure: { readonly message: string; readonly log: string } = { message: '', log: '' },
): Promise<void> {
  const query = new URLSearchParams({ phase, outcome, ...(failure.message !== '' && { message: failure.message }) });
  await ask(node, 'POST', `signals?${query.toString()}`, token, { type: 'text/plain', text: failure.log });
}

interface NodeKey {
  /** PKCS #8. */
  readonly pem: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

function makeKey(): NodeKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), publicKey, privateKey };
}

function readKey(pem: string): NodeKey {
  const privateKey = createPrivateKey(pem);
  return { pem, publicKey: createPublicKey(privateKey), privateKey };
}

async function requestCertificate(node: NodeSimulation, token: string, key: NodeKey): Promise<string> {
  const text = renderCertificateRequest(node.nodeName, key.publicKey, key.privateKey);
  const answer = await ask(node, 'POST', 'certificate', token, { type: 'application/x-pem-file', text });
  if (answer.session !== null) return answer.session;
  node.print('the control plane gave no session');
  throw new NodeFailure('no session');
}

async function awaitJoin(node: NodeSimulation, token: string): Promise<void> {
  for (;;) {
    const answer = await ask(node, 'GET', `join?wait=${JOIN_WAIT_SECONDS}`, token, null);
    if (answer.status === 200) return;
  }
}

interface Answer {
  readonly status: number;
  readonly session: string | null;
}

/** Asks until there is an answer: what is lost, overloaded or not ready yet (5xx, 429) is asked again. */
async function ask(
  node: NodeSimulation,
  method: 'GET' | 'POST',
  path: string,
  token: string,
  body: { readonly type: string; readonly text: string } | null,
): Promise<Answer> {
  for (let pauseMs = RETRY_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, RETRY_LATEST_MS)) {
    const answer = await askOnce(node, method, path, token, body).catch(() => null);
    if (answer !== null && answer.status < 300) return answer;
    node.signal.throwIfAborted();
    if (answer !== null && answer.status !== 429 && answer.status < 500) {
      node.print(`the control plane refused ${path.split('?')[0] ?? ''} (${answer.status})`);
      throw new NodeFailure('refused');
    }
    await rest(node, pauseMs);
  }
}

function askOnce(
  node: NodeSimulation,
  method: string,
  path: string,
  token: string,
  body: { readonly type: string; readonly text: string } | null,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request(`${node.url}/v1/nodes/${node.nodeId}/${path}`, {
      method,
      ca: node.ca,
      agent: node.agent,
      signal: node.signal,
      timeout: (JOIN_WAIT_SECONDS + 15) * 1000,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== null && { 'content-type': body.type, 'content-length': Buffer.byteLength(body.text) }),
      },
    });
    call.once('timeout', () => call.destroy(new Error('no answer in time')));
    call.once('error', reject);
    call.once('response', (response) => {
      const session = response.headers['x-baykeeper-session'];
      response.once('error', reject);
      response.once('end', () => {
        resolve({ status: response.statusCode ?? 0, session: typeof session === 'string' ? session : null });
      });
      response.resume();
    });
    call.end(body?.text);
  });
}

async function rest(node: NodeSimulation, milliseconds: number): Promise<void> {
  if (milliseconds === 0) return;
  await sleep(milliseconds, undefined, { signal: node.signal, ref: false });
}
