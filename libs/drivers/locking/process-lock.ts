/**
 * A lock among the processes of this machine that dies with its holder: a name in Linux's abstract socket namespace
 * (unix(7)) can be bound once, and is free again the moment its process is gone, also after kill -9. No file is left over
 * and no lock is ever stale.
 */
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { BaykeeperError } from '@baykeeper/domain';

const ASK_AGAIN_MS = 20;
/** Whatever is done under such a lock takes seconds at most. */
const GIVE_UP_MS = 60_000;

const tails = new Map<string, Promise<unknown>>();

/** Runs `work` while nobody else on this machine, in this process or another, runs under the same name. */
export function withProcessLock<T>(name: string, work: () => Promise<T>, giveUpMs = GIVE_UP_MS): Promise<T> {
  // In this process callers queue up in order; only the first asks the kernel.
  const before = tails.get(name) ?? Promise.resolve();
  const mine = before.then(() => runLocked(name, work, giveUpMs));
  const tail = mine.catch(() => undefined);
  tails.set(name, tail);
  void tail.then(() => {
    if (tails.get(name) === tail) tails.delete(name);
  });
  return mine;
}

async function runLocked<T>(name: string, work: () => Promise<T>, giveUpMs: number): Promise<T> {
  const held = await acquire(`\0baykeeper-${createHash('sha256').update(name).digest('hex')}`, name, giveUpMs);
  try {
    return await work();
  } finally {
    await new Promise((resolve) => held.close(resolve));
  }
}

async function acquire(path: string, name: string, giveUpMs: number): Promise<Server> {
  const end = Date.now() + giveUpMs;
  for (;;) {
    const server = await tryBind(path);
    if (server) return server;
    if (Date.now() > end) {
      throw new BaykeeperError({
        code: 'timeout',
        publicMessage: 'Another process is busy with the same thing. Try again.',
        detail: `lock ${name}`,
      });
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
  }
}

function tryBind(path: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(null);
      else reject(error);
    });
    // Exclusive: in a cluster worker an ordinary listen() would share the name with the other workers.
    server.listen({ path, exclusive: true }, () => {
      server.unref();
      resolve(server);
    });
  });
}
