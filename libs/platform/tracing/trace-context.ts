/** Where work belongs: a trace and the span in it, as W3C Trace Context has them (https://www.w3.org/TR/trace-context/). */
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';

export interface SpanContext {
  /** 32 lower-case hexadecimal digits. */
  readonly traceId: string;
  /** 16 of them. */
  readonly spanId: string;
  /** Whether anybody records it. */
  readonly sampled: boolean;
}

const current = new AsyncLocalStorage<SpanContext>();

/** Version 00; of later versions, the part that this one knows. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Null for what is no valid `traceparent`. */
export function parseTraceparent(text: string | null | undefined): SpanContext | null {
  const [, traceId = '', spanId = '', flags = ''] = TRACEPARENT.exec(text ?? '') ?? [];
  if (traceId === '' || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function formatTraceparent({ traceId, spanId, sampled }: SpanContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

/** What is to be kept beside work that another process takes up; null outside of any trace. */
export function currentTraceparent(): string | null {
  const context = current.getStore();
  return context === undefined ? null : formatTraceparent(context);
}

export function currentSpan(): SpanContext | null {
  return current.getStore() ?? null;
}

/** Whatever `work` calls, also later, belongs to the span. */
export function withSpan<T>(context: SpanContext, work: () => T): T {
  return current.run(context, work);
}

export function childOf(parent: SpanContext | null, sampleRatio: number): SpanContext {
  return {
    traceId: parent?.traceId ?? randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    sampled: parent?.sampled ?? Math.random() < sampleRatio,
  };
}
