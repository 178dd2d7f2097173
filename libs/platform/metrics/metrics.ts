/**
 * Prometheus metrics. Each process counts for itself in a registry; `renderMetrics` answers for the whole server, because
 * one scrape reaches one API process only, and workers have no port at all.
 */
import { randomUUID } from 'node:crypto';
import { AggregatorRegistry, collectDefaultMetrics, Registry } from 'prom-client';
import { isOurMessage, type ProcessMetrics } from '../processes/messages.js';
import { isSupervised, sendToSupervisor } from '../processes/supervised-process.js';

export { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** The content type of what `renderMetrics` gives: the text format, version 0.0.4. */
export const METRICS_CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** Well within a scraper's usual 10 s. */
const COLLECT_MILLISECONDS = 3_000;

/**
 * The registry of this process, with Node's own metrics in it and `process` (`api`, `worker`) as a label on everything.
 * Counters of the same process name are added up over processes.
 */
export function createMetrics(processName: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ process: processName });
  collectDefaultMetrics({ register: registry });
  if (isSupervised()) answerSupervisor(registry);
  return registry;
}

function answerSupervisor(registry: Registry): void {
  process.on('message', (message: unknown) => {
    if (!isOurMessage(message) || message.baykeeper !== 'report-metrics') return;
    const { id } = message;
    void readMetrics(registry).then((metrics) => {
      sendToSupervisor({ baykeeper: 'metrics', id, metrics });
    });
  });
}

async function readMetrics(registry: Registry): Promise<ProcessMetrics> {
  return await registry.getMetricsAsJSON();
}

/** The metrics of all processes of this server in the text format; of this one when no supervisor answers. */
export async function renderMetrics(registry: Registry): Promise<string> {
  const collected = isSupervised() ? await collectFromSupervisor() : null;
  return collected === null ? await registry.metrics() : await aggregate(collected);
}

/** Exported for its test. */
export async function aggregate(collected: readonly ProcessMetrics[]): Promise<string> {
  return AggregatorRegistry.aggregate([...collected]).metrics();
}

function collectFromSupervisor(): Promise<readonly ProcessMetrics[] | null> {
  const id = randomUUID();
  return new Promise((resolve) => {
    const finish = (metrics: readonly ProcessMetrics[] | null) => {
      clearTimeout(timer);
      process.off('message', onMessage);
      resolve(metrics);
    };
    const onMessage = (message: unknown) => {
      if (isOurMessage(message) && message.baykeeper === 'all-metrics' && message.id === id) finish(message.metrics);
    };
    const timer = setTimeout(() => {
      finish(null);
    }, COLLECT_MILLISECONDS);
    process.on('message', onMessage);
    sendToSupervisor({ baykeeper: 'collect-metrics', id });
  });
}
