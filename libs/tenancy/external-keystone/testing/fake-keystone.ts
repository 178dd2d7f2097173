/** A Keystone over HTTP that misbehaves when it is told to. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface FakeKeystone {
  readonly url: string;
  /** Bodies of the tokens that are valid, by token. */
  readonly tokens: Map<string, object>;
  /** Projects that are there; null for one that our user may not look at. */
  readonly projects: Map<string, object | null>;
  /** How often somebody logged in, and asked about a token. */
  readonly count: { logins: number; questions: number };
  /** Answers in place of the ordinary ones; null for none. */
  misbehave: Misbehaviour | null;
  /** Names and passwords of people, and the projects of each, who may log in besides our own user. */
  readonly people: Map<string, { readonly password: string; readonly projects: readonly FakeProject[] }>;
  /** What a login is answered with; 201 unless told. */
  loginStatus: number;
  /** How long tokens of logins live, in seconds. */
  lifeSeconds: number;
  /** From now on the tokens of all logins are refused. */
  forgetLogins(): void;
  close(): Promise<void>;
}

export interface FakeProject {
  readonly id: string;
  readonly name: string;
  readonly enabled?: boolean;
}

type Misbehaviour = (request: IncomingMessage, response: ServerResponse) => void;

interface LoginBody {
  readonly auth: {
    readonly identity: {
      readonly password?: { readonly user: { readonly name: string; readonly password: string } };
      readonly token?: { readonly id: string };
    };
    readonly scope?: { readonly project: { readonly id?: string; readonly name?: string } };
  };
}

/** @param now what its tokens' times count from */
export async function startFakeKeystone(now: () => number): Promise<FakeKeystone> {
  const logins = new Set<string>();
  const server = createServer((request, response) => {
    const isLogin = request.method === 'POST';
    if (isLogin) fake.count.logins += 1;
    else fake.count.questions += 1;
    if (fake.misbehave) fake.misbehave(request, response);
    else if (isLogin)
      void text(request).then((body) => {
        answerLogin(response, JSON.parse(body) as LoginBody);
      });
    else if (request.method === 'DELETE') answerEnd(request, response);
    else if (request.url === '/v3/auth/projects') answerProjects(request, response);
    else answerQuestion(request, response);
  });

  const userOf = (body: object | undefined): string =>
    (body as { token?: { user?: { name?: string } } } | undefined)?.token?.user?.name ?? '';

  /** Of a person: for a project by name or id, or for none. */
  function answerPerson(response: ServerResponse, name: string, { identity, scope }: LoginBody['auth']): void {
    const person = fake.people.get(name);
    const isProven = identity.token !== undefined || identity.password?.user.password === person?.password;
    const wanted = scope?.project;
    const project = person?.projects.find(({ id, name: title }) => id === wanted?.id || title === wanted?.name);
    if (!person || !isProven || (wanted && !project)) {
      send(response, 401, { error: { code: 401, message: 'The request you have made requires authentication.' } });
      return;
    }
    const token = `${name}-${String(fake.count.logins)}`;
    const domain = { id: 'default', name: 'Default' };
    const user = { domain, id: name.padEnd(32, '0'), name };
    const scoped = project ? { project: { domain, ...project } } : { project: undefined, roles: undefined };
    const body = tokenBody({ user, ...scoped, expires_at: new Date(now() + fake.lifeSeconds * 1_000).toISOString() });
    fake.tokens.set(token, body);
    response.setHeader('X-Subject-Token', token);
    send(response, 201, body);
  }

  function answerProjects(request: IncomingMessage, response: ServerResponse): void {
    const person = fake.people.get(userOf(fake.tokens.get(String(request.headers['x-auth-token']))));
    if (person) send(response, 200, { projects: person.projects });
    else send(response, 401, { error: { code: 401, message: 'who are you' } });
  }

  function answerEnd(request: IncomingMessage, response: ServerResponse): void {
    const isThere = fake.tokens.delete(String(request.headers['x-subject-token']));
    if (isThere) response.writeHead(204).end();
    else send(response, 401, { error: { code: 401, message: 'who are you' } });
  }

  function answerLogin(response: ServerResponse, { auth }: LoginBody): void {
    const { password, token: parent } = auth.identity;
    const person = password?.user.name ?? userOf(fake.tokens.get(parent?.id ?? ''));
    if (person !== 'baykeeper') {
      answerPerson(response, person, auth);
      return;
    }
    if (fake.loginStatus !== 201) {
      send(response, fake.loginStatus, { error: { code: fake.loginStatus, message: 'no' } });
      return;
    }
    const token = `service-${fake.count.logins}`;
    logins.add(token);
    response.setHeader('X-Subject-Token', token);
    const expiresAt = new Date(now() + fake.lifeSeconds * 1_000).toISOString();
    send(response, 201, tokenBody({ roles: [{ id: 'r', name: 'service' }], expires_at: expiresAt }));
  }

  function answerQuestion(request: IncomingMessage, response: ServerResponse): void {
    const { 'x-auth-token': asking, 'x-subject-token': subject } = request.headers;
    const isPromised = request.headers['openstack-identity-access-rules'] === '1.0';
    const body = fake.tokens.get(String(subject));
    const [, project] = /^\/v3\/projects\/(.*)$/.exec(request.url ?? '') ?? [];
    if (!logins.has(String(asking))) send(response, 401, { error: { code: 401, message: 'who are you' } });
    else if (project !== undefined) answerProject(response, fake.projects.get(project));
    else if (body === undefined || !isPromised) send(response, 404, { error: { code: 404, message: 'no such token' } });
    else send(response, 200, body);
  }

  function answerProject(response: ServerResponse, project: object | null | undefined): void {
    if (project === undefined) send(response, 404, { error: { code: 404, message: 'no such project' } });
    else if (project === null) send(response, 403, { error: { code: 403, message: 'not for you' } });
    else send(response, 200, { project });
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const fake: FakeKeystone = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tokens: new Map(),
    projects: new Map(),
    people: new Map(),
    count: { logins: 0, questions: 0 },
    misbehave: null,
    loginStatus: 201,
    lifeSeconds: 3_600,
    forgetLogins() {
      logins.clear();
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return fake;
}

/** A token as Keystone 22 shows one, but for what is told. */
export function tokenBody(fields: Readonly<Record<string, unknown>> = {}): { readonly token: object } {
  return {
    token: {
      methods: ['password'],
      user: { domain: { id: 'default', name: 'Default' }, id: 'f'.repeat(32), name: 'ada', password_expires_at: null },
      audit_ids: ['SwlqEqjUSfWlOZoNRQhMqw'],
      expires_at: '2026-01-01T12:00:00.000000Z',
      issued_at: '2026-01-01T00:00:00.000000Z',
      project: { domain: { id: 'default', name: 'Default' }, id: 'a'.repeat(32), name: 'garden' },
      is_domain: false,
      roles: [{ id: 'r', name: 'member' }],
      ...fields,
    },
  };
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}
