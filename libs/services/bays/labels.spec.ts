import { expect, test } from '@jest/globals';
import { compareLabels, inheritLabels } from './labels.js';

const PARENT = { a: '1', b: '2' };

test('a bay without labels of its own inherits all', () => {
  expect(inheritLabels(PARENT, null, false)).toEqual({ a: '1', b: '2' });
  expect(inheritLabels(PARENT, {}, false)).toEqual({ a: '1', b: '2' });
});
test('given labels replace the parent’s', () => {
  expect(inheritLabels(PARENT, { a: '9' }, false)).toEqual({ a: '9' });
});
test('merged labels override and keep the others', () => {
  expect(inheritLabels(PARENT, { a: '9', c: '3' }, true)).toEqual({ a: '9', b: '2', c: '3' });
});
test('the comparison shows the parent’s value of what was overridden', () => {
  expect(compareLabels(PARENT, { a: '9', c: '3' })).toEqual({
    overridden: { a: '1' },
    added: { c: '3' },
    skipped: { b: '2' },
  });
});

test('what is good on either side may be too much together', () => {
  const many = (prefix: string) => Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`${prefix}${at}`, '']));
  const large = (name: string) => Object.fromEntries(['1', '2', '3'].map((at) => [`${name}${at}`, 'x'.repeat(4_000)]));
  expect(() => inheritLabels(many('a'), many('b'), true)).toThrow(/at most 256 labels/);
  expect(() => inheritLabels(large('a'), large('b'), true)).toThrow(/16 KiB in all/);
  expect(inheritLabels(large('a'), large('b'), false)).toEqual(large('b'));
});
