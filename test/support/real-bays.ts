/** Bays of real nodes, looked at with tools that are not ours: docker, lxc, and HAProxy's own sockets. */
import { readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import type { RunningServer } from './running-server.js';
import { run, type RunOptions, type RunResult } from './run.js';

/** Shared by all test runs of a machine: the root filesystem is built once. */
export const IMAGES = '/var/tmp/baykeeper-test-images';

/** A server of HAProxy, as `show stat` tells it. */
export interface BalancerServer {
  readonly backend: string;
  readonly name: string;
  readonly address: string;
  readonly status: string;
}

export interface RealBays {
  bayJson<T>(args: readonly string[]): Promise<T>;
  /** Downloads the bay's credentials; `docker` uses them from then on. @returns their directory */
  downloadCredentials(bay: string): Promise<string>;
  dockerEnvironment(bay: string): Readonly<Record<string, string>>;
  /** The docker client with the bay's credentials, as its tenant uses it. */
  docker(bay: string, args: readonly string[], options?: Pick<RunOptions, 'mayFail' | 'timeoutMs'>): Promise<RunResult>;
  /** `docker node ls`: host name, state and role of each, in order. */
  swarmNodes(bay: string): Promise<readonly string[]>;
  /** Names of our containers, as LXC itself lists them. */
  containers(): Promise<readonly string[]>;
  /** Runs one of LXC's programs (`lxc-stop`, `lxc-freeze`, …) for a container. */
  lxc(program: string, container: string, args?: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Servers behind HAProxy, by its own word. */
  balancerServers(): Promise<readonly BalancerServer[]>;
  /** Gives every container an image made of this machine's busybox, since no registry is at hand. */
  loadTestImage(containers: readonly string[]): Promise<void>;
}

export function openRealBays(server: RunningServer, work: string): RealBays {
  const environments = new Map<string, Readonly<Record<string, string>>>();
  const machines = join(server.dataDirectory, 'machines');
  const path = process.env['PATH'] ?? '';
  const bays: RealBays = {
    async bayJson<T>(args: readonly string[]) {
      return JSON.parse((await server.bay([...args, '--json'])).stdout) as T;
    },
    async downloadCredentials(bay) {
      const directory = join(work, `${bay}-credentials`);
      await server.bay(['credentials', bay, '--dir', directory]);
      const shown = await run('bash', ['-c', 'set -a; . "$1/docker.env"; env', 'bash', directory], {
        env: { PATH: path },
      });
      const lines = shown.stdout.split('\n').filter((line) => line.startsWith('DOCKER_'));
      environments.set(
        bay,
        Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])),
      );
      return directory;
    },
    dockerEnvironment: (bay) => environments.get(bay) ?? {},
    docker: (bay, args, options = {}) =>
      run('docker', args, {
        env: { PATH: path, HOME: work, ...bays.dockerEnvironment(bay) },
        timeoutMs: 120_000,
        ...options,
      }),
    async swarmNodes(bay) {
      const { stdout } = await bays.docker(bay, [
        ...['node', 'ls', '--format', '{{.Hostname}} {{.Status}} {{.ManagerStatus}}'],
      ]);
      return stdout
        .trim()
        .split('\n')
        .map((line) => line.trim())
        .sort();
    },
    async containers() {
      const { stdout } = await run('lxc-ls', ['-P', machines, '-1'], { mayFail: true });
      return stdout.trim().split('\n').filter(Boolean);
    },
    lxc: (program, container, args = [], options = {}) =>
      run(program, ['-P', machines, '-n', container, ...args], options),
    async balancerServers() {
      const answer = await askSocket(join(server.dataDirectory, 'haproxy', 'stats.sock'), 'show stat -1 4 -1\n');
      const [head, ...lines] = answer.trim().split('\n');
      const names = (head ?? '').replace(/^# /, '').split(',');
      const [status, address] = [names.indexOf('status'), names.indexOf('addr')];
      return lines
        .map((line) => line.split(','))
        .map((fields) => ({
          ...{ backend: fields[0] ?? '', name: fields[1] ?? '' },
          ...{ address: (fields[address] ?? '').replace(/:\d+$/, ''), status: fields[status] ?? '' },
        }));
    },
    async loadTestImage(containers) {
      const image = join(work, 'image');
      const busybox = resolve(import.meta.dirname, '../../script/fill-busybox');
      await run(busybox, [image, 'sh', 'hostname', 'mkdir', 'httpd']);
      const archive = join(work, 'image.tar');
      await run('tar', ['-C', image, '-cf', archive, '.']);
      const tar = await readFile(archive);
      for (const container of containers) {
        const info = await bays.lxc('lxc-info', container, ['-p', '-H']);
        const socket = `/proc/${info.stdout.trim()}/root/run/docker.sock`;
        await run('docker', ['-H', `unix://${socket}`, 'import', '-', 'test/busybox:1'], {
          input: tar,
          env: { PATH: path, HOME: work },
        });
      }
    },
  };
  return bays;
}

/** What is left of machines and load balancers on the host; empty when nothing is. The network stays until the purge. */
export async function findLeftovers(server: RunningServer, bays: RealBays, bridge: string): Promise<readonly string[]> {
  const directories = ['machines', 'addresses', 'removed', 'haproxy/load-balancers', 'haproxy/addresses'];
  const files = await Promise.all(
    directories.map(async (directory) =>
      (await readdir(join(server.dataDirectory, directory)).catch(() => [])).map((name) => `${directory}/${name}`),
    ),
  );
  const ports = await readdir(`/sys/class/net/${bridge}/brif`).catch(() => []);
  const mounts = (await readFile('/proc/mounts', 'utf8'))
    .split('\n')
    .filter((line) => line.includes(server.dataDirectory));
  const members = await bays.balancerServers().catch(() => []);
  return [
    ...(await bays.containers()).map((name) => `container ${name}`),
    ...files.flat(),
    ...ports.map((port) => `port ${port} of the bridge`),
    ...mounts.map((line) => `mount ${line}`),
    ...members.map(({ backend, name }) => `member ${backend}/${name}`),
  ];
}

/** The whole answer of a socket that takes one question. */
function askSocket(path: string, question: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.on('end', () => {
      resolve(answer);
    });
    socket.on('error', reject);
    socket.end(question);
  });
}
