/**
 * Health and metrics of a worker that no supervisor started: nobody else could be asked for them. Of those that a
 * supervisor started, the API of the same server tells.
 */
import { createServer } from 'node:http';
import { once } from 'node:events';
import { METRICS_CONTENT_TYPE, type ReadinessProbe, type Registry } from '@baykeeper/platform';

export interface WorkerListener {
  readonly port: number;
  close(): Promise<void>;
}

export async function openWorkerListener(
  { port, bind }: { readonly port: number; readonly bind: string },
  { readiness, metrics }: { readonly readiness: ReadinessProbe; readonly metrics: Registry },
): Promise<WorkerListener> {
  const answers: Readonly<Record<string, () => Promise<readonly [status: number, type: string, text: string]>>> = {
    '/healthz': () => Promise.resolve([200, 'text/plain; charset=utf-8', 'ok\n']),
    '/readyz': async () => {
      const { ready, checks, reasons } = await readiness.read();
      return [ready ? 200 : 503, 'application/json; charset=utf-8', JSON.stringify({ ready, checks, reasons })];
    },
    '/metrics': async () => [200, METRICS_CONTENT_TYPE, await metrics.metrics()],
  };
  const server = createServer((request, response) => {
    const answer = request.method === 'GET' ? answers[request.url ?? ''] : undefined;
    if (answer === undefined) {
      response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end('Not Found\n');
      return;
    }
    answer().then(
      ([status, type, text]) => response.writeHead(status, { 'Content-Type': type }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  server.listen({ port, host: bind });
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
