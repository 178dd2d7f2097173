import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { Agent, createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConnectionDrain } from './connection-drain.js';

let server: Server;
let drain: ConnectionDrain;
let agent: Agent;
let url: string;
/** Requests to `/slow` wait for it. */
let answerSlow: (() => void)[];

beforeEach(async () => {
  answerSlow = [];
  server = createServer((request, response: ServerResponse) => {
    const answer = (): void => void response.end(request.url);
    if (request.url === '/slow') answerSlow.push(answer);
    else answer();
  });
  drain = new ConnectionDrain(server);
  agent = new Agent({ keepAlive: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});
afterEach(() => {
  agent.destroy();
  server.closeAllConnections();
  server.close();
});

async function ask(path: string): Promise<string> {
  const request = get(url + path, { agent });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return `${text} ${String(response.headers.connection)}`;
}
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

describe('connections of a server that ends', () => {
  it('answer once more, each for the last time', async () => {
    expect(await ask('/a')).toBe('/a keep-alive');
    drain.announce();
    expect(await ask('/b')).toBe('/b close');
    // New ones are still taken.
    expect(await ask('/c')).toBe('/c close');
    await drain.end({ lingerMs: 0, longestMs: 1_000 });
    await expect(ask('/d')).rejects.toThrow('ECONNREFUSED');
  });

  it('are answered on although they were idle when it began, and new ones are refused', async () => {
    await ask('/a');
    const ended = drain.end({ lingerMs: 60_000, longestMs: 60_000 });
    expect(await ask('/b')).toBe('/b close');
    await ended;
  });

  it('end when they stay idle', async () => {
    await ask('/a');
    await drain.end({ lingerMs: 20, longestMs: 60_000 });
    expect(server.listening).toBe(false);
  });

  it('stay for requests that are under way', async () => {
    const slow = ask('/slow');
    await until(() => answerSlow.length === 1);
    let isEnded = false;
    const ended = drain.end({ lingerMs: 1, longestMs: 60_000 }).then(() => {
      isEnded = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isEnded).toBe(false);
    answerSlow[0]?.();
    expect(await slow).toBe('/slow close');
    await ended;
  });

  it('are cut off at last', async () => {
    const slow = expect(ask('/slow')).rejects.toThrow('socket hang up');
    await until(() => answerSlow.length === 1);
    await drain.end({ lingerMs: 1, longestMs: 30 });
    await slow;
  });
});
