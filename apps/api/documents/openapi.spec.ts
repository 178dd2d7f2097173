import 'reflect-metadata';
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { ACCESS_RULES, type AccessRule } from '../access/access-rules.js';
import { renderOpenapi } from './render-openapi.js';

interface Operation {
  readonly operationId: string;
  readonly summary?: string;
  readonly 'x-access'?: { readonly rule: AccessRule; readonly role: string };
  readonly security: readonly object[];
  readonly responses: Readonly<Record<string, unknown>>;
}
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

let text: string;
let document: Document;
const operations = (): [string, Operation][] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [`${method} ${path}`, operation]),
  );

beforeAll(async () => {
  text = await renderOpenapi();
  document = JSON.parse(text) as Document;
});

describe('the OpenAPI document', () => {
  test('that is checked in is the one that the routes give', async () => {
    const checkedIn = await readFile(new URL('../../../openapi.json', import.meta.url), 'utf8');
    // Make it anew with: node apps/api/dist/print-openapi.js > openapi.json
    expect(checkedIn).toBe(text);
  });

  test('refers only to schemas that it holds', () => {
    const names = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name ?? '');
    expect(names.length).toBeGreaterThan(50);
    expect(names.filter((name) => !(name in document.components.schemas))).toEqual([]);
    expect(text).not.toContain('#/$defs/');
  });

  test('leaves the identity service out where tokens come from another one, and everything else in', async () => {
    const elsewhere = await renderOpenapi('https://keystone.example/v3');
    const other = JSON.parse(elsewhere) as Document;
    const isOurs = (path: string): boolean => !path.startsWith('/identity');
    expect(Object.keys(document.paths).every(isOurs)).toBe(false);
    expect(other.paths).toEqual(Object.fromEntries(Object.entries(document.paths).filter(([path]) => isOurs(path))));
    expect(elsewhere).toContain('https://keystone.example/v3');
    expect(elsewhere).not.toContain('/identity');
    // Schemas: all that are referred to, and none of tokens, users and the like.
    const names = new Set([...elsewhere.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name));
    expect(Object.keys(other.components.schemas).sort()).toEqual([...names].sort());
    expect(Object.keys(document.components.schemas)).toEqual(expect.arrayContaining(['AuthInput', 'Bay']));
    expect(Object.keys(other.components.schemas)).not.toContain('AuthInput');
    expect(Object.keys(other.components.schemas)).toContain('Bay');
  });

  test('has one name per operation', () => {
    const ids = operations().map(([, { operationId }]) => operationId);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  test('says of every operation who may use it, and the rule is in the table', () => {
    for (const [name, operation] of operations()) {
      const access = operation['x-access'];
      expect([name, access?.role]).toEqual([name, access && ACCESS_RULES[access.rule]]);
      expect([name, typeof access?.role]).toEqual([name, 'string']);
      expect([name, operation.security.length]).toEqual([name, access?.role === 'anonymous' ? 0 : 1]);
    }
  });

  test('lets nobody in without a token but to health, versions, documents and the login', () => {
    const anonymous = operations()
      .filter(([, operation]) => operation['x-access']?.role === 'anonymous')
      .map(([name]) => name)
      .sort();
    expect(anonymous).toEqual([
      'get /',
      'get /assets/{asset}',
      'get /docs',
      'get /docs/{asset}',
      'get /healthz',
      'get /identity',
      'get /identity/v3',
      'get /openapi.json',
      'get /readyz',
      'get /v1',

      'post /identity/v3/auth/tokens',
      'post /session',
    ]);
  });

  test('asks for more than reading before anything is changed', () => {
    const changing = operations().filter(([name]) => !/^(get|head) /.test(name));
    const roles = new Set(changing.map(([, operation]) => operation['x-access']?.role));
    expect([...roles].sort()).toEqual(['admin', 'anonymous', 'member', 'node', 'system-admin', 'token']);
  });
});
