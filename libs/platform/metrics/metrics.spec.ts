import { describe, expect, it } from '@jest/globals';
import type { ProcessMetrics } from '../processes/messages.js';
import { aggregate, Counter, createMetrics, Gauge, renderMetrics } from './metrics.js';

describe('metrics', () => {
  it('renders the text format with the name of the process as a label', async () => {
    const registry = createMetrics('api');
    new Counter({ name: 'requests_total', help: 'Requests.', labelNames: ['status'], registers: [registry] }).inc(
      { status: '200' },
      2,
    );
    const text = await renderMetrics(registry);
    expect(text).toContain('# TYPE requests_total counter\nrequests_total{status="200",process="api"} 2\n');
    expect(text).toContain('process_resident_memory_bytes{process="api"}');
  });

  it('adds up the processes of one name and keeps the others apart', async () => {
    const collected: ProcessMetrics[] = [];
    for (const [name, value] of [
      ['api', 2],
      ['api', 3],
      ['worker', 5],
    ] as const) {
      const registry = createMetrics(name);
      new Counter({ name: 'jobs_total', help: 'Jobs.', registers: [registry] }).inc(value);
      new Gauge({ name: 'open', help: 'Open.', registers: [registry] }).set(1);
      collected.push(await registry.getMetricsAsJSON());
    }
    const text = await aggregate(collected);
    expect(text).toContain('jobs_total{process="api"} 5\n');
    expect(text).toContain('jobs_total{process="worker"} 5\n');
    expect(text).toContain('open{process="api"} 2\n');
  });
});
