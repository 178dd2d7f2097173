import type { Environment } from '../context.js';
import { CommandFailure } from '../failure.js';
import {
  CALL_TIMEOUT_MS,
  createSendRequest,
  failureOfAnswer,
  type HttpAnswer,
  type HttpRequest,
  type SendRequest,
} from '../api/http.js';
import { JsonReader, UnreadableAnswer } from '../api/json-reader.js';
import { chooseLogin, explainExpired } from './choose-login.js';
import { endpointFrom, endpointUrlOf, requestToken, type IssuedToken, type Principal, type Proof } from './identity.js';
import { readOpenrc, type Openrc } from './openrc.js';
import { loadLogin, saveLogin, type SavedLogin } from './saved-login.js';

export interface Call {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Which of the two services; the containers' unless said otherwise. */
  readonly service?: 'identity';
  readonly body?: unknown;
  /** A body that is no JSON. */
  readonly content?: { readonly mediaType: string; readonly bytes: Uint8Array<ArrayBuffer> };
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds; null for a stream that may last. */
  readonly timeoutMs?: number | null;
  readonly signal?: AbortSignal;
}

/** A token in use. */
interface Pass {
  readonly token: string;
  readonly expiresAt: string;
  readonly endpoint: string;
  /** Where the identity service is. */
  readonly authUrl: string;
  readonly project: Principal | null;
}

interface SessionParts {
  readonly caFile: string | null;
  readonly isSaved: boolean;
  readonly send: SendRequest;
  /** Null when there is nothing to get another token with. */
  readonly renew: (() => Promise<Pass>) | null;
  /** What to say when the token is not taken any more. */
  readonly expiredText: string;
}

/** Calls to the service as one user in one project. */
export class Session {
  /** PEM file of a private authority. */
  readonly caFile: string | null;
  /** Whether it comes from a saved login, not from the OS_* variables. */
  readonly isSaved: boolean;
  private readonly send: SendRequest;
  private pass: Pass;
  private readonly renew: (() => Promise<Pass>) | null;
  private readonly expiredText: string;

  constructor(pass: Pass, { caFile, isSaved, send, renew, expiredText }: SessionParts) {
    this.pass = pass;
    this.caFile = caFile;
    this.isSaved = isSaved;
    this.send = send;
    this.renew = renew;
    this.expiredText = expiredText;
  }

  get authUrl(): string {
    return this.pass.authUrl;
  }

  get endpoint(): string {
    return this.pass.endpoint;
  }

  /** The token itself, for a person who asked for it. */
  get token(): { readonly token: string; readonly expiresAt: string } {
    return this.pass;
  }

  /** Null when the token is for no project. */
  get projectId(): string | null {
    return this.pass.project?.id ?? null;
  }

  /** For messages; null when the token is for no project. */
  get projectName(): string | null {
    return this.pass.project?.name ?? null;
  }

  /**
   * Asks for `path` below `/v1` (or below the identity service's `/v3`) and returns the answer when it is a success. A token that the service no longer takes is
   * renewed once, silently, when there is something to renew it with.
   */
  async call(path: string, call: Call = {}): Promise<HttpAnswer> {
    let answer = await this.callOnce(path, call);
    if (answer.status === 401 && this.renew !== null) {
      answer.discard();
      this.pass = await this.renew();
      answer = await this.callOnce(path, call);
    }
    if (answer.ok) return answer;
    const failure = await failureOfAnswer(answer);
    if (failure.code !== 'unauthenticated') throw failure;
    throw new CommandFailure('unauthenticated', {
      message: this.expiredText,
      httpStatus: failure.httpStatus,
      requestId: failure.requestId,
    });
  }

  /** The same for a JSON answer; `read` turns it into what it should be. */
  async callJson<Value>(path: string, read: (body: JsonReader) => Value, call: Call = {}): Promise<Value> {
    const text = await (await this.call(path, call)).text();
    try {
      return read(new JsonReader(JSON.parse(text), 'answer'));
    } catch (error) {
      if (!(error instanceof UnreadableAnswer || error instanceof SyntaxError)) throw error;
      throw new CommandFailure('unexpected', {
        message: `The answer to ${call.method ?? 'GET'} ${path} can't be understood (${error.message}). Does this version of bay fit the service's?`,
        cause: error,
      });
    }
  }

  private async callOnce(path: string, call: Call): Promise<HttpAnswer> {
    const headers: Record<string, string> = {
      Accept: call.accept ?? 'application/json',
      'X-Auth-Token': this.pass.token,
      'OpenStack-API-Version': 'container-infra latest',
      ...call.headers,
    };
    if (call.body !== undefined) headers['Content-Type'] = 'application/json';
    if (call.content !== undefined) headers['Content-Type'] = call.content.mediaType;
    const request: HttpRequest = {
      method: call.method ?? 'GET',
      headers,
      ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
      ...(call.content !== undefined && { body: call.content.bytes }),
      ...(call.signal !== undefined && { signal: call.signal }),
    };
    return await this.send(
      `${call.service === 'identity' ? this.pass.authUrl : this.pass.endpoint}${path}`,
      request,
      call.timeoutMs === undefined ? CALL_TIMEOUT_MS : call.timeoutMs,
    );
  }
}

/** A session from the OS_* variables or the saved login, whichever {@link chooseLogin} says. */
export async function openSession(environment: Environment, now: Date): Promise<Session> {
  const openrc = readOpenrc(environment);
  const choice = chooseLogin(openrc, loadLogin(environment), now);
  if (choice.kind === 'prove') {
    const send = createSendRequest(choice.caFile);
    const renew = async (): Promise<Pass> =>
      passFrom(await requestToken(send, choice.authUrl, choice.proof), openrc, choice.authUrl);
    const refused =
      'The service does not take the token that OS_* gave. Check OS_AUTH_URL and the variables beside it.';
    const { caFile } = choice;
    const parts = { caFile, isSaved: false, send, expiredText: refused };
    return new Session(await renew(), { ...parts, renew: choice.proof.kind === 'token' ? null : renew });
  }
  const { login, renewal } = choice;
  const caFile = openrc.caFile ?? login.caFile;
  const send = createSendRequest(caFile);
  const renew = renewal && (() => renewSavedLogin(environment, send, login, renewal));
  const pass = choice.expired && renew !== null ? await renew() : passOf(login, openrc);
  return new Session(pass, { caFile, isSaved: true, send, renew, expiredText: explainExpired(login) });
}

async function renewSavedLogin(
  environment: Environment,
  send: SendRequest,
  login: SavedLogin,
  proof: Proof,
): Promise<Pass> {
  const issued = await requestToken(send, login.authUrl, proof);
  const renewed = { ...login, token: issued.token, expiresAt: issued.expiresAt };
  saveLogin(environment, renewed);
  return passOf(renewed, readOpenrc(environment));
}

function passOf(login: SavedLogin, openrc: Openrc): Pass {
  const endpoint = openrc.endpoint === null ? login.endpoint : endpointUrlOf(openrc.endpoint);
  const { token, expiresAt, authUrl, project } = login;
  return { token, expiresAt, endpoint, authUrl, project };
}

function passFrom(issued: IssuedToken, openrc: Openrc, authUrl: string): Pass {
  const endpoint = openrc.endpoint === null ? endpointFrom(issued, openrc) : endpointUrlOf(openrc.endpoint);
  const { token, expiresAt, project } = issued;
  return { token, expiresAt, endpoint, authUrl, project };
}
