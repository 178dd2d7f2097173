import { scryptSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { openPasswords } from './password.js';

const passwords = openPasswords();

describe('passwords', () => {
  it('are kept with salt and parameters, never the same twice', async () => {
    const [one, two] = await Promise.all([passwords.hash('correct horse'), passwords.hash('correct horse')]);
    expect(one).toMatch(/^scrypt\$ln=15,r=8,p=3\$[\w-]{22}\$[\w-]{43}$/);
    expect(one).not.toBe(two);
    expect(one).not.toContain('horse');
    expect(passwords.isOutdated(one)).toBe(false);
  });

  it('match themselves and nothing else', async () => {
    const stored = await passwords.hash('pässwörd ✓');
    expect(await passwords.matches('pässwörd ✓', stored)).toBe(true);
    expect(await passwords.matches('pässwörd', stored)).toBe(false);
    expect(await passwords.matches('', stored)).toBe(false);
  });

  it('that were hashed with other parameters still match, and say that they are outdated', async () => {
    const salt = Buffer.alloc(16, 7);
    const hash = scryptSync('old', salt, 32, { N: 1024, r: 8, p: 1 });
    const stored = `scrypt$ln=10,r=8,p=1$${salt.toString('base64url')}$${hash.toString('base64url')}`;
    expect(await passwords.matches('old', stored)).toBe(true);
    expect(await passwords.matches('new', stored)).toBe(false);
    expect(passwords.isOutdated(stored)).toBe(true);
  });

  it('match no text that is no hash', async () => {
    expect(await passwords.matches('', '')).toBe(false);
    expect(await passwords.matches('x', 'x')).toBe(false);
    expect(await passwords.matches('x', 'scrypt$ln=15,r=8,p=3$$')).toBe(false);
  });

  it("of nobody cost as much to compare as somebody's and match nothing", async () => {
    const prefix = 'scrypt$ln=15,r=8,p=3$';
    expect(passwords.nobodysHash.startsWith(prefix)).toBe(true);
    expect(passwords.nobodysHash).toHaveLength((await passwords.hash('x')).length);
    expect(await passwords.matches('', passwords.nobodysHash)).toBe(false);
  });

  it('are refused, not queued for ever, when too many come at once', async () => {
    const tries = Array.from({ length: 140 }, (_, index) => passwords.matches('x', CHEAP, `address ${index % 10}`));
    const refused = (await Promise.allSettled(tries)).filter((result) => result.status === 'rejected');
    expect(refused).toHaveLength(10);
    expect(refused[0]?.reason).toMatchObject({ code: 'too-many-requests' });
    expect(await passwords.matches('x', CHEAP)).toBe(false);
  });

  it('of one address that floods wait and are refused, while others have their turn', async () => {
    const ended: string[] = [];
    const flood = Array.from({ length: 60 }, () =>
      passwords.matches('x', CHEAP, 'flood').then(
        () => ended.push('flood'),
        () => ended.push('refused'),
      ),
    );
    const other = passwords.matches('x', CHEAP, 'other').then(() => ended.push('other'));
    await Promise.all([...flood, other]);
    expect(ended.filter((who) => who === 'refused')).toHaveLength(26);
    // Two of the flood run already, and perhaps one more ends before.
    expect(ended.filter((who) => who !== 'refused').indexOf('other')).toBeLessThanOrEqual(4);
  });
});

const CHEAP = `scrypt$ln=4,r=8,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;
