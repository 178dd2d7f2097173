/**
 * Magnum's dialect of JSON patch (RFC 6902): add, replace and remove only, values are text or whole numbers, a map is
 * replaced by the Python or JSON spelling of a map, and the result is checked as a whole resource. Pure: what is right is
 * said by {@link PatchRules}, what is looked up and stored by the caller.
 */
import { isExact, pythonText } from './fields.js';
import { parsePythonLiteral, type Literal } from './python-literal.js';
import { invalidAttribute, invalidInput, showName } from './refuse.js';

export interface PatchOperation {
  readonly op: 'add' | 'replace' | 'remove';
  readonly path: readonly string[];
  readonly value: string | number | boolean | null;
}

export interface PatchRules {
  /** Attributes no patch may name. */
  readonly internal: ReadonlySet<string>;
  /** Attributes that can be changed but not removed. */
  readonly mandatory: ReadonlySet<string>;
  /** Attributes that are maps of text; a path may go one step into them. */
  readonly maps: ReadonlySet<string>;
  /** Attributes whose value must be a whole number in the patch itself, not text of one. */
  readonly integers: ReadonlySet<string>;
}

/** A resource in wire names. */
export type PatchDocument = Readonly<Record<string, unknown>>;

const ALWAYS_INTERNAL = ['created_at', 'updated_at', 'id', 'links', 'uuid', 'project_id', 'user_id'];
const PATH = /^(?:\/[\p{L}\p{N}_-]{1,255}){1,8}$/u;
const ITEM_ADVICE = 'give each item op (add, replace or remove), path and value, and nothing else';
/** A body of 64 KiB can't hold many more sensible ones. */
const MAXIMUM_OPERATIONS = 256;

/** The operations of a patch body, well-formed. Done before any lookup, as Magnum does. */
export function parsePatch(body: unknown): readonly PatchOperation[] {
  if (!Array.isArray(body)) throw invalidInput('Invalid patch: send a JSON array of operations.');
  if (body.length > MAXIMUM_OPERATIONS) {
    throw invalidInput(`Invalid patch: send at most ${MAXIMUM_OPERATIONS} operations.`);
  }
  return body.map(parseOperation);
}

function parseOperation(item: unknown): PatchOperation {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    throw invalidInput(`Invalid patch: ${ITEM_ADVICE}.`);
  }
  const { op, path, value, ...others } = item as Record<string, unknown>;
  if (Object.keys(others).length > 0) throw invalidInput(`Invalid patch: ${ITEM_ADVICE}.`);
  if (op !== 'add' && op !== 'replace' && op !== 'remove') {
    throw invalidInput('Invalid patch: op must be add, replace or remove.');
  }
  if (typeof path !== 'string' || !PATH.test(path)) {
    throw invalidInput('Invalid patch: path must be like /name or /labels/key.');
  }
  if (op === 'remove') return { op, path: path.slice(1).split('/'), value: null };
  const isScalar = typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value);
  if (!isScalar) throw invalidAttribute(path, `the value of ${op} must be text or a whole number`);
  return { op, path: path.slice(1).split('/'), value: value as string | number | boolean };
}

/**
 * The document after all operations; the given one stays as it is.
 * @throws BaykeeperError `invalid-input` for the first operation that is not possible.
 */
export function applyPatch(
  document: PatchDocument,
  operations: readonly PatchOperation[],
  rules: PatchRules,
): PatchDocument {
  const result = new Map(Object.entries(document));
  for (const operation of operations) {
    const [attribute = '', key, ...deeper] = operation.path;
    const shown = `/${operation.path.map(showName).join('/')}`;
    if (rules.internal.has(attribute) || ALWAYS_INTERNAL.includes(attribute)) {
      throw invalidInput(`'${shown}' is an internal attribute and can not be updated: leave it out.`);
    }
    if (!result.has(attribute)) throw invalidInput(`Couldn't apply the patch: there is no attribute ${shown}.`);
    if (key === undefined) patchRoot(result, attribute, operation, rules);
    else if (rules.maps.has(attribute) && deeper.length === 0) patchMap(result, attribute, key, operation);
    else throw invalidInput(`Couldn't apply the patch: there is no attribute ${shown}.`);
  }
  return Object.fromEntries(result);
}

function patchRoot(
  result: Map<string, unknown>,
  attribute: string,
  { op, value }: PatchOperation,
  rules: PatchRules,
): void {
  if (op === 'remove') {
    if (rules.mandatory.has(attribute)) {
      throw invalidInput(`'/${attribute}' is a mandatory attribute and can not be removed: replace it instead.`);
    }
    // Undefined is "not given", so the check of the whole fills in the default.
    result.set(attribute, undefined);
    return;
  }
  const present = result.get(attribute);
  if (op === 'add' && present !== null && present !== undefined) {
    throw invalidInput(`The attribute /${attribute} has existed, please use 'replace' operation instead.`);
  }
  result.set(
    attribute,
    rules.maps.has(attribute) ? mapFromLiteral(attribute, value) : valueFor(attribute, value, rules),
  );
}

function valueFor(attribute: string, value: PatchOperation['value'], rules: PatchRules): PatchOperation['value'] {
  if (!rules.integers.has(attribute)) return value;
  if (typeof value === 'string') throw invalidAttribute(attribute, 'give a whole number, without quotes');
  // A boolean is a number to Python.
  return Number(value);
}

function patchMap(result: Map<string, unknown>, attribute: string, key: string, { op, value }: PatchOperation): void {
  const map = new Map(Object.entries((result.get(attribute) ?? {}) as Record<string, string>));
  if (op !== 'add' && !map.has(key)) {
    throw invalidInput(`Couldn't apply the patch: there is no /${attribute}/${showName(key)} to ${op}.`);
  }
  if (op === 'remove' || value === null) map.delete(key);
  else map.set(key, pythonText(value));
  result.set(attribute, Object.fromEntries(map));
}

function mapFromLiteral(attribute: string, value: string | number | boolean | null): Record<string, string> {
  const advice = `give a map as text, like {'key': 'value'}`;
  if (typeof value !== 'string') throw invalidAttribute(attribute, advice);
  let literal: Literal;
  try {
    literal = parsePythonLiteral(value);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw invalidAttribute(attribute, advice);
  }
  if (!(literal instanceof Map)) throw invalidAttribute(attribute, advice);
  const entries = [...(literal as ReadonlyMap<string, Literal>)].map(([key, entry]): [string, string] => {
    if (typeof entry === 'object' || !isExact(entry)) throw invalidAttribute(attribute, advice);
    return [key, pythonText(entry)];
  });
  return Object.fromEntries(entries);
}
