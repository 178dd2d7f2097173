import { describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { withProcessLock } from './process-lock.js';

describe('withProcessLock', () => {
  it('runs one after the other', async () => {
    const name = randomUUID();
    const seen: string[] = [];
    const work = (label: string) => async (): Promise<void> => {
      seen.push(`${label} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(`${label} ends`);
    };
    await Promise.all([withProcessLock(name, work('a')), withProcessLock(name, work('b'))]);
    expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  });

  it('lets go when the work fails', async () => {
    const name = randomUUID();
    await expect(withProcessLock(name, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(withProcessLock(name, () => Promise.resolve(7))).resolves.toBe(7);
  });
});
