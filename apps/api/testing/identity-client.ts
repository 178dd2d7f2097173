/** The API with its first administrator logged in, for tests of what clients send to the identity service. */
import type { EngineDriver } from '@baykeeper/drivers';
import type { TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { openIdentity } from '@baykeeper/tenancy';
import { send, type Answer } from './api-client.js';
import { BASE_URL, startTestApi, type TestApi } from './start-test-api.js';

export const PASSWORD = 'correct horse';
export const ROOT = `${BASE_URL}/identity/v3`;

export interface IdentityClient {
  readonly api: TestApi;
  /** The administrator's token, id and project. */
  readonly admin: string;
  readonly adminId: string;
  readonly adminProject: string;
  /** @param path below `/identity/v3/` @param token the administrator's unless told; null for none */
  call(method: string, path: string, body?: unknown, token?: string | null): Promise<Answer>;
  logIn(identity: object, scope?: unknown): Promise<Answer>;
  /** Empty when the login is refused. */
  tokenFor(user: { readonly name: string; readonly password: string }, scope?: unknown): Promise<string>;
  /** @returns the id */
  make(kind: 'project' | 'user', fields: object): Promise<string>;
}

export async function startIdentityClient(postgres: TestDatabase, engine: EngineDriver): Promise<IdentityClient> {
  const api = await startTestApi(postgres.url, engine);
  const identity = openIdentity({ database: api.database, passwordCost: { logN: 4, r: 8, p: 1 } });
  const { user, project } = await identity.bootstrapAdministrator({ password: PASSWORD });
  const ask = (method: string, path: string, body?: unknown, token?: string | null): Promise<Answer> =>
    send(api.url, method, `/identity/v3/${path}`, {
      ...(typeof token === 'string' && { token }),
      ...(body !== undefined && { body }),
    });
  const logIn: IdentityClient['logIn'] = (proof, scope) =>
    ask('POST', 'auth/tokens', { auth: { identity: proof, ...(scope !== undefined && { scope }) } });
  const tokenFor: IdentityClient['tokenFor'] = async ({ name, password }, scope) => {
    const answer = await logIn(
      { methods: ['password'], password: { user: { name, domain: { id: 'default' }, password } } },
      scope,
    );
    return answer.headers.get('x-subject-token') ?? '';
  };
  const admin = await tokenFor({ name: 'admin', password: PASSWORD });
  const call: IdentityClient['call'] = (method, path, body, token = admin) => ask(method, path, body, token);
  return {
    ...{ api, admin, adminId: user.id, adminProject: project.id, call, logIn, tokenFor },
    async make(kind, fields) {
      const { body, text } = await call('POST', `${kind}s`, { [kind]: fields });
      const id = (body as Record<string, { readonly id: string } | undefined> | undefined)?.[kind]?.id;
      if (id === undefined) throw new Error(`no ${kind} was made: ${text}`);
      return id;
    },
  };
}
