import { describe, expect, it } from '@jest/globals';
import { enrolmentTokenOf, hashOfToken, sessionTokenOf } from './enrolment-token.js';

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

describe('sessionTokenOf', () => {
  it('is the same for the same node and public key, and another otherwise', () => {
    const token = sessionTokenOf(KEY, 'a', 'k');
    expect(sessionTokenOf(KEY, 'a', 'k')).toBe(token);
    expect(sessionTokenOf(KEY, 'b', 'k')).not.toBe(token);
    expect(sessionTokenOf(KEY, 'a', 'l')).not.toBe(token);
    expect(sessionTokenOf(Buffer.alloc(32, 8), 'a', 'k')).not.toBe(token);
    expect(token).not.toBe(enrolmentTokenOf(KEY, 'a'));
  });
});

describe('hashOfToken', () => {
  it('is SHA-256 in hex', () => {
    expect(hashOfToken('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});
