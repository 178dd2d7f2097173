/** Magnum's contract, lists: pages, markers, orders and the link to what follows, for every collection. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { createSwarmEngine } from '@baykeeper/drivers/engines/swarm/swarm.engine.js';
import type { Answer } from '../testing/api-client.js';
import { IMAGE, expectError, openContract } from '../testing/contract.js';

const contract = openContract(createSwarmEngine({ templatesDirectory: '/nowhere' }));
const { call } = contract;
const NAMES = ['d', 'b', 'a', 'c', 'b'];
const BASE = 'http://bays.example:9511';
let token: string;

interface Item {
  readonly uuid: string;
  readonly name: string;
}

beforeAll(async () => {
  token = await contract.api.token(await contract.api.project(), 'member', 'reader');
  for (const name of NAMES) {
    const template = await call('POST', '/v1/clustertemplates', { token, body: { ...IMAGE, name } });
    const { uuid } = template.body as Item;
    const made = await call('POST', '/v1/clusters', { token, body: { cluster_template_id: uuid, name } });
    expect([template.status, made.status]).toEqual([201, 202]);
  }
});

const itemsOf = ({ body }: Answer): Item[] => Object.values(body as Record<string, Item[]>)[0] ?? [];
const namesOf = (answer: Answer): string =>
  itemsOf(answer)
    .map(({ name }) => name)
    .join('');

describe.each([
  ['/v1/clusters', 'clusters'],
  ['/v1/clusters/detail', 'clusters'],
  ['/v1/bays', 'bays'],
  ['/v1/bays/detail', 'bays'],
  ['/v1/clustertemplates', 'clustertemplates'],
  ['/v1/clustertemplates/detail', 'clustertemplates'],
  ['/v1/baymodels', 'baymodels'],
  ['/v1/baymodels/detail', 'baymodels'],
])('%s', (path, collection) => {
  const list = (query: string): Promise<Answer> => call('GET', `${path}?${query}`, { token });

  test('has its collection and nothing else when the page is not full', async () => {
    const { status, body } = await list('');
    expect([status, Object.keys(body as object)]).toEqual([200, [collection]]);
  });

  test.each([
    ['', 'dbacb'],
    ['sort_dir=desc', 'bcabd'],
    ['sort_key=id&sort_dir=asc', 'dbacb'],
    ['sort_key=name', 'abbcd'],
    ['sort_key=name&sort_dir=desc', 'dcbba'],
    ['sort_key=created_at&sort_dir=desc', 'bcabd'],
    ['sort_key=flavor_id', 'dbacb'],
    ['limit=5000', 'dbacb'],
  ])('asked for %s is in the order %s', async (query, expected) => {
    expect(namesOf(await list(query))).toBe(expected);
  });

  test.each([
    ['name', 'asc', 'abbcd'],
    ['id', 'desc', 'bcabd'],
    ['updated_at', 'desc', 'bcabd'],
    ['user_id', 'asc', 'dbacb'],
  ])('by %s %s is the same in pages, each with the link that the next one has', async (key, direction, expected) => {
    let next: string | undefined = `${BASE}${path}?sort_key=${key}&sort_dir=${direction}&limit=2`;
    let names = '';
    let pages = 0;
    while (next !== undefined) {
      const answer = await call('GET', next.slice(BASE.length), { token });
      names += namesOf(answer);
      pages += 1;
      const last = itemsOf(answer).at(-1);
      next = (answer.body as { next?: string }).next;
      const link = `${BASE}${path}?sort_key=${key}&sort_dir=${direction}&limit=2&marker=${last?.uuid ?? ''}`;
      expect(next).toBe(itemsOf(answer).length === 2 ? link : undefined);
    }
    expect([names, pages]).toEqual([expected, 3]);
  });

  test('that ends with a full page has a link to an empty one', async () => {
    const { next } = (await list('limit=5')).body as { next: string };
    const last = await call('GET', next.slice(BASE.length), { token });
    expect(last.body).toEqual({ [collection]: [] });
  });

  test.each([
    ...['limit=0', 'limit=-1', 'limit=', 'limit=x', 'limit=1.5', 'limit=1e3', 'limit=1&limit=2', 'limit[]=1'],
    ...['marker=x', 'marker=', 'marker=1', 'sort_dir=up', 'sort_dir=', 'sort_dir=ASC', 'sort_key=', 'sort_key=colour'],
    ...['sort_key=node_count', 'sort_key=master_count', 'sort_key=node_addresses', 'sort_key=links', 'sort_key=id;'],
    ...['name=a', 'status=CREATE_COMPLETE', 'all_tenants=1', 'all_projects=1', 'sort_key=__proto__', 'page=2'],
  ])('refuses %s', async (query) => {
    expectError(await list(query), 400);
  });

  test('does not know a marker that is nowhere, nor one of another kind', async () => {
    expectError(await list('marker=00000000-0000-4000-8000-000000000000'), 404);
    const other =
      collection.endsWith('els') || collection.endsWith('templates') ? '/v1/clusters' : '/v1/clustertemplates';
    const [first] = itemsOf(await call('GET', other, { token }));
    expectError(await list(`marker=${first?.uuid ?? ''}`), 404);
  });
});
