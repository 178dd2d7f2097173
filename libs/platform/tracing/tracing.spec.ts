import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BaykeeperError, type Log } from '@baykeeper/domain';
import fc from 'fast-check';
import { startCollector, type Collector } from '../testing/collector.js';
import { currentTraceparent, formatTraceparent, parseTraceparent } from './trace-context.js';
import { inSpan, openSpan, startTracing } from './tracing.js';

const lines: unknown[] = [];
const ignore = (): void => undefined;
const log: Log = { debug: ignore, info: ignore, error: ignore, warn: (facts) => lines.push(facts) };
const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('traceparent', () => {
  it('is read as it was written', () => {
    const hex = (length: number) =>
      fc.stringMatching(new RegExp(`^[0-9a-f]{${String(length)}}$`)).filter((text) => !/^0+$/.test(text));
    fc.assert(
      fc.property(hex(32), hex(16), fc.boolean(), (traceId, spanId, sampled) => {
        expect(parseTraceparent(formatTraceparent({ traceId, spanId, sampled }))).toEqual({ traceId, spanId, sampled });
      }),
    );
    expect(parseTraceparent(`cc${PARENT.slice(2)}-of-a-later-version`)?.sampled).toBe(true);
  });

  it.each([
    null,
    '',
    'x',
    PARENT.toUpperCase(),
    `ff${PARENT.slice(2)}`,
    PARENT.replace('b7ad6b7169203331', '0'.repeat(16)),
    PARENT.replace('0af7651916cd43dd8448eb211c80319c', '0'.repeat(32)),
    `${PARENT}x`,
  ])('%j is none', (text) => {
    expect(parseTraceparent(text)).toBeNull();
  });
});

describe('spans', () => {
  let collector: Collector;
  let stop: () => Promise<void>;
  const start = (sampleRatio = 1): void => {
    stop = startTracing({
      ...{ endpoint: `${collector.url}/`, headers: { 'x-key': 'secret' }, service: 'baykeeper-test', version: '1' },
      ...{ log, sampleRatio },
    });
  };
  beforeEach(async () => {
    lines.length = 0;
    collector = await startCollector();
  });
  afterEach(async () => {
    await stop();
    await collector.close();
  });

  it('arrive at the collector with their parents, kinds, attributes and errors', async () => {
    start();
    await inSpan(
      () => ({ name: 'outer', kind: 'consumer', parent: parseTraceparent(PARENT) }),
      async () => {
        expect(currentTraceparent()).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-(?!b7ad)[0-9a-f]{16}-01$/);
        const refused = new BaykeeperError({ code: 'provider-refused', publicMessage: 'No.', detail: 'secret' });
        await inSpan(
          () => ({ name: 'inner', kind: 'client', attributes: { 'baykeeper.driver': 'clouds' } }),
          () => Promise.reject(refused),
        ).catch(ignore);
      },
    );
    expect(currentTraceparent()).toBeNull();
    openSpan({ name: 'alone' })?.end({ name: 'renamed', attributes: { 'http.response.status_code': 200 } });
    await stop();
    const spans = collector.spans();
    expect(spans.map(({ name, kind }) => `${name} ${String(kind)}`)).toEqual(['inner 3', 'outer 5', 'renamed 1']);
    const [inner, outer, alone] = spans;
    expect(outer).toMatchObject({ traceId: '0af7651916cd43dd8448eb211c80319c', parentSpanId: 'b7ad6b7169203331' });
    expect(inner).toMatchObject({
      traceId: outer?.traceId,
      parentSpanId: outer?.spanId,
      attributes: { 'baykeeper.driver': 'clouds', 'error.type': 'provider-refused' },
      status: { code: 2 },
    });
    expect(alone?.traceId).not.toBe(outer?.traceId);
    expect(alone).toMatchObject({ attributes: { 'http.response.status_code': '200' }, status: {} });
    expect(alone?.parentSpanId).toBeUndefined();
    expect(Number(outer?.endTimeUnixNano) / 1e6).toBeGreaterThanOrEqual(Number(inner?.endTimeUnixNano) / 1e6);
    expect(Math.abs(Number(outer?.endTimeUnixNano) / 1e6 - Date.now())).toBeLessThan(60_000);
    expect(collector.headers()).toMatchObject({ 'x-key': 'secret' });
    expect(collector.resources()).toMatchObject([{ 'service.name': 'baykeeper-test' }]);
  });

  it('are left out together where their trace is not sampled', async () => {
    start(0);
    await inSpan(
      () => ({ name: 'outer' }),
      () =>
        inSpan(
          () => ({ name: 'inner' }),
          () => {
            expect(currentTraceparent()).toMatch(/-00$/);
            return Promise.resolve();
          },
        ),
    );
    await stop();
    expect(collector.spans()).toEqual([]);
  });

  it('are dropped with one line in the log when nobody takes them', async () => {
    collector.refuse();
    start();
    for (let index = 0; index < 600; index += 1) openSpan({ name: 'lost' })?.end();
    await stop();
    expect(lines).toEqual([{ dropped: 600, error: 'the collector answered 503' }]);
  });

  it('are none when nothing was started', async () => {
    start();
    await stop();
    expect(openSpan({ name: 'x' })).toBeNull();
    await inSpan(
      () => {
        throw new Error('not even its facts are asked for');
      },
      () => {
        expect(currentTraceparent()).toBeNull();
        return Promise.resolve();
      },
    );
  });
});
