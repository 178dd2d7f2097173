import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseDuration, renderAge, renderElapsed } from './durations.js';
import { green } from './paint.js';
import { printableLine, printableText } from './printable-text.js';
import { renderFacts, renderTable } from './table.js';

describe('a table', () => {
  it('lines up its columns and leaves no space at the end of a line', () => {
    expect(
      renderTable(
        ['NAME', 'AGE'],
        [
          ['a-long-name', '5s'],
          ['b', ''],
        ],
      ),
    ).toBe('NAME         AGE\na-long-name  5s\nb            -');
  });

  it('with nothing in it is its heading', () => {
    expect(renderTable(['NAME', 'AGE'], [])).toBe('NAME  AGE');
  });

  it('is as wide with colours as without', () => {
    const painted = renderTable(['NAME', 'AGE'], [[{ text: 'web', paint: green }, '5s']]);
    expect(painted).toBe('NAME  AGE\n\u001b[32mweb\u001b[0m   5s');
  });

  it('keeps every row on one line, whatever the cells hold', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }))), (rows) => {
        expect(renderTable(['A', 'B'], rows).split(/\r\n|[\n\r\u2028\u2029]/)).toHaveLength(rows.length + 1);
      }),
    );
  });
});

describe('facts', () => {
  it('indent what follows the first line', () => {
    expect(
      renderFacts([
        ['Name', 'web'],
        ['Reason', 'one\ntwo'],
      ]),
    ).toBe('Name:    web\nReason:  one\n         two');
  });
});

describe('printable text', () => {
  it('holds no control character but line feeds and tabs', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const codes = Array.from(printableText(text), (character) => character.codePointAt(0) ?? 0);
        expect(codes.filter((code) => (code < 32 && code !== 10 && code !== 9) || (code >= 127 && code < 160))).toEqual(
          [],
        );
        expect(codes.filter((code) => code >= 0x202a && code <= 0x202e)).toEqual([]);
      }),
    );
  });

  it('shows where something was taken out', () => {
    expect(printableText('a\u001b[31mb')).toBe('a\uFFFD[31mb');
    expect(printableLine('a\n\tb')).toBe('a b');
  });
});

describe('durations', () => {
  const now = new Date('2026-01-02T00:00:00Z');

  it.each([
    ['2026-01-01T23:59:55Z', '5s'],
    ['2026-01-01T23:58:01Z', '119s'],
    ['2026-01-01T23:57:00+00:00', '3m'],
    ['2026-01-01T21:00:00Z', '3h'],
    ['2025-12-20T00:00:00Z', '13d'],
    ['2026-01-03T00:00:00Z', '0s'],
    ['not a time', ''],
  ])('an age since %s is %s', (at, age) => {
    expect(renderAge(at, now)).toBe(age);
  });

  it.each([
    [0, '0:00'],
    [7_999, '0:07'],
    [754_000, '12:34'],
    [3_723_000, '1:02:03'],
  ])('%d ms on a clock is %s', (milliseconds, clock) => {
    expect(renderElapsed(milliseconds)).toBe(clock);
  });

  it.each([
    ['90s', 90_000],
    ['10m', 600_000],
    ['10', 600_000],
    ['1.5h', 5_400_000],
  ])('%s is read as %d ms', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it.each(['', '0', '-1m', '1d', 'soon', '1m30s'])('%j is no duration', (text) => {
    expect(() => parseDuration(text)).toThrow('is not a duration');
  });
});
