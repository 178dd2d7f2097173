import fc from 'fast-check';
import { describe, expect, test } from '@jest/globals';
import { openKeyVault } from './index.js';

const vault = openKeyVault(Buffer.alloc(32, 1));
const PLACE = { bayId: '6f0c3b1e-0000-4000-8000-000000000001', purpose: 'cluster' };

const refusal = (detail: string): unknown =>
  expect.objectContaining({ code: 'internal', detail: expect.stringContaining(detail) });

describe('a sealed key', () => {
  test('opens where it was sealed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (secret) => {
        expect(vault.open(vault.seal(secret, PLACE), PLACE)).toBe(secret);
      }),
    );
  });

  test('shows nothing of the secret and differs each time', () => {
    const first = vault.seal('-----BEGIN PRIVATE KEY-----', PLACE);
    const second = vault.seal('-----BEGIN PRIVATE KEY-----', PLACE);
    expect(JSON.stringify(first)).not.toContain('PRIVATE');
    expect(first.encryptedKey).not.toBe(second.encryptedKey);
    expect(first.wrappedKey).not.toBe(second.wrappedKey);
  });

  test.each([
    ['another bay', { ...PLACE, bayId: '6f0c3b1e-0000-4000-8000-000000000002' }],
    ['another purpose', { ...PLACE, purpose: 'etcd' }],
  ])('does not open for %s', (_what, place) => {
    expect(() => vault.open(vault.seal('secret', PLACE), place)).toThrow(refusal('belongs to another bay'));
  });

  test("does not open with another key's wrapping", () => {
    const [first, second] = [vault.seal('one', PLACE), vault.seal('two', PLACE)];
    expect(() => vault.open({ ...first, wrappedKey: second.wrappedKey }, PLACE)).toThrow(refusal('was altered'));
  });

  test('does not open after any character of it was changed', () => {
    const sealed = vault.seal('secret', PLACE);
    for (const field of ['wrappedKey', 'encryptedKey'] as const) {
      const text = sealed[field];
      for (let at = 0; at < text.length; at++) {
        const other = text[at] === 'A' ? 'B' : 'A';
        const changed = text.slice(0, at) + other + text.slice(at + 1);
        expect(() => vault.open({ ...sealed, [field]: changed }, PLACE)).toThrow(
          expect.objectContaining({ code: 'internal' }),
        );
      }
    }
  });

  test('says which master key it wants when another is given', () => {
    const other = openKeyVault(Buffer.alloc(32, 2));
    expect(other.masterKeyId).toMatch(/^[0-9a-f]{16}$/);
    expect(other.masterKeyId).not.toBe(vault.masterKeyId);
    expect(() => other.open(vault.seal('secret', PLACE), PLACE)).toThrow(
      refusal(`sealed with the master key ${vault.masterKeyId}, and this process has ${other.masterKeyId}`),
    );
  });

  test('is refused in a form that is not known', () => {
    expect(() => vault.open({ wrappedKey: 'v2.x.y', encryptedKey: 'v1.x' }, PLACE)).toThrow(refusal('not in a form'));
    expect(() => vault.open({ wrappedKey: '', encryptedKey: '' }, PLACE)).toThrow(refusal('not in a form'));
  });
});

test('a vault wants a master key of 32 octets', () => {
  expect(() => openKeyVault(Buffer.alloc(16))).toThrow('32 octets');
});
