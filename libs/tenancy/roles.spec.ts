import { describe, expect, it } from '@jest/globals';
import { expandRoles, isRole } from './roles.js';

describe('roles', () => {
  it('gives an administrator everything', () => {
    expect(expandRoles(['admin'])).toEqual(['admin', 'member', 'reader']);
  });

  it('gives a member reading, and never administration', () => {
    expect(expandRoles(['reader', 'member'])).toEqual(['member', 'reader']);
  });

  it('gives a reader reading alone', () => {
    expect(expandRoles(['reader'])).toEqual(['reader']);
  });

  it('gives nothing for no role and for an unknown one', () => {
    expect(expandRoles([])).toEqual([]);
    expect(expandRoles(['owner'])).toEqual([]);
    expect(isRole('owner')).toBe(false);
  });
});
