import { CommandFailure } from '../failure.js';
import { CALL_TIMEOUT_MS, failureOfAnswer, type HttpAnswer, type SendRequest } from '../api/http.js';
import { JsonReader } from '../api/json-reader.js';
import type { DomainReference } from './openrc.js';

/** Who asks for a token, and with which proof. The proof goes into a request's body and nowhere else. */
export type Proof =
  | { readonly kind: 'password'; readonly user: UserReference; readonly password: string; readonly scope: Scope }
  | { readonly kind: 'application-credential'; readonly id: string; readonly secret: string }
  | { readonly kind: 'token'; readonly token: string };

export type UserReference = { readonly id: string } | { readonly name: string; readonly domain: DomainReference };

/** The project the token is for; null leaves it to the server (the user's default project). */
export type Scope = { readonly id: string } | { readonly name: string; readonly domain: DomainReference } | null;

export interface Principal {
  readonly id: string;
  readonly name: string;
  readonly domainId: string;
}

/** A token and what it is good for. */
export interface IssuedToken {
  readonly token: string;
  readonly expiresAt: string;
  readonly user: Principal;
  readonly project: Principal | null;
  /** Names; those of the project. */
  readonly roles: readonly string[];
  readonly catalog: readonly CatalogEndpoint[];
}

interface CatalogEndpoint {
  readonly type: string;
  readonly interface: string;
  readonly region: string | null;
  readonly url: string;
}

/** Asks Keystone v3 (https://docs.openstack.org/api-ref/identity/v3/#authentication-and-token-management) for a token. */
export async function requestToken(send: SendRequest, authUrl: string, proof: Proof): Promise<IssuedToken> {
  const url = `${authUrl}/auth/tokens`;
  const headers = { Accept: 'application/json', 'Content-Type': 'application/json' };
  if (proof.kind === 'token') {
    const answer = await send(
      url,
      { headers: { ...headers, 'X-Auth-Token': proof.token, 'X-Subject-Token': proof.token } },
      CALL_TIMEOUT_MS,
    );
    // Keystone says 404 for a token that it does not know.
    if (answer.status === 401 || answer.status === 404) {
      throw new CommandFailure('unauthenticated', 'OS_TOKEN is unknown or has expired. Get a fresh one, or unset it.');
    }
    return await readToken(answer, url, proof.token);
  }
  const answer = await send(
    url,
    { method: 'POST', headers, body: JSON.stringify(requestBody(proof)) },
    CALL_TIMEOUT_MS,
  );
  if (answer.status === 401) {
    const who = proof.kind === 'password' ? `User ${nameOf(proof.user)}` : `Application credential ${proof.id}`;
    throw new CommandFailure('unauthenticated', {
      message: `${who} was not let in: wrong name or secret, or no role in ${scopeName(proof)}. Check them, then run: bay login`,
      httpStatus: 401,
      requestId: answer.header('x-openstack-request-id') ?? undefined,
    });
  }
  return await readToken(answer, url, null);
}

/**
 * Where tokens for the service at an address come from, if it has no identity service of its own: its 401 says so (as
 * OpenStack's services write it, `WWW-Authenticate: Keystone uri="…"`). Null when it has one, or says nothing of the kind.
 */
export async function findOtherIdentity(send: SendRequest, ownUrl: string, endpoint: string): Promise<string | null> {
  const headers = { Accept: 'application/json' };
  const own = await send(ownUrl, { headers }, CALL_TIMEOUT_MS);
  own.discard();
  if (own.status !== 404) return null;
  const refused = await send(`${endpoint}/clusters?limit=1`, { headers }, CALL_TIMEOUT_MS);
  refused.discard();
  const [, url = ''] = /^Keystone uri="([^"]*)"/.exec(refused.header('www-authenticate') ?? '') ?? [];
  return refused.status === 401 && URL.canParse(url) ? url : null;
}

/** Ends a token's life. Best effort: an unknown or expired one is as good as gone. */
export async function revokeToken(send: SendRequest, authUrl: string, token: string): Promise<void> {
  const headers = { 'X-Auth-Token': token, 'X-Subject-Token': token };
  const answer = await send(`${authUrl}/auth/tokens`, { method: 'DELETE', headers }, CALL_TIMEOUT_MS);
  answer.discard();
}

type WrittenProof = Exclude<Proof, { kind: 'token' }>;

function requestBody(proof: WrittenProof): object {
  if (proof.kind === 'application-credential') {
    const credential = { id: proof.id, secret: proof.secret };
    return { auth: { identity: { methods: ['application_credential'], application_credential: credential } } };
  }
  const identity = { methods: ['password'], password: { user: { ...proof.user, password: proof.password } } };
  return { auth: { identity, ...(proof.scope === null ? {} : { scope: { project: proof.scope } }) } };
}

function nameOf(reference: { readonly id: string } | { readonly name: string }): string {
  return 'name' in reference ? reference.name : reference.id;
}

function scopeName(proof: WrittenProof): string {
  return proof.kind === 'password' && proof.scope !== null ? `project ${nameOf(proof.scope)}` : 'its project';
}

async function readToken(answer: HttpAnswer, url: string, known: string | null): Promise<IssuedToken> {
  if (!answer.ok) throw await failureOfAnswer(answer);
  const notKeystone = `${url} does not answer as OpenStack's identity service does. Check the address.`;
  try {
    const token = answer.header('x-subject-token') ?? known;
    if (token === null) throw new CommandFailure('unexpected', notKeystone);
    const body = new JsonReader(await answer.json(), 'answer').reader('token');
    const project = body.readerOrNull('project');
    return {
      token,
      expiresAt: body.text('expires_at'),
      user: readPrincipal(body.reader('user')),
      project: project && readPrincipal(project),
      roles: body.list('roles', (value, place) => new JsonReader(value, place).text('name')),
      catalog: body.list('catalog', readService).flat(),
    };
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    throw new CommandFailure('unexpected', { message: notKeystone, cause: error });
  }
}

function readPrincipal(body: JsonReader): Principal {
  return { id: body.text('id'), name: body.text('name'), domainId: body.reader('domain').text('id') };
}

function readService(value: unknown, place: string): readonly CatalogEndpoint[] {
  const service = new JsonReader(value, place);
  return service.list('endpoints', (endpointValue, endpointPlace) => {
    const endpoint = new JsonReader(endpointValue, endpointPlace);
    return {
      type: service.text('type'),
      interface: endpoint.text('interface'),
      region: endpoint.textOrNull('region'),
      url: endpoint.text('url'),
    };
  });
}

/** `container` is what clouds older than Magnum 3 call the service. */
const SERVICE_TYPES = ['container-infra', 'container-infrastructure-management', 'container'];

/** The service's address from the catalog, ending in `/v1`. */
export function endpointFrom(issued: IssuedToken, choice: { interface: string; region: string | null }): string {
  const fitting = issued.catalog.filter(
    (each) => each.interface === choice.interface && (choice.region === null || each.region === choice.region),
  );
  const found = SERVICE_TYPES.map((type) => fitting.find((each) => each.type === type)).find(
    (each) => each !== undefined,
  );
  if (found !== undefined) return endpointUrlOf(found.url);
  if (issued.project === null) {
    throw new CommandFailure(
      'unauthenticated',
      'The login is for no project. Name one with --project or OS_PROJECT_NAME.',
    );
  }
  const where = choice.region === null ? '' : ` in region ${choice.region}`;
  throw new CommandFailure(
    'refused',
    `The catalog lists no ${choice.interface} container-infra endpoint${where}. Ask the operator, or name it in BAY_ENDPOINT.`,
  );
}

export function endpointUrlOf(url: string): string {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new CommandFailure('usage', `"${url}" is not an address. Write it like http://192.0.2.1:9511.`);
  }
  const trimmed = url.replace(/\/+$/, '');
  return trimmed.endsWith('/v1') ? trimmed : `${trimmed}/v1`;
}
