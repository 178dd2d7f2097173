/** One wish, followed from its request through the outbox and its jobs to the calls of drivers, at a collector. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startCollector, type CollectedSpan, type Collector } from '@baykeeper/platform/testing/collector.js';
import { bayClient, logIn } from '../support/login.js';
import { send } from '../support/open-requests.js';
import { until } from '../support/run.js';
import { startServer, type RunningServer } from '../support/running-server.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';

const REMOTE_PARENT = 'b7ad6b7169203331';

/** Whether the parent of every span has arrived too; a span is exported when it ends, a parent after its children. */
const isWhole = (spans: readonly CollectedSpan[]): boolean => {
  const known = new Set([REMOTE_PARENT, ...spans.map(({ spanId }) => spanId)]);
  return spans.every(({ parentSpanId }) => known.has(parentSpanId ?? ''));
};

describe('a wish that is traced', () => {
  let collector: Collector;
  let server: RunningServer;

  beforeAll(async () => {
    collector = await startCollector();
    server = await startServer({
      ...{ BAYKEEPER_COMPUTE: 'simulated', BAYKEEPER_SIMULATED_LATENCY_MS: '50', BAYKEEPER_LOG_LEVEL: 'info' },
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-api-key=of%20the%20collector',
    });
  }, 180_000);
  afterAll(async () => {
    await server.purge();
    await collector.close();
  }, 60_000);

  it('is one trace over both processes, and tells no secret', async () => {
    const openrc = await server.openrc();
    const token = await logIn(server.url, openrc);
    const { status, text } = await send(`${server.url}/v1/bays`, {
      method: 'POST',
      headers: {
        ...{ 'X-Auth-Token': token, 'Content-Type': 'application/json' },
        traceparent: `00-${TRACE}-${REMOTE_PARENT}-01`,
      },
      body: JSON.stringify({ name: 'traced', baymodel_id: 'swarm', node_count: 1 }),
    });
    expect(status).toBe(202);
    const bay = (JSON.parse(text) as { uuid: string }).uuid;
    const bays = bayClient(() => server.url, token);
    await until('the bay', 60_000, async () => (await bays.status(bay)) === 'CREATE_COMPLETE');

    const ofTrace = (): readonly CollectedSpan[] => collector.spans().filter(({ traceId }) => traceId === TRACE);
    // Each process exports in batches of its own: the request's span may come after those of its jobs.
    const named = (wanted: string): number => ofTrace().filter(({ name }) => name === wanted).length;
    await until('its spans', 30_000, () =>
      Promise.resolve(named('POST /v1/bays') === 1 && named('compute ensureMachine') >= 2 && isWhole(ofTrace())),
    );
    const spans = ofTrace();
    const pathOf = (span: CollectedSpan): string => {
      const parent = spans.find(({ spanId }) => spanId === span.parentSpanId);
      const own = `${span.service.replace('baykeeper-', '')}: ${span.name}`;
      return parent === undefined ? own : `${pathOf(parent)} > ${own}`;
    };
    const machine = spans.filter(({ name }) => name === 'compute ensureMachine').map(pathOf);
    expect(new Set(machine)).toEqual(
      new Set([
        'api: POST /v1/bays > worker: relay outbox > worker: job reconcile > worker: job create-machine > worker: compute ensureMachine',
      ]),
    );
    const request = spans.find(({ name }) => name === 'POST /v1/bays');
    expect(request).toMatchObject({
      parentSpanId: REMOTE_PARENT,
      kind: 2,
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/v1/bays',
        'http.response.status_code': '202',
      },
    });
    expect(request?.attributes['baykeeper.request_id']).toMatch(/^req-/);
    expect(spans.find(({ name }) => name === 'job reconcile')?.attributes).toEqual({
      'messaging.destination.name': 'baykeeper-bays',
      'baykeeper.bay_id': bay,
    });
    expect(collector.headers()).toMatchObject({ 'x-api-key': 'of the collector' });
    // Nobody traces who only watches.
    await fetch(`${server.url}/readyz`);
    const said = collector.text();
    for (const secret of [token, openrc['OS_PASSWORD'] ?? '?', 'readyz', '/metrics'])
      expect(said).not.toContain(secret);
  }, 120_000);
});
