/** What clients send and get: forms, filters, pages and refusals of accounts and roles in the identity service. */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { createSwarmEngine } from '@baykeeper/drivers/engines/swarm/swarm.engine.js';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import type { Answer } from '../testing/api-client.js';
import { PASSWORD, ROOT, startIdentityClient, type IdentityClient } from '../testing/identity-client.js';

jest.setTimeout(120_000);

let postgres: TestDatabase;
let client: IdentityClient;

beforeAll(async () => {
  postgres = await startTestDatabase();
  client = await startIdentityClient(postgres, createSwarmEngine({ templatesDirectory: '/nowhere' }));
});
afterAll(async () => {
  await client.api.close();
  await postgres.stop();
  expect(client.api.faults).toEqual([]);
});

const call: IdentityClient['call'] = (...request) => client.call(...request);
const names = ({ body }: Answer, kind: string): string[] =>
  (body as Record<string, { name: string }[]>)[kind]?.map(({ name }) => name) ?? [];

describe('a project', () => {
  test('is made, shown, changed and removed', async () => {
    const made = await call('POST', 'projects', {
      project: { name: 'web', description: 'a shop', domain_id: 'default', is_domain: false, enabled: true },
    });
    const { id } = (made.body as { project: { id: string } }).project;
    const project = {
      ...{ id, name: 'web', description: 'a shop', enabled: true, domain_id: 'default', parent_id: 'default' },
      ...{ is_domain: false, tags: [], options: {}, links: { self: `${ROOT}/projects/${id}` } },
    };
    expect(made).toMatchObject({ status: 201, body: { project } });
    expect((await call('GET', `projects/${id}`)).body).toEqual({ project });
    const changed = await call('PATCH', `projects/${id}`, {
      project: { name: 'web2', description: null, enabled: false },
    });
    expect(changed.body).toEqual({ project: { ...project, name: 'web2', description: '', enabled: false } });
    expect((await call('DELETE', `projects/${id}`)).status).toBe(204);
    expect(await call('GET', `projects/${id}`)).toMatchObject({ status: 404, body: { error: { code: 404 } } });
    expect((await call('DELETE', `projects/${id}`)).status).toBe(404);
    expect((await call('PATCH', `projects/${id}`, { project: {} })).status).toBe(404);
  });

  test.each<[string, unknown]>([
    ['nothing', {}],
    ['no name', { project: {} }],
    ['an empty name', { project: { name: '' } }],
    ['a blank name', { project: { name: '  ' } }],
    ['a long name', { project: { name: 'x'.repeat(65) } }],
    ['a name with a line break', { project: { name: 'a\nb' } }],
    ['another domain', { project: { name: 'a', domain_id: 'other' } }],
    ['a parent', { project: { name: 'a', parent_id: 'other' } }],
    ['being a domain', { project: { name: 'a', is_domain: true } }],
    ['tags', { project: { name: 'a', tags: ['x'] } }],
    ['something unknown', { project: { name: 'a', colour: 'red' } }],
    ['text for a flag', { project: { name: 'a', enabled: 'yes' } }],
  ])('with %s is refused', async (_what, body) => {
    expect(await call('POST', 'projects', body)).toMatchObject({
      status: 400,
      body: { error: { title: 'Bad Request' } },
    });
  });

  test('has a name of its own', async () => {
    await client.make('project', { name: 'taken' });
    expect((await call('POST', 'projects', { project: { name: 'taken' } })).status).toBe(409);
    const other = await client.make('project', { name: 'free' });
    expect((await call('PATCH', `projects/${other}`, { project: { name: 'taken' } })).status).toBe(409);
  });

  test('is found by filters, as Keystone has them', async () => {
    await client.make('project', { name: 'sleeping', enabled: false });
    expect(names(await call('GET', 'projects?name=sleeping'), 'projects')).toEqual(['sleeping']);
    expect(names(await call('GET', 'projects?enabled=false'), 'projects')).toEqual(['sleeping']);
    expect(names(await call('GET', 'projects?enabled&domain_id=default'), 'projects')).not.toContain('sleeping');
    for (const nothing of ['name=none', 'name=%00', 'domain_id=other', 'is_domain=true', 'parent_id=other']) {
      expect(names(await call('GET', `projects?${nothing}`), 'projects')).toEqual([]);
    }
    expect(names(await call('GET', 'projects?colour=red'), 'projects')).toContain('sleeping');
  });
});

describe('a list', () => {
  test('comes in pages, each with a link to the next', async () => {
    for (const name of ['page-a', 'page-b', 'page-c']) await client.make('user', { name });
    const seen: string[] = [];
    let path: string | null = 'users?limit=2&domain_id=default';
    while (path !== null) {
      const answer = await call('GET', path);
      const { links } = answer.body as { links: { self: string; next: string | null } };
      expect(links.self).toBe(`${ROOT}/${path}`);
      expect(answer.body).not.toHaveProperty('truncated');
      const page = names(answer, 'users');
      expect(page.length).toBeLessThanOrEqual(2);
      seen.push(...page);
      path = links.next?.slice(ROOT.length + 1) ?? null;
    }
    expect(seen).toEqual([...new Set(seen)].sort());
    expect(seen).toEqual(names(await call('GET', 'users'), 'users'));
  });

  test.each(['limit=0', 'limit=-1', 'limit=x', 'limit=1&limit=2', 'marker=a&marker=b'])(
    'with %s is refused',
    async (query) => {
      expect((await call('GET', `users?${query}`)).status).toBe(400);
    },
  );

  test.each(['projects', 'users'])('of %s with an unknown marker is not found', async (kind) => {
    for (const marker of ['none', '%00', client.adminProject + client.adminId]) {
      expect((await call('GET', `${kind}?marker=${marker}`)).status).toBe(404);
    }
  });
});

describe('a user', () => {
  test('is made, shown, changed and removed, and its password is never shown', async () => {
    const project = await client.make('project', { name: 'of-ada' });
    const made = await call('POST', 'users', {
      user: {
        name: 'ada',
        password: PASSWORD,
        email: 'a@b.example',
        description: 'x',
        default_project_id: project,
        options: {},
      },
    });
    const { id } = (made.body as { user: { id: string } }).user;
    const user = {
      ...{ id, name: 'ada', enabled: true, domain_id: 'default', default_project_id: project, description: 'x' },
      ...{ email: 'a@b.example', password_expires_at: null, options: {}, links: { self: `${ROOT}/users/${id}` } },
    };
    expect(made).toMatchObject({ status: 201, body: { user } });
    expect((await call('GET', `users/${id}`)).body).toEqual({ user });
    const changes = { name: 'ada2', email: null, description: null, default_project_id: null, enabled: false };
    expect((await call('PATCH', `users/${id}`, { user: changes })).body).toEqual({ user: { ...user, ...changes } });
    expect((await call('DELETE', `users/${id}`)).status).toBe(204);
    expect((await call('GET', `users/${id}`)).status).toBe(404);
    expect((await call('PATCH', `users/${id}`, { user: {} })).status).toBe(404);
  });

  test.each<[string, unknown, number]>([
    ['no name', { user: { password: 'x' } }, 400],
    ['an empty password', { user: { name: 'a', password: '' } }, 400],
    ['a very long password', { user: { name: 'a', password: 'x'.repeat(5_000) } }, 400],
    ['a number for a password', { user: { name: 'a', password: 1 } }, 400],
    ['a project that is not there', { user: { name: 'a', default_project_id: 'none' } }, 404],
    ['another domain', { user: { name: 'a', domain_id: 'other' } }, 400],
    ['something unknown', { user: { name: 'a', shoe_size: 43 } }, 400],
    ['a name that is taken', { user: { name: 'admin' } }, 409],
  ])('with %s is refused', async (_what, body, status) => {
    const answer = await call('POST', 'users', body);
    expect(answer).toMatchObject({ status, body: { error: { code: status } } });
    expect(answer.text).not.toContain('xxxxx');
  });

  test('changes the own password, and must log in anew', async () => {
    const id = await client.make('user', { name: 'eve', password: PASSWORD });
    const token = await client.tokenFor({ name: 'eve', password: PASSWORD }, 'unscoped');
    const change = (original_password: string, password: string) =>
      call('POST', `users/${id}/password`, { user: { original_password, password } }, token);
    expect((await change('wrong', 'new one')).status).toBe(401);
    expect((await change(PASSWORD, PASSWORD)).status).toBe(400);
    expect((await change(PASSWORD, 'new one')).status).toBe(204);
    expect((await call('GET', `users/${id}`, undefined, token)).status).toBe(401);
    expect(await client.tokenFor({ name: 'eve', password: PASSWORD })).toBe('');
    expect(await client.tokenFor({ name: 'eve', password: 'new one' })).not.toBe('');
  });
});

describe('roles', () => {
  test('are three, with their names for ids', async () => {
    expect(names(await call('GET', 'roles'), 'roles')).toEqual(['admin', 'member', 'reader']);
    expect(names(await call('GET', 'roles?name=member'), 'roles')).toEqual(['member']);
    expect(names(await call('GET', 'roles?domain_id=default'), 'roles')).toEqual([]);
    expect((await call('GET', 'roles/member')).body).toMatchObject({
      role: { id: 'member', name: 'member', domain_id: null },
    });
    expect((await call('GET', 'roles/owner')).status).toBe(404);
    expect((await call('POST', 'roles', { role: { name: 'owner' } })).status).toBe(405);
  });

  test('are given, told of and taken', async () => {
    const [project, user] = [
      await client.make('project', { name: 'granted' }),
      await client.make('user', { name: 'bob' }),
    ];
    const path = `projects/${project}/users/${user}/roles`;
    expect((await call('PUT', `${path}/member`)).status).toBe(204);
    expect((await call('HEAD', `${path}/member`)).status).toBe(204);
    expect((await call('HEAD', `${path}/client.admin`)).status).toBe(404);
    expect(names(await call('GET', path), 'roles')).toEqual(['member']);
    for (const missing of [
      `projects/none/users/${user}/roles/member`,
      `projects/${project}/users/none/roles/member`,
      `${path}/owner`,
    ]) {
      expect((await call('PUT', missing)).status).toBe(404);
    }
    const assigned = (query: string): Promise<Answer> => call('GET', `role_assignments?user.id=${user}${query}`);
    expect((await assigned('')).body).toMatchObject({
      role_assignments: [
        {
          ...{ role: { id: 'member' }, user: { id: user }, scope: { project: { id: project } } },
          links: { assignment: `${ROOT}/${path}/member` },
        },
      ],
    });
    expect((await assigned('&include_names&effective')).body).toMatchObject({
      role_assignments: [
        {
          role: { name: 'member' },
          user: { name: 'bob', domain: { id: 'default' } },
          scope: { project: { name: 'granted' } },
        },
        { role: { name: 'reader' } },
      ],
    });
    expect((await assigned('&effective&role.id=reader')).body).toMatchObject({
      role_assignments: [{ role: { id: 'reader' } }],
    });
    for (const nothing of [
      '&role.id=reader',
      '&role.id=owner',
      '&group.id=x',
      '&scope.domain.id=default',
      `&scope.project.id=${client.adminProject}`,
    ]) {
      expect((await assigned(nothing)).body).toMatchObject({ role_assignments: [] });
    }
    expect((await call('DELETE', `${path}/member`)).status).toBe(204);
    expect((await call('DELETE', `${path}/member`)).status).toBe(404);
  });

  test('are listed in pages', async () => {
    const [project, user] = [
      await client.make('project', { name: 'paged' }),
      await client.make('user', { name: 'pat' }),
    ];
    for (const role of ['admin', 'member', 'reader'])
      await call('PUT', `projects/${project}/users/${user}/roles/${role}`);
    const seen: unknown[] = [];
    let path: string | null = `role_assignments?scope.project.id=${project}&limit=1`;
    while (path !== null) {
      const { body } = await call('GET', path);
      const page = body as { role_assignments: { role: { id: string } }[]; links: { next: string | null } };
      seen.push(...page.role_assignments.map(({ role }) => role.id));
      path = page.links.next?.slice(ROOT.length + 1) ?? null;
    }
    expect(seen).toEqual(['admin', 'member', 'reader']);
  });

  test('for the installation are those of the project admin', async () => {
    expect((await call('GET', 'role_assignments?scope.system=all&include_names')).body).toMatchObject({
      role_assignments: [
        { role: { id: 'admin' }, user: { id: client.adminId, name: 'admin' }, scope: { system: { all: true } } },
      ],
    });
  });
});
