/**
 * Several clients want different things of the same bays within a second: 10 workers, 2, 7, none of it. The last wish that
 * was accepted wins, each client is told the truth, and the quota holds whoever comes first. FAULT_SEED repeats the
 * choices, FAULT_BAYS says of how many bays (24).
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { send } from '../support/open-requests.js';
import { startInstallation, type Installation } from './testing/installation.js';
import { chooseSeed, countFrom, randomFrom, type Random } from './testing/random.js';
import { openTenant, type BayWish } from './testing/tenant.js';
import { untilSettled } from './testing/until-settled.js';
import { watchLimits } from './testing/watch-limits.js';
import { watchMembers } from './testing/watch-members.js';

const BAYS = countFrom('FAULT_BAYS', 24);
const WITHIN_MS = 1_000;
const FIRST: BayWish = { masters: 1, workers: 3 };
/** Not all can have ten workers at once. */
const LIMITS = { bays: BAYS, masters: BAYS, workers: BAYS * 6 };

interface Wish {
  readonly what: string;
  readonly method: string;
  readonly path: (bay: string) => string;
  readonly body?: unknown;
  /** Accepted; refused because the bay goes away or is gone; refused because of the quota. */
  readonly answers: readonly number[];
}

const patched = (workers: number): Wish => ({
  ...{ what: `patch ${String(workers)}`, method: 'PATCH', path: (bay) => `/v1/bays/${bay}` },
  body: [{ op: 'replace', path: '/node_count', value: workers }],
  answers: [202, 400, 403, 404, 409],
});
const resized = (workers: number): Wish => ({
  ...{ what: `resize ${String(workers)}`, method: 'POST', path: (bay) => `/v1/clusters/${bay}/actions/resize` },
  body: { node_count: workers },
  answers: [202, 400, 403, 404, 409],
});
const DELETED: Wish = {
  ...{ what: 'delete', method: 'DELETE', path: (bay) => `/v1/bays/${bay}` },
  answers: [204, 404],
};

interface Told {
  readonly what: string;
  readonly status: number;
}

describe('conflicting wishes', () => {
  let installation: Installation;
  let over: AbortController;
  beforeEach(() => {
    over = new AbortController();
  });
  afterEach(() => {
    over.abort();
  });
  beforeAll(async () => {
    installation = await startInstallation({
      BAYKEEPER_QUOTA_BAYS: String(LIMITS.bays),
      BAYKEEPER_QUOTA_MASTERS: String(LIMITS.masters),
      BAYKEEPER_QUOTA_NODES: String(LIMITS.workers),
    });
  }, 120_000);
  afterAll(() => installation.stop(), 60_000);

  it('the last one that was accepted wins, and every client is told the truth', async () => {
    const random = randomFrom(chooseSeed('conflicting wishes'));
    const watches = [watchMembers(installation, over.signal), watchLimits(installation, LIMITS, over.signal)];
    const names = Array.from({ length: BAYS }, (_, index) => `torn-${String(index)}`);
    const tenant = openTenant(installation, 'swarm-web');
    for (const name of names) await tenant.create(name, FIRST);
    const told = new Map(
      await Promise.all(names.map(async (name) => [name, await tear(installation, name, random.fork(name))] as const)),
    );
    const wishes = new Map<string, BayWish | null>();
    for (const name of names) wishes.set(name, await lastWishOf(installation, name));
    await untilSettled(installation, wishes);
    over.abort();
    expect((await Promise.all(watches)).flat()).toEqual([]);

    for (const [name, answers] of told) {
      const isDeleted = answers.some(({ what, status }) => what === 'delete' && status === 204);
      // A bay that was told to go goes, whatever others want; and only such a one.
      expect([name, wishes.get(name) === null]).toEqual([name, isDeleted]);
      if (!isDeleted) expect(answers.filter(({ status }) => status !== 202 && status !== 403)).toEqual([]);
    }
    const counts = new Map<string, number>();
    for (const { what, status } of [...told.values()].flat()) {
      const key = `${what}: ${String(status)}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    process.stdout.write(`conflicting wishes: ${[...counts].map((pair) => pair.join(' × ')).join(', ')}\n`);
  }, 240_000);
});

/** Two clients, each with its wishes in an order of its own. */
async function tear(installation: Installation, bay: string, random: Random): Promise<readonly Told[]> {
  const told: Told[] = [];
  const client = async (wishes: readonly Wish[]): Promise<void> => {
    for (const wish of wishes) {
      await sleep(random.between(0, WITHIN_MS / wishes.length));
      const answer = await ask(installation, bay, wish);
      if (!wish.answers.includes(answer.status))
        throw new Error(`${bay}: ${wish.what} was answered with ${String(answer.status)} ${answer.text}`);
      told.push({ what: wish.what, status: answer.status });
    }
  };
  const scales = [patched(10), resized(2), patched(7), resized(5)];
  const withDelete = random.pick([true, false]) ? [...scales, DELETED] : scales;
  await Promise.all([client(shuffled(withDelete, random)), client(shuffled(scales, random))]);
  return told;
}

function ask({ url, token }: Installation, bay: string, { method, path, body }: Wish) {
  const headers = {
    ...{ 'X-Auth-Token': token, 'Content-Type': 'application/json' },
    'OpenStack-API-Version': 'container-infra 1.10',
  };
  const text = body === undefined ? {} : { body: JSON.stringify(body) };
  return send(`${url}${path(bay)}`, { method, headers, ...text });
}

/** By the audit, which is written with each wish that changes something. */
async function lastWishOf(installation: Installation, bay: string): Promise<BayWish | null> {
  const rows = await installation.query<{ action: string; detail: string }>(
    `SELECT action, detail FROM audit_entries WHERE target_name = $1 AND outcome = 'success' ORDER BY sequence DESC`,
    [bay],
  );
  if (rows.some(({ action }) => action === 'cluster:delete')) return null;
  const scale = rows.find(({ action }) => /update|resize/.test(action));
  if (scale === undefined) return FIRST;
  const workers = / to (\d+)/.exec(scale.detail)?.[1];
  if (workers === undefined) throw new Error(`no count in ${scale.detail}`);
  return { ...FIRST, workers: Number(workers) };
}

function shuffled<T>(list: readonly T[], random: Random): readonly T[] {
  const left = [...list];
  return list.map(() => {
    const index = random.between(0, left.length - 1);
    return left.splice(index, 1)[0] as T;
  });
}
