/** What an API process counts. */
import { X509Certificate } from 'node:crypto';
import { Gauge, Histogram, type Registry } from '@baykeeper/platform';
import type { ListenerIdentity } from '@baykeeper/services';
import type { ServerOptions } from '../http/create-server.js';

export function measureRequests(registry: Registry): NonNullable<ServerOptions['observe']> {
  const histogram = new Histogram({
    name: 'baykeeper_http_request_seconds',
    help: 'Time from a request’s first byte to the end of its answer',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30],
    registers: [registry],
  });
  return ({ method, route, status, seconds }) => {
    histogram.observe({ method, route, status }, seconds);
  };
}

/** A renewal that fails leaves the date as it was, and the date comes nearer. */
export function measureListenerIdentity(
  registry: Registry,
  create: () => Promise<ListenerIdentity>,
): () => Promise<ListenerIdentity> {
  const expiry = new Gauge({
    name: 'baykeeper_listener_certificate_expiry_timestamp_seconds',
    help: 'When the certificate of the listener for nodes ends, in seconds since 1970; of several processes the soonest',
    registers: [registry],
    aggregator: 'min',
  });
  return async () => {
    const identity = await create();
    expiry.set(Date.parse(new X509Certificate(identity.certificatePem).validTo) / 1_000);
    return identity;
  };
}
