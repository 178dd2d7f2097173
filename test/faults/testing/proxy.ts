/**
 * A bad network between the processes and a server: on loopback alone, it hands bytes on in their order, late, or not for
 * a while, and cuts connections.
 */
import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Random } from './random.js';

export interface Proxy {
  readonly port: number;
  /** Each piece is late by a time up to this many milliseconds, drawn anew; 0: none is. */
  delay(mostMs: number, random: Random): void;
  /** Ends connections without a word, each with this share (0 to 1). */
  cut(share: number, random: Random): void;
  /** Nothing passes any more, and nobody is told: as with a server that was stopped with SIGSTOP. */
  freeze(): void;
  /** Hands on what waited. */
  thaw(): void;
  close(): Promise<void>;
}

/** @param path of the server's Unix socket */
export async function openProxy(path: string): Promise<Proxy> {
  const connections = new Set<{ readonly near: Socket; readonly far: Socket }>();
  let delayed: { readonly mostMs: number; readonly random: Random } | null = null;
  let thawed = Promise.resolve();
  let thaw: () => void = () => undefined;

  /** In order: a piece waits for the one before it. */
  function handOn(from: Socket, to: Socket): void {
    let last = Promise.resolve();
    from.on('data', (piece: Buffer) => {
      const late = delayed === null ? 0 : delayed.random.between(0, delayed.mostMs);
      const due = late === 0 ? null : new Promise<void>((resolve) => setTimeout(resolve, late));
      const before = last;
      last = (async () => {
        await before;
        await due;
        await thawed;
        if (!to.destroyed) to.write(piece);
      })();
    });
    from.on('end', () => void last.then(() => to.end()));
  }

  const server = createServer((near) => {
    const far = createConnection(path);
    const connection = { near, far };
    connections.add(connection);
    const end = (): void => {
      near.destroy();
      far.destroy();
      connections.delete(connection);
    };
    for (const socket of [near, far]) {
      socket.on('error', end);
      socket.on('close', end);
    }
    handOn(near, far);
    handOn(far, near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    port: (server.address() as AddressInfo).port,
    delay(mostMs, random) {
      delayed = mostMs === 0 ? null : { mostMs, random };
    },
    cut(share, random) {
      for (const { near } of [...connections]) if (random.between(1, 1_000) <= share * 1_000) near.destroy();
    },
    freeze() {
      thawed = new Promise((resolve) => (thaw = resolve));
    },
    thaw() {
      thaw();
    },
    async close() {
      thaw();
      for (const { near, far } of connections) {
        near.destroy();
        far.destroy();
      }
      server.close();
      await once(server, 'close');
    },
  };
}
