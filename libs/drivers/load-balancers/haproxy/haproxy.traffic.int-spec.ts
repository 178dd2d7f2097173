/** Real HAProxy, real connections: what clients of a bay notice of changes, and what they must not notice. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Member } from '@baykeeper/domain';
import { createHaproxyLoadBalancer, hasHaproxy, purgeHaproxy } from './haproxy.driver.js';
import { pathsOf, type HaproxyConfig } from './haproxy.config.js';
import { askSocket } from './runtime-socket.js';

const installed = await hasHaproxy();
if (!installed)
  process.stdout.write(
    'SKIPPED load-balancers/haproxy traffic: haproxy is not installed (script/install installs it)\n',
  );

(installed ? describe : describe.skip)('haproxy, with traffic', () => {
  let config: HaproxyConfig;
  const servers: Server[] = [];
  const sockets = new Set<Socket>();

  beforeAll(async () => {
    config = {
      dataDirectory: await mkdtemp(join(tmpdir(), 'baykeeper-lb-')),
      installation: 'test',
      addressPool: '127.77.1.0/24',
    };
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    for (const server of servers) server.close();
    await purgeHaproxy(config);
    await rm(config.dataDirectory, { recursive: true, force: true });
  });

  /** A member that answers each line with its own name. */
  async function startMember(name: string): Promise<Member> {
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('data', () => socket.write(name));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return { nodeId: randomUUID() as Member['nodeId'], name, address: '127.0.0.1', port: address.port };
  }

  const open = (host: string, port: number): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host, port });
      sockets.add(socket);
      socket.once('error', reject);
      socket.once('connect', () => {
        resolve(socket);
      });
    });
  const say = (socket: Socket): Promise<string> =>
    new Promise((resolve, reject) => {
      socket.once('data', (chunk: Buffer) => {
        resolve(chunk.toString());
      });
      socket.once('close', () => {
        reject(new Error('closed'));
      });
      socket.write('who\n');
    });
  const ask = async (host: string, port: number): Promise<string> => {
    const socket = await open(host, port);
    try {
      return await say(socket);
    } finally {
      socket.destroy();
    }
  };
  const eventually = async (question: () => Promise<string>, answer: string): Promise<void> => {
    const end = Date.now() + 15_000;
    for (;;) {
      const got = await question().catch((error: unknown) => String(error));
      if (got === answer) return;
      if (Date.now() > end) throw new Error(`wanted ${answer}, the last answer was ${got}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const workerPid = async (): Promise<string> =>
    /^Pid: (\d+)$/m.exec(await askSocket(pathsOf(config).statsSocket, 'show info'))?.[1] ?? '';

  it('lets traffic follow its members without a reload, and keeps connections through one', async () => {
    const driver = createHaproxyLoadBalancer(config);
    const [one, two] = [await startMember('one'), await startMember('two')];
    const id = randomUUID();
    const listeners = [{ name: 'port-80', port: 8080, memberPort: 80, memberRole: 'worker' as const }];
    const { address } = await driver.ensureLoadBalancer({ id, installation: 'test', bayId: randomUUID(), listeners });
    const pid = await workerPid();

    await driver.ensureMembers(id, { 'port-80': [one] });
    await eventually(() => ask(address, 8080), 'one');
    const long = await open(address, 8080);
    expect(await say(long)).toBe('one');

    // Added, and the old one still there: the long connection stays where it is.
    await driver.ensureMembers(id, { 'port-80': [one, two] });
    expect(await workerPid()).toBe(pid);
    expect(await say(long)).toBe('one');
    long.destroy();

    await driver.ensureMembers(id, { 'port-80': [two] });
    await eventually(() => ask(address, 8080), 'two');
    expect(await workerPid()).toBe(pid);

    // A new balancer needs a reload; connections of the others live through it.
    const kept = await open(address, 8080);
    expect(await say(kept)).toBe('two');
    await driver.ensureLoadBalancer({ id: randomUUID(), installation: 'test', bayId: randomUUID(), listeners });
    expect(await workerPid()).not.toBe(pid);
    expect(await say(kept)).toBe('two');
    kept.destroy();
    await eventually(() => ask(address, 8080), 'two');
  }, 60_000);

  it('comes back with the same members after kill -9', async () => {
    const driver = createHaproxyLoadBalancer(config);
    const member = await startMember('steady');
    const id = randomUUID();
    const listeners = [{ name: 'port-80', port: 8081, memberPort: 80, memberRole: 'worker' as const }];
    const { address } = await driver.ensureLoadBalancer({ id, installation: 'test', bayId: randomUUID(), listeners });
    await driver.ensureMembers(id, { 'port-80': [member] });
    await eventually(() => ask(address, 8081), 'steady');
    for (const victim of [
      Number((await readFile(pathsOf(config).pidFile, 'utf8')).trim()),
      Number(await workerPid()),
    ]) {
      process.kill(victim, 'SIGKILL');
      await eventually(async () => {
        await driver.list('test');
        return ask(address, 8081);
      }, 'steady');
    }
  }, 60_000);

  it('refuses what would break out of a line of the configuration, and keeps running', async () => {
    const driver = createHaproxyLoadBalancer(config);
    const listeners = [{ name: 'port-80\n  bind :1', port: 80, memberPort: 80, memberRole: 'worker' as const }];
    await expect(
      driver.ensureLoadBalancer({ id: randomUUID(), installation: 'test', bayId: randomUUID(), listeners }),
    ).rejects.toMatchObject({ code: 'provider-refused' });
    expect(await workerPid()).not.toBe('');
  });
});
