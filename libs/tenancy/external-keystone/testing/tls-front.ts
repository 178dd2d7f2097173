/** Ends TLS in front of a Keystone that speaks HTTP, as a proxy of a cloud does. */
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** PEM. */
export interface TlsIdentity {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

export interface TlsFront {
  readonly url: string;
  /** Has another certificate from now on, also towards who is connected. */
  show(identity: TlsIdentity): void;
  close(): Promise<void>;
}

/** @param target URL without a path */
export async function startTlsFront(target: string, identity: TlsIdentity): Promise<TlsFront> {
  const server = createServer(contextOf(identity), (request, response) => {
    const { method, url, headers } = request;
    const onward = httpRequest(`${target}${url ?? ''}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.once('error', () => response.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    show(other) {
      server.setSecureContext(contextOf(other));
      server.closeAllConnections();
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function contextOf({ certificatePem, privateKeyPem }: TlsIdentity): { readonly cert: string; readonly key: string } {
  return { cert: certificatePem, key: privateKeyPem };
}
