/** What is really there, read past the service: the simulated cloud's own files, and the database's rows. */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';

export interface MachineFact {
  readonly id: string;
  readonly bayId: string;
}
export interface BalancerFact {
  readonly id: string;
  readonly bayId: string;
  readonly memberIds: readonly string[];
}
export interface NodeFact {
  readonly id: string;
  readonly bayId: string;
  readonly role: 'master' | 'worker';
  readonly isReady: boolean;
  readonly isRegistered: boolean;
  readonly isLeaving: boolean;
  readonly hasMachine: boolean;
}

export interface World {
  machines(): Promise<readonly MachineFact[]>;
  /** Addresses that are taken, with the id of who took each. */
  addresses(): Promise<ReadonlyMap<string, string>>;
  balancers(): Promise<readonly BalancerFact[]>;
  nodes(): Promise<readonly NodeFact[]>;
  /** One number, such as of rows that should not be there. */
  count(sql: string): Promise<number>;
  close(): Promise<void>;
}

export function openWorld(dataDirectory: string): World {
  const pool = new pg.Pool({
    host: `${dataDirectory}/postgresql/run`,
    user: 'baykeeper',
    database: 'baykeeper',
    max: 2,
  });
  // Its server is killed again and again; whoever asks next hears of it.
  pool.on('error', () => undefined);
  const compute = join(dataDirectory, 'simulated-compute');

  async function query<Row extends pg.QueryResultRow>(sql: string): Promise<readonly Row[]> {
    return (await pool.query<Row>(sql)).rows;
  }

  return {
    machines: () => readAll(join(compute, 'machines')),
    async addresses() {
      const directory = join(compute, 'addresses');
      const names = (await listFiles(directory)).filter((name) => !name.endsWith('.tmp'));
      const entries = await Promise.all(
        names.map(async (name) => [name, await readFile(join(directory, name), 'utf8').catch(() => '')] as const),
      );
      return new Map(entries.filter(([, holder]) => holder !== ''));
    },
    async balancers() {
      const records = await readAll<{
        id: string;
        bayId: string;
        members: Record<string, { nodeId: string }[]>;
      }>(join(dataDirectory, 'simulated-load-balancers'));
      return records.map(({ id, bayId, members }) => ({
        ...{ id, bayId },
        memberIds: [
          ...new Set(
            Object.values(members)
              .flat()
              .map(({ nodeId }) => nodeId),
          ),
        ],
      }));
    },
    nodes: () =>
      query<NodeFact>(
        `SELECT id, bay_id AS "bayId", role, ready_at IS NOT NULL AS "isReady",
           registered_at IS NOT NULL AND deregistered_at IS NULL AS "isRegistered",
           removal_requested_at IS NOT NULL AS "isLeaving",
           machine_created_at IS NOT NULL AND machine_removed_at IS NULL AS "hasMachine" FROM nodes`,
      ),
    async count(sql) {
      const [row] = await query<{ count: string }>(`SELECT count(*) AS count FROM ${sql}`);
      return Number(row?.count ?? Number.NaN);
    },
    close: () => pool.end(),
  };
}

async function listFiles(directory: string): Promise<readonly string[]> {
  return readdir(directory).catch(() => []);
}

/** Files that go while they are read are left out. */
async function readAll<T>(directory: string): Promise<readonly T[]> {
  const names = (await listFiles(directory)).filter((name) => name.endsWith('.json'));
  const texts = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8').catch(() => null)));
  return texts.flatMap((text) => (text === null ? [] : [JSON.parse(text) as T]));
}
