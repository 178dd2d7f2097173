/**
 * Every failure as a response: status, headers and body. Magnum's clients break on any other form, so the same function
 * serves the exception filter, the server's own refusals and the access check.
 */
import { HttpException } from '@nestjs/common';
import { BaykeeperError, httpStatusOf, publicMessageOf } from '@baykeeper/domain';
import { MAXIMUM_VERSION, MINIMUM_VERSION, versionHeaders } from './microversion.js';

export interface Failure {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** Ours, not the client's: for the operator's log. */
  readonly isOurs: boolean;
}

/** Which house's form the body takes. */
export type FailureForm = 'magnum' | 'keystone' | 'plain';

/** The router's own refusals: Magnum sends them without words. */
export class RouterRefusal extends Error {
  constructor(
    readonly status: 404 | 405 | 406,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(`refused by the router: ${status}`);
    this.name = 'RouterRefusal';
  }
}

/** A version that is well-formed and not served. */
export class VersionRefusal extends Error {
  constructor(readonly version: string) {
    super(`version ${version} is not served`);
    this.name = 'VersionRefusal';
  }
}

/** Seconds a client should wait when something we need is away. */
const RETRY_AFTER_SECONDS = 2;
const ROUTER_STATUSES = new Set([404, 405, 406]);

export function formOf(path: string): FailureForm {
  if (path.startsWith('/identity')) return 'keystone';
  return path.startsWith('/v1/nodes/') ? 'plain' : 'magnum';
}

/**
 * @param baseUrl what the client used to reach us
 * @param identityUrl the place to get a token from
 */
export function failureOf(
  error: unknown,
  form: FailureForm,
  baseUrl: string,
  identityUrl = `${baseUrl}/identity/v3`,
): Failure {
  if (error instanceof VersionRefusal) return unservedVersion(error, baseUrl);
  const { status, message, headers, fromRouter } = factsOf(error);
  const isOurs = status >= 500;
  if (form === 'plain') {
    return {
      status,
      headers: { ...headers, 'Content-Type': 'text/plain; charset=utf-8' },
      body: `${message}\n`,
      isOurs,
    };
  }
  if (status === 401) {
    const challenge = { ...headers, 'WWW-Authenticate': `Keystone uri="${identityUrl}"` };
    return { status, headers: challenge, body: { error: { code: 401, title: 'Unauthorized', message } }, isOurs };
  }
  if (form === 'keystone') {
    return { status, headers, body: { error: { code: status, title: titleOfStatus(status), message } }, isOurs };
  }
  const shown = fromRouter ? '' : message;
  const entry = {
    request_id: '',
    code: fromRouter ? '' : isOurs ? 'server' : 'client',
    status,
    // Magnum's ends at the first full stop, in the middle of versions, addresses and names with dots; this is a sentence.
    title: shown.split(/\.(?:\s|$)/, 1)[0] ?? '',
    detail: shown,
    links: [],
  };
  return { status, headers, body: { errors: [entry] }, isOurs };
}

interface FailureFacts {
  readonly status: number;
  readonly message: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly fromRouter: boolean;
}

function factsOf(error: unknown): FailureFacts {
  if (error instanceof BaykeeperError) {
    const status = httpStatusOf(error.code);
    const headers: Record<string, string> =
      status === 503 || status === 429 ? { 'Retry-After': String(error.retryAfterSeconds ?? RETRY_AFTER_SECONDS) } : {};
    return { status, message: error.publicMessage, headers, fromRouter: false };
  }
  if (error instanceof RouterRefusal) {
    return { status: error.status, message: titleOfStatus(error.status), headers: error.headers, fromRouter: true };
  }
  const status = error instanceof HttpException ? error.getStatus() : statusOfServer(error);
  if (status >= 500) return { status: 500, message: publicMessageOf(error), headers: {}, fromRouter: false };
  return {
    status,
    message: SENTENCES[status] ?? 'Invalid request: correct it and try again.',
    headers: {},
    fromRouter: ROUTER_STATUSES.has(status),
  };
}

/** What the HTTP server found wrong with a request carries its status; anything else is a fault of ours. */
function statusOfServer(error: unknown): number {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return 500;
  const { statusCode } = error;
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? statusCode : 500;
}

const SENTENCES: Readonly<Record<number, string>> = {
  400: 'Malformed request: check that the path is well-formed and the body is JSON.',
  404: 'There is nothing at this path: check it.',
  408: 'The request took too long: send it again.',
  413: 'The body is too large: send at most 64 KiB.',
  414: 'The path is too long: check the identifier in it.',
  415: 'Unsupported media type: send the body as application/json.',
  431: 'The headers are too large: send fewer or shorter ones.',
};

function titleOfStatus(status: number): string {
  const titles: Readonly<Record<number, string>> = {
    400: 'Bad Request',
    401: 'Unauthorized',
    403: 'Forbidden',
    404: 'Not Found',
    405: 'Method Not Allowed',
    406: 'Not Acceptable',
    409: 'Conflict',
    413: 'Request Entity Too Large',
    415: 'Unsupported Media Type',
    429: 'Too Many Requests',
    503: 'Service Unavailable',
  };
  return titles[status] ?? (status >= 500 ? 'Internal Server Error' : 'Bad Request');
}

function unservedVersion({ version }: VersionRefusal, baseUrl: string): Failure {
  const entry = {
    max_version: MAXIMUM_VERSION,
    min_version: MINIMUM_VERSION,
    code: 'magnum.microversion-unsupported',
    links: [{ rel: 'help', href: `${baseUrl}/docs` }],
    title: 'Requested microversion is unsupported',
  };
  return { status: 406, headers: versionHeaders(version), body: { errors: [entry] }, isOurs: false };
}
