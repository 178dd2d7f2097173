/** Requests for every operation of an OpenAPI document, from almost right to hopeless. */
import fc from 'fast-check';
import { hostileText, valuesFor, type Schema, type Schemas } from './from-schema.js';

export interface OpenapiOperation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema?: Schema }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly 'x-body-media-type'?: string;
}

export interface OpenapiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenapiOperation>>>>;
  readonly components: { readonly schemas: Schemas };
}

export interface FuzzRequest {
  /** `GET /v1/bays` */
  readonly route: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const METHODS = ['GET', 'POST', 'PATCH', 'DELETE', 'PUT', 'HEAD', 'OPTIONS'] as const;
const VERSIONS = [
  'container-infra latest',
  'container-infra 1.1',
  'container-infra 1.9',
  'container-infra 1.99',
  '',
  'x',
];
const ACCEPTS = ['application/json', '*/*', 'text/html', 'application/xml', 'a', ';', 'application/json;q=0', ''];
const TYPES = ['application/json', 'application/json; charset=x', 'text/plain', 'application/x-pem-file', 'a', '', '/'];
const RAW_BODIES = ['', '{', '[', '"', 'nul', '{"a":1}x', '[]', '{}', 'null', '0', '""', '{"__proto__":{"a":1}}'];
const RAW_QUERIES = [
  '%',
  '&',
  '=',
  'limit=1&limit=2',
  'a[]=1',
  'marker=%00',
  'sort_key=%00',
  'limit=99999999999',
  '?',
  '%ff',
];

/** Texts that mean something to the server. */
export interface KnownTexts {
  /** Identifiers of things, own and foreign. */
  readonly idents: readonly string[];
  /** Names that stand in paths and queries only: what a body says may be kept, and be shown later with good reason. */
  readonly names: readonly string[];
  /** Values of X-Auth-Token. */
  readonly tokens: readonly string[];
}

export function requestsFor(document: OpenapiDocument, known: KnownTexts): fc.Arbitrary<FuzzRequest> {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) =>
      requestOf({ path, method: method.toUpperCase(), operation, document, known }),
    ),
  );
  return fc.oneof(...operations);
}

interface Facts {
  readonly path: string;
  readonly method: string;
  readonly operation: OpenapiOperation;
  readonly document: OpenapiDocument;
  readonly known: KnownTexts;
}

function requestOf({ path, method, operation, document, known }: Facts): fc.Arbitrary<FuzzRequest> {
  const { schemas } = document.components;
  const { idents, tokens } = known;
  const asked = [...idents, ...known.names];
  const steps = fc.array(
    fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(...asked) },
      { weight: 1, arbitrary: fc.constantFrom(...asked).map((ident) => ident.toUpperCase()) },
      { weight: 2, arbitrary: hostileText },
    ),
    { minLength: 4, maxLength: 4 },
  );
  const end = rarely(
    '',
    fc.oneof(fc.constantFrom('/', '/x', '//', '/..', '.json', '/%2e%2e', '%'), hostileText.map(encode)),
  );
  const arguments_ = (operation.parameters ?? []).filter((parameter) => parameter.in === 'query');
  const body = operation.requestBody?.content['application/json']?.schema;
  const sent =
    body === undefined
      ? rarely('', fc.constantFrom(...RAW_BODIES))
      : fc.oneof(
          { weight: 12, arbitrary: valuesFor(body, schemas, idents).map((value) => JSON.stringify(value)) },
          { weight: 1, arbitrary: fc.constantFrom(...RAW_BODIES) },
          { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
        );
  const headers = fc.record({
    'X-Auth-Token': fc.constantFrom(...tokens),
    'Content-Type': rarely(operation['x-body-media-type'] ?? 'application/json', fc.constantFrom(...TYPES)),
    Accept: rarely('application/json', fc.constantFrom(...ACCEPTS)),
    'OpenStack-API-Version': fc.oneof(
      { weight: 8, arbitrary: fc.constant('container-infra latest') },
      { weight: 1, arbitrary: fc.constantFrom(...VERSIONS) },
    ),
    'X-Subject-Token': fc.constantFrom(...tokens),
    Authorization: fc.constantFrom('Bearer abc', 'Bearer ', 'Basic x', ''),
  });
  return fc
    .record({
      ...{ steps, end, sent, headers, query: queryOf(arguments_, asked) },
      method: rarely(method, fc.constantFrom(...METHODS)),
    })
    .map((drawn) => {
      let taken = 0;
      const filled = path.replace(/\{[^}]+\}/g, () => encode(drawn.steps[taken++ % drawn.steps.length] ?? ''));
      const full = `${filled}${drawn.end}${drawn.query === '' ? '' : `?${drawn.query}`}`;
      return {
        ...{ route: `${method} ${path}`, method: drawn.method, headers: drawn.headers, body: drawn.sent },
        path: full.replace(/[^\x21-\x7e]/g, ''),
      };
    });
}

function queryOf(parameters: readonly { readonly name: string }[], known: readonly string[]): fc.Arbitrary<string> {
  const value = fc.oneof(
    fc.constantFrom(...known),
    fc.constantFrom('1', '0', '-1', '2', 'true', 'x', 'asc', 'desc', 'name', 'id', 'created_at', ''),
    hostileText,
  );
  const name = parameters.length === 0 ? hostileText : rarely('', hostileText);
  const pair = fc.tuple(
    parameters.length === 0 ? name : fc.constantFrom(...parameters.map((parameter) => parameter.name)),
    value,
  );
  const built = fc
    .array(pair, { maxLength: 3 })
    .map((pairs) => pairs.map(([key, text]) => `${encode(key)}=${encode(text)}`).join('&'));
  return fc.oneof(
    { weight: parameters.length === 0 ? 12 : 1, arbitrary: fc.constant('') },
    { weight: parameters.length === 0 ? 1 : 6, arbitrary: built },
    { weight: 1, arbitrary: fc.constantFrom(...RAW_QUERIES) },
  );
}

function rarely<Value>(usual: Value, other: fc.Arbitrary<Value>): fc.Arbitrary<Value> {
  return fc.oneof({ weight: 12, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });
}

/** Half a surrogate pair has no encoding. */
function encode(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '?'));
}
