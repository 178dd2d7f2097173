/** Whole texts that are looked at by people: a change of one is seen as a difference of its file. */
import { expect } from '@jest/globals';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DIRECTORY = join(dirname(fileURLToPath(import.meta.url)), '../golden');

/** Compares with `golden/<name>.golden`; `UPDATE_GOLDEN=1` writes it instead. */
export function expectGolden(name: string, text: string): void {
  const path = join(DIRECTORY, `${name}.golden`);
  if (process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  expect(existsSync(path) ? readFileSync(path, 'utf8') : `there is no ${path}: run with UPDATE_GOLDEN=1`).toBe(text);
}
