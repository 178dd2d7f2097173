import { describe, expect, it } from '@jest/globals';
import { enrolmentTokenOf } from './enrolment-token.js';

const KEY = Buffer.alloc(32, 7);

describe('enrolmentTokenOf', () => {
  it('is the same for the same node and another for another node or key', () => {
    expect(enrolmentTokenOf(KEY, 'a')).toBe(enrolmentTokenOf(KEY, 'a'));
    expect(enrolmentTokenOf(KEY, 'a')).not.toBe(enrolmentTokenOf(KEY, 'b'));
    expect(enrolmentTokenOf(KEY, 'a')).not.toBe(enrolmentTokenOf(Buffer.alloc(32, 8), 'a'));
  });

  it('has 256 bits', () => {
    expect(Buffer.from(enrolmentTokenOf(KEY, 'a'), 'base64url')).toHaveLength(32);
  });
});
