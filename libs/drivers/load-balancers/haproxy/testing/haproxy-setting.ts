/** A HAProxy of its own for a test: data directory, members that answer, and questions to HAProxy that are not the driver's. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Listener, Member } from '@baykeeper/domain';
import type { LoadBalancerDriver, LoadBalancerSpec } from '../../../contracts/load-balancer.js';
import { pathsOf, type HaproxyConfig, type HaproxyPaths } from '../haproxy.config.js';
import { createHaproxyLoadBalancer, purgeHaproxy } from '../haproxy.driver.js';
import { parseProcesses, type Processes } from '../runtime-answers.js';
import { askSocket } from '../runtime-socket.js';

export interface HaproxySetting {
  readonly config: HaproxyConfig;
  readonly paths: HaproxyPaths;
  /** The driver as another process would open it; closed by `cleanUp`. */
  openDriver(haproxyBinary?: string): LoadBalancerDriver;
  /** A member that answers each line with its name. */
  startMember(name: string): Promise<Member & { stop(): Promise<void> }>;
  open(host: string, port: number): Promise<Socket>;
  /** One question over a connection of its own. An address that is on no machine may never answer: rejects after 2 s. */
  ask(host: string, port: number): Promise<string>;
  processes(): Promise<Processes>;
  cleanUp(): Promise<void>;
}

const CONNECT_MS = 2_000;

export async function openHaproxySetting(addressPool: string | null): Promise<HaproxySetting> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'baykeeper-lb-'));
  const config = { dataDirectory, installation: 'test', addressPool };
  const paths = pathsOf(config);
  const drivers: LoadBalancerDriver[] = [];
  const servers: Server[] = [];
  const sockets = new Set<Socket>();

  const open = (host: string, port: number): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host, port });
      sockets.add(socket);
      const unanswered = setTimeout(() => socket.destroy(new Error('no connection')), CONNECT_MS);
      socket.once('close', () => {
        clearTimeout(unanswered);
        sockets.delete(socket);
      });
      socket.once('error', reject);
      socket.once('connect', () => {
        clearTimeout(unanswered);
        socket.on('error', () => undefined);
        resolve(socket);
      });
    });

  return {
    config,
    paths,
    openDriver(haproxyBinary = 'haproxy') {
      const driver = createHaproxyLoadBalancer({ ...config, haproxyBinary });
      drivers.push(driver);
      return driver;
    },
    async startMember(name) {
      const own = new Set<Socket>();
      const server = createServer((socket) => {
        own.add(socket);
        socket.on('close', () => own.delete(socket));
        socket.on('error', () => undefined);
        socket.on('data', () => socket.write(name));
      });
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('no port');
      const stop = (): Promise<void> =>
        new Promise((resolve) => {
          server.close(() => {
            resolve();
          });
          for (const socket of own) socket.destroy();
        });
      return { nodeId: randomUUID() as Member['nodeId'], name, address: '127.0.0.1', port: address.port, stop };
    },
    open,
    async ask(host, port) {
      const socket = await open(host, port);
      try {
        return await say(socket);
      } finally {
        socket.destroy();
      }
    },
    async processes() {
      const processes = parseProcesses(await askSocket(paths.masterSocket, 'show proc'));
      if (!processes) throw new Error('no answer');
      return processes;
    },
    async cleanUp() {
      for (const driver of drivers) await driver.close();
      for (const socket of sockets) socket.destroy();
      for (const server of servers) server.close();
      await purgeHaproxy(config);
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

/** Says something on an open connection and resolves with the answer; rejects when it is cut. */
export function say(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.once('data', (chunk: Buffer) => {
      resolve(chunk.toString());
    });
    socket.once('close', () => {
      reject(new Error('closed'));
    });
    socket.write('who\n');
  });
}

export function specOf(...ports: readonly number[]): LoadBalancerSpec {
  const listeners = ports.map((port): Listener => ({
    name: `port-${String(port)}`,
    port,
    memberPort: port,
    memberRole: 'worker',
  }));
  return { id: randomUUID(), installation: 'test', bayId: randomUUID(), listeners };
}

/** Asks again until the answer is the wanted one. */
export async function eventually<T>(question: () => Promise<T>, answer: T): Promise<void> {
  const end = Date.now() + 15_000;
  for (;;) {
    const got = await question().catch((error: unknown) => String(error));
    if (JSON.stringify(got) === JSON.stringify(answer)) return;
    if (Date.now() > end) throw new Error(`wanted ${JSON.stringify(answer)}, the last was ${JSON.stringify(got)}`);
    await sleep(20);
  }
}
