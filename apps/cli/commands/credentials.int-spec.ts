import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { TestAuthority, type Pair } from '../testing/certificates.js';
import { FakeService } from '../testing/fake-service.js';
import { buildBay, Person } from '../testing/run-bay.js';

// Each test starts the command several times; on a busy machine that takes seconds.
jest.setTimeout(60_000);

let service: FakeService;
let person: Person;
let authority: TestAuthority;
let serverPair: Pair;
let docker: Server;

beforeAll(() => {
  buildBay();
  authority = new TestAuthority('web');
  serverPair = authority.issue({ commonName: 'web-master-0', ipAddress: '127.0.0.1' });
}, 120_000);

/** What stands for the bay's own engine: mutual TLS, and an answer to any request. */
async function startEngine(pair: Pair, ca: string): Promise<Server> {
  const server = createServer({
    key: pair.key,
    cert: pair.certificate,
    ca,
    requestCert: true,
    rejectUnauthorized: true,
  });
  server.on('secureConnection', (socket) => {
    socket.on('error', () => undefined).once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\n'));
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

const addressOf = (server: Server): string => `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;

function bundleOf(from: TestAuthority, endsInMs?: number): Record<string, string> {
  const client = from.issue({ commonName: 'alice', ...(endsInMs === undefined ? {} : { endsInMs }) });
  return {
    'web/ca.pem': from.certificate,
    'web/cert.pem': client.certificate,
    'web/key.pem': client.key,
    'web/docker.env': 'export DOCKER_HOST=x\n',
    'web/README.md': 'Read me.\n',
  };
}

beforeEach(async () => {
  service = await new FakeService().start();
  service.tokens.add('a-token');
  service.addTemplate('Swarm-1');
  service.bundle = () => bundleOf(authority);
  docker = await startEngine(serverPair, authority.certificate);
  person = new Person();
  person.environment = { OS_AUTH_URL: `${service.url}/identity/v3`, OS_TOKEN: 'a-token' };
});
afterEach(async () => {
  person.leave();
  await new Promise((resolve) => docker.close(resolve));
  await service.stop();
});

describe('bay credentials', () => {
  it('writes the files into a folder named after the bay, readable by their owner alone', async () => {
    service.addBay('web');
    const outcome = await person.bay(['credentials', 'web']);
    expect(outcome).toEqual({
      code: 0,
      stdout: 'Wrote 5 files to web. Use them with: source web/docker.env\n',
      stderr: '',
    });
    const folder = join(person.home, 'web');
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(folder))
      expect([name, statSync(join(folder, name)).mode & 0o777]).toEqual([name, 0o600]);
    expect(readFileSync(join(folder, 'ca.pem'), 'utf8')).toBe(authority.certificate);
  });

  it('replaces its own files, and no others without --force', async () => {
    service.addBay('web');
    const words = ['credentials', 'web', '--dir', 'here'];
    expect(await person.bay(words)).toMatchObject({ code: 0 });
    expect(await person.bay(words)).toMatchObject({ code: 0 });
    const env = join(person.home, 'here/docker.env');
    writeFileSync(env, 'mine now');
    const refused = await person.bay(words);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(
      'that were changed: docker.env. Choose another with --dir, or replace them with --force.',
    );
    expect(readFileSync(env, 'utf8')).toBe('mine now');
    expect(await person.bay([...words, '--force'])).toMatchObject({ code: 0 });
    expect(readFileSync(env, 'utf8')).toBe('export DOCKER_HOST=x\n');
  });

  it("does not replace another bay's files", async () => {
    service.addBay('web');
    service.addBay('db');
    expect(await person.bay(['credentials', 'web', '--dir', 'here'])).toMatchObject({ code: 0 });
    const outcome = await person.bay(['credentials', 'db', '--dir', 'here']);
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toContain('holds the credentials of another bay, "web"');
  });

  it.each([['../evil.pem'], ['web/../../evil.pem'], ['web/deep/evil.pem'], ['/evil.pem'], ['web/.bashrc']])(
    'writes nothing from a zip that holds %s',
    async (name) => {
      service.addBay('web');
      service.bundle = () => ({ 'web/ca.pem': 'x', [name]: 'x' });
      const outcome = await person.bay(['credentials', 'web', '--dir', 'a/b']);
      expect(outcome.code).toBe(1);
      expect(outcome.stderr).toContain('Nothing was written.');
      expect(readdirSync(person.home)).toEqual([]);
    },
  );

  it('refuses a zip that unpacks to far more than a bundle', async () => {
    service.addBay('web');
    service.bundle = () => ({ 'web/ca.pem': new Uint8Array(8 * 1024 * 1024) });
    const outcome = await person.bay(['credentials', 'web']);
    expect(outcome.code).toBe(1);
    expect(existsSync(join(person.home, 'web'))).toBe(false);
  });

  it('says that a bay has no address yet', async () => {
    service.addBay('web', { status: 'CREATE_IN_PROGRESS', api_address: null });
    const outcome = await person.bay(['credentials', 'web']);
    expect(outcome).toEqual({
      code: 3,
      stdout: '',
      stderr: 'bay: Bay "web" has no address yet (CREATE_IN_PROGRESS). Wait for it with: bay wait web\n',
    });
  });
});

describe('bay env', () => {
  const keptFolder = (uuid: string): string => join(person.home, '.local/share/baykeeper/bays', uuid);

  it('prints what a shell evaluates to variables that point at the bay', async () => {
    const bay = service.addBay('web', { api_address: addressOf(docker) });
    const { stdout } = await person.bay(['env', 'web']);
    const script = `${stdout}\nprintf '%s|%s|%s|%s' "$DOCKER_HOST" "$DOCKER_TLS_VERIFY" "$DOCKER_CERT_PATH" "$BAY_NAME"`;
    expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe(
      `${addressOf(docker)}|1|${keptFolder(bay.uuid)}|web`,
    );
    expect(statSync(join(keptFolder(bay.uuid), 'key.pem')).mode & 0o777).toBe(0o600);
  });

  it('uses good credentials again', async () => {
    service.addBay('web', { api_address: addressOf(docker) });
    await person.bay(['env', 'web']);
    const again = await person.bay(['env', 'web']);
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(service.bundlesMade).toBe(1);
  });

  it('downloads again what is missing or damaged', async () => {
    const bay = service.addBay('web', { api_address: addressOf(docker) });
    await person.bay(['env', 'web']);
    const key = join(keptFolder(bay.uuid), 'key.pem');
    chmodSync(key, 0o600);
    writeFileSync(key, 'not a key');
    await person.bay(['env', 'web']);
    expect(service.bundlesMade).toBe(2);
    expect(readFileSync(key, 'utf8')).toContain('PRIVATE KEY');
  });

  it('downloads again what expired, or is about to', async () => {
    service.addBay('web', { api_address: addressOf(docker) });
    service.bundle = () => bundleOf(authority, 30 * 60 * 1000);
    await person.bay(['env', 'web']);
    service.bundle = () => bundleOf(authority);
    await person.bay(['env', 'web']);
    await person.bay(['env', 'web']);
    expect(service.bundlesMade).toBe(2);
  });

  it("downloads again when the bay's authority is another now", async () => {
    const bay = service.addBay('web', { api_address: addressOf(docker) });
    service.bundle = () => bundleOf(new TestAuthority('web'));
    await person.bay(['env', 'web']);
    service.bundle = () => bundleOf(authority);
    const outcome = await person.bay(['env', 'web']);
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect(service.bundlesMade).toBe(2);
    expect(readFileSync(join(keptFolder(bay.uuid), 'ca.pem'), 'utf8')).toBe(authority.certificate);
    expect(readdirSync(join(keptFolder(bay.uuid), '..'))).toEqual([bay.uuid]);
  });

  it('downloads again when the bay takes our certificate no more, which TLS 1.3 says late', async () => {
    const stranger = new TestAuthority('web');
    service.addBay('web', { api_address: addressOf(docker) });
    service.bundle = () => ({ ...bundleOf(stranger), 'web/ca.pem': authority.certificate });
    await person.bay(['env', 'web']);
    service.bundle = () => bundleOf(authority);
    expect(await person.bay(['env', 'web'])).toMatchObject({ code: 0, stderr: '' });
    expect(service.bundlesMade).toBe(2);
  });

  it('warns of a bay that cannot be reached, and makes no certificates for that', async () => {
    const away = await startEngine(serverPair, authority.certificate);
    service.addBay('web', { api_address: addressOf(away) });
    await new Promise((resolve) => away.close(resolve));
    await person.bay(['env', 'web']);
    const outcome = await person.bay(['env', 'web']);
    expect(outcome.code).toBe(0);
    expect(outcome.stdout).toContain('export DOCKER_HOST=');
    expect(outcome.stderr).toMatch(/^Warning: bay "web" does not answer at tcp:.*ECONNREFUSED/);
    expect(service.bundlesMade).toBe(1);
  });

  it('survives a data folder with an evil name', async () => {
    const evil = join(person.home, `a'; touch pwned; "$(touch pwned)\`touch pwned\` \\`);
    mkdirSync(evil);
    person.environment['XDG_DATA_HOME'] = evil;
    const bay = service.addBay('web', { api_address: addressOf(docker) });
    const { stdout } = await person.bay(['env', 'web']);
    const script = `eval "$BAY_OUTPUT"; printf '%s' "$DOCKER_CERT_PATH"`;
    const path = execFileSync('bash', ['--norc', '-c', script], {
      encoding: 'utf8',
      cwd: person.home,
      env: { BAY_OUTPUT: stdout },
    });
    expect(path).toBe(join(evil, 'baykeeper/bays', bay.uuid));
    expect(existsSync(join(person.home, 'pwned'))).toBe(false);
  });

  it('uses no path from a server whose uuid is none', async () => {
    service.addBay('web', { uuid: '../../evil', api_address: addressOf(docker) });
    expect(await person.bay(['env', 'web'])).toMatchObject({ code: 1 });
  });

  it('takes the variables back with --unset', async () => {
    service.addBay('web', { api_address: addressOf(docker) });
    const outcome = await person.bay(['env', 'web', '--unset', '--shell', 'fish']);
    expect(outcome.stdout).toBe(
      'set -e BAY_NAME;\nset -e DOCKER_HOST;\nset -e DOCKER_TLS_VERIFY;\nset -e DOCKER_CERT_PATH;\nset -e DOCKER_CONTEXT;\n',
    );
  });

  it('unsets the TLS variables for a bay without TLS', async () => {
    service.addBay('web', { api_address: 'tcp://192.0.2.7:2375' });
    service.bundle = () => ({ 'web/docker.env': 'x' });
    const outcome = await person.bay(['env', 'web']);
    expect(outcome.stdout).toBe(
      "export BAY_NAME='web'\nexport DOCKER_HOST='tcp://192.0.2.7:2375'\nunset DOCKER_TLS_VERIFY\nunset DOCKER_CERT_PATH\nunset DOCKER_CONTEXT\n",
    );
  });
});
