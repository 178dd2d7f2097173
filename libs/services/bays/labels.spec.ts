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
