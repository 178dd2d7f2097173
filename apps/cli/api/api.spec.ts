import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { JsonReader } from './json-reader.js';
import { EventStreamReader } from './server-sent-events.js';
import { globOf, pickTemplate } from './templates.js';
import { readBay, readTemplate } from './wire.js';

const template = (name: string, uuid: string) => readTemplate({ uuid, name, coe: 'swarm' }, 'template');
const A = '11111111-1111-4111-8111-111111111111';
const B = '22222222-2222-4222-8222-222222222222';

describe('picking a template', () => {
  const all = [template('Swarm', A), template('swarm-big', B)];

  it('takes a uuid, an exact name, a name in any case, or a glob, in this order', () => {
    expect(pickTemplate(all, B).name).toBe('swarm-big');
    expect(pickTemplate(all, 'Swarm').uuid).toBe(A);
    expect(pickTemplate(all, 'SWARM').uuid).toBe(A);
    expect(pickTemplate(all, '*big').uuid).toBe(B);
    expect(pickTemplate(all, 's????').uuid).toBe(A);
  });

  it('never picks one of several', () => {
    expect(() => pickTemplate(all, 'swarm*')).toThrow('"swarm*" fits 2 templates: Swarm, swarm-big. Name one of them.');
    expect(() => pickTemplate([template('x', A), template('x', B)], 'x')).toThrow(
      `${A}, ${B}. Name one of them by its uuid.`,
    );
  });

  it('says which there are when none fits', () => {
    expect(() => pickTemplate(all, 'kube')).toThrow('There is no template "kube". There are: Swarm, swarm-big.');
    expect(() => pickTemplate([], 'kube')).toThrow('There are none yet.');
  });

  it('takes every name literally that has no * or ?', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }).map((text) => text.replaceAll(/[*?]/g, '')),
        (name) => {
          expect(globOf(name).test(name)).toBe(true);
          expect(globOf(name).test(`${name}x`)).toBe(false);
        },
      ),
    );
  });
});

describe('an event stream', () => {
  it('is read the same however it is cut into pieces', () => {
    const stream =
      ': hi\n\nid: 1\nevent: a\ndata: {"x":1}\n\nid: 2\r\ndata: one\r\ndata: two\r\n\r\ndata:three\rdata\r\rdata: lost';
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length)), (cuts) => {
        const reader = new EventStreamReader();
        const places = [0, ...cuts.sort((one, other) => one - other), stream.length];
        const read = places.flatMap((place, index) => reader.read(stream.slice(place, places[index + 1])));
        expect(read).toEqual(['{"x":1}', 'one\ntwo', 'three\n']);
      }),
    );
  });

  it('may begin with a byte order mark, and keeps all spaces but the first', () => {
    expect(new EventStreamReader().read('\uFEFFdata:  two spaces \n\n')).toEqual([' two spaces ']);
  });
});

describe('reading an answer', () => {
  const bay = {
    uuid: A,
    name: 'web',
    status: 'CREATE_COMPLETE',
    cluster_template_id: B,
    master_count: 1,
    node_count: 2,
  };

  it('ignores what it does not know, and fills in what may be absent', () => {
    const read = readBay({ ...bay, something_new: {} }, 'bay');
    expect(read).toMatchObject({ name: 'web', api_address: null, labels: {}, node_addresses: [] });
    expect(read).not.toHaveProperty('something_new');
  });

  it('names the place of what is missing or of another type', () => {
    expect(() => readBay({ ...bay, node_count: '2' }, 'bays[3]')).toThrow('bays[3].node_count is not a number');
    expect(() => readBay({ ...bay, name: null }, 'bay')).toThrow('bay.name is not a text');
    expect(() => readBay([], 'bay')).toThrow('bay is not an object');
    expect(() => new JsonReader({}, 'answer').requiredList('nodes', (value) => value)).toThrow(
      'answer.nodes is not a list',
    );
  });

  it('never throws anything but its own error, whatever an answer holds', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        try {
          readBay(value, 'bay');
        } catch (error) {
          expect(error).toHaveProperty('name', 'UnreadableAnswer');
        }
      }),
    );
  });
});
