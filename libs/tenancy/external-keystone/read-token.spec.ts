import { describe, expect, it } from '@jest/globals';
import type { ProjectId } from '@baykeeper/domain';
import fc from 'fast-check';
import { KeystoneFailure } from './keystone-failure.js';
import { readToken } from './read-token.js';
import { tokenBody } from './testing/fake-keystone.js';

const READING = { adminProject: { name: 'admin', domain: 'Default' }, systemProjectId: 'ours' as ProjectId };
const read = (fields: Readonly<Record<string, unknown>>) => readToken(tokenBody(fields), READING);
const roles = (...names: string[]) => names.map((name) => ({ id: name, name }));
const project = (name: string, domain = 'Default') => ({ id: 'b'.repeat(32), name, domain: { id: 'd', name: domain } });

describe('the body of a token', () => {
  it.each([
    [['reader'], ['reader']],
    [
      ['member', 'reader'],
      ['member', 'reader'],
    ],
    [['Member'], ['member', 'reader']],
    [['admin'], ['admin', 'member', 'reader']],
    [['manager', 'heat_stack_owner'], []],
    [[], []],
  ])('with the roles %j gives %j', (given, expected) => {
    expect(read({ roles: roles(...given) }).roles).toEqual(expected);
  });

  it.each([
    ['an admin of the admin project', { project: project('admin'), roles: roles('admin') }, true],
    ['a member of the admin project', { project: project('admin'), roles: roles('member') }, false],
    ['an admin of another project', { project: project('web'), roles: roles('admin') }, false],
    [
      'an admin of a project that Keystone calls the admin project',
      { project: project('web'), roles: roles('admin'), is_admin_project: true },
      false,
    ],
    [
      'an admin of a project of that name in another domain',
      { project: project('admin', 'Tenants'), roles: roles('admin') },
      false,
    ],
    ['an admin of the system', { project: undefined, system: { all: true }, roles: roles('admin') }, true],
    ['a reader of the system', { project: undefined, system: { all: true }, roles: roles('reader') }, false],
    ['an admin of a domain', { project: undefined, domain: { id: 'd', name: 'D' }, roles: roles('admin') }, false],
  ])('of %s lets run the installation: %#', (_, fields, expected) => {
    expect(read(fields).isSystemAdmin).toBe(expected);
  });

  it('for the system stands for the installation’s own project, only where that one is run', () => {
    const system = { project: undefined, system: { all: true } };
    expect(read({ ...system, roles: roles('admin') })).toMatchObject({ projectId: null, systemProjectId: 'ours' });
    expect(read({ ...system, roles: roles('reader') })).toMatchObject({ projectId: null, systemProjectId: null });
  });

  it('for a domain or for nothing is good for no project', () => {
    const none = { projectId: null, systemProjectId: null, roles: [] };
    expect(read({ project: undefined, domain: { id: 'd', name: 'D' }, roles: roles('admin') })).toMatchObject(none);
    expect(read({ project: undefined, roles: undefined })).toMatchObject(none);
  });

  it('names the application credential and what it may do', () => {
    const rules = [{ id: 'r', service: 'container-infra', method: 'GET', path: '/v1/clusters' }];
    const credential = { id: 'c', name: 'ci', restricted: true };
    expect(read({ application_credential: credential }).applicationCredential).toEqual({
      ...{ id: 'c', name: 'ci', unrestricted: false, accessRules: null },
    });
    expect(
      read({ application_credential: { ...credential, access_rules: rules } }).applicationCredential,
    ).toMatchObject({
      accessRules: rules,
    });
    expect(read({ application_credential: { ...credential, access_rules: [] } }).applicationCredential).toMatchObject({
      accessRules: [],
    });
  });

  it.each([
    { application_credential: { id: 'c', name: 'n', access_rules: 'all' } },
    { application_credential: { id: 'c', name: 'n', access_rules: [{ service: 'x' }] } },
    { application_credential: [] },
    { user: { id: '', name: 'x' } },
    { user: { id: 'a\0b', name: 'x' } },
    { project: { id: 'x'.repeat(256), name: 'p', domain: { name: 'Default' } } },
    { project: { id: 'x', name: 'p' } },
    { expires_at: 'tomorrow' },
    { expires_at: undefined },
    { roles: 'admin' },
    { roles: [{ id: 'x' }] },
    { methods: [1] },
  ])('is refused as a whole when it can not be understood: %j', (fields) => {
    expect(() => read(fields)).toThrow(KeystoneFailure);
  });

  it('fails in one way only, whatever it holds', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom(...FIELDS), fc.jsonValue())), (value) => {
        for (const body of [value, { token: value }, tokenBody(value as Record<string, unknown>)]) {
          try {
            readToken(body, READING);
          } catch (error) {
            expect(error).toBeInstanceOf(KeystoneFailure);
          }
        }
      }),
    );
  });
});

const FIELDS = ['user', 'project', 'roles', 'system', 'domain', 'expires_at', 'methods', 'application_credential'];
