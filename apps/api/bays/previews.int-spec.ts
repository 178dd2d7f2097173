/** What a wish would do is said, refused as the wish would be, and not done. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Bay } from '@baykeeper/domain';
import { createSwarmEngine } from '@baykeeper/drivers/engines/swarm/swarm.engine.js';
import { SYSTEM } from '@baykeeper/storage';
import { makeNewNode } from '@baykeeper/storage/testing/seed.js';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { send, type Answer } from '../testing/api-client.js';
import { startTestApi, type TestApi } from '../testing/start-test-api.js';

jest.setTimeout(60_000);

let postgres: TestDatabase;
let api: TestApi;
let token: string;
const call = (method: string, path: string, body?: object): Promise<Answer> =>
  send(api.url, method, path, { token, ...(body !== undefined && { body }) });

beforeAll(async () => {
  postgres = await startTestDatabase();
  api = await startTestApi(postgres.url, createSwarmEngine({ templatesDirectory: '/nowhere' }));
  token = await api.token(await api.project(), 'member', 'reader');
  const template = { name: 'swarm', coe: 'swarm', image_id: 'debian-12-docker' };
  expect((await call('POST', '/v1/clustertemplates', template)).status).toBe(201);
});
afterAll(async () => {
  await api.close();
  await postgres.stop();
  expect(api.faults).toEqual([]);
});

/** A bay of one master and four workers: the last of them failed, and a newer one that is not ready yet. */
async function makeBay(): Promise<Bay> {
  const name = `bay-${randomUUID()}`;
  await call('POST', '/v1/bays', { baymodel_id: 'swarm', name, node_count: 4 });
  const { bays, nodeGroups, nodes } = api.database.stores;
  const bay = await bays.find(SYSTEM, name);
  for (const group of await nodeGroups.listByBay(SYSTEM, bay.id)) {
    const first = await nodeGroups.takeOrdinals(group.id, group.nodeCount);
    const made = Array.from({ length: group.nodeCount }, (_, index) => ({
      ...makeNewNode(group, first + index),
      name: `${group.role}-${String(first + index)}`,
    }));
    await nodes.insertMany(made);
    for (const [index, { id }] of made.entries()) {
      if (group.role === 'worker' && index === 2)
        await nodes.recordFacts(id, {
          failedAt: new Date(),
          failure: { phase: 'machine', message: 'No.', logTail: '' },
        });
      else if (index < 3) await nodes.recordFacts(id, { readyAt: new Date() });
    }
  }
  return bay;
}

async function everything(bay: Bay): Promise<unknown> {
  const { bays, nodeGroups, nodes, events } = api.database.stores;
  return JSON.stringify([
    await bays.get(bay.id),
    await nodeGroups.listByBay(SYSTEM, bay.id),
    await nodes.listByBay(SYSTEM, bay.id),
    await events.list(SYSTEM, bay.id, { after: 0, limit: 100 }),
  ]);
}

const changesOf = ({ status, body }: Answer): readonly string[] => {
  expect(status).toBe(200);
  const { changes } = body as { changes: { change: string; node: string; reason: string }[] };
  for (const { reason } of changes) expect(reason).toMatch(/^[A-Z].*\.$/);
  return changes.map(({ change, node }) => `${change} ${node}`);
};

describe('of a new bay', () => {
  test('names the nodes that would be made, and makes nothing', async () => {
    const body = { cluster_template_id: 'swarm', name: 'web', node_count: 2, master_count: 3, master_lb_enabled: true };
    const count = async (): Promise<unknown> => (await call('GET', '/v1/stats')).body;
    const before = await count();
    expect(changesOf(await call('POST', '/v1/bays/preview', body))).toEqual([
      ...['make web-master-0', 'make web-master-1', 'make web-master-2', 'make web-worker-0', 'make web-worker-1'],
    ]);
    expect(await count()).toEqual(before);
    const { body: events } = await call('GET', '/v1/events?limit=1000');
    expect(JSON.stringify(events)).not.toContain('preview-');
  });

  test.each([
    [{ cluster_template_id: 'nothing' }, 404],
    [{ cluster_template_id: 'swarm', master_count: 2 }, 400],
    [{ cluster_template_id: 'swarm', node_count: 10_000 }, 400],
  ])('%j is refused with %d, as the bay would be', async (body, status) => {
    expect((await call('POST', '/v1/bays/preview', body)).status).toBe(status);
    expect((await call('POST', '/v1/clusters', body)).status).toBe(status === 404 ? 400 : status);
  });
});

describe('of a change', () => {
  test.each([
    ['one more', { action: 'resize', node_count: 5 }, ['remove worker-2', 'make *-worker-4', 'make *-worker-5']],
    ['one less', { action: 'resize', node_count: 3 }, ['remove worker-2']],
    ['two less', { action: 'resize', node_count: 2 }, ['remove worker-2', 'remove worker-3']],
    [
      'a named one for a fresh one',
      { action: 'resize', node_count: 4, nodes_to_remove: ['worker-0'] },
      ['remove worker-0', 'remove worker-2', 'make *-worker-4', 'make *-worker-5'],
    ],
    ['another try', { action: 'retry' }, ['remove worker-2', 'make *-worker-4']],
    [
      'the end',
      { action: 'delete' },
      ['remove master-0', 'remove worker-0', 'remove worker-1', 'remove worker-2', 'remove worker-3'],
    ],
  ])('to %s names the nodes, and changes nothing', async (_what, body, expected) => {
    const bay = await makeBay();
    const before = await everything(bay);
    const changes = changesOf(await call('POST', `/v1/bays/${bay.name}/actions/preview`, body));
    expect(changes.map((change) => change.replace(/bay-.*-worker-/, '*-worker-'))).toEqual(expected);
    expect(await everything(bay)).toBe(before);
  });

  test.each([
    [{ action: 'resize', node_count: -1 }, 400],
    [{ action: 'resize', node_count: 1, nodes_to_remove: ['nobody'] }, 400],
    [{ action: 'resize', node_count: 1, nodegroup: 'default-master' }, 400],
    [{ action: 'resize' }, 400],
    [{ action: 'explode' }, 400],
    [{ action: 'retry', node_count: 1 }, 400],
    [{}, 400],
  ])('%j is refused with %d', async (body, status) => {
    const bay = await makeBay();
    expect((await call('POST', `/v1/bays/${bay.id}/actions/preview`, body)).status).toBe(status);
  });
});
