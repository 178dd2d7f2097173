/**
 * Traces of what a process does, off unless `startTracing` was called; then a span costs some microseconds, and without it
 * one comparison. Attributes are a closed list, so that no secret gets among them by accident.
 */
import { BaykeeperError } from '@baykeeper/domain';
import { childOf, currentSpan, withSpan, type SpanContext } from './trace-context.js';
import { openOtlpExporter, type OtlpSettings, type SpanExporter, type SpanKind } from './otlp-exporter.js';

/** The names that OpenTelemetry has for them, where it has any. */
export interface SpanAttributes {
  readonly 'http.request.method'?: string;
  readonly 'http.route'?: string;
  readonly 'http.response.status_code'?: number;
  readonly 'baykeeper.request_id'?: string;
  readonly 'baykeeper.bay_id'?: string;
  readonly 'baykeeper.node_id'?: string;
  readonly 'baykeeper.driver'?: string;
  readonly 'messaging.destination.name'?: string;
}

export interface SpanFacts {
  readonly name: string;
  readonly kind?: SpanKind;
  readonly attributes?: SpanAttributes;
  /** In place of the span that this is called in. */
  readonly parent?: SpanContext | null;
}

export interface OpenSpan {
  readonly context: SpanContext;
  end(result?: { readonly name?: string; readonly attributes?: SpanAttributes; readonly error?: string | null }): void;
}

let tracing: { readonly exporter: SpanExporter; readonly sampleRatio: number } | null = null;

/** @returns to be called at the end of the process: sends what is left */
export function startTracing(settings: OtlpSettings & { readonly sampleRatio: number }): () => Promise<void> {
  const exporter = openOtlpExporter(settings);
  tracing = { exporter, sampleRatio: settings.sampleRatio };
  return async () => {
    tracing = null;
    await exporter.close();
  };
}

/** Null when nothing is traced. */
export function openSpan({ name, kind = 'internal', attributes = {}, parent }: SpanFacts): OpenSpan | null {
  if (tracing === null) return null;
  const { exporter, sampleRatio } = tracing;
  const above = parent ?? currentSpan();
  const context = childOf(above, sampleRatio);
  const startMs = performance.timeOrigin + performance.now();
  return {
    context,
    end(result = {}) {
      if (!context.sampled) return;
      exporter.add({
        ...{ traceId: context.traceId, spanId: context.spanId, parentSpanId: above?.spanId ?? null },
        ...{ name: result.name ?? name, kind, startMs, endMs: performance.timeOrigin + performance.now() },
        attributes: { ...attributes, ...result.attributes },
        error: result.error ?? null,
      });
    },
  };
}

/** Does the work within a span. */
export async function inSpan<T>(facts: () => SpanFacts, work: () => Promise<T>): Promise<T> {
  if (tracing === null) return work();
  const span = openSpan(facts());
  if (span === null) return work();
  return withSpan(span.context, async () => {
    try {
      const result = await work();
      span.end();
      return result;
    } catch (error) {
      span.end({ error: error instanceof BaykeeperError ? error.code : error instanceof Error ? error.name : 'error' });
      throw error;
    }
  });
}
