import { describe, expect, it } from '@jest/globals';
import { openChangeBatches, type Change } from './change-batches.js';

interface Told {
  readonly lines: string[];
  readonly change: (name: string, reload?: boolean) => Change<string>;
}

function record(): Told {
  const lines: string[] = [];
  const tell = (line: string): Promise<void> => {
    lines.push(line);
    return Promise.resolve();
  };
  return {
    lines,
    change: (name, reload = true) => ({
      write: () => tell(`write ${name}`).then(() => reload),
      undo: () => tell(`undo ${name}`),
      finish: () => tell(`finish ${name}`).then(() => name),
    }),
  };
}

describe('change batches', () => {
  it('loads once for all that came while another batch was at work', async () => {
    const { lines, change } = record();
    const batches = openChangeBatches({
      locked: (work) => work(),
      load: (reload) => {
        lines.push(`load ${String(reload)}`);
        return Promise.resolve();
      },
    });
    const names = await Promise.all([
      batches.run(change('a')),
      batches.run(change('b')),
      batches.run(change('c', false)),
      batches.run(change('d')),
    ]);
    expect(names).toEqual(['a', 'b', 'c', 'd']);
    expect(lines.filter((line) => line.startsWith('load'))).toEqual(['load true', 'load true']);
  });

  it('does not load for what needs none', async () => {
    const { change } = record();
    const loads: boolean[] = [];
    const batches = openChangeBatches({
      locked: (work) => work(),
      load: (reload) => {
        loads.push(reload);
        return Promise.resolve();
      },
    });
    await batches.run(change('a', false));
    expect(loads).toEqual([false]);
  });

  it('finds the one that cannot be loaded, and makes the others', async () => {
    const { lines, change } = record();
    let inFiles: string[] = [];
    const batches = openChangeBatches({
      // The first batch waits here until all have come.
      locked: (work) => new Promise((resolve) => setImmediate(resolve)).then(work),
      load: () => {
        inFiles = lines.filter((line) => line.startsWith('write')).map((line) => line.slice(6));
        for (const line of lines.filter((known) => known.startsWith('undo')))
          inFiles.splice(inFiles.indexOf(line.slice(5)), 1);
        return inFiles.includes('bad') ? Promise.reject(new Error('refused')) : Promise.resolve();
      },
    });
    const results = await Promise.allSettled(['a', 'bad', 'c'].map((name) => batches.run(change(name))));
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(inFiles).toEqual(['a', 'c']);
  });

  it('tells only who failed to write, and undoes what it did', async () => {
    const { lines, change } = record();
    const batches = openChangeBatches({ locked: (work) => work(), load: () => Promise.resolve() });
    const broken = { ...change('broken'), write: () => Promise.reject(new Error('disk full')) };
    const results = await Promise.allSettled([batches.run(broken), batches.run(change('good'))]);
    expect(results.map((result) => result.status)).toEqual(['rejected', 'fulfilled']);
    expect(lines).toEqual(['undo broken', 'write good', 'finish good']);
  });

  it('tells everybody when the lock cannot be had, and goes on with the next', async () => {
    const { change } = record();
    let isHeld = true;
    const batches = openChangeBatches({
      locked: (work) => (isHeld ? Promise.reject(new Error('held')) : work()),
      load: () => Promise.resolve(),
    });
    const results = await Promise.allSettled([batches.run(change('a')), batches.run(change('b'))]);
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected']);
    isHeld = false;
    expect(await batches.run(change('c'))).toBe('c');
  });
});
