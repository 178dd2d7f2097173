/** A collector for tests: takes traces as an OpenTelemetry collector does, and keeps them. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { once } from 'node:events';

type Values = Readonly<Record<string, string | undefined>>;

export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: Values;
  readonly status: { readonly code?: number };
  /** Of its resource. */
  readonly service: string;
}

export interface Collector {
  readonly url: string;
  /** In the order in which they came. */
  spans(): readonly CollectedSpan[];
  resources(): readonly Values[];
  headers(): IncomingHttpHeaders;
  /** All that came, as it came. */
  text(): string;
  /** Takes nothing from now on. */
  refuse(): void;
  close(): Promise<void>;
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: string };
}
type RawSpan = Omit<CollectedSpan, 'attributes' | 'service'> & { readonly attributes: readonly Attribute[] };
interface Body {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly RawSpan[] }[];
  }[];
}

export async function startCollector(): Promise<Collector> {
  const bodies: string[] = [];
  let headers: IncomingHttpHeaders = {};
  let isRefusing = false;
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      if (isRefusing || request.url !== '/v1/traces' || request.method !== 'POST') {
        response.writeHead(503).end();
        return;
      }
      ({ headers } = request);
      bodies.push(text);
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const parsed = () => bodies.flatMap((body) => (JSON.parse(body) as Body).resourceSpans);
  return {
    url: `http://127.0.0.1:${String(address.port)}`,
    spans: () =>
      parsed().flatMap(({ resource, scopeSpans }) =>
        scopeSpans.flatMap(({ spans }) =>
          spans.map((span) => ({
            ...span,
            attributes: valuesOf(span.attributes),
            service: valuesOf(resource.attributes)['service.name'] ?? '',
          })),
        ),
      ),
    resources: () => parsed().map(({ resource }) => valuesOf(resource.attributes)),
    headers: () => headers,
    text: () => bodies.join('\n'),
    refuse() {
      isRefusing = true;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function valuesOf(attributes: readonly Attribute[]): Values {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue]));
}
