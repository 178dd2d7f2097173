import { expect, test } from '@jest/globals';
import { openRequestLimit } from './request-limit.js';

test('a token sends so many requests a second, and another one has its own count', () => {
  let time = 1_000;
  const take = openRequestLimit(10, () => time);
  const burst = (token: string) => Array.from({ length: 12 }, () => take(token)).filter((wait) => wait > 0);
  expect(burst('a')).toEqual([1, 1]);
  expect(burst('b')).toEqual([1, 1]);
  time += 500;
  expect(burst('a')).toHaveLength(7);
  time += 60_000;
  expect(burst('a')).toHaveLength(2);
});

test('a limit of 0 is none', () => {
  const take = openRequestLimit(0);
  expect(Array.from({ length: 1_000 }, () => take('a')).some((wait) => wait > 0)).toBe(false);
});
