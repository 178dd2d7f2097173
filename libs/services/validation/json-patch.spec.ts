import { describe, expect, test } from '@jest/globals';
import { BaykeeperError } from '@baykeeper/domain';
import { applyPatch, parsePatch, type PatchRules } from './json-patch.js';

const RULES: PatchRules = {
  internal: new Set(['api_address']),
  mandatory: new Set(['image_id']),
  maps: new Set(['labels']),
  integers: new Set(['node_count']),
};
const DOCUMENT = { name: 'a', image_id: 'debian', node_count: 2, tags: null, labels: { x: '1' } };

function patch(...operations: unknown[]): unknown {
  return applyPatch(DOCUMENT, parsePatch(operations), RULES);
}
function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof BaykeeperError && error.code === 'invalid-input') return error.publicMessage;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('a patch that is possible', () => {
  test('replaces a root attribute', () => {
    expect(patch({ op: 'replace', path: '/node_count', value: 5 })).toEqual({ ...DOCUMENT, node_count: 5 });
  });
  test('adds to an attribute that is null', () => {
    expect(patch({ op: 'add', path: '/tags', value: 'a,b' })).toEqual({ ...DOCUMENT, tags: 'a,b' });
  });
  test('removes an attribute, which then counts as not given', () => {
    expect(patch({ op: 'remove', path: '/node_count' })).toEqual({ ...DOCUMENT, node_count: undefined });
  });
  test('adds, replaces and removes single labels in order', () => {
    expect(
      patch(
        { op: 'add', path: '/labels/y', value: true },
        { op: 'replace', path: '/labels/x', value: 7 },
        { op: 'remove', path: '/labels/x' },
      ),
    ).toEqual({ ...DOCUMENT, labels: { y: 'True' } });
  });
  test('replaces all labels by the Python spelling of a dict', () => {
    expect(patch({ op: 'replace', path: '/labels', value: "{'a': 'b', u'c': 3, 'd': False}" })).toEqual({
      ...DOCUMENT,
      labels: { a: 'b', c: '3', d: 'False' },
    });
  });
  test('replaces all labels by JSON text', () => {
    expect(patch({ op: 'replace', path: '/labels', value: '{"a":"b"}' })).toEqual({ ...DOCUMENT, labels: { a: 'b' } });
  });
  test('may be empty', () => {
    expect(patch()).toEqual(DOCUMENT);
  });
  test('leaves the document it was given as it was', () => {
    patch({ op: 'remove', path: '/labels/x' });
    expect(DOCUMENT.labels).toEqual({ x: '1' });
  });
});

describe('a patch that is refused', () => {
  test.each<[string, unknown]>([
    ['an object instead of an array', { op: 'replace' }],
    ['an item that is no object', ['x']],
    ['an operation Magnum does not have', [{ op: 'move', path: '/name', value: 'b' }]],
    ['an item with another key', [{ op: 'add', path: '/name', value: 'b', from: '/x' }]],
    ['a path with a dot', [{ op: 'add', path: '/labels/a.b', value: 'b' }]],
    ['a bare slash', [{ op: 'add', path: '/', value: 'b' }]],
    ['no path', [{ op: 'add', value: 'b' }]],
    ['a value that is a fraction', [{ op: 'replace', path: '/name', value: 1.5 }]],
    ['a value that is null', [{ op: 'replace', path: '/name', value: null }]],
    ['a value that is an object', [{ op: 'replace', path: '/labels', value: { a: 'b' } }]],
    ['no value', [{ op: 'replace', path: '/name' }]],
    ['far too many operations', Array.from({ length: 257 }, () => ({ op: 'replace', path: '/name', value: 'b' }))],
  ])('by its form: %s', (_name, body) => {
    expect(refusal(() => parsePatch(body))).toMatch(/^Invalid /);
  });
  test.each<[string, unknown, RegExp]>([
    ['an internal attribute', { op: 'replace', path: '/api_address', value: 'x' }, /internal attribute/],
    ['an attribute that is always internal', { op: 'replace', path: '/uuid', value: 'x' }, /internal attribute/],
    ['removing what is mandatory', { op: 'remove', path: '/image_id' }, /mandatory attribute/],
    ['an unknown attribute', { op: 'add', path: '/colour', value: 'red' }, /no attribute \/colour/],
    ['adding to what has a value', { op: 'add', path: '/name', value: 'b' }, /use 'replace'/],
    ['a step into what is no map', { op: 'replace', path: '/name/x', value: 'b' }, /no attribute/],
    ['replacing a label that is not there', { op: 'replace', path: '/labels/z', value: 'b' }, /\/labels\/z/],
    ['removing a label that is not there', { op: 'remove', path: '/labels/z' }, /\/labels\/z/],
    ['a number in quotes', { op: 'replace', path: '/node_count', value: '3' }, /without quotes/],
    ['labels that are no literal', { op: 'replace', path: '/labels', value: '{a: b' }, /give a map/],
    ['labels that are a list', { op: 'replace', path: '/labels', value: "['a']" }, /give a map/],
    ['labels with a map inside', { op: 'replace', path: '/labels', value: "{'a': {'b': 'c'}}" }, /give a map/],
  ])('by its meaning: %s', (_name, operation, expected) => {
    expect(refusal(() => patch(operation))).toMatch(expected);
  });
});
