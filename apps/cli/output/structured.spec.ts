import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'yaml';
import { renderStreamed, renderStructured } from './structured.js';
import { renderYaml } from './yaml.js';

describe('YAML', () => {
  it('is read back as what was written, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        // A reader that makes objects may not be asked to set this one.
        fc.pre(!JSON.stringify(value).includes('__proto__'));
        // -0 is 0 in JSON.
        const plain = JSON.parse(JSON.stringify(value)) as unknown;
        expect(parse(renderYaml(plain), { uniqueKeys: false })).toEqual(plain);
        expect(parse(renderYaml(plain), { version: '1.1', uniqueKeys: false })).toEqual(plain);
      }),
    );
  });

  it('has no quotes where every reader takes the text for a text', () => {
    const bay = {
      name: 'web',
      status: 'CREATE_COMPLETE',
      labels: {},
      yes: 'no',
      port: '80',
      nodes: [{ name: 'a b', up: true }],
    };
    expect(renderYaml(bay)).toBe(
      [
        'name: web',
        'status: CREATE_COMPLETE',
        'labels: {}',
        '"yes": "no"',
        'port: "80"',
        'nodes:',
        '  - name: a b',
        '    up: true',
      ].join('\n'),
    );
  });
});

describe('names', () => {
  it('are a line each, and an id where there is no name', () => {
    expect(renderStructured('name', { bays: [{ name: 'web', uuid: 'u' }, { uuid: 'v' }, { id: 7 }] })).toBe(
      'web\nv\n7',
    );
    expect(renderStructured('name', { name: 'web', nodes: [] })).toBe('web');
    expect(renderStructured('name', { bays: [] })).toBe('');
  });

  it.each([[{ clusters: 1 }], [{ events: [{ sequence: 1 }] }], [7], [{ a: [{ name: 'x' }], b: [] }]])(
    'of %j there are none',
    (value) => {
      expect(() => renderStructured('name', value)).toThrow('has no names. Use --output json or yaml.');
    },
  );

  it('can forge no second line', () => {
    expect(renderStructured('name', { name: 'a\nb\u001b[0m' })).toBe('a b\uFFFD[0m');
  });
});

it('of a stream each is whole for itself', () => {
  const event = { sequence: 1, message: 'x' };
  expect(renderStreamed('json', event)).toBe('{"sequence":1,"message":"x"}');
  expect(renderStreamed('yaml', event)).toBe('---\nsequence: 1\nmessage: x');
});
