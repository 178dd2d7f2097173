import { describe, expect, it } from '@jest/globals';
import { RenderedItems } from './rendered-items.js';

describe('RenderedItems', () => {
  const loads: string[][] = [];
  const load = (ids: readonly string[]) => {
    loads.push([...ids]);
    return Promise.resolve(ids.filter((id) => id !== 'gone').map((id) => ({ id, item: { id, load: loads.length } })));
  };
  const row = (id: string, version = '1') => ({ id, version });

  it('loads what it does not know in this version, and nothing else', async () => {
    const items = new RenderedItems();
    loads.length = 0;
    expect(await items.render('x', [row('a'), row('b')], load)).toEqual(['{"id":"a","load":1}', '{"id":"b","load":1}']);
    expect(await items.render('x', [row('b'), row('a')], load)).toEqual(['{"id":"b","load":1}', '{"id":"a","load":1}']);
    expect(await items.render('x', [row('a', '2'), row('b')], load)).toEqual([
      '{"id":"a","load":2}',
      '{"id":"b","load":1}',
    ]);
    expect(loads).toEqual([['a', 'b'], ['a']]);
  });

  it('keeps kinds apart, and leaves out what is gone', async () => {
    const items = new RenderedItems();
    loads.length = 0;
    await items.render('x', [row('a')], load);
    expect(await items.render('y', [row('a'), row('gone')], load)).toEqual(['{"id":"a","load":2}']);
    expect(loads).toEqual([['a'], ['a', 'gone']]);
  });

  it('forgets the longest unused when there is too much', async () => {
    const items = new RenderedItems();
    loads.length = 0;
    const half = 'x'.repeat(2 ** 22 - 1_000);
    const render = (id: string, text: string) =>
      items.render('x', [row(id)], (ids) => (loads.push([...ids]), Promise.resolve([{ id, item: text }])));
    await render('first', 'small');
    await render('second', half);
    await render('first', 'small');
    await render('third', half);
    await render('fourth', half);
    loads.length = 0;
    await render('first', 'small');
    await render('fourth', half);
    await render('second', half);
    expect(loads).toEqual([['second']]);
  });
});
