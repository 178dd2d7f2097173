/**
 * Every route, every role, the own project's things and another's. The routes are those of the OpenAPI document; who may
 * do what is written down in `testing/walk`, one line per route, and a route without a line fails.
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import type { ProjectId } from '@baykeeper/domain';
import { createSwarmEngine } from '@baykeeper/drivers/engines/swarm/swarm.engine.js';
import { watchDatabase, type DatabaseWatch } from '@baykeeper/storage/testing/database-watch.js';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { logStatements, type StatementLog } from '@baykeeper/storage/testing/statement-log.js';
import { send, type Answer } from '../testing/api-client.js';
import { startTestApi, type TestApi } from '../testing/start-test-api.js';
import { ACTORS, DOORS, ROLES, type Actor } from '../testing/walk/actors.js';
import { MAGNUM_ROUTES } from '../testing/walk/magnum-routes.js';
import { OWN_ROUTES, WALKED_ELSEWHERE } from '../testing/walk/own-routes.js';
import {
  SECRET,
  absentLike,
  makeResource,
  type Idents,
  type Resource,
  type ResourceName,
} from '../testing/walk/resources.js';
import type { RouteCase, RouteCases } from '../testing/walk/route-case.js';

jest.setTimeout(120_000);

interface Described {
  readonly 'x-access': { readonly role: string };
}
const openapi = JSON.parse(await readFile(new URL('../../../openapi.json', import.meta.url), 'utf8')) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
};
const ROUTES: ReadonlyMap<string, Described> = new Map(
  Object.entries(openapi.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation]),
  ),
);
const CASES: RouteCases = { ...MAGNUM_ROUTES, ...OWN_ROUTES };
const LATEST = { 'OpenStack-API-Version': 'container-infra latest' };
/** What a token's holder is and how a process knows it may be asked or remembered. */
const TOKEN_LOOKUP = /\btokens\b/;

let postgres: TestDatabase;
let api: TestApi;
let watch: DatabaseWatch;
let statements: StatementLog;

beforeAll(async () => {
  postgres = await startTestDatabase();
  statements = logStatements(TOKEN_LOOKUP);
  api = await startTestApi(postgres.url, createSwarmEngine({ templatesDirectory: '/nowhere' }));
  watch = await watchDatabase(postgres.url);
});

afterAll(async () => {
  statements.stop();
  await watch.close();
  await api.close();
  await postgres.stop();
  expect(api.faults).toEqual([]);
});

test('the walk knows every route of openapi.json, and no others', () => {
  const known = [...Object.keys(CASES), ...Object.keys(WALKED_ELSEWHERE)];
  // A new route needs its line in testing/walk/magnum-routes.ts or own-routes.ts.
  expect(known.sort()).toEqual([...ROUTES.keys()].sort());
});

test.each(Object.entries(CASES))('%s asks for what the table says', (route, { who }) => {
  expect(ROUTES.get(route)?.['x-access'].role).toBe(who);
});

type Tokens = Readonly<Record<Actor, string | undefined>>;
async function tokensOf(project: ProjectId): Promise<Tokens> {
  const entries = Object.entries(ROLES).map(async ([actor, roles]) => [
    actor,
    await api.token(actor === 'a token without project' ? null : project, ...roles),
  ]);
  const made = Object.fromEntries(await Promise.all(entries)) as Omit<Tokens, 'nobody' | 'a forged token'>;
  return { ...made, nobody: undefined, 'a forged token': 'f'.repeat(32) };
}

interface Target {
  readonly about: Idents;
  readonly refersTo: Idents;
}

function ask(route: string, token: string | undefined, { about, refersTo }: Target): Promise<Answer> {
  const { body, query, parameters } = CASES[route] as RouteCase;
  const [method = '', path = ''] = route.split(' ');
  const filled = path.replace(/\{(\w+)\}/g, (_match, name: string) =>
    encodeURIComponent(parameters?.[name] ?? about[name] ?? ''),
  );
  return send(api.url, method, `${filled}${query === undefined ? '' : `?${query(refersTo)}`}`, {
    token,
    headers: LATEST,
    ...(body !== undefined && { body: body(refersTo) }),
  });
}

async function makeTarget(
  { about, refersTo }: RouteCase,
  project: ProjectId,
): Promise<Record<'idents' | 'names', Target>> {
  const make = async (name: ResourceName | undefined): Promise<Resource> =>
    name === undefined ? { idents: {}, names: {} } : makeResource(api.database, name, project);
  const [aboutMade, refersToMade] = [await make(about), await make(refersTo)];
  const of = (kind: 'idents' | 'names'): Target => ({
    about: aboutMade[kind],
    refersTo: refersToMade[kind],
  });
  return { idents: of('idents'), names: of('names') };
}

function absentTarget({ about, refersTo }: Target): Target {
  return { about: absentLike(about), refersTo: absentLike(refersTo) };
}

/** An answer without what is new in every one, and without the identifier that was asked for. */
function comparable({ status, headers, text }: Answer, { about, refersTo }: Target): unknown {
  const idents = [...Object.values(about), ...Object.values(refersTo)];
  const shown = idents.reduce((rest, ident) => rest.replaceAll(ident, '<ident>'), text);
  const kept = [...headers].filter(([name]) => !['date', 'x-openstack-request-id'].includes(name));
  return { status, text: shown, headers: kept };
}

describe.each(Object.entries(CASES))('%s', (route, routeCase) => {
  const { who, ok, about, refersTo, isOwnOnly, isEverybodys, absent = 404 } = routeCase;
  const isTenants = about !== undefined || refersTo !== undefined;
  let own: ProjectId;
  let tokens: Tokens;

  beforeAll(async () => {
    own = await api.project();
    tokens = await tokensOf(own);
  });

  test.each(ACTORS)('answers %s as the table says', async (actor) => {
    const door = DOORS[who][actor];
    const { idents } = await makeTarget(routeCase, own);
    const before = await watch.state();
    const answer = await ask(route, tokens[actor], idents);
    expect([actor, answer.status, answer.status === ok ? '' : answer.text]).toEqual([
      actor,
      door === 'in' ? ok : door,
      door === 'in' ? '' : answer.text,
    ]);
    if (door !== 'in') expect(await watch.state()).toBe(before);
    if (door === 403 || door === 401) expect(answer.text).not.toContain(SECRET);
  });

  if (!isTenants || isEverybodys === true || who === 'node') return;

  test.each(['reader', 'member', 'admin', 'system-admin'] as const)(
    'treats another project’s as absent for %s, or refuses before looking',
    async (actor) => {
      const made = await makeTarget(routeCase, await api.project());
      const isAllowed = actor === 'system-admin' && isOwnOnly !== true;
      for (const kind of ['idents', 'names'] as const) {
        // A marker is a uuid.
        if (kind === 'names' && route.startsWith('GET') && refersTo !== undefined) continue;
        if (isAllowed && kind === 'names') continue;
        const foreign = made[kind];
        const missing = absentTarget(foreign);
        await ask(route, tokens[actor], missing);
        const before = await watch.state();

        statements.take();
        const ofForeign = await ask(route, tokens[actor], foreign);
        const workOfForeign = statements.take();
        if (isAllowed) {
          expect([ofForeign.status, ofForeign.text]).toEqual([ok, ofForeign.text]);
          continue;
        }
        const ofMissing = await ask(route, tokens[actor], missing);
        expect(workOfForeign).toEqual(statements.take());
        // Who names another project is refused without a look.
        if (DOORS[who][actor] === 'in' && absent !== 403) expect(workOfForeign).not.toEqual([]);
        expect(comparable(ofForeign, foreign)).toEqual(comparable(ofMissing, missing));
        expect(ofForeign.status).toBe(DOORS[who][actor] === 'in' ? absent : 403);
        expect(await watch.state()).toBe(before);
      }
    },
  );

  if (!route.startsWith('GET') || about !== undefined) return;

  test('shows nothing of other projects in a list', async () => {
    await makeTarget(routeCase, await api.project());
    const [, path = ''] = route.split(' ');
    for (const actor of ['reader', 'member', 'admin'] as const) {
      if (DOORS[who][actor] !== 'in') continue;
      const answer = await send(api.url, 'GET', path, { token: await api.token(await api.project(), ...ROLES[actor]) });
      expect([answer.status, answer.text.includes(SECRET)]).toEqual([200, false]);
    }
  });
});
