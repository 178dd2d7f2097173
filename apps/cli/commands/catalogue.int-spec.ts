import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { FakeService } from '../testing/fake-service.js';
import { magnumError } from '../testing/fixtures.js';
import { buildBay, Person } from '../testing/run-bay.js';

// Each test starts the command several times; on a busy machine that takes seconds.
jest.setTimeout(60_000);

let service: FakeService;
let person: Person;

beforeAll(buildBay, 120_000);
beforeEach(async () => {
  service = await new FakeService().start();
  service.tokens.add('a-token');
  person = new Person();
  person.environment = { OS_AUTH_URL: `${service.url}/identity/v3`, OS_TOKEN: 'a-token' };
});
afterEach(async () => {
  person.leave();
  await service.stop();
});

const flavor = { uuid: 'f-1', name: 'm1.small', vcpus: 1, ram: 2048, disk: 20, public: true, builtin: true };
const key = { uuid: 'k-1', name: 'laptop', type: 'ssh-ed25519', sha256_fingerprint: 'SHA256:abc' };
/** What was sent in the only such request. */
const sentTo = (path: RegExp): unknown => JSON.parse(service.requestsTo('POST', path)[0]?.body ?? 'null') as unknown;

describe('the catalogue', () => {
  it('is listed in columns, page by page, and as JSON', async () => {
    const next = 'http://elsewhere:1/v1/flavors?limit=1&marker=f-1';
    service.failOnce('GET', /^\/v1\/flavors$/, 200, { flavors: [flavor], next });
    service.failOnce('GET', /^\/v1\/flavors\?limit=1&marker=f-1$/, 200, { flavors: [{ ...flavor, name: 'own' }] });
    const { code, stdout } = await person.bay(['flavors']);
    expect([code, stdout]).toEqual([
      0,
      [
        'NAME      VCPUS  RAM MIB  DISK GIB  PUBLIC  BUILT IN',
        'm1.small  1      2048     20        yes     yes',
        'own       1      2048     20        yes     yes',
        '',
      ].join('\n'),
    ]);
    service.failOnce('GET', /^\/v1\/flavors$/, 200, { flavors: [flavor] });
    expect(JSON.parse((await person.bay(['--json', 'flavors', 'ls'])).stdout)).toEqual({ flavors: [flavor] });
  });

  it('shows a network with its subnets', async () => {
    const network = { uuid: 'n-1', name: 'private', external: false, public: true, builtin: false };
    const subnets = [{ uuid: 's-1', name: 'v4', cidr: '192.0.2.0/24', gateway_ip: null }];
    service.failOnce('GET', /^\/v1\/networks$/, 200, { networks: [{ ...network, subnets }] });
    expect((await person.bay(['networks'])).stdout).toContain('private  no        v4=192.0.2.0/24  yes     no');
  });

  it('takes new entries in the names of the wire', async () => {
    service.failOnce('POST', /^\/v1\/flavors$/, 201, flavor);
    const added = await person.bay(['flavors', 'add', 'm1.small', '--vcpus', '1', '--ram', '2048', '--disk', '0']);
    expect([added.code, added.stdout]).toEqual([0, 'The flavor "m1.small" is added (f-1).\n']);
    expect(sentTo(/flavors/)).toEqual({ name: 'm1.small', vcpus: 1, ram: 2048, disk: 0, public: true });

    service.failOnce('POST', /^\/v1\/images$/, 201, { uuid: 'i-1', name: 'fedora' });
    const image = ['--distribution', 'fedora-coreos', '--driver-image', 'debian-12-docker', '--property', 'a=b'];
    await person.bay(['images', 'add', 'fedora', ...image, '--private']);
    expect(sentTo(/images/)).toMatchObject({
      ...{ name: 'fedora', public: false, os_distro: 'fedora-coreos', driver_image: 'debian-12-docker' },
      properties: { a: 'b' },
    });

    service.failOnce('POST', /^\/v1\/networks$/, 201, { uuid: 'n-1', name: 'public' });
    await person.bay(['networks', 'add', 'outer', '--external', '--subnet', 'v4=192.0.2.0/24']);
    expect(sentTo(/networks/)).toMatchObject({ external: true, subnets: [{ name: 'v4', cidr: '192.0.2.0/24' }] });
  });

  it('deletes by name, and passes the service’s refusal on', async () => {
    service.failOnce('DELETE', /^\/v1\/flavors\/my%20size$/, 204, undefined);
    expect((await person.bay(['flavors', 'rm', 'my size'])).stdout).toBe('The flavor "my size" is deleted.\n');
    service.failOnce(
      'DELETE',
      /^\/v1\/flavors\/used$/,
      400,
      magnumError(400, 'Flavor used is in use: delete that first'),
    );
    const refused = await person.bay(['flavors', 'rm', 'used']);
    expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining('Flavor used is in use')]);
    expect((await person.bay(['flavors', 'rm', '..'])).code).toBe(2);
  });
});

describe('keypairs', () => {
  it('are made of a public key', async () => {
    const file = join(person.home, 'key.pub');
    writeFileSync(file, 'ssh-ed25519 AAAA ada\n');
    service.failOnce('POST', /^\/v1\/keypairs$/, 201, key);
    expect((await person.bay(['keypairs', 'add', 'laptop', '--public-key', file])).code).toBe(0);
    expect(sentTo(/keypairs/)).toEqual({ name: 'laptop', public_key: 'ssh-ed25519 AAAA ada' });
  });

  it('are made anew into a file for their owner alone, and never printed', async () => {
    const file = join(person.home, 'key');
    service.failOnce('POST', /^\/v1\/keypairs$/, 201, { ...key, private_key: 'PRIVATE\n' });
    const { code, stdout, stderr } = await person.bay([
      '--json',
      'keypairs',
      'add',
      'laptop',
      '--new-private-key',
      file,
    ]);
    expect([code, stdout.includes('PRIVATE'), stderr]).toEqual([0, false, '']);
    expect(readFileSync(file, 'utf8')).toBe('PRIVATE\n');
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('never overwrite a file, nor leave an empty one after a refusal', async () => {
    const file = join(person.home, 'key');
    service.failOnce('POST', /^\/v1\/keypairs$/, 409, magnumError(409, 'Key pair laptop already exists'));
    const words = ['keypairs', 'add', 'laptop', '--new-private-key', file];
    expect((await person.bay(words)).code).toBe(3);
    expect(() => statSync(file)).toThrow(/ENOENT/);
    writeFileSync(file, 'mine');
    expect((await person.bay(words)).code).toBe(2);
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect(service.requestsTo('POST', /keypairs/)).toHaveLength(1);
  });

  it('want one source of the key', async () => {
    expect((await person.bay(['keypairs', 'add', 'laptop'])).code).toBe(2);
  });
});
