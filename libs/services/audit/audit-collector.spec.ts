import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Log, ProjectId, UserId } from '@baykeeper/domain';
import type { CollectedAuditEntry } from '@baykeeper/storage';
import { openAuditCollector, type AuditCollector, type Collected } from './audit-collector.js';

const START = Date.parse('2026-01-01T00:00:00Z');
const MINUTE = 60_000;

let time: number;
let rows: CollectedAuditEntry[];
let batches: number;
let lines: string[];
let away: boolean;
let droppedInAll: number;
let collector: AuditCollector;

const write = (facts: object, message: string): void => {
  lines.push(`${message} ${JSON.stringify(facts)}`);
};
const log: Log = { debug: write, info: write, warn: write, error: write };

beforeEach(() => {
  [time, rows, batches, lines, away, droppedInAll] = [START, [], 0, [], false, 0];
  collector = openAuditCollector({
    audit: {
      appendMany(entries) {
        if (away) return Promise.reject(new Error('the database is away'));
        rows.push(...entries);
        batches += 1;
        return Promise.resolve();
      },
    },
    log,
    onDrop: (count) => (droppedInAll += count),
    now: () => time,
    writesByItself: false,
  });
});
afterEach(() => collector.close());

const refusal = (fields: Partial<Collected> = {}): Collected => ({
  ...{ projectId: 'garden' as ProjectId, userId: 'ada' as UserId, userName: 'Ada' },
  ...{ action: 'cluster:create', outcome: 'refused', status: 403 },
  ...{ targetKind: 'cluster', targetId: null, targetName: 'web', detail: 'No.' },
  ...{ requestId: 'req-1', address: '192.0.2.1' },
  ...fields,
});
const stranger = (address: string, action = 'cluster:get'): Collected =>
  refusal({ projectId: null, userId: null, userName: null, status: 401, address, action });

describe('what is collected for the audit', () => {
  it('is written in one batch, as it was told', async () => {
    collector.add(refusal());
    time += 300;
    collector.add(refusal({ action: 'cluster:delete' }));
    expect(rows).toEqual([]);
    await collector.flush();
    expect(rows).toEqual([
      { ...refusal(), count: 1, at: new Date(START) },
      { ...refusal({ action: 'cluster:delete' }), count: 1, at: new Date(START + 300) },
    ]);
    expect(batches).toBe(1);
    await collector.flush();
    expect(batches).toBe(1);
  });

  it('is one entry with a count where it is equal: one at once, and then one in five minutes', async () => {
    collector.add(refusal());
    await collector.flush();
    for (let second = 0; second < 240; second += 1) {
      time += 1_000;
      for (let request = 0; request < 10; request += 1) collector.add(refusal({ requestId: `req-${time}` }));
      await collector.flush();
    }
    expect(rows).toHaveLength(1);
    time += MINUTE;
    await collector.flush();
    expect(rows).toHaveLength(2);
    expect(rows[1]).toEqual({
      ...refusal({ requestId: `req-${START + 240_000}` }),
      ...{ detail: 'No. Since 2026-01-01T00:00:01.000Z.', count: 2_400, at: new Date(START + 240_000) },
    });
    // Nothing more happens: nothing more is written, and the next one is told at once again.
    time += 5 * MINUTE;
    await collector.flush();
    expect(rows).toHaveLength(2);
    collector.add(refusal());
    await collector.flush();
    expect(rows[2]).toMatchObject({ count: 1 });
  });

  it.each<[string, Partial<Collected>]>([
    ['another user', { userId: 'bob' as UserId }],
    ['another project', { projectId: 'quarry' as ProjectId }],
    ['another action', { action: 'cluster:update' }],
    ['another status', { status: 429 }],
    ['another outcome', { outcome: 'success' }],
    ['another address', { address: '192.0.2.2' }],
    ['another network', { address: '2001:db8:0:1::1' }],
  ])('is told apart by %s', async (_what, fields) => {
    for (const fold of [{}, fields, {}, fields]) collector.add(refusal({ address: '2001:db8::1', ...fold }));
    await collector.flush();
    expect(rows.map(({ count }) => count)).toEqual([2, 2]);
  });

  it('names no target where there were several, and the last of a network’s addresses', async () => {
    collector.add(refusal({ address: '2001:db8::1' }));
    collector.add(refusal({ address: '2001:db8::2', targetName: 'db' }));
    await collector.flush();
    expect(rows).toMatchObject([{ count: 2, targetKind: 'cluster', targetName: null, address: '2001:db8::2' }]);
  });

  it('is bounded for strangers, who keep out nobody that is known, and the log says how many were left out', async () => {
    for (let index = 0; index < 1_000; index += 1) collector.add(stranger(`198.51.${index >> 8}.${index & 255}`));
    for (let index = 0; index < 100; index += 1) collector.add(refusal({ userId: `user-${index}` as UserId }));
    await collector.flush();
    expect(rows.filter(({ userId }) => userId === null)).toHaveLength(200);
    expect(rows.filter(({ userId }) => userId !== null)).toHaveLength(100);
    expect(lines).toEqual(['leaving entries out of the audit: there are too many {"dropped":800}']);
    expect(droppedInAll).toBe(800);
    time += MINUTE;
    collector.add(stranger('203.0.113.1'));
    await collector.flush();
    expect(rows).toHaveLength(301);
  });

  it('tells a stranger’s first kinds of requests apart, and the others together', async () => {
    for (let index = 0; index < 100; index += 1) collector.add(stranger('198.51.100.1', `cluster:${index}`));
    collector.add(stranger('198.51.100.2'));
    await collector.flush();
    expect(rows).toHaveLength(22);
    expect(rows.map(({ count }) => count).reduce((sum, count) => sum + count)).toBe(101);
    expect(Math.max(...rows.map(({ count }) => count))).toBe(80);
    // Forgotten after a while, all of it.
    time += 6 * MINUTE;
    await collector.flush();
    for (let index = 0; index < 20; index += 1) collector.add(stranger('198.51.100.1', `other:${index}`));
    await collector.flush();
    expect(rows).toHaveLength(42);
  });

  it('waits while the database is away, in bounds, and is written when it is back', async () => {
    away = true;
    collector.add(refusal());
    await collector.flush();
    await collector.flush();
    expect(lines).toEqual(['writing the audit failed {"error":"the database is away","waiting":1}']);
    for (let minute = 0; minute < 10; minute += 1) {
      time += MINUTE;
      for (let index = 0; index < 1_000; index += 1) {
        collector.add(refusal({ userId: `user-${minute}-${index}` as UserId }));
      }
      await collector.flush();
    }
    away = false;
    await collector.flush();
    expect(rows).toHaveLength(5_000);
    time += MINUTE;
    await collector.flush();
    const left = lines.map((line) => Number(/"dropped":(\d+)/.exec(line)?.[1] ?? 0)).reduce((sum, of) => sum + of);
    expect(rows.length + left).toBe(10_001);
  });

  it('is written to the end when the process ends', async () => {
    collector.add(refusal());
    await collector.flush();
    collector.add(refusal());
    await collector.close();
    expect(rows).toHaveLength(2);
  });

  it('never holds a character that the database does not take', async () => {
    collector.add(refusal({ targetName: 'a\0b', userName: '\0' }));
    await collector.flush();
    expect(rows).toMatchObject([{ targetName: 'ab', userName: '' }]);
  });

  it('is counted to the last one, whatever comes when', async () => {
    const event = fc.record({
      who: fc.constantFrom('ada', 'bob', null),
      action: fc.constantFrom('a', 'b', 'c'),
      pause: fc.constantFrom(0, 10, 1_000, 299_999, 300_000, 900_000),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 60 }), async (events) => {
        const told: CollectedAuditEntry[] = [];
        let clock = START;
        const other = openAuditCollector({
          audit: { appendMany: (entries) => Promise.resolve(void told.push(...entries)) },
          ...{ log, now: () => clock, writesByItself: false },
        });
        for (const { who, action, pause } of events) {
          other.add(refusal({ userId: who as UserId | null, action }));
          clock += pause;
          if (pause > 0) await other.flush();
        }
        await other.close();
        const sum = (of: (entry: CollectedAuditEntry) => boolean): number =>
          told.filter(of).reduce((total, { count }) => total + count, 0);
        for (const who of ['ada', 'bob', null]) {
          for (const kind of ['a', 'b', 'c']) {
            const expected = events.filter((one) => one.who === who && one.action === kind).length;
            expect(sum((entry) => entry.userId === who && entry.action === kind)).toBe(expected);
          }
        }
      }),
    );
  });
});
