import { appendFile, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { openJournal, type Journal } from './journal.js';

interface Entry {
  readonly key: string;
  /** Null: it goes. */
  readonly value: number | null;
}

class Table {
  readonly values = new Map<string, number>();
  readonly journal: Journal<Entry>;
  /** The first value of a key stays until it goes. */
  constructor(directory: string, smallestToSeal?: number) {
    const { values } = this;
    this.journal = openJournal<Entry>(
      directory,
      {
        apply({ key, value }) {
          if (value === null) values.delete(key);
          else if (!values.has(key)) values.set(key, value);
        },
        entries: () => [...values].map(([key, value]) => ({ key, value })),
        clear: () => {
          values.clear();
        },
      },
      smallestToSeal,
    );
  }
  read(): Record<string, number> {
    this.journal.read();
    return Object.fromEntries([...this.values].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

describe('a journal', () => {
  let directory: string;
  beforeEach(async () => {
    directory = join(await mkdtemp(join(tmpdir(), 'bk-journal-')), 'here');
  });
  afterEach(() => rm(join(directory, '..'), { recursive: true }));
  const files = async (): Promise<string[]> => (await readdir(directory)).sort();

  it('is empty, and makes no file, until something is written', async () => {
    expect(new Table(directory).read()).toEqual({});
    await expect(files()).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('tells everybody the same, and who was first', () => {
    const [one, other] = [new Table(directory), new Table(directory)];
    one.journal.append({ key: 'a', value: 1 });
    other.journal.append({ key: 'a', value: 2 }, { key: 'b', value: 2 });
    expect([one.read(), other.read(), new Table(directory).read()]).toEqual(Array(3).fill({ a: 1, b: 2 }));
  });

  it('passes over what somebody was killed while writing, and nothing else', async () => {
    const table = new Table(directory);
    table.journal.append({ key: 'a', value: 1 });
    await appendFile(join(directory, 'journal-00000001'), '\n{"key":"half","val');
    expect(table.read()).toEqual({ a: 1 });
    table.journal.append({ key: 'b', value: 2 });
    expect([table.read(), new Table(directory).read()]).toEqual([
      { a: 1, b: 2 },
      { a: 1, b: 2 },
    ]);
  });

  it('begins anew when it is mostly past, for those who wrote in the old file, too', async () => {
    const [one, other] = [new Table(directory, 2_000), new Table(directory, 2_000)];
    other.journal.append({ key: 'kept', value: 7 });
    for (let turn = 0; turn < 200; turn += 1) one.journal.append({ key: 'x', value: turn }, { key: 'x', value: null });
    expect(await files()).toHaveLength(1);
    const [name = ''] = await files();
    expect(name).not.toBe('journal-00000001');
    expect((await stat(join(directory, name))).size).toBeLessThan(4_000);
    other.journal.append({ key: 'late', value: 8 });
    expect([one.read(), other.read()]).toEqual([
      { kept: 7, late: 8 },
      { kept: 7, late: 8 },
    ]);
  });

  it('goes on where a process was killed between the seal and the next file', async () => {
    const table = new Table(directory);
    table.journal.append({ key: 'a', value: 1 });
    await appendFile(join(directory, 'journal-00000001'), '\n"seal"\n\n{"key":"void","value":1}\n');
    expect(new Table(directory).read()).toEqual({ a: 1 });
    expect(table.read()).toEqual({ a: 1 });
    expect(await files()).toEqual(['journal-00000002']);
  });

  it('is empty when its directory was removed', async () => {
    const table = new Table(directory);
    table.journal.append({ key: 'a', value: 1 });
    await rm(directory, { recursive: true });
    expect(table.read()).toEqual({});
    table.journal.append({ key: 'b', value: 1 });
    expect(new Table(directory).read()).toEqual({ b: 1 });
  });

  it('is the same for all, whoever writes and reads when, and whenever it begins anew', async () => {
    const step = fc.record({
      who: fc.nat({ max: 2 }),
      key: fc.constantFrom('a', 'b', 'c'),
      value: fc.option(fc.nat({ max: 9 })),
      reads: fc.nat({ max: 2 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
        await rm(directory, { recursive: true, force: true });
        const tables = [0, 1, 2].map(() => new Table(directory, 300));
        const truth = new Map<string, number>();
        for (const { who, key, value, reads } of steps) {
          tables[who]?.journal.append({ key, value });
          if (value === null) truth.delete(key);
          else if (!truth.has(key)) truth.set(key, value);
          tables[reads]?.read();
        }
        const expected = Object.fromEntries([...truth].sort(([a], [b]) => (a < b ? -1 : 1)));
        for (const table of [...tables, new Table(directory)]) expect(table.read()).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });
});
