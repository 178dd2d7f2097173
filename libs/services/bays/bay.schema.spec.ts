import { describe, expect, test } from '@jest/globals';
import { BaykeeperError } from '@baykeeper/domain';
import { parseBody } from '../validation/parse.js';
import { baySchema, clusterSchema } from './bay.schema.js';

function refusal(body: unknown): string {
  try {
    parseBody(clusterSchema, body);
  } catch (error) {
    if (error instanceof BaykeeperError && error.code === 'invalid-input') return error.publicMessage;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('the body of a new bay', () => {
  test('needs only its baymodel', () => {
    const body = parseBody(clusterSchema, { cluster_template_id: 'swarm' });
    expect(body).toMatchObject({ name: null, node_count: 1, master_count: 1, create_timeout: 60, labels: null });
  });
  test('may be full of nulls, as the command-line client sends it', () => {
    const body = parseBody(clusterSchema, {
      cluster_template_id: 'swarm',
      create_timeout: null,
      discovery_url: null,
      keypair: null,
      name: null,
      node_count: null,
      labels: null,
      floating_ip_enabled: null,
    });
    expect(body).toMatchObject({ create_timeout: null, node_count: 1, floating_ip_enabled: null });
  });
  test('takes numbers, booleans and labels in Magnum’s spellings', () => {
    const body = parseBody(clusterSchema, {
      cluster_template_id: 'swarm',
      node_count: '3',
      master_count: 3.7,
      merge_labels: 'Yes',
      labels: { a: true, b: 1.5 },
    });
    expect(body).toMatchObject({ node_count: 3, master_count: 3, merge_labels: true, labels: { a: 'True', b: '1.5' } });
  });
  test('has other names in the older family', () => {
    expect(parseBody(baySchema, { baymodel_id: 'swarm', bay_create_timeout: 5 })).toMatchObject({
      bay_create_timeout: 5,
    });
    expect(() => parseBody(baySchema, { baymodel_id: 'swarm', keypair: 'x' })).toThrow('Unknown attribute: keypair');
  });
  test.each<[string, unknown, string]>([
    [
      'no baymodel',
      {},
      'Invalid input for field/attribute cluster_template_id: give text of 1 to 255 characters without control characters.',
    ],
    [
      'an unknown field',
      { cluster_template_id: 'a', colour: 'red' },
      'Unknown attribute: colour: remove it or correct its name.',
    ],
    [
      'a name that is too long',
      { cluster_template_id: 'a', name: 'a'.repeat(243) },
      'Invalid input for field/attribute name: give 1 to 242 letters, digits, dots, dashes and underscores, a letter first.',
    ],
    [
      'a name that starts with a digit',
      { cluster_template_id: 'a', name: '1a' },
      'Invalid input for field/attribute name: give 1 to 242 letters, digits, dots, dashes and underscores, a letter first.',
    ],
    [
      'an empty name',
      { cluster_template_id: 'a', name: '' },
      'Invalid input for field/attribute name: give 1 to 242 letters, digits, dots, dashes and underscores, a letter first.',
    ],
    [
      'a negative count',
      { cluster_template_id: 'a', node_count: -1 },
      'Invalid input for field/attribute node_count: give a whole number from 0 to 10000.',
    ],
    [
      'a huge count',
      { cluster_template_id: 'a', node_count: 1e9 },
      'Invalid input for field/attribute node_count: give a whole number from 0 to 10000.',
    ],
    [
      'a count that is no number',
      { cluster_template_id: 'a', node_count: 'many' },
      'Invalid input for field/attribute node_count: give a whole number from 0 to 10000.',
    ],
    [
      'no masters',
      { cluster_template_id: 'a', master_count: 0 },
      'Invalid input for field/attribute master_count: give a whole number from 1 to 101.',
    ],
    [
      'null masters',
      { cluster_template_id: 'a', master_count: null },
      'Invalid input for field/attribute master_count: give a whole number from 1 to 101.',
    ],
    [
      'a flag that is none',
      { cluster_template_id: 'a', merge_labels: 'maybe' },
      'Invalid input for field/attribute merge_labels: give true or false.',
    ],
    [
      'a NUL in text',
      { cluster_template_id: 'a\u0000' },
      'Invalid input for field/attribute cluster_template_id: give text of 1 to 255 characters without control characters.',
    ],
    [
      'half a character',
      { cluster_template_id: '\ud800' },
      'Invalid input for field/attribute cluster_template_id: give text of 1 to 255 characters without control characters.',
    ],
    [
      'what is read-only',
      { cluster_template_id: 'a', api_address: 'x' },
      'Unknown attribute: api_address: remove it or correct its name.',
    ],
    [
      'a status of no kind',
      { cluster_template_id: 'a', health_status: 'FINE' },
      'Invalid input for field/attribute health_status: give one of HEALTHY, UNHEALTHY, UNKNOWN.',
    ],
    ['an array', [], 'Invalid body: send a JSON object.'],
    ['nothing', undefined, 'Missing body: send a JSON object.'],
  ])('refuses %s', (_name, body, sentence) => {
    expect(refusal(body)).toBe(sentence);
  });
  test.each<[string, unknown]>([
    ['a list', []],
    ['a value inside a value', { a: { b: 'c' } }],
    ['a null value', { a: null }],
    ['a NUL', { a: '\u0000' }],
    ['a key that is too long', { ['k'.repeat(256)]: 'v' }],
    ['too many', Object.fromEntries(Array.from({ length: 257 }, (_, index) => [`k${index}`, 'v']))],
  ])('refuses labels that are %s', (_name, labels) => {
    expect(refusal({ cluster_template_id: 'a', labels })).toMatch(/^Invalid input for field\/attribute labels/);
  });
});
