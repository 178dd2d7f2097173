/** A node is good for what it is made for: Docker's engine, a swarm of two, and the networks between them. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Machine } from '../../contracts/compute.js';
import { createLocalCompute } from './local.driver.js';
import { purgeLocalCompute } from './local.purge.js';
import * as host from './testing/test-host.js';
import { configIn, describeWithContainers, eventually, nameDataDirectory, run, specOf } from './testing/test-host.js';

const FILL_BUSYBOX = resolve(import.meta.dirname, '../../../../script/fill-busybox');
const PROGRAMS = ['sh', 'cat', 'echo', 'httpd', 'nc', 'nslookup', 'sed', 'sort', 'tail', 'printf'];
const describeHere = await describeWithContainers();

describeHere('docker on local machines', () => {
  const dataDirectory = nameDataDirectory();
  const config = configIn(dataDirectory);
  const driver = createLocalCompute(config);
  let one: Machine;
  let two: Machine;
  const docker = (machine: Machine, ...args: string[]): string =>
    host.inside(dataDirectory, machine.id, 'docker', ...args);

  beforeAll(async () => {
    await driver.prepare(() => undefined);
    [one, two] = await Promise.all([
      driver.ensureMachine(specOf('systemctl start docker', { name: 'node-one' })),
      driver.ensureMachine(specOf('systemctl start docker', { name: 'node-two' })),
    ]);
    for (const machine of [one, two]) {
      await eventually('dockerd answers', () => docker(machine, 'info').includes('Server Version'));
      const image = makeImage(machine.name);
      host.insideWithInput(dataDirectory, machine.id, image, 'docker', 'import', '-', 'busybox:test');
    }
  }, 400_000);
  afterAll(async () => {
    await purgeLocalCompute(config);
    rmSync(dataDirectory, { recursive: true, force: true });
  }, 60_000);

  it('keeps its images on a filesystem that its overlays work on', () => {
    expect(docker(one, 'info', '--format', '{{.Driver}}').trim()).toBe('overlay2');
  });

  it('runs a container, with a terminal and with limits', () => {
    expect(docker(one, 'run', '--rm', 'busybox:test', 'cat', '/www/index.html').trim()).toBe('node-one');
    expect(docker(one, 'run', '--rm', '--tty', 'busybox:test', 'echo', 'on a terminal').trim()).toBe('on a terminal');
    const limit = [
      'sh',
      '-c',
      'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; true',
    ];
    expect(docker(one, 'run', '--rm', '--memory', '64m', 'busybox:test', ...limit).trim()).toBe('67108864');
  });

  it('joins a swarm, runs a service on both nodes, and reaches it from the host and over the overlay network', async () => {
    docker(one, 'swarm', 'init', '--advertise-addr', one.address ?? '');
    const token = docker(one, 'swarm', 'join-token', '--quiet', 'worker').trim();
    docker(two, 'swarm', 'join', '--token', token, `${one.address ?? ''}:2377`);
    expect(docker(one, 'node', 'ls', '--format', '{{.Hostname}} {{.Status}}').trim().split('\n').sort()).toEqual([
      'node-one Ready',
      'node-two Ready',
    ]);
    docker(one, 'network', 'create', '--driver', 'overlay', '--attachable', 'between');
    const httpd = ['busybox:test', 'httpd', '-f', '-p', '80', '-h', '/www'];
    const service = ['service', 'create', '--detach', '--no-resolve-image', '--mode', 'global'];
    docker(one, ...service, '--name', 'outside', '--publish', 'mode=host,target=80,published=8080', ...httpd);
    docker(one, ...service, '--name', 'within', '--network', 'between', '--endpoint-mode', 'dnsrr', ...httpd);
    const fetched = (machine: Machine): string =>
      run('curl', '--silent', '--max-time', '2', `http://${machine.address ?? ''}:8080/`);
    await eventually('both nodes serve', () => fetched(one) === 'node-one\n' && fetched(two) === 'node-two\n');
    const get = 'printf "GET / HTTP/1.0\\r\\n\\r\\n" | nc -w 3 $address 80 | tail -n 1';
    const ask = `for address in $(nslookup tasks.within | sed -n "s/^Address: //p"); do ${get}; done | sort`;
    await eventually('both tasks answer over the overlay network', () => {
      const answer = docker(one, 'run', '--rm', '--network', 'between', 'busybox:test', 'sh', '-c', ask);
      return answer === 'node-one\nnode-two\n';
    });
  }, 90_000);

  it('says whether this kernel carries the routing mesh', async () => {
    docker(
      one,
      'service',
      'create',
      '--detach',
      '--no-resolve-image',
      '--name',
      'mesh',
      '--publish',
      '8081:80',
      'busybox:test',
      'httpd',
      '-f',
      '-p',
      '80',
      '-h',
      '/www',
    );
    const tasks = ['service', 'ps', 'mesh', '--format', '{{.CurrentState}}'];
    await eventually('the task runs', () => docker(one, ...tasks).startsWith('Running'));
    const url = `http://${two.address ?? ''}:8081/`;
    // The mesh is IPVS's work. Without it Docker says nothing and connects nothing: known, and in the driver's README.
    if (existsSync('/proc/net/ip_vs')) {
      await eventually('the mesh answers', () => /^node-/.test(run('curl', '--silent', '--max-time', '2', url)));
    } else {
      process.stderr.write('This kernel has no IPVS: published ports need mode=host here.\n');
      expect(() => run('curl', '--silent', '--max-time', '2', url)).toThrow();
    }
  }, 60_000);
});

/** A container image's tree as a tar: busybox, and a page that names the node. */
function makeImage(page: string): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'bk-busybox-'));
  execFileSync(FILL_BUSYBOX, [directory, ...PROGRAMS]);
  for (const name of ['www', 'tmp', 'etc']) mkdirSync(join(directory, name));
  writeFileSync(join(directory, 'www/index.html'), `${page}\n`);
  const tar = execFileSync('tar', ['--create', '--directory', directory, '.'], { maxBuffer: 16 * 1024 * 1024 });
  rmSync(directory, { recursive: true });
  return tar;
}
