/**
 * A Keystone that others run says whom a token stands for. It is asked with a token of our own, as OpenStack's services
 * do (Identity API v3, `GET /v3/auth/tokens`), and its answer is taken for true for a bounded time: no longer, also when
 * it is away.
 */
import { BaykeeperError, type Log, type ProjectId } from '@baykeeper/domain';
import { hashToken } from '../authenticate.js';
import { UNLIMITED } from '../login.js';
import type { Principal } from '../principal.js';
import type { Sessions } from '../sessions/sessions.js';
import { openAnswerCache } from './answer-cache.js';
import { KeystoneFailure, unavailable } from './keystone-failure.js';
import { openKeystoneSessions, type KeystoneSessionSettings } from './keystone-sessions.js';
import { openKeystoneHttp, type KeystoneAnswer, type KeystoneHttp } from './keystone-http.js';
import { readToken, type ProjectName } from './read-token.js';
import { issueServiceToken, openServiceTokens, type ServiceTokens, type ServiceUser } from './service-token.js';

export interface ExternalKeystoneSettings extends ServiceUser, Partial<KeystoneSessionSettings> {
  /** Without a version and without a slash at the end. */
  readonly url: string;
  /** PEM; null for what Node.js trusts. */
  readonly authorities: string | null;
  readonly timeoutMs: number;
  /** For how long an answer is taken for true; 0 asks every time. */
  readonly cacheMs: number;
  readonly adminProject: ProjectName;
  /** Makes the row of a project that is seen for the first time. */
  readonly ensureProject: (id: ProjectId) => Promise<void>;
  readonly log: Log;
  readonly now?: () => number;
  /** How long to wait for a Keystone that is away at the start: it may be starting, too. */
  readonly patienceMs?: number;
}

export interface ExternalKeystone {
  /**
   * Null for a token that the Keystone does not take.
   * @throws BaykeeperError `provider-unavailable` when the Keystone can't be asked
   */
  readonly validateToken: (token: string) => Promise<Principal | null>;
  /**
   * Whether the Keystone has the project, which then has a row here, too. A Keystone that does not let our user look at
   * projects is not asked any further: then whoever names one is taken at their word.
   * @throws BaykeeperError `provider-unavailable` when the Keystone can't be asked
   */
  readonly findProject: (id: string) => Promise<boolean>;
  /** For browsers, which have no token of their own to bring. */
  readonly sessions: Sessions;
  /** Our own user, in the project that owns what belongs to the installation. */
  readonly self: Principal & { readonly projectId: ProjectId };
  /** @throws Error when the Keystone does not answer */
  ping(): Promise<void>;
  close(): void;
}

const PATIENCE_MS = 15_000;
const PAUSE_MS = 1_000;
const MOST_KNOWN_PROJECTS = 10_000;
/** What a header can carry. Anything else is no token, and never leaves this process. */
const TOKEN = /^[\x21-\x7e]+$/;
/** Keystone's own, and those of its other backends. */
const PROJECT_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** @throws BaykeeperError `invalid-input` that says which setting to correct */
export async function openExternalKeystone(settings: ExternalKeystoneSettings): Promise<ExternalKeystone> {
  const { adminProject, log, now = Date.now } = settings;
  const http = openKeystoneHttp(settings);
  const issue = () => issueServiceToken(http, settings);
  try {
    const first = await issueFirst(issue, settings);
    const self = readSelf(first.body, adminProject);
    await settings.ensureProject(self.projectId);
    if (!self.roles.includes('admin') && !hasServiceRole(first.body)) {
      const { user, project } = settings;
      log.warn({ user, project }, 'the user for the Keystone has neither the role service nor admin in its project');
    }
    const tokens = openServiceTokens(issue, now, first);
    const cache = openAnswerCache(settings.cacheMs, now);
    const ensureProject = rememberProjects(settings.ensureProject);
    const reading = { adminProject, systemProjectId: self.projectId };
    const readPrincipal = async (body: unknown): Promise<Principal> => {
      const principal = readToken(body, reading);
      if (principal.projectId !== null) await ensureProject(principal.projectId);
      return principal;
    };
    const validateToken = async (token: string): Promise<Principal | null> => {
      if (!TOKEN.test(token)) return null;
      try {
        return await cache.get(hashToken(token), async () => {
          const body = await show(http, tokens, token);
          return body === null ? null : readPrincipal(body);
        });
      } catch (error) {
        throw unavailable(error);
      }
    };
    const { limiter = UNLIMITED, onLogin = () => undefined } = settings;
    const forget = (token: string): void => {
      cache.forget(hashToken(token));
    };
    return {
      self,
      validateToken,
      sessions: openKeystoneSessions({ http, limiter, onLogin, readPrincipal, validateToken, forget }),
      async findProject(id) {
        if (!PROJECT_ID.test(id)) return false;
        try {
          const isThere = await hasProject(http, tokens, id);
          if (isThere) await ensureProject(id as ProjectId);
          return isThere;
        } catch (error) {
          throw unavailable(error);
        }
      },
      async ping() {
        await http.send({ method: 'GET', path: '/v3' });
      },
      close() {
        http.close();
      },
    };
  } catch (error) {
    http.close();
    throw refusalOf(error, settings);
  }
}

/** The body of a token; null for one that is not valid. */
async function show(http: KeystoneHttp, tokens: ServiceTokens, token: string): Promise<unknown> {
  return bodyOf(await askWithOwn(tokens, (own) => showAs(http, own, token)));
}

async function hasProject(http: KeystoneHttp, tokens: ServiceTokens, id: string): Promise<boolean> {
  const { status, json } = await askWithOwn(tokens, (own) =>
    http.send({ method: 'GET', path: `/v3/projects/${id}`, headers: { 'X-Auth-Token': own } }),
  );
  if (status === 404 && isKeystoneError(json)) return false;
  if (status === 200 || status === 403) return true;
  throw new KeystoneFailure('unreadable', `the Keystone answers a question about a project with status ${status}`);
}

async function askWithOwn(
  tokens: ServiceTokens,
  ask: (own: string) => Promise<KeystoneAnswer>,
): Promise<KeystoneAnswer> {
  const own = await tokens.get();
  const answer = await ask(own);
  if (answer.status !== 401) return answer;
  // Ours was revoked, or the Keystone has new keys: once more, with another one.
  tokens.forget(own);
  const again = await ask(await tokens.get());
  if (again.status === 401) throw new KeystoneFailure('user-refused', 'the Keystone refuses the token it gave us');
  return again;
}

function showAs(http: KeystoneHttp, own: string, token: string) {
  return http.send({
    method: 'GET',
    path: '/v3/auth/tokens?nocatalog',
    // Who does not promise to keep the rules of application credentials is told that their tokens are unknown.
    headers: { 'X-Auth-Token': own, 'X-Subject-Token': token, 'OpenStack-Identity-Access-Rules': '1.0' },
  });
}

function bodyOf({ status, json }: { readonly status: number; readonly json: unknown }): unknown {
  if (status === 200 && json !== null) return json;
  // A 404 of something else on the way is no word about the token.
  if (status === 404 && isKeystoneError(json)) return null;
  if (status === 403) {
    throw new KeystoneFailure(
      'not-allowed',
      'the user for the Keystone may not validate tokens: give it the role service or admin',
    );
  }
  throw new KeystoneFailure('unreadable', `the Keystone answers a question about a token with status ${status}`);
}

function isKeystoneError(json: unknown): boolean {
  return (json as { error?: { code?: unknown } | null } | null)?.error?.code === 404;
}

function readSelf(body: unknown, adminProject: ProjectName): ExternalKeystone['self'] {
  const self = readToken(body, { adminProject, systemProjectId: null });
  if (self.projectId === null) throw new KeystoneFailure('unreadable', 'our own token is good for no project');
  return { ...self, projectId: self.projectId };
}

/** The role that services have at each other; it is none of ours. */
function hasServiceRole(body: unknown): boolean {
  const roles = (body as { token: { roles: readonly { readonly name?: unknown }[] } }).token.roles;
  return roles.some(({ name }) => name === 'service');
}

function rememberProjects(ensure: (id: ProjectId) => Promise<void>): (id: ProjectId) => Promise<void> {
  const known = new Set<ProjectId>();
  return async (id) => {
    if (known.has(id)) return;
    await ensure(id);
    if (known.size >= MOST_KNOWN_PROJECTS) known.clear();
    known.add(id);
  };
}

async function issueFirst<Issued>(
  issue: () => Promise<Issued>,
  { log, url, patienceMs = PATIENCE_MS }: ExternalKeystoneSettings,
): Promise<Issued> {
  const end = performance.now() + patienceMs;
  for (;;) {
    try {
      return await issue();
    } catch (error) {
      const isAway = error instanceof KeystoneFailure && error.kind === 'unreachable';
      if (!isAway || performance.now() + PAUSE_MS > end) throw error;
      log.warn({ url, reason: error.message }, 'waiting for the Keystone');
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

/** In the words of the TLS library. */
function reasonOf({ cause, message }: Error): string {
  return (cause as Partial<Error> | undefined)?.message ?? message;
}

function refusalOf(error: unknown, settings: ExternalKeystoneSettings): unknown {
  if (!(error instanceof KeystoneFailure)) return error;
  const { url, user, userDomain, project, projectDomain } = settings;
  const texts: Readonly<Record<KeystoneFailure['kind'], string>> = {
    unreachable: `BAYKEEPER_KEYSTONE_URL: no Keystone answers at ${url}. Correct the URL, or start the Keystone.`,
    untrusted:
      `BAYKEEPER_KEYSTONE_CA_FILE: the certificate of the Keystone at ${url} is not trusted (${reasonOf(error)}). ` +
      'Name a file with the certificate of the authority that signed it, or renew it there if it has expired.',
    misnamed:
      `BAYKEEPER_KEYSTONE_URL: the certificate of the Keystone at ${url} is for other names (${reasonOf(error)}). ` +
      'Use one of its names in the URL, or give the Keystone a certificate with this one.',
    'no-tls': `BAYKEEPER_KEYSTONE_URL: what answers at ${url} speaks no TLS. Correct the URL: begin it with http:// if that is meant.`,
    'user-refused':
      `The Keystone at ${url} refuses user ${user} (domain ${userDomain}) in project ${project} (domain ${projectDomain}). ` +
      'Check BAYKEEPER_KEYSTONE_USER, _PASSWORD, _PROJECT and their domains, and that the user has a role in the project.',
    'not-allowed': `The Keystone at ${url} does not let user ${user} validate tokens. Give it the role service or admin.`,
    unreadable: `BAYKEEPER_KEYSTONE_URL: what answers at ${url} is no Keystone with version 3. Correct the URL.`,
  };
  return new BaykeeperError({
    code: 'invalid-input',
    publicMessage: texts[error.kind],
    detail: error.message,
    cause: error,
  });
}
