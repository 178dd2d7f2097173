import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { loadMasterKey } from './index.js';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'baykeeper-key-'));
  file = join(folder, 'master.key');
});
afterEach(() => rm(folder, { recursive: true }));

const refusal = (sentence: string): unknown =>
  expect.objectContaining({ code: 'invalid-input', publicMessage: expect.stringContaining(sentence) });

describe('the master key file', () => {
  test('is made at the first start for its owner alone, and read at the next', async () => {
    const key = await loadMasterKey(undefined, file);
    expect(key).toHaveLength(32);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await loadMasterKey(undefined, file)).toEqual(key);
    expect((await readFile(file, 'utf8')).trim()).toBe(key.toString('base64'));
  });

  test('is made once by twenty who try at the same time, and nothing else is left', async () => {
    const keys = await Promise.all(Array.from({ length: 20 }, () => loadMasterKey(undefined, file)));
    expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(1);
    expect(await readdir(folder)).toEqual(['master.key']);
  });

  test('is refused when others can read it', async () => {
    await loadMasterKey(undefined, file);
    await chmod(file, 0o640);
    await expect(loadMasterKey(undefined, file)).rejects.toEqual(refusal(`Run: chmod 600 ${file}`));
  });

  test('is refused when it is damaged, and not replaced', async () => {
    await writeFile(file, '', { mode: 0o600 });
    await expect(loadMasterKey(undefined, file)).rejects.toEqual(refusal('is damaged'));
    expect(await readFile(file, 'utf8')).toBe('');
  });
});

describe('the configured master key', () => {
  test('goes before the file, which is not made', async () => {
    const key = await loadMasterKey(Buffer.alloc(32, 7).toString('base64'), file);
    expect(key).toEqual(Buffer.alloc(32, 7));
    expect(await readdir(folder)).toEqual([]);
  });

  test.each([
    ['empty', ''],
    ['too short', Buffer.alloc(31).toString('base64')],
    ['too long', Buffer.alloc(33).toString('base64')],
    ['a pass phrase', 'correct horse battery staple, forty-four letters'],
  ])('is refused when it is %s, without repeating it', async (_what, text) => {
    const refused = loadMasterKey(text, file);
    await expect(refused).rejects.toEqual(refusal('BAYKEEPER_MASTER_KEY must be base64 of 32 random octets'));
    if (text !== '') await expect(refused).rejects.not.toThrow(text);
  });
});
