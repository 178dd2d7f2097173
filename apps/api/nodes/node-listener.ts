/** The HTTPS listener for nodes. It serves their routes and nothing else, through the same application. */
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ConnectionDrain, type DrainTimes } from '../http/connection-drain.js';
import { createSecureContext } from 'node:tls';
import { once } from 'node:events';
import type { Log } from '@baykeeper/domain';
import type { ListenerIdentity } from '@baykeeper/services';

export interface NodeListenerOptions {
  readonly port: number;
  readonly host: string;
  /** The application's own entry for requests. */
  readonly serve: (request: IncomingMessage, response: ServerResponse) => void;
  readonly identity: () => Promise<ListenerIdentity>;
  readonly log: Log;
}

export interface NodeListener {
  readonly port: number;
  close(times: DrainTimes): Promise<void>;
}

const NODE_ROUTES = '/v1/nodes/';
/** Its certificate is good for a month, so a day that goes wrong does no harm. */
const RENEW_MILLISECONDS = 24 * 3_600_000;

export async function openNodeListener(options: NodeListenerOptions): Promise<NodeListener> {
  const { certificatePem, privateKeyPem } = await options.identity();
  const server = createServer(
    { cert: certificatePem, key: privateKeyPem, minVersion: 'TLSv1.2' },
    (request, response) => {
      if (request.url?.startsWith(NODE_ROUTES)) options.serve(request, response);
      else response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end('Not Found\n');
    },
  );
  const drain = new ConnectionDrain(server);
  server.listen({ port: options.port, host: options.host });
  await once(server, 'listening');
  const timer = setInterval(() => {
    renew(server, options);
  }, RENEW_MILLISECONDS);
  timer.unref();

  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    async close(times) {
      clearInterval(timer);
      await drain.end(times);
    },
  };
}

function renew(server: Server, { identity, log }: NodeListenerOptions): void {
  identity().then(
    ({ certificatePem, privateKeyPem }) => {
      // Checked first: a server must not be left without any certificate.
      createSecureContext({ cert: certificatePem, key: privateKeyPem });
      server.setSecureContext({ cert: certificatePem, key: privateKeyPem });
    },
    (error: unknown) => {
      log.error({ err: error }, 'renewing the certificate of the listener for nodes failed');
    },
  );
}
