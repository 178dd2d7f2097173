import { expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '@baykeeper/domain';
import { openRedis } from './connection.js';
import { openRedisWatch } from './redis-watch.js';
import { openSignals } from './signals.js';

const silent: Log = { debug: jest.fn(), info: jest.fn(), warn: jest.fn(), error: jest.fn() };

it('waits for no answer from a Redis that takes connections and says nothing', async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const connection = openRedis(`redis://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
  const signals = openSignals(connection, openRedisWatch(connection, silent));
  try {
    await once(connection, 'connect');
    const published = signals.publish('a topic').then(() => 'done');
    expect(await Promise.race([published, sleep(2_000, 'it waits', { ref: false })])).toBe('done');
  } finally {
    const closed = signals.close();
    connection.disconnect();
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  }
});
