import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { renderEnvironmentFile } from '../../bootstrap/environment-file.js';
import { parseNodeEnvironment } from './node-environment.js';

describe('parseNodeEnvironment', () => {
  it('reads quoted values, also with quotes and line ends in them', () => {
    expect(parseNodeEnvironment("A='x'\nB='it'\\''s'\nC='two\nlines'\nD=''\n")).toEqual({
      A: 'x',
      B: "it's",
      C: 'two\nlines',
      D: '',
    });
  });

  it('reads back whatever the control plane writes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (one, two) => {
        fc.pre(!one.includes('\0') && !two.includes('\0'));
        expect(parseNodeEnvironment(renderEnvironmentFile({ ONE: one, TWO: two }))).toEqual({ ONE: one, TWO: two });
      }),
    );
  });
});
