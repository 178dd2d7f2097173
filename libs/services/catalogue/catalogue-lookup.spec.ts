import { beforeEach, describe, expect, it } from '@jest/globals';
import { BaykeeperError, type FlavorId } from '@baykeeper/domain';
import type { CatalogueIdents, ResolvedEntries, ResolvedFlavor } from '@baykeeper/storage';
import { CatalogueLookup } from './catalogue-lookup.js';

const flavor = (id: string, name: string): ResolvedFlavor => ({
  ...{ id: id as FlavorId, name, public: true, vcpus: 1, memoryMib: 512, diskGib: 1 },
});
const asked = (...flavors: string[]): CatalogueIdents => ({ flavors, images: [], networks: [], subnets: [] });
const conflict = (): BaykeeperError => new BaykeeperError({ code: 'conflict', publicMessage: 'no' });

let rows: ResolvedFlavor[];
let questions: string[][];
let now: number;
let lookup: CatalogueLookup;
/** What the store waits for before it answers. */
let gate: Promise<void>;
beforeEach(() => {
  rows = [flavor('1', 'small'), flavor('2', 'large')];
  questions = [];
  now = 0;
  gate = Promise.resolve();
  lookup = new CatalogueLookup(
    {
      async resolve({ flavors }): Promise<ResolvedEntries> {
        questions.push([...flavors]);
        const found = rows.filter(({ id, name }) => flavors.includes(id) || flavors.includes(name));
        await gate;
        return { flavors: found, images: [], networks: [], subnets: [] };
      },
    },
    () => now,
  );
});
const namesOf = async (...idents: string[]): Promise<string[]> =>
  (await lookup.resolve(asked(...idents))).flavors.map(({ name }) => name);

describe('the lookup', () => {
  it('asks once for what it knows, and only for what it does not', async () => {
    expect(await namesOf('small')).toEqual(['small']);
    expect((await namesOf('small', 'large', 'large')).sort()).toEqual(['large', 'small']);
    expect(await namesOf('2')).toEqual(['large']);
    expect(await namesOf('small', 'large', '2')).toHaveLength(3);
    expect(questions).toEqual([['small'], ['large'], ['2']]);
  });

  it('remembers for a short time only', async () => {
    await namesOf('small');
    rows = [];
    now = 4_999;
    expect(await namesOf('small')).toEqual(['small']);
    now = 5_000;
    expect(await namesOf('small')).toEqual([]);
  });

  it('never remembers that something was not there', async () => {
    expect(await namesOf('huge')).toEqual([]);
    rows.push(flavor('3', 'huge'));
    expect(await namesOf('huge')).toEqual(['huge']);
  });

  it('forgets an answer too that was on its way when it was told to', async () => {
    let open = (): void => undefined;
    gate = new Promise((resolve) => (open = resolve));
    const early = namesOf('small');
    lookup.forget();
    rows = [];
    open();
    expect(await early).toEqual(['small']);
    expect(await namesOf('small')).toEqual([]);
  });

  it('has work done once more, with nothing remembered, when the database finds something gone', async () => {
    await namesOf('small');
    rows = [];
    const seen: string[][] = [];
    const work = async (): Promise<string> => {
      seen.push(await namesOf('small'));
      if (seen.length === 1) throw conflict();
      return 'done';
    };
    expect(await lookup.retried(work)).toBe('done');
    expect(seen).toEqual([['small'], []]);
  });

  it('passes other errors on, and a conflict that it has no part in', async () => {
    let runs = 0;
    const failing = (error: Error) => () => {
      runs += 1;
      return Promise.reject(error);
    };
    await expect(lookup.retried(failing(conflict()))).rejects.toMatchObject({ code: 'conflict' });
    await namesOf('small');
    await expect(lookup.retried(failing(new Error('other')))).rejects.toThrow('other');
    expect(runs).toBe(2);
  });
});
