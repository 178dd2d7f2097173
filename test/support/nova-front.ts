/**
 * A front before our server for Magnum's own test suite, which expects Nova's key pairs beside Magnum and writes the engine
 * into its templates. It adds a compute service and itself to the catalog of every token, hands key pairs on, and puts an
 * engine that is here in the place of one that is not. All else passes through.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface NovaFront {
  readonly url: string;
  close(): Promise<void>;
}

const KEYPAIRS = '/compute/v2.1/os-keypairs';

interface TokenDocument {
  readonly token: { readonly catalog?: unknown[] };
}

async function readBody(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function answer(response: ServerResponse, status: number, body?: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

/** @param engine what stands for Kubernetes in templates */
export async function openNovaFront(serverUrl: string, engine: string): Promise<NovaFront> {
  let url = '';

  /** Nova's words for our key pairs. */
  async function serveKeypairs(request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void> {
    const ask = (method: string, path: string, wanted?: unknown): Promise<Response> =>
      fetch(`${serverUrl}/v1/keypairs${path}`, {
        method,
        headers: {
          'X-Auth-Token': request.headers['x-auth-token']?.toString() ?? '',
          'Content-Type': 'application/json',
        },
        ...(wanted !== undefined && { body: JSON.stringify(wanted) }),
      });
    if (request.method === 'POST') {
      const { name } = (JSON.parse(body.toString()) as { keypair: { name: string } }).keypair;
      const made = await ask('POST', '', { name });
      const { fingerprint, public_key, private_key, user_id } = (await made.json()) as Record<string, unknown>;
      answer(response, made.status === 201 ? 200 : made.status, {
        keypair: { name, fingerprint, public_key, private_key, user_id },
      });
      return;
    }
    const { status } = await ask('DELETE', (request.url ?? '').slice(KEYPAIRS.length));
    answer(response, status === 204 ? 202 : status, status === 204 ? undefined : {});
  }

  async function pass(request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void> {
    const headers = Object.entries(request.headersDistinct).flatMap(([name, values]) =>
      ['host', 'connection', 'content-length'].includes(name)
        ? []
        : (values ?? []).map((value): [string, string] => [name, value]),
    );
    const answered = await fetch(serverUrl + (request.url ?? '/'), {
      method: request.method ?? 'GET',
      headers,
      ...(body.length > 0 && { body: body.toString().replace(/"coe": ?"kubernetes"/, `"coe": "${engine}"`) }),
      redirect: 'manual',
    });
    let text = await answered.text();
    if (request.url === '/identity/v3/auth/tokens' && request.method === 'POST' && answered.ok) {
      // Whoever reads the catalog stays at the front.
      const document = JSON.parse(text.replaceAll(serverUrl, url)) as TokenDocument;
      const endpoints = ['public', 'internal', 'admin'].map((kind) => ({
        id: `compute-${kind}`,
        interface: kind,
        region: 'RegionOne',
        region_id: 'RegionOne',
        url: `${url}/compute/v2.1`,
      }));
      document.token.catalog?.push({ id: 'compute', type: 'compute', name: 'nova', endpoints });
      text = JSON.stringify(document);
    }
    const kept = [...answered.headers].filter(
      ([name]) => !['content-length', 'connection', 'keep-alive', 'transfer-encoding'].includes(name),
    );
    response.writeHead(answered.status, Object.fromEntries(kept));
    response.end(text === '' ? undefined : text);
  }

  const server = createServer((request, response) => {
    void readBody(request)
      .then((body) =>
        request.url?.startsWith(KEYPAIRS) === true
          ? serveKeypairs(request, response, body)
          : pass(request, response, body),
      )
      .catch((error: unknown) => {
        answer(response, 502, { error: { code: 502, title: 'Bad Gateway', message: String(error) } });
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}
