import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type AddressInfo, type Server } from 'node:net';
import { TLSSocket } from 'node:tls';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTestAuthority } from '../../bootstrap/testing/test-authority.js';
import { openDockerApi, type DockerEndpoint } from './docker-api.js';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function listen(server: Server & { closeAllConnections(): void }): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** An engine of API 1.51 that handles everything but the ping so. */
async function openEngine(handle: RequestListener): Promise<number> {
  return listen(
    createServer((request, response) => {
      if (request.url === '/_ping') response.writeHead(200, { 'Api-Version': '1.51' }).end('OK');
      else handle(request, response);
    }),
  );
}

function open(endpoint: Partial<DockerEndpoint> & { port: number }): ReturnType<typeof openDockerApi> {
  const api = openDockerApi({ address: '127.0.0.1', identity: null, ...endpoint });
  closing.push(() => {
    api.close();
  });
  return api;
}

describe('openDockerApi', () => {
  it('speaks the version that the engine itself speaks', async () => {
    const paths: string[] = [];
    const port = await openEngine((request, response) => {
      paths.push(request.url ?? '');
      response.end('{"a":1}');
    });
    const api = open({ port });
    expect(await api.call('GET', '/swarm')).toEqual({ a: 1 });
    await api.call('POST', '/nodes/x/update', { Role: 'worker' });
    expect(paths).toEqual(['/v1.51/swarm', '/v1.51/nodes/x/update']);
  });

  it.each([
    [400, 'provider-refused'],
    [401, 'provider-refused'],
    [403, 'provider-refused'],
    [404, 'not-found'],
    [409, 'conflict'],
    [412, 'conflict'],
    [500, 'provider-unavailable'],
    [501, 'provider-refused'],
    [503, 'provider-unavailable'],
    [302, 'provider-unavailable'],
  ])('takes the answer %i for %s, and keeps its text for the operator', async (status, code) => {
    const port = await openEngine((_, response) => response.writeHead(status).end('{"message":"inner words"}'));
    await expect(open({ port }).call('GET', '/nodes')).rejects.toMatchObject({
      code,
      detail: `GET /nodes answered ${String(status)}: {"message":"inner words"}`,
      publicMessage: expect.not.stringContaining('inner words') as unknown,
    });
  });

  it('gives up on an engine that does not answer in time', async () => {
    const port = await openEngine(() => undefined);
    await expect(open({ port, timeoutMs: 50 }).call('GET', '/nodes')).rejects.toMatchObject({
      code: 'provider-unavailable',
      detail: '127.0.0.1 GET /v1.51/nodes: no answer within 50 ms',
    });
  });

  it('gives up on an engine that stops in the middle of its answer', async () => {
    const port = await openEngine((_, response) => {
      response.writeHead(200, { 'Content-Length': '100' }).write('[{');
    });
    await expect(open({ port, timeoutMs: 50 }).call('GET', '/nodes')).rejects.toMatchObject({
      code: 'provider-unavailable',
    });
  });

  it('takes a broken answer for none', async () => {
    const port = await openEngine((_, response) => {
      response.writeHead(200, { 'Content-Length': '100' }).write('[{', () => response.destroy());
    });
    await expect(open({ port }).call('GET', '/nodes')).rejects.toMatchObject({ code: 'provider-unavailable' });
  });

  it('takes something that is no Docker for no answer', async () => {
    const port = await openEngine((_, response) => response.end('<html>'));
    await expect(open({ port }).call('GET', '/nodes')).rejects.toMatchObject({ code: 'provider-unavailable' });
  });

  it('says that nobody is there', async () => {
    const port = await openEngine(() => undefined);
    closing.pop()?.();
    await new Promise<void>((resolve) => {
      connect(port, '127.0.0.1').on('error', () => {
        resolve();
      });
    });
    await expect(open({ port }).call('GET', '/nodes')).rejects.toMatchObject({
      code: 'provider-unavailable',
      publicMessage: "None of the bay's managers answered. It is tried again.",
    });
  });

  describe('over TLS', () => {
    const directory = mkdtempSync(join(tmpdir(), 'bk-docker-api-'));
    const [ours, theirs] = ['ours', 'theirs'].map((name) => openTestAuthority(join(directory, name), name));
    if (!ours || !theirs) throw new Error('two authorities were made');
    afterAll(() => {
      rmSync(directory, { recursive: true });
    });
    const common = { organization: null, dnsNames: [], days: 2 };
    const server = { ...common, commonName: 'manager', usages: ['server', 'client'] } as const;
    const client = ours.issue({ ...common, commonName: 'control plane', ipAddresses: [], usages: ['client'] });
    const rightServer = ours.issue({ ...server, ipAddresses: ['127.0.0.1'] });

    async function openSecured(made: typeof rightServer): Promise<{ port: number; holders: string[] }> {
      const holders: string[] = [];
      const options = { key: made.key, cert: made.certificate, ca: ours?.caPem ?? '', requestCert: true };
      const secured = createTlsServer(options, (request, response) => {
        if (request.socket instanceof TLSSocket) holders.push(String(request.socket.getPeerCertificate().subject.CN));
        response.end('{}');
      });
      return { port: await listen(secured), holders };
    }

    it('shows its certificate to the manager', async () => {
      const { port, holders } = await openSecured(rightServer);
      await open({ port, identity: client }).call('GET', '/nodes');
      expect(holders).toEqual(['control plane', 'control plane']);
    });

    it.each([
      ['has a certificate of another authority', theirs.issue({ ...server, ipAddresses: ['127.0.0.1'] })],
      ['has the certificate of another address', ours.issue({ ...server, ipAddresses: ['192.0.2.1'] })],
    ])('tells nothing to a manager that %s', async (_, made) => {
      const { port, holders } = await openSecured(made);
      await expect(open({ port, identity: client }).call('GET', '/nodes')).rejects.toMatchObject({
        code: 'provider-unavailable',
      });
      expect(holders).toEqual([]);
    });
  });
});
