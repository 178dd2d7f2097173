import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { BaykeeperError, type BayId } from '@baykeeper/domain';
import type { EngineContext, EngineDriver } from '@baykeeper/drivers';
import { createSwarmEngine } from '@baykeeper/drivers/engines/swarm/swarm.engine.js';
import { seedBay } from '@baykeeper/storage/testing/seed.js';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { send, type Answer } from '../testing/api-client.js';
import { startTestApi, type TestApi } from '../testing/start-test-api.js';

jest.setTimeout(120_000);

let postgres: TestDatabase;
let api: TestApi;
let member: string;
let admin: string;
let bay: BayId;
const told: EngineContext[] = [];
let problem: Error | null = null;

const engine: EngineDriver = {
  ...createSwarmEngine({ templatesDirectory: '/nowhere' }),
  rotateCredentials(context) {
    if (problem !== null) return Promise.reject(problem);
    told.push(context);
    return Promise.resolve();
  },
};

beforeAll(async () => {
  postgres = await startTestDatabase();
  api = await startTestApi(postgres.url, engine);
  const project = await api.project();
  member = await api.token(project, 'member', 'reader');
  admin = await api.token(project, 'admin', 'member', 'reader');
  ({
    bay: { id: bay },
  } = await seedBay(api.database.stores, project));
});
beforeEach(() => {
  told.length = 0;
  problem = null;
});
afterAll(async () => {
  await api.close();
  await postgres.stop();
});

async function found(): Promise<void> {
  const { bays } = api.database.stores;
  const lease = await bays.acquireLease(bay, 'test', 60);
  await bays.saveFacts(bay, lease?.token ?? 0, { foundedAt: new Date(), status: 'CREATE_COMPLETE' });
  await bays.releaseLease(bay, lease?.token ?? 0);
}

async function rotate(token = member): Promise<Answer> {
  const headers = { 'OpenStack-API-Version': 'container-infra latest' };
  return send(api.url, 'PATCH', `/v1/credentials/${bay}`, { token, headers });
}
const detailOf = ({ body }: Answer): string => (body as { errors: { detail: string }[] }).errors[0]?.detail ?? '';

async function audited(): Promise<readonly unknown[]> {
  const { body } = await send(api.url, 'GET', '/v1/audit?action=credential:rotate', { token: admin });
  return (body as { audit: { outcome: string; target: unknown }[] }).audit.map(({ outcome, target }) => [
    outcome,
    target,
  ]);
}

describe('rotating the credentials of a bay', () => {
  it('waits for a bay that runs', async () => {
    const answer = await rotate();
    expect([answer.status, detailOf(answer)]).toEqual([400, expect.stringContaining('has no running master yet')]);
    expect(told).toEqual([]);
  });

  it('asks the engine, and tells the tenant and the audit', async () => {
    await found();
    const answer = await rotate();
    expect([answer.status, answer.body]).toEqual([202, { uuid: bay }]);
    expect(told.map((context) => context.bay.id)).toEqual([bay]);
    const { body } = await send(api.url, 'GET', `/v1/bays/${bay}/events`, { token: member });
    expect(JSON.stringify(body)).toContain('The credentials with which machines join were replaced.');
    const target = { kind: 'cluster', id: bay, name: expect.any(String) as unknown };
    expect(await audited()).toEqual([
      ['success', target],
      ['refused', target],
    ]);
    expect(await api.database.stores.operations.listOpen(bay)).toEqual([]);
  });

  it('says when the engine does not answer, changes nothing, and can be asked again', async () => {
    problem = new BaykeeperError({
      code: 'provider-unavailable',
      publicMessage: 'No manager answers: try again later.',
    });
    const before = await audited();
    const answer = await rotate();
    expect([answer.status, detailOf(answer)]).toEqual([503, 'No manager answers: try again later.']);
    expect(await audited()).toEqual(before);
    problem = null;
    expect((await rotate()).status).toBe(202);
    expect(told).toHaveLength(1);
  });

  it('is over once the bay is being deleted', async () => {
    await send(api.url, 'DELETE', `/v1/bays/${bay}`, { token: member });
    const answer = await rotate();
    expect([answer.status, detailOf(answer)]).toEqual([400, expect.stringContaining('is being deleted')]);
    expect(told).toEqual([]);
  });
});
