import type { Log } from '@baykeeper/domain';
import type { AroundCall } from '@baykeeper/drivers';
import { PRODUCT_VERSION, inSpan, startTracing, type Configuration } from '@baykeeper/platform';

/** @returns sends what is left; does nothing where nothing is traced */
export function traceInstallation(
  { otlpEndpoint, otelEndpoint, otlpHeaders, traceRatio }: Configuration,
  { process, log }: { readonly process: string; readonly log: Log },
): () => Promise<void> {
  const endpoint = otlpEndpoint ?? otelEndpoint;
  if (endpoint === null) return () => Promise.resolve();
  return startTracing({
    ...{ endpoint, headers: otlpHeaders ?? {}, service: `baykeeper-${process}`, version: PRODUCT_VERSION },
    ...{ sampleRatio: traceRatio, log },
  });
}

/** A span around each call, and `around` within it. */
export function traceCalls(around: AroundCall): AroundCall {
  return (call, work, about) =>
    inSpan(
      () => ({
        name: `${call.kind} ${call.operation}`,
        kind: 'client',
        attributes: { 'baykeeper.driver': call.driver },
      }),
      () => around(call, work, about),
    );
}
