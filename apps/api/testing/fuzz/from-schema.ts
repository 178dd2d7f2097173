/** Values that a JSON schema would take, and such as it would not: for throwing at routes. */
import fc from 'fast-check';

export type Schema = Readonly<Record<string, unknown>>;
/** Schemas by name, as the OpenAPI document's components. */
export type Schemas = Readonly<Record<string, Schema>>;

type Json = fc.Arbitrary<unknown>;

/** Deeper than any of ours. */
const DEEPEST = 6;

const HOSTILE_TEXTS = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\u202e',
  'ünïcode',
  '🦀'.repeat(80),
  'x'.repeat(300),
  "'; DROP TABLE bays; --",
  '%00',
  '../../etc/passwd',
  '${jndi:x}',
  '<script>',
  '__proto__',
  'constructor',
  'NaN',
  '1e999',
  '-1',
  '0x10',
  'null',
  'True',
  '{{7*7}}',
  '\r\nX-Injected: 1',
] as const;
const HOSTILE_NUMBERS = [0, -0, -1, 1.5, 1e308, -1e308, 2 ** 31, 2 ** 53, 2 ** 63, 5e-324] as const;
const HOSTILE_KEYS = [
  '__proto__',
  'constructor',
  'toString',
  'id',
  'project_id',
  'user_id',
  'uuid',
  '',
  'a.b',
  '$where',
];

export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...HOSTILE_TEXTS),
  fc.string({ unit: 'binary', maxLength: 40 }),
);

const hostile: Json = fc.oneof(
  { weight: 4, arbitrary: hostileText },
  { weight: 2, arbitrary: fc.constantFrom<unknown>(...HOSTILE_NUMBERS, true, false, null) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>([], {}, [[]], [null], { a: {} }, nested(60)) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
);

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

/**
 * @param known texts that mean something: identifiers and names of things that are there
 * @returns mostly what the schema takes, with wrong values, missing and unknown keys among them
 */
export function valuesFor(schema: Schema, schemas: Schemas, known: readonly string[]): Json {
  const text = (): Json =>
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...known) },
      { weight: 1, arbitrary: fc.string({ maxLength: 12 }) },
      { weight: 1, arbitrary: hostileText },
    );

  function right(of: Schema, depth: number): Json {
    if (depth > DEEPEST) return fc.constant(null);
    if (typeof of.$ref === 'string') return right(schemas[of.$ref.split('/').at(-1) ?? ''] ?? {}, depth + 1);
    if (Array.isArray(of.enum)) return fc.constantFrom<unknown>(...(of.enum as unknown[]));
    if ('const' in of) return fc.constant(of.const);
    const choices = (of.anyOf ?? of.oneOf) as readonly Schema[] | undefined;
    if (choices !== undefined) return fc.oneof(...choices.map((choice) => value(choice, depth + 1)));
    const types = [of.type].flat().filter((type) => typeof type === 'string');
    return types.length === 0 ? hostile : fc.oneof(...types.map((type) => ofType(type, of, depth)));
  }

  function ofType(type: string, of: Schema, depth: number): Json {
    switch (type) {
      case 'string':
        return text();
      case 'integer':
      case 'number': {
        const low = typeof of.minimum === 'number' ? Math.max(of.minimum, -5) : -5;
        const high = typeof of.maximum === 'number' ? of.maximum : low + 50;
        return fc.integer({ min: low, max: Math.max(low, Math.min(high, low + 50)) });
      }
      case 'boolean':
        return fc.boolean();
      case 'array':
        return fc.array(value((of.items ?? {}) as Schema, depth + 1), { maxLength: 3 });
      case 'object':
        return object(of, depth);
      default:
        return fc.constant(null);
    }
  }

  function object(of: Schema, depth: number): Json {
    const properties = (of.properties ?? {}) as Readonly<Record<string, Schema>>;
    const required = new Set((of.required ?? []) as readonly string[]);
    const members = Object.fromEntries(
      Object.entries(properties).map(([name, property]) => [name, value(property, depth + 1)]),
    );
    const usual = fc.record(members, { requiredKeys: [...required].filter((name) => name in members) });
    const free =
      typeof of.additionalProperties === 'object'
        ? fc.dictionary(fc.string({ maxLength: 8 }), value(of.additionalProperties as Schema, depth + 1), {
            maxKeys: 3,
          })
        : fc.constant({});
    const added = fc.oneof(
      { weight: 12, arbitrary: fc.constant({}) },
      { weight: 1, arbitrary: fc.dictionary(fc.constantFrom(...HOSTILE_KEYS), hostile, { maxKeys: 2 }) },
    );
    const missing = fc.oneof(
      { weight: 8, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: fc.constantFrom(null, ...Object.keys(members)) },
    );
    return fc.tuple(usual, free, added, missing).map(([given, others, unknown, left]) => {
      const entries = [...Object.entries(others), ...Object.entries(given), ...Object.entries(unknown)];
      return Object.fromEntries(entries.filter(([name]) => name !== left));
    });
  }

  function value(of: Schema, depth: number): Json {
    return fc.oneof({ weight: 14, arbitrary: right(of, depth) }, { weight: 1, arbitrary: hostile });
  }
  return fc.oneof({ weight: 20, arbitrary: value(schema, 0) }, { weight: 1, arbitrary: hostile });
}
