import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { TestAuthority } from '../testing/certificates.js';
import { FakeService } from '../testing/fake-service.js';
import { buildBay, Person } from '../testing/run-bay.js';

// Each test starts the command several times; on a busy machine that takes seconds.
jest.setTimeout(60_000);

let service: FakeService;
let person: Person;

beforeAll(buildBay, 120_000);
beforeEach(async () => {
  service = await new FakeService().start();
  person = new Person();
});
afterEach(async () => {
  person.leave();
  await service.stop();
});

const loginFile = (): string => join(person.home, '.config/baykeeper/login.json');

async function login(): Promise<void> {
  const words = ['login', '--url', service.url, '--user', 'alice', '--project', 'demo', '--password-stdin'];
  expect(await person.bay(words, { stdin: 'correct horse\n' })).toMatchObject({ code: 0 });
}

describe('bay login', () => {
  it('keeps address and token in a file that only its owner may read, and never the password', async () => {
    await login();
    expect(statSync(loginFile()).mode & 0o777).toBe(0o600);
    expect(statSync(join(person.home, '.config/baykeeper')).mode & 0o777).toBe(0o700);
    const text = readFileSync(loginFile(), 'utf8');
    expect(text).not.toContain('correct horse');
    expect(JSON.parse(text)).toMatchObject({ auth_url: `${service.url}/identity/v3`, endpoint: `${service.url}/v1` });
  });

  it('asks Keystone for a token scoped by names and the default domain', async () => {
    await login();
    const [request] = service.requestsTo('POST', /tokens$/);
    expect(JSON.parse(request?.body ?? '')).toEqual({
      auth: {
        identity: {
          methods: ['password'],
          password: { user: { name: 'alice', domain: { id: 'default' }, password: 'correct horse' } },
        },
        scope: { project: { name: 'demo', domain: { id: 'default' } } },
      },
    });
  });

  it('says who was not let in, and exits with 5', async () => {
    const words = ['login', '--url', service.url, '--user', 'alice', '--project', 'demo', '--password-stdin'];
    const outcome = await person.bay(words, { stdin: 'wrong' });
    expect(outcome.code).toBe(5);
    expect(outcome.stderr).toBe(
      'bay: User alice was not let in: wrong name or secret, or no role in project demo. Check them, then run: bay login\n',
    );
  });

  it('asks for the password on a terminal without showing it', async () => {
    const words = ['login', '--url', service.url, '--user', 'alice', '--project', 'demo'];
    const outcome = await person.bayOnTerminal(words, 'correct horse\r');
    expect(outcome.code).toBe(0);
    expect(outcome.stdout).toContain('Password of alice: ');
    expect(outcome.stdout.slice(outcome.stdout.indexOf('Password of'))).not.toContain('correct horse');
    expect(outcome.stdout).toContain('Logged in as alice in project demo');
  });

  it('has no option that takes a password', async () => {
    const outcome = await person.bay(['login', '--password', 'correct horse']);
    expect(outcome.code).toBe(2);
  });

  it('keeps OS_PASSWORD from an address it is not for', async () => {
    person.environment = {
      OS_AUTH_URL: 'https://elsewhere.example/v3',
      OS_USERNAME: 'alice',
      OS_PASSWORD: 'correct horse',
    };
    const outcome = await person.bay(['login', '--url', service.url]);
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toContain('There is no password.');
    expect(service.requests).toEqual([]);
  });

  it('goes to the identity service that a service without one sends to, and comes back', async () => {
    const keystone = await new FakeService().start();
    const answer = (status: number, headers: object) => (response: ServerResponse) => {
      response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end('{}');
    };
    const challenge = { 'WWW-Authenticate': `Keystone uri="${keystone.url}/identity/v3"` };
    service.overrides.push(
      { method: 'GET', path: /^\/identity\/v3$/, answer: answer(404, {}) },
      { method: 'GET', path: /^\/v1\/clusters/, answer: answer(401, challenge) },
    );
    const words = ['login', '--url', service.url, '--user', 'alice', '--project', 'demo', '--password-stdin'];
    const outcome = await person.bay(words, { stdin: 'correct horse\n' });
    expect(outcome).toMatchObject({ code: 0, stdout: expect.stringContaining(`in project demo at ${service.url}/v1`) });
    expect(outcome.stderr).toContain(`works with the identity service at ${keystone.url}/identity/v3`);
    expect(service.requests.filter(({ body }) => body.includes('correct horse'))).toEqual([]);
    for (const token of keystone.tokens) service.tokens.add(token);
    expect(await person.bay(['ls'])).toMatchObject({ code: 0 });
    await keystone.stop();
  });

  it('says that nothing listens at an address, and exits with 8', async () => {
    const away = new FakeService();
    await away.start();
    const url = away.url;
    await away.stop();
    const words = ['login', '--url', url, '--user', 'alice', '--project', 'demo', '--password-stdin'];
    const outcome = await person.bay(words, { stdin: 'x' });
    expect(outcome.code).toBe(8);
    expect(outcome.stderr).toBe(`bay: Cannot reach ${url}: nothing listens there. Is the service running?\n`);
  });
});

describe('a saved login', () => {
  it('serves later commands', async () => {
    await login();
    service.addTemplate('swarm');
    service.addBay('web');
    const outcome = await person.bay(['ls']);
    expect(outcome.code).toBe(0);
    expect(outcome.stdout).toContain('web');
  });

  it('that expired is said in one line with exit code 5', async () => {
    service.tokenLifeMs = -1000;
    await login();
    const outcome = await person.bay(['ls']);
    expect(outcome.code).toBe(5);
    expect(outcome.stderr).toBe(
      `bay: The login of alice at ${service.url} has expired. Log in again with: bay login\n`,
    );
  });

  it('whose token the service no longer takes is said the same way', async () => {
    await login();
    service.tokens.clear();
    const outcome = await person.bay(['ls', '--json']);
    expect(outcome.code).toBe(5);
    expect(outcome.stdout).toBe('');
    expect(JSON.parse(outcome.stderr)).toMatchObject({
      error: { code: 'unauthenticated', exit_code: 5, http_status: 401 },
    });
  });

  it('is renewed silently with OS_PASSWORD, and the new token kept', async () => {
    await login();
    service.tokens.clear();
    person.environment = { OS_PASSWORD: 'correct horse' };
    const outcome = await person.bay(['ls']);
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    person.environment = {};
    expect(await person.bay(['ls'])).toMatchObject({ code: 0 });
  });

  it('gives way to a whole set of OS_* variables', async () => {
    await login();
    const other = await new FakeService().start();
    other.addBay('elsewhere');
    person.environment = {
      OS_AUTH_URL: `${other.url}/identity/v3`,
      OS_USERNAME: 'alice',
      OS_PASSWORD: 'correct horse',
      OS_PROJECT_NAME: 'demo',
    };
    const outcome = await person.bay(['ls']);
    await other.stop();
    expect(outcome.stdout).toContain('elsewhere');
    expect(service.requestsTo('GET', /clusters/)).toEqual([]);
  });

  it('is not used for another project than OS_PROJECT_NAME says', async () => {
    await login();
    person.environment = { OS_PROJECT_NAME: 'secret-project' };
    const outcome = await person.bay(['ls']);
    expect(outcome.code).toBe(5);
    expect(outcome.stderr).toContain('OS_PROJECT_NAME says secret-project, but the saved login is for demo');
  });

  it('that is damaged counts as none', async () => {
    await login();
    writeFileSync(loginFile(), '{"token": 1');
    expect(await person.bay(['ls'])).toMatchObject({ code: 5 });
  });

  it('gives its token to other programs, alone on a line', async () => {
    await login();
    const [token] = service.tokens;
    expect(await person.bay(['token'])).toEqual({ code: 0, stdout: `${token ?? ''}\n`, stderr: '' });
    expect(JSON.parse((await person.bay(['token', '--json'])).stdout)).toMatchObject({ endpoint: `${service.url}/v1` });
  });

  it('is forgotten by logout, which ends the token too', async () => {
    await login();
    expect(await person.bay(['logout'])).toMatchObject({ code: 0, stdout: 'Logged out alice.\n' });
    expect(service.tokens.size).toBe(0);
    expect(await person.bay(['ls'])).toMatchObject({ code: 5 });
  });
});

describe('TLS', () => {
  it('is trusted by the authority that OS_CACERT names, and by no other', async () => {
    const authority = new TestAuthority('the operator');
    const { certificate: cert, key } = authority.issue({ commonName: 'bays', ipAddress: '127.0.0.1' });
    const server = createServer({ cert, key }, (_request, response) => {
      response.writeHead(404, { 'Content-Type': 'application/json' }).end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      person.environment = { OS_AUTH_URL: `https://127.0.0.1:${port}/identity/v3`, OS_TOKEN: 'a-token' };
      const stranger = await person.bay(['ls']);
      expect(stranger.code).toBe(8);
      expect(stranger.stderr).toContain('its certificate comes from an unknown authority. Name it in OS_CACERT.');
      const file = join(person.home, 'ca.pem');
      writeFileSync(file, authority.certificate);
      person.environment['OS_CACERT'] = file;
      expect(await person.bay(['ls'])).toMatchObject({
        code: 5,
        stderr: expect.stringContaining('OS_TOKEN is unknown'),
      });
      person.environment['OS_CACERT'] = join(person.home, 'nothing.pem');
      expect((await person.bay(['ls'])).stderr).toContain('nothing.pem, which cannot be read.');
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

describe('profiles', () => {
  const words = (profile: string): string[] => [
    ...['login', '--url', service.url, '--user', 'alice', '--project', 'demo', '--password-stdin'],
    ...['--profile', profile],
  ];

  it('keep several logins beside each other, each in a file that only its owner may read', async () => {
    await login();
    expect(await person.bay(words('staging'), { stdin: 'correct horse' })).toMatchObject({ code: 0 });
    expect(statSync(join(person.home, '.config/baykeeper/profiles/staging.json')).mode & 0o777).toBe(0o600);
    expect((await person.bay(['profiles', '-o', 'name'])).stdout).toBe('default\nstaging\n');
    expect((await person.bay(['profiles'])).stdout).toMatch(/^default \* /m);
    expect(await person.bay(['profiles', 'use', 'staging'])).toMatchObject({ code: 0 });
    expect((await person.bay(['profiles'])).stdout).toMatch(/^staging \* /m);
    expect((await person.bay(['whoami'])).stdout).toMatch(/^From: +profile staging$/m);
    expect((await person.bay(['whoami', '--profile', 'default'])).stdout).toMatch(/^From: +profile default$/m);
    person.environment['BAY_PROFILE'] = 'default';
    expect((await person.bay(['whoami'])).stdout).toMatch(/^From: +profile default$/m);
    person.environment = {};
    expect(await person.bay(['profiles', 'rm', 'staging'])).toMatchObject({ code: 0 });
    expect((await person.bay(['whoami'])).stdout).toMatch(/^From: +profile default$/m);
  });

  it('that the command line names win over the variables of an openrc file', async () => {
    await person.bay(words('staging'), { stdin: 'correct horse' });
    person.environment = { OS_AUTH_URL: 'https://elsewhere.example/v3', OS_USERNAME: 'bob', OS_PASSWORD: 'x' };
    expect(await person.bay(['ls', '--profile', 'staging'])).toMatchObject({ code: 0 });
  });

  it.each([
    [
      ['ls', '--profile', 'nobody'],
      5,
      'There is no login in profile "nobody". Make it with: bay login --profile nobody',
    ],
    [['ls', '--profile', '../x'], 2, 'is no name of a profile'],
    [['profiles', 'use', 'nobody'], 4, 'There is no profile "nobody". There are none yet.'],
  ])('%j is refused', async (command, code, sentence) => {
    const outcome = await person.bay(command);
    expect(outcome).toMatchObject({ code, stderr: expect.stringContaining(sentence) });
  });
});

describe('OS_* variables', () => {
  it('alone are enough, and leave nothing on the disk', async () => {
    person.environment = { OS_AUTH_URL: `${service.url}/identity`, OS_USERNAME: 'alice', OS_PASSWORD: 'correct horse' };
    expect(await person.bay(['ls'])).toMatchObject({ code: 0 });
    expect(() => statSync(loginFile())).toThrow('ENOENT');
  });

  it('may hold a token instead of a password', async () => {
    service.tokens.add('a-token');
    person.environment = { OS_AUTH_URL: `${service.url}/identity/v3`, OS_TOKEN: 'a-token' };
    expect(await person.bay(['ls'])).toMatchObject({ code: 0 });
    person.environment['OS_TOKEN'] = 'another';
    expect(await person.bay(['ls'])).toMatchObject({ code: 5 });
  });
});
