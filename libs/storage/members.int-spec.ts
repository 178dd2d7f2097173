/** Members of load balancers as rows: what is known of them, in one process and another, and beside the version before. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import type { KnownMembers, LoadBalancerId, Member, NodeId, ProjectId } from '@baykeeper/domain';
import { openDatabase, SYSTEM, type Database } from './index.js';
import { seedBay, seedProject } from './testing/seed.js';
import { startTestDatabase, type TestDatabase } from './testing/start-test-database.js';

jest.setTimeout(120_000);

let server: TestDatabase;
let database: Database;
let other: Database;
let client: Client;
let projectId: ProjectId;
let id: LoadBalancerId;

beforeAll(async () => {
  server = await startTestDatabase();
  const url = server.url;
  database = await openDatabase({ url });
  other = await openDatabase({ url });
  client = new Client({ connectionString: url });
  await client.connect();
  projectId = await seedProject(database.stores);
});
afterAll(async () => {
  await client.end();
  await Promise.all([database.close(), other.close()]);
  await server.stop();
});
beforeEach(async () => {
  await client.query('DELETE FROM processes');
  const { bay } = await seedBay(database.stores, projectId);
  id = randomUUID() as LoadBalancerId;
  await database.stores.loadBalancers.insert({ id, bayId: bay.id, projectId, listeners: [], requestedAt: null });
});

const memberOf = (name: string, last = 1): Member => ({
  ...{ nodeId: randomUUID() as NodeId, name, address: `192.0.2.${String(last)}`, port: 80 },
});
const read = async (from: Database = database): Promise<readonly string[]> =>
  told(await from.stores.loadBalancers.readMembers(id));
const told = (members: KnownMembers): readonly string[] =>
  [...members]
    .flatMap(([listener, some]) =>
      [...some.values()].map((one) => `${listener} ${one.name} ${one.address}${one.confirmed ? '' : '?'}`),
    )
    .sort();
const put = async (...members: readonly Member[]): Promise<void> => {
  const changes = { web: { put: members, remove: [] } };
  await database.stores.loadBalancers.beginMembers(id, changes);
  await database.stores.loadBalancers.confirmMembers(id, changes);
};

describe('members', () => {
  it('are recorded before the balancer is told, and confirmed or forgotten after', async () => {
    const { loadBalancers } = database.stores;
    const [a, b] = [memberOf('a'), memberOf('b')];
    await put(a);
    const changes = { web: { put: [b], remove: [a.nodeId] } };
    await loadBalancers.beginMembers(id, changes);
    expect([await read(), await read(other)]).toEqual(Array(2).fill(['web a 192.0.2.1', 'web b 192.0.2.1?']));
    await loadBalancers.confirmMembers(id, changes);
    expect([await read(), await read(other)]).toEqual(Array(2).fill(['web b 192.0.2.1']));
    const move = { web: { put: [{ ...b, address: '192.0.2.7' }], remove: [] } };
    await other.stores.loadBalancers.beginMembers(id, move);
    expect([await read(), await read(other)]).toEqual(Array(2).fill(['web b 192.0.2.7?']));
    expect(await loadBalancers.listMembers(SYSTEM, id)).toEqual([{ ...b, listener: 'web', address: '192.0.2.7' }]);
    expect(await loadBalancers.listMembers({ projectId: randomUUID() as ProjectId }, id)).toEqual([]);
  });

  it('are read by a process that knows them without any row', async () => {
    await put(memberOf('a'), memberOf('b'));
    const first = await database.stores.loadBalancers.readMembers(id);
    await put(memberOf('c'));
    expect(await database.stores.loadBalancers.readMembers(id)).toBe(first);
    expect(await read()).toHaveLength(3);
    const changes = { web: { put: [memberOf('d')], remove: [] } };
    await other.stores.loadBalancers.beginMembers(id, changes);
    expect(await database.stores.loadBalancers.readMembers(id)).not.toBe(first);
    expect(await read()).toHaveLength(4);
  });
});

describe('beside a process of the version before', () => {
  const report = (): Promise<unknown> =>
    client.query(
      `INSERT INTO processes (host, kind, slot, version, report_count, started_at, last_seen_at)
       VALUES ('old', 'worker', 0, '0', 1, now(), now())`,
    );
  const document = async (): Promise<Record<string, Member[]>> =>
    (
      await client.query<{ members: Record<string, Member[]> }>('SELECT members FROM load_balancers WHERE id = $1', [
        id,
      ])
    ).rows[0]?.members ?? {};

  it('what that one writes is known here', async () => {
    await put(memberOf('a'));
    expect(await read()).toHaveLength(1);
    const b = memberOf('b');
    await client.query('UPDATE load_balancers SET members = $2 WHERE id = $1', [id, JSON.stringify({ web: [b] })]);
    expect(await read()).toEqual(['web b 192.0.2.1']);
  });

  it('what is written here is known to that one, from before its balancer is told', async () => {
    await put(memberOf('a'));
    await report();
    expect((await document())['web']?.map(({ name }) => name)).toEqual(['a']);
    const b = memberOf('b', 2);
    await database.stores.loadBalancers.beginMembers(id, { web: { put: [b], remove: [] } });
    expect((await document())['web']?.[1]).toEqual(b);
    expect(await read()).toEqual(['web a 192.0.2.1', 'web b 192.0.2.2?']);
  });

  it('costs nothing where there is none', async () => {
    await database.stores.processes.report({ host: 'new', kind: 'worker', slot: 0 }, { version: '1', isFirst: true });
    await put(memberOf('a'));
    expect(await document()).toEqual({});
    await database.stores.processes.report({ host: 'new', kind: 'worker', slot: 0 }, { version: '1', isFirst: true });
    await database.stores.processes.report({ host: 'new', kind: 'worker', slot: 0 }, { version: '1', isFirst: false });
    await put(memberOf('b'));
    expect(await document()).toEqual({});
  });
});
