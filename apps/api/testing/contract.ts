/** What the tables of Magnum's contract share: a running API, somebody who asks, and one way to hold an answer against a row. */
import { afterAll, beforeAll, expect, jest } from '@jest/globals';
import type { ProjectId } from '@baykeeper/domain';
import type { EngineDriver } from '@baykeeper/drivers';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { send, type Answer, type Request } from './api-client.js';
import { startTestApi, type TestApi } from './start-test-api.js';

/** A microversion for a request. */
export const at = (version: string): Record<string, string> => ({
  'OpenStack-API-Version': `container-infra ${version}`,
});
export const LATEST = at('latest');

export const IMAGE = { coe: 'swarm', image_id: 'debian-12-docker' };

export interface Contract {
  readonly api: TestApi;
  readonly project: ProjectId;
  /** Of a member of the project. */
  readonly member: string;
  /** Of whoever runs the installation. */
  readonly admin: string;
  /** As the member, unless the request names a token. */
  readonly call: (method: string, path: string, request?: Request) => Promise<Answer>;
  /** @returns the uuid */
  template(body?: object): Promise<string>;
  /** @returns the uuid */
  cluster(body: object): Promise<string>;
}

/** Starts what the tests of a file need before they run, and stops it after them. Its members can be used inside tests. */
export function openContract(engine: EngineDriver): Contract {
  jest.setTimeout(60_000);
  let postgres: TestDatabase | undefined;
  let started: Pick<Contract, 'api' | 'project' | 'member' | 'admin'> | undefined;
  const use = (): NonNullable<typeof started> => {
    if (started === undefined) throw new Error('the API is not started yet');
    return started;
  };

  beforeAll(async () => {
    postgres = await startTestDatabase();
    const api = await startTestApi(postgres.url, engine);
    const project = await api.project();
    const member = await api.token(project, 'member', 'reader');
    const admin = await api.token(await api.project(), 'system-admin', 'admin', 'member', 'reader');
    started = { api, project, member, admin };
  });
  afterAll(async () => {
    const { api } = use();
    await api.close();
    await postgres?.stop();
    expect(api.faults).toEqual([]);
  });

  const call: Contract['call'] = (method, path, request = {}) =>
    send(use().api.url, method, path, { token: use().member, ...request });
  const make = async (path: string, body: object): Promise<string> => {
    const answer = await call('POST', path, { body, headers: LATEST });
    expect([answer.status, answer.status < 300 ? '' : answer.text]).toEqual([answer.status, '']);
    return uuidOf(answer);
  };
  return {
    get api() {
      return use().api;
    },
    get project() {
      return use().project;
    },
    get member() {
      return use().member;
    },
    get admin() {
      return use().admin;
    },
    call,
    template: (body = {}) => make('/v1/clustertemplates', { ...IMAGE, ...body }),
    cluster: (body) => make('/v1/clusters', body),
  };
}

export const uuidOf = (answer: Answer): string => (answer.body as { readonly uuid: string }).uuid;

/** What people see of a refusal. */
export function titleOf({ body }: Answer): string {
  return (body as { readonly errors: readonly { readonly title: string }[] }).errors[0]?.title ?? '';
}

/** The one form of errors that clients can read (section 3.1). `fromRouter`: without words. */
export function expectError(answer: Answer, status: number, fromRouter = false): void {
  expect([answer.status, answer.text]).toEqual([status, answer.text]);
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(answer.headers.get('x-openstack-request-id')).toMatch(/^req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  const text = fromRouter ? '' : expect.stringMatching(/./);
  expect(answer.body).toEqual({
    errors: [{ request_id: '', code: fromRouter ? '' : 'client', status, title: text, detail: text, links: [] }],
  });
}
