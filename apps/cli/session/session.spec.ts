import { describe, expect, it } from '@jest/globals';
import { chooseLogin } from './choose-login.js';
import { endpointFrom, endpointUrlOf, type IssuedToken } from './identity.js';
import { identityUrlOf, identityUrlOfOpenrc, readOpenrc } from './openrc.js';
import { configurationDirectory, type SavedLogin } from './saved-login.js';

const NOW = new Date('2026-01-02T00:00:00Z');
const saved: SavedLogin = {
  authUrl: 'http://bay.example:9511/identity/v3',
  endpoint: 'http://bay.example:9511/v1',
  user: { id: 'u1', name: 'alice', domainId: 'default' },
  project: { id: 'p1', name: 'demo', domainId: 'default' },
  token: 'saved-token',
  expiresAt: '2026-01-02T01:00:00Z',
  caFile: null,
};

describe('choosing a login', () => {
  it('takes the saved one when the environment says nothing', () => {
    expect(chooseLogin(readOpenrc({}), saved, NOW)).toEqual({
      kind: 'saved',
      login: saved,
      renewal: null,
      expired: false,
    });
  });

  it('takes the environment when it holds a user and a secret', () => {
    const openrc = readOpenrc({
      OS_AUTH_URL: 'http://other/v3',
      OS_USERNAME: 'bob',
      OS_PASSWORD: 'x',
      OS_PROJECT_ID: 'p2',
    });
    expect(chooseLogin(openrc, saved, NOW)).toMatchObject({
      kind: 'prove',
      authUrl: 'http://other/v3',
      proof: { kind: 'password', user: { name: 'bob', domain: { id: 'default' } }, scope: { id: 'p2' } },
    });
  });

  it('prefers an application credential to a password, and a password to a token', () => {
    const all = {
      OS_AUTH_URL: 'http://other/v3',
      OS_TOKEN: 't',
      OS_USER_ID: 'u',
      OS_PASSWORD: 'x',
      OS_APPLICATION_CREDENTIAL_ID: 'i',
      OS_APPLICATION_CREDENTIAL_SECRET: 's',
    };
    const kindOf = (environment: Record<string, string>): string => {
      const choice = chooseLogin(readOpenrc(environment), null, NOW);
      return choice.kind === 'prove' ? choice.proof.kind : choice.kind;
    };
    expect(kindOf(all)).toBe('application-credential');
    expect(kindOf({ ...all, OS_APPLICATION_CREDENTIAL_ID: '' })).toBe('password');
    expect(kindOf({ ...all, OS_APPLICATION_CREDENTIAL_ID: '', OS_PASSWORD: '' })).toBe('token');
  });

  it.each([
    ['OS_USERNAME', 'bob', 'alice'],
    ['OS_PROJECT_NAME', 'other', 'demo'],
    ['OS_PROJECT_ID', 'p9', 'p1'],
    ['OS_AUTH_URL', 'http://other/v3', 'http://bay.example:9511/identity/v3'],
  ])('refuses to act as the saved login when %s says otherwise', (variable, wanted, actual) => {
    expect(() => chooseLogin(readOpenrc({ [variable]: wanted }), saved, NOW)).toThrow(
      `${variable} says ${wanted}, but the saved login is for ${actual}`,
    );
  });

  it('counts a token that ends within half a minute as expired', () => {
    const ending = { ...saved, expiresAt: '2026-01-02T00:00:20Z' };
    expect(() => chooseLogin(readOpenrc({}), ending, NOW)).toThrow(
      'The login of alice at http://bay.example:9511 has expired. Log in again with: bay login',
    );
    expect(chooseLogin(readOpenrc({ OS_PASSWORD: 'x' }), ending, NOW)).toMatchObject({
      expired: true,
      renewal: { user: { id: 'u1' }, scope: { id: 'p1' } },
    });
  });

  it('says what is missing when there is nothing to log in with', () => {
    expect(() => chooseLogin(readOpenrc({}), null, NOW)).toThrow('You are not logged in.');
    expect(() => chooseLogin(readOpenrc({ OS_AUTH_URL: 'http://x/v3', OS_USERNAME: 'bob' }), null, NOW)).toThrow(
      'OS_PASSWORD is not set.',
    );
    expect(() => chooseLogin(readOpenrc({ OS_TOKEN: 't' }), null, NOW)).toThrow('OS_AUTH_URL is not set');
  });
});

describe('addresses', () => {
  it.each([
    ['http://h:9511', 'http://h:9511/identity/v3'],
    ['http://h:9511/', 'http://h:9511/identity/v3'],
    ['http://h:9511/identity', 'http://h:9511/identity/v3'],
    ['http://h:5000/v3/', 'http://h:5000/v3'],
  ])('%s means the identity service at %s', (given, meant) => {
    expect(identityUrlOf(given)).toBe(meant);
  });

  it('of OS_AUTH_URL follow its own convention, where a bare address is Keystone itself', () => {
    expect(identityUrlOfOpenrc('http://h:5000')).toBe('http://h:5000/v3');
    expect(identityUrlOfOpenrc('http://h/identity/v3')).toBe('http://h/identity/v3');
  });

  it('of endpoints end in /v1 and are http', () => {
    expect(endpointUrlOf('http://h:9511/')).toBe('http://h:9511/v1');
    expect(() => endpointUrlOf('file:///etc/passwd')).toThrow('is not an address');
  });

  it('of folders follow XDG, where a relative path counts as none', () => {
    expect(configurationDirectory({ HOME: '/home/a', XDG_CONFIG_HOME: '/conf' })).toBe('/conf/baykeeper');
    expect(configurationDirectory({ HOME: '/home/a', XDG_CONFIG_HOME: 'conf' })).toBe('/home/a/.config/baykeeper');
  });
});

describe('the catalog', () => {
  const endpoint = (type: string, where: string, region: string | null, url: string) => ({
    type,
    interface: where,
    region,
    url,
  });
  const issued = (catalog: IssuedToken['catalog']): IssuedToken => ({
    token: 't',
    expiresAt: '2026-01-02T01:00:00Z',
    user: saved.user,
    project: saved.project,
    roles: [],
    catalog,
  });

  it('gives the endpoint of the wanted interface and region', () => {
    const catalog = [
      endpoint('identity', 'public', 'one', 'http://id'),
      endpoint('container-infra', 'internal', 'one', 'http://internal/v1'),
      endpoint('container-infra', 'public', 'one', 'http://one/v1'),
      endpoint('container-infra', 'public', 'two', 'http://two/v1'),
    ];
    expect(endpointFrom(issued(catalog), { interface: 'public', region: 'two' })).toBe('http://two/v1');
    expect(endpointFrom(issued(catalog), { interface: 'public', region: null })).toBe('http://one/v1');
    expect(() => endpointFrom(issued(catalog), { interface: 'public', region: 'three' })).toThrow('in region three');
  });

  it('knows the name that old clouds use', () => {
    const catalog = [endpoint('container', 'public', null, 'http://old')];
    expect(endpointFrom(issued(catalog), { interface: 'public', region: null })).toBe('http://old/v1');
  });
});
