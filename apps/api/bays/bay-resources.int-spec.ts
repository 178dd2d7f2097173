import { X509Certificate, createPrivateKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type EventKind, nodeNameOf } from '@baykeeper/domain';
import type { Bay, LoadBalancerId, NodeId } from '@baykeeper/domain';
import { createSwarmEngine } from '@baykeeper/drivers/engines/swarm/swarm.engine.js';
import { hashOfToken } from '@baykeeper/pki';
import { SYSTEM } from '@baykeeper/storage';
import { startTestDatabase, type TestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import forge from 'node-forge';
import { send, type Answer, type Request } from '../testing/api-client.js';
import { startTestApi, type TestApi } from '../testing/start-test-api.js';
import { eventsAnswer, loadBalancersAnswer, nodesAnswer } from './bay.answers.js';

let postgres: TestDatabase;
let api: TestApi;
let member: string;
const call = (method: string, path: string, request?: Request): Promise<Answer> => send(api.url, method, path, request);

async function makeBay(name = `bay-${randomUUID()}`): Promise<Bay> {
  const answer = await call('POST', '/v1/bays', { token: member, body: { baymodel_id: 'swarm', name } });
  expect(answer.status).toBe(202);
  return api.database.stores.bays.find(SYSTEM, name);
}

async function addNode(bay: Bay, name: string): Promise<NodeId> {
  const { nodeGroups, nodes } = api.database.stores;
  const groups = await nodeGroups.listByBay(SYSTEM, bay.id);
  const group = groups.find(({ role }) => role === 'master');
  if (!group) throw new Error('no group');
  const id = randomUUID() as NodeId;
  const { projectId } = bay;
  await nodes.insertMany([
    { id, bayId: bay.id, projectId, nodeGroupId: group.id, role: 'master', ordinal: 0, name, createdAt: new Date() },
  ]);
  return id;
}

async function setAddress(bay: Bay, apiAddress: string): Promise<void> {
  const lease = await api.database.stores.bays.acquireLease(bay.id, 'test', 60);
  if (!lease) throw new Error('no lease');
  await api.database.stores.bays.saveFacts(bay.id, lease.token, { apiAddress });
  await api.database.stores.bays.releaseLease(bay.id, lease.token);
}

beforeAll(async () => {
  postgres = await startTestDatabase();
  api = await startTestApi(postgres.url, createSwarmEngine({ templatesDirectory: '/nowhere' }));
  member = await api.token(await api.project(), 'member', 'reader');
  const template = { name: 'swarm', coe: 'swarm', image_id: 'debian-12-docker' };
  expect((await call('POST', '/v1/clustertemplates', { token: member, body: template })).status).toBe(201);
}, 60_000);

afterAll(async () => {
  await api.close();
  await postgres.stop();
  expect(api.faults).toEqual([]);
});

describe('nodes', () => {
  test('are listed with what they are doing and when they did it', async () => {
    const bay = await makeBay();
    const id = await addNode(bay, 'web-master-0');
    const at = new Date('2026-01-02T03:04:05.678Z');
    await api.database.stores.nodes.recordFacts(id, {
      ...{ machineRequestedAt: at, machineCreatedAt: at, address: '10.0.0.2', bootedAt: at, failedAt: at },
      failure: { phase: 'engine', message: 'dockerd stopped', logTail: 'last line' },
    });
    const answer = await call('GET', `/v1/bays/${bay.id}/nodes`, { token: member });
    const { nodes } = nodesAnswer.parse(answer.body);
    expect(nodes).toMatchObject([
      {
        ...{ uuid: id, name: 'web-master-0', role: 'master', nodegroup: 'default-master', phase: 'failed' },
        ...{ address: '10.0.0.2', registered: false, ready_at: null, engine_state: null, removal_reason: null },
        failure: { phase: 'engine', message: 'dockerd stopped', log_tail: 'last line' },
      },
    ]);
    expect(nodes[0]?.steps.map(({ name }) => name)).toEqual([
      'machine-requested',
      'machine-created',
      'booted',
      'failed',
    ]);
    const shown = await call('GET', `/v1/clusters/${bay.id}`, { token: member });
    expect(shown.body).toMatchObject({ master_addresses: ['10.0.0.2'], node_addresses: [] });
  });
});

describe('load balancers', () => {
  test('are listed with the health that the driver knows, and unknown where it knows none', async () => {
    const bay = await makeBay();
    expect((await call('GET', `/v1/bays/${bay.id}/load_balancers`, { token: member })).body).toEqual({
      load_balancers: [],
    });
    const id = randomUUID() as LoadBalancerId;
    const nodeIds = [randomUUID(), randomUUID()] as NodeId[];
    const listener = { name: 'docker-api', port: 2376, memberPort: 2376, memberRole: 'master' as const };
    const members = nodeIds.map((nodeId, index) => ({
      nodeId,
      name: `m${index}`,
      address: `10.0.0.${index}`,
      port: 2376,
    }));
    const { loadBalancers } = api.database.stores;
    const { projectId } = bay;
    await loadBalancers.insert({ id, bayId: bay.id, projectId, listeners: [listener], requestedAt: new Date() });
    await loadBalancers.recordFacts(id, { address: '10.9.0.1', createdAt: new Date() });
    const changes = { 'docker-api': { put: members, remove: [] } };
    await loadBalancers.beginMembers(id, changes);
    await loadBalancers.confirmMembers(id, changes);
    api.balancers.push({
      ...{ id, bayId: bay.id, address: '10.9.0.1' },
      listeners: [
        { name: 'docker-api', port: 2376, members: members.slice(0, 1).map((member) => ({ ...member, health: 'up' })) },
      ],
    });
    const answer = await call('GET', `/v1/bays/${bay.id}/load_balancers`, { token: member });
    expect(loadBalancersAnswer.parse(answer.body).load_balancers).toEqual([
      {
        ...{ uuid: id, address: '10.9.0.1' },
        listeners: [
          {
            ...{ name: 'docker-api', port: 2376 },
            members: [
              { name: 'm0', node_uuid: nodeIds[0], address: '10.0.0.0', port: 2376, health: 'up' },
              { name: 'm1', node_uuid: nodeIds[1], address: '10.0.0.1', port: 2376, health: 'unknown' },
            ],
          },
        ],
      },
    ]);
  });
});

describe('events', () => {
  /** Of kinds that nothing else tells of. */
  async function tell(bay: Bay, kind: string): Promise<void> {
    const { id: bayId, projectId } = bay;
    await api.database.stores.events.append({
      bayId,
      projectId,
      nodeId: null,
      kind: kind as EventKind,
      level: 'info',
      message: `${kind}.`,
    });
  }

  test('are listed in pages, oldest first', async () => {
    const bay = await makeBay();
    await tell(bay, 'first');
    await tell(bay, 'second');
    const page = eventsAnswer.parse((await call('GET', `/v1/bays/${bay.id}/events?limit=2`, { token: member })).body);
    expect(page.events.map(({ kind }) => kind)).toEqual(['bay-requested', 'first']);
    const next = new URL(page.next ?? '');
    const rest = eventsAnswer.parse((await call('GET', next.pathname + next.search, { token: member })).body);
    expect(rest.events.map(({ kind }) => kind)).toEqual(['second']);
    expect(rest.next).toBeUndefined();
    expect((await call('GET', `/v1/bays/${bay.id}/events?after=-1`, { token: member })).status).toBe(400);
  });
});

describe('credentials', () => {
  test('are refused while the bay has no address', async () => {
    const bay = await makeBay();
    expect((await call('POST', `/v1/bays/${bay.id}/credentials`, { token: member })).status).toBe(409);
  });

  test('are a zip named after the bay', async () => {
    const bay = await makeBay('zipped');
    await setAddress(bay, 'tcp://192.0.2.1:2376');
    const response = await fetch(`${api.url}/v1/bays/zipped/credentials`, {
      method: 'POST',
      headers: { 'X-Auth-Token': member, 'Content-Type': 'application/json' },
      body: JSON.stringify({ common_name: 'ada' }),
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/zip');
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="zipped.zip"');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const zip = Buffer.from(await response.arrayBuffer());
    expect(zip.subarray(0, 2).toString()).toBe('PK');
    for (const name of ['ca.pem', 'cert.pem', 'key.pem', 'docker.env'])
      expect(zip.includes(`zipped/${name}`)).toBe(true);
    const [issued] = await api.database.stores.certificates.listByBay(SYSTEM, bay.id);
    expect(issued).toMatchObject({ kind: 'client', subject: expect.stringContaining('CN=ada') });
  });

  test.each([{ common_name: '' }, { common_name: 'x'.repeat(65) }, { common_name: 7 }, { colour: 'red' }, []])(
    'for %j are refused, and nothing is signed',
    async (body) => {
      const bay = await makeBay();
      await setAddress(bay, 'tcp://192.0.2.1:2376');
      expect((await call('POST', `/v1/bays/${bay.id}/credentials`, { token: member, body })).status).toBe(400);
      expect(await api.database.stores.certificates.listByBay(SYSTEM, bay.id)).toEqual([]);
    },
  );
});

describe('certificates', () => {
  function requestFor(commonName: string, bits = 2048): string {
    const pair = generateKeyPairSync('rsa', {
      modulusLength: bits,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const csr = forge.pki.createCertificationRequest();
    csr.publicKey = forge.pki.publicKeyFromPem(pair.publicKey);
    csr.setSubject([{ name: 'commonName', value: commonName }]);
    csr.sign(forge.pki.privateKeyFromPem(pair.privateKey), forge.md.sha256.create());
    return forge.pki.certificationRequestToPem(csr);
  }

  test('of the authority are shown, and sign a member’s request', async () => {
    const bay = await makeBay();
    const shown = await call('GET', `/v1/certificates/${bay.name}`, { token: member });
    expect(shown).toMatchObject({ status: 200, body: { cluster_uuid: bay.id, bay_uuid: bay.id } });
    const authority = new X509Certificate((shown.body as { pem: string }).pem);
    const csr = requestFor('ada');
    const signed = await call('POST', '/v1/certificates', { token: member, body: { cluster_uuid: bay.id, csr } });
    expect(signed).toMatchObject({ status: 201, body: { csr, cluster_uuid: bay.id } });
    const certificate = new X509Certificate((signed.body as { pem: string }).pem);
    expect(certificate.verify(authority.publicKey)).toBe(true);
    expect(certificate.subject).toContain('CN=ada');
    expect(certificate.ca).toBe(false);
  });

  test.each<[string, (bay: Bay) => object]>([
    ['without a request', (bay) => ({ cluster_uuid: bay.id })],
    ['without a bay', () => ({ csr: requestFor('ada') })],
    ['for an unknown bay', () => ({ cluster_uuid: 'nothing', csr: requestFor('ada') })],
    ['from garbage', (bay) => ({ cluster_uuid: bay.id, csr: 'garbage' })],
    ['from an empty request', (bay) => ({ cluster_uuid: bay.id, csr: '' })],
    ['from a request of more than 16 KiB', (bay) => ({ cluster_uuid: bay.id, csr: 'x'.repeat(16_385) })],
    ['from a number', (bay) => ({ cluster_uuid: bay.id, csr: 7 })],
    ['for a weak key', (bay) => ({ cluster_uuid: bay.id, csr: requestFor('ada', 1024) })],
    ['with an unknown field', (bay) => ({ cluster_uuid: bay.id, csr: requestFor('ada'), days: 9 })],
  ])('%s are refused, and nothing is signed', async (_name, body) => {
    const bay = await makeBay();
    const answer = await call('POST', '/v1/certificates', { token: member, body: body(bay) });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ code: 'client' }] } });
    expect(await api.database.stores.certificates.listByBay(SYSTEM, bay.id)).toEqual([]);
  });

  test('with a node’s name are refused', async () => {
    const bay = await makeBay();
    // Also one that the next scaling makes.
    for (const ordinal of [0, 7]) {
      const name = nodeNameOf(bay, { name: 'default-master', role: 'master', isDefault: true }, ordinal);
      const body = { cluster_uuid: bay.id, csr: requestFor(name) };
      expect((await call('POST', '/v1/certificates', { token: member, body })).status).toBe(400);
    }
  });
});

describe('a node', () => {
  test('gets its certificate, reports, and is told when it may join', async () => {
    const bay = await makeBay();
    const id = await addNode(bay, 'web-master-0');
    const { nodes } = api.database.stores;
    await nodes.recordFacts(id, { machineRequestedAt: new Date(), address: '10.0.0.2', machineCreatedAt: new Date() });
    await nodes.setEnrolmentToken(id, hashOfToken('single-use'));
    const bearer = (token: string): Request => ({ headers: { Authorization: `Bearer ${token}` } });

    const booted = await call('POST', `/v1/nodes/${id}/signals?phase=booted&outcome=ok`, {
      ...{ raw: '', headers: { ...bearer('single-use').headers, 'Content-Type': 'text/plain' } },
    });
    expect(booted).toMatchObject({ status: 204, text: '' });
    const pair = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const csr = forge.pki.createCertificationRequest();
    csr.publicKey = forge.pki.publicKeyFromPem(pair.publicKey);
    csr.setSubject([{ name: 'commonName', value: 'ignored' }]);
    csr.sign(forge.pki.privateKeyFromPem(pair.privateKey), forge.md.sha256.create());
    const raw = forge.pki.certificationRequestToPem(csr);
    const headers = { 'Content-Type': 'application/x-pem-file' };
    const certified = await call('POST', `/v1/nodes/${id}/certificate`, {
      ...{ raw, headers: { ...headers, ...bearer('single-use').headers } },
    });
    expect(certified.status).toBe(200);
    const session = certified.headers.get('x-baykeeper-session') ?? '';
    expect(session).not.toBe('');
    const certificate = new X509Certificate(certified.text);
    expect(certificate.checkPrivateKey(createPrivateKey(pair.privateKey))).toBe(true);
    expect(certificate.checkIP('10.0.0.2')).toBe('10.0.0.2');

    expect((await call('GET', `/v1/nodes/${id}/join?wait=0`, bearer('single-use'))).status).toBe(401);
    expect((await call('GET', `/v1/nodes/${id}/join?wait=0`)).status).toBe(401);
    expect((await call('GET', `/v1/nodes/${id}/join?wait=x`, bearer(session))).status).toBe(400);
    expect(await call('GET', `/v1/nodes/${id}/join?wait=0`, bearer(session))).toMatchObject({ status: 204, text: '' });

    const waiting = call('GET', `/v1/nodes/${id}/join?wait=20`, bearer(session));
    await api.database.transaction(async (stores) => {
      const lease = await stores.bays.acquireLease(bay.id, 'test', 60);
      await stores.bays.saveFacts(bay.id, lease?.token ?? 0, { foundingNodeId: id });
      await stores.nodes.recordFacts(id, { joinGrantedAt: new Date() });
    });
    await api.signals.publish(`node:${id}`);
    const joined = await waiting;
    expect(joined.status).toBe(200);
    expect(joined.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(joined.text).toMatch(/^SWARM_PATH='\/swarm\/init'$/m);

    const failed = await call('POST', `/v1/nodes/${id}/signals?phase=join&outcome=failed&message=no%20quorum`, {
      ...{ raw: 'last lines', headers: { 'Content-Type': 'text/plain', ...bearer(session).headers } },
    });
    expect(failed.status).toBe(204);
    expect((await nodes.find(SYSTEM, id))?.failure).toEqual({
      phase: 'join',
      message: 'no quorum',
      logTail: 'last lines',
    });
  });
});
