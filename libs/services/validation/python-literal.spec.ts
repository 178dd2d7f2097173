import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parsePythonLiteral } from './python-literal.js';

test.each<[string, unknown]>([
  ["'a'", 'a'],
  ['"it\'s"', "it's"],
  [String.raw`'tab\t \x41 é \q'`, 'tab\t A é \\q'],
  ['-1.5e2', -150],
  ['True', true],
  ['None', null],
  ["['a', 1,]", ['a', 1]],
  [
    "{'a': 'b', 'c': {}, }",
    new Map<string, unknown>([
      ['a', 'b'],
      ['c', new Map()],
    ]),
  ],
  [' {"a" : null} ', new Map([['a', null]])],
])('reads %s', (text, value) => {
  expect(parsePythonLiteral(text)).toEqual(value);
});

test.each([
  '',
  '{',
  "{'a'}",
  "{'a': }",
  "{'a' 'b'}",
  "{1: 'a'}",
  "'a",
  "'a' 'b'",
  'open()',
  'Truely',
  '[[[[[[[[[[1]]]]]]]]]]',
])('refuses %p', (text) => {
  expect(() => parsePythonLiteral(text)).toThrow(SyntaxError);
});

test('reads every flat map that JSON can write, and never fails in another way than SyntaxError', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.string()), (map) => {
      expect(parsePythonLiteral(JSON.stringify(map))).toEqual(new Map(Object.entries(map)));
    }),
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        parsePythonLiteral(text);
      } catch (error) {
        expect(error).toBeInstanceOf(SyntaxError);
      }
    }),
  );
});
