import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { renderEnvironmentFile } from './environment-file.js';

/** What a real shell reads back, octet by octet. */
function readBack(text: string, name: string): string {
  const script = `${text}printf %s "$${name}"`;
  return spawnSync('sh', ['-s'], { input: script, encoding: 'utf8' }).stdout;
}

describe('renderEnvironmentFile', () => {
  it('quotes what a shell would otherwise run', () => {
    expect(renderEnvironmentFile({ NAME: 'it\'s $(id) `id` \\ "x"' })).toBe("NAME='it'\\''s $(id) `id` \\ \"x\"'\n");
  });

  it('gives a shell exactly the value, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('\0')),
        (value) => {
          expect(readBack(renderEnvironmentFile({ VALUE: value }), 'VALUE')).toBe(value);
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each(['lower', 'A B', '1A', 'A=1;B', ''])('refuses the name %j', (name) => {
    expect(() => renderEnvironmentFile({ [name]: 'x' })).toThrow('could not be prepared');
  });

  it('refuses a value that no shell can hold', () => {
    expect(() => renderEnvironmentFile({ A: 'a\0b' })).toThrow('could not be prepared');
  });
});
