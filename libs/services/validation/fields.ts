/**
 * The kinds of values that Magnum's bodies are made of, with Magnum's coercions. Each says in its error what to give
 * instead; `parseBody` makes the sentence. `meta` is what the OpenAPI document shows.
 */
import { z, type ZodType } from 'zod';
import type { Labels } from '@baykeeper/domain';
import { invalidAttribute } from './refuse.js';

/** The greatest label key and value, and how many: far above real use, far below what would hurt. */
const LABEL_KEY_LENGTH = 255;
const LABEL_VALUE_LENGTH = 4096;
const LABEL_COUNT = 256;
/** Octets of all names and values together: a page of a list holds a thousand times this. */
const LABELS_SIZE = 16 * 1024;

/** PostgreSQL stores neither NUL nor half a surrogate pair; other control characters are never meant. */
const UNSTORABLE = /\p{Cc}|\p{Surrogate}/u;

/** Whether `value` can be kept as text and looked up by. */
export function isStorable(value: string): boolean {
  return !UNSTORABLE.test(value);
}

export interface TextRule {
  readonly min?: number;
  readonly max: number;
  readonly pattern?: RegExp;
  /** What to give instead, when the pattern says more than the lengths. */
  readonly advice?: string;
}

export function text(rule: TextRule): z.ZodString {
  const min = rule.min ?? 1;
  const error = rule.advice ?? `give text of ${min} to ${rule.max} characters without control characters`;
  const schema = z.string({ error }).min(min, { error }).max(rule.max, { error });
  const storable = schema.refine(isStorable, { error });
  return rule.pattern ? storable.regex(rule.pattern, { error }) : storable;
}

/** Text that may be left out or null, which is the same: no value. */
export function optionalText(rule: TextRule): z.ZodDefault<z.ZodNullable<z.ZodString>> {
  return text(rule).nullable().default(null);
}

const INTEGER_TEXT = /^\s*[+-]?\d{1,15}\s*$/;

/** Magnum takes numbers as text, cuts fractions off and reads booleans as 0 and 1. */
function coerceInteger(value: unknown): unknown {
  if (typeof value === 'number') return Math.trunc(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'string' && INTEGER_TEXT.test(value)) return Number(value);
  return value;
}

export interface WholeNumberRule {
  readonly min: number;
  readonly max: number;
}

export function wholeNumber(rule: WholeNumberRule): ZodType<number> {
  const error = `give a whole number from ${rule.min} to ${rule.max}`;
  return z
    .preprocess(coerceInteger, z.int({ error }).min(rule.min, { error }).max(rule.max, { error }))
    .meta({ type: 'integer', minimum: rule.min, maximum: rule.max });
}

export function optionalWholeNumber(rule: WholeNumberRule): ZodType<number | null> {
  return wholeNumber(rule).nullable().default(null);
}

/** A number whose absence, and null, mean `fallback`. */
export function defaultedWholeNumber(rule: WholeNumberRule, fallback: number): ZodType<number> {
  return z
    .preprocess((value) => (value === null || value === undefined ? fallback : value), wholeNumber(rule))
    .default(fallback)
    .meta({ type: ['integer', 'null'], minimum: rule.min, maximum: rule.max, default: fallback });
}

const TRUE_WORDS = new Set(['t', 'true', 'y', 'yes', 'on', '1']);
const FALSE_WORDS = new Set(['f', 'false', 'n', 'no', 'off', '0']);

function coerceFlag(value: unknown): unknown {
  if (value === 1) return true;
  if (value === 0) return false;
  if (typeof value !== 'string') return value;
  const word = value.trim().toLowerCase();
  if (TRUE_WORDS.has(word)) return true;
  return FALSE_WORDS.has(word) ? false : value;
}

/** A boolean in any of Magnum's spellings. */
export function flag(): ZodType<boolean> {
  return z.preprocess(coerceFlag, z.boolean({ error: 'give true or false' })).meta({ type: 'boolean' });
}

/** Null and absence both mean `fallback`. */
export function defaultedFlag(fallback: boolean): ZodType<boolean> {
  return z
    .preprocess((value) => (value === null || value === undefined ? fallback : value), flag())
    .default(fallback)
    .meta({ type: ['boolean', 'null'], default: fallback });
}

/** A boolean that is taken from elsewhere when it is absent or null. */
export function inheritedFlag(): ZodType<boolean | null> {
  return flag().nullable().default(null);
}

export function choice<const Words extends readonly [string, ...string[]]>(words: Words): ZodType<Words[number]> {
  return z.enum(words, { error: `give one of ${words.join(', ')}` });
}

/** Below it Python writes a fraction with an exponent, of at least two digits. */
const SMALLEST_PLAIN_FRACTION = 1e-4;

/** How Python writes a scalar as text, because that is what Magnum stores. */
export function pythonText(value: string | number | boolean): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string' || value === 0 || Math.abs(value) >= SMALLEST_PLAIN_FRACTION) return String(value);
  return value.toExponential().replace(/e-(\d)$/, 'e-0$1');
}

/** Whether the number is the one that was sent: beyond 2^53 whole numbers are rounded as they are read. */
export function isExact(value: unknown): boolean {
  return typeof value !== 'number' || !Number.isInteger(value) || Number.isSafeInteger(value);
}

const LABELS_ADVICE = `give an object of at most ${LABEL_COUNT} labels: names of 1 to ${LABEL_KEY_LENGTH} characters, values of text, number or boolean, ${LABELS_SIZE / 1024} KiB in all`;

function labelsAreKeepable(labels: Labels): boolean {
  const entries = Object.entries(labels);
  const size = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  return (
    entries.length <= LABEL_COUNT &&
    size <= LABELS_SIZE &&
    entries.every(
      ([key, value]) =>
        key.length >= 1 &&
        key.length <= LABEL_KEY_LENGTH &&
        value.length <= LABEL_VALUE_LENGTH &&
        isStorable(key) &&
        // A value may have lines (certificates are given that way); it may not have what can't be stored.
        isStorable(value.replace(/[\n\r\t]/g, '')),
    )
  );
}

/** What came together of labels that were good each on its own. @throws BaykeeperError `invalid-input` */
export function checkMergedLabels(labels: Labels): Labels {
  if (!labelsAreKeepable(labels)) throw invalidAttribute('labels', LABELS_ADVICE);
  return labels;
}

/** Labels become text to text; null and absence are null (the caller decides what to inherit). */
export function labelMap(kind: 'any-scalar' | 'text-only'): ZodType<Labels | null> {
  const value =
    kind === 'text-only'
      ? z.string({ error: LABELS_ADVICE })
      : z.union([z.string(), z.number(), z.boolean()], { error: LABELS_ADVICE }).refine(isExact, {
          error: 'give so large a number as text',
        });
  return z
    .record(z.string(), value, { error: LABELS_ADVICE })
    .transform((labels): Labels => Object.fromEntries(Object.entries(labels).map(([key, v]) => [key, pythonText(v)])))
    .refine(labelsAreKeepable, { error: LABELS_ADVICE })
    .refine(({ boot_volume_size: size }) => size === undefined || /^\d{1,6}$/.test(size.trim()), {
      error: 'give boot_volume_size as a whole number of GiB',
    })
    .nullable()
    .default(null);
}
