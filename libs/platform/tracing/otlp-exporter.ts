/**
 * Sends spans to an OpenTelemetry collector: OTLP over HTTP with JSON (https://opentelemetry.io/docs/specs/otlp/). Nobody
 * waits for it; what a collector does not take in time is dropped, and the log says so once a minute.
 */
import { detailOf, type Log } from '@baykeeper/domain';

export interface SpanRecord {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly name: string;
  readonly kind: SpanKind;
  /** Milliseconds since 1970. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, string | number>>;
  /** The code of the error with which it ended. */
  readonly error: string | null;
}

export const SPAN_KINDS = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;
export type SpanKind = keyof typeof SPAN_KINDS;

export interface OtlpSettings {
  /** The collector's base URL; `/v1/traces` is added. */
  readonly endpoint: string;
  /** For the collector only. */
  readonly headers: Readonly<Record<string, string>>;
  /** `baykeeper-api`, `baykeeper-worker`. */
  readonly service: string;
  readonly version: string;
  readonly log: Log;
}

export interface SpanExporter {
  add(span: SpanRecord): void;
  /** Sends what is left. */
  close(): Promise<void>;
}

const SEND_EVERY_MS = 1_000;
const BATCH = 512;
/** Spans that wait while the collector is slow; some megabytes. */
const MOST_WAITING = 4_096;
const LONGEST_SEND_MS = 5_000;
const LOGGED_EVERY_MS = 60_000;
const STATUS_ERROR = 2;

export function openOtlpExporter(settings: OtlpSettings): SpanExporter {
  const { endpoint, headers, log } = settings;
  const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`;
  let waiting: SpanRecord[] = [];
  let dropped = 0;
  let failure: string | null = null;
  let loggedAt = -Infinity;
  let sending: Promise<void> | null = null;

  const sendAll = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, BATCH);
      waiting = waiting.slice(BATCH);
      try {
        const response = await fetch(url, {
          method: 'POST',
          headers: { ...headers, 'Content-Type': 'application/json' },
          body: JSON.stringify(requestOf(batch, settings)),
          signal: AbortSignal.timeout(LONGEST_SEND_MS),
        });
        await response.arrayBuffer();
        if (!response.ok) throw new Error(`the collector answered ${String(response.status)}`);
      } catch (error) {
        dropped += batch.length;
        failure = detailOf(error);
      }
    }
    if (dropped === 0 || performance.now() - loggedAt < LOGGED_EVERY_MS) return;
    loggedAt = performance.now();
    log.warn({ dropped, error: failure }, 'dropping spans that the collector did not take');
    dropped = 0;
    failure = null;
  };
  const send = (): Promise<void> => {
    sending ??= sendAll().finally(() => {
      sending = null;
    });
    return sending;
  };
  const timer = setInterval(() => void send(), SEND_EVERY_MS);
  timer.unref();

  return {
    add(span) {
      if (waiting.length >= MOST_WAITING) dropped += 1;
      else waiting.push(span);
    },
    async close() {
      clearInterval(timer);
      await send();
      await send();
    },
  };
}

function requestOf(spans: readonly SpanRecord[], { service, version }: OtlpSettings): object {
  return {
    resourceSpans: [
      {
        resource: {
          attributes: attributesOf({ 'service.name': service, 'service.version': version, 'process.pid': process.pid }),
        },
        scopeSpans: [{ scope: { name: 'baykeeper', version }, spans: spans.map(spanOf) }],
      },
    ],
  };
}

function spanOf(span: SpanRecord): object {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentSpanId !== null && { parentSpanId: span.parentSpanId }),
    name: span.name,
    kind: SPAN_KINDS[span.kind],
    startTimeUnixNano: nanoseconds(span.startMs),
    endTimeUnixNano: nanoseconds(span.endMs),
    attributes: attributesOf({ ...span.attributes, ...(span.error !== null && { 'error.type': span.error }) }),
    status: span.error === null ? {} : { code: STATUS_ERROR },
  };
}

/** 64-bit integers are decimal strings in OTLP's JSON. */
function nanoseconds(milliseconds: number): string {
  return String(BigInt(Math.round(milliseconds * 1_000)) * 1_000n);
}

function attributesOf(attributes: Readonly<Record<string, string | number>>): object[] {
  return Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === 'string' ? { stringValue: value } : { intValue: String(value) },
  }));
}
