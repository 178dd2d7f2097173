/** Magnum's contract, certificates: the authority's, and signing. */
import { X509Certificate } from 'node:crypto';
import { createSwarmEngine } from '@baykeeper/drivers/engines/swarm/swarm.engine.js';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { certificateRequest } from '../testing/certificate-request.js';
import { expectError, openContract } from '../testing/contract.js';

const contract = openContract(createSwarmEngine({ templatesDirectory: '/nowhere' }));
const { call } = contract;
const csr = certificateRequest('ada');
let uuid: string;

beforeAll(async () => {
  uuid = await contract.cluster({ cluster_template_id: await contract.template(), name: 'signed' });
});

const links = () => [
  { href: `http://bays.example:9511/v1/certificates/${uuid}`, rel: 'self' },
  { href: `http://bays.example:9511/certificates/${uuid}`, rel: 'bookmark' },
];

describe('the authority', () => {
  test.each(['', '/', '?ca_cert_type=kubernetes', '?ca_cert_type=x', '/kubernetes', '/x'])(
    'is shown at %s',
    async (end) => {
      for (const ident of [uuid, 'signed']) {
        const answer = await call('GET', `/v1/certificates/${ident}${end}`);
        expect([answer.status, answer.body]).toMatchObject([200, { cluster_uuid: uuid, links: links() }]);
        const { pem } = answer.body as { pem: string };
        expect(new X509Certificate(pem).ca).toBe(true);
      }
    },
  );

  test.each(['?ca_cert_type=etcd', '/etcd', '/front_proxy', '/front-proxy'])(
    'of another kind is none: %s',
    async (end) => {
      expectError(await call('GET', `/v1/certificates/${uuid}${end}`), 400);
    },
  );

  test('of nothing is not found', async () => {
    for (const path of ['nothing', 'nothing/kubernetes'])
      expectError(await call('GET', `/v1/certificates/${path}`), 404);
  });

  test('exists for a cluster without TLS too', async () => {
    const template = await contract.template({ tls_disabled: true });
    const plain = await contract.cluster({ cluster_template_id: template });
    expect((await call('GET', `/v1/certificates/${plain}`)).status).toBe(200);
    const body = { cluster_uuid: plain, csr };
    expect((await call('POST', '/v1/certificates', { body })).status).toBe(201);
  });
});

describe('signing', () => {
  test('gives the certificate, by uuid or by name', async () => {
    for (const ident of [uuid, 'signed']) {
      const answer = await call('POST', '/v1/certificates', { body: { cluster_uuid: ident, csr, pem: 'ignored' } });
      expect([answer.status, answer.body]).toMatchObject([201, { cluster_uuid: uuid, csr, links: links() }]);
      const { pem } = answer.body as { pem: string };
      expect(new X509Certificate(pem).subject).toContain('CN=ada');
    }
  });

  test('echoes the kind of authority when it was given', async () => {
    const body = { cluster_uuid: uuid, csr, ca_cert_type: 'kubernetes' };
    expect((await call('POST', '/v1/certificates', { body })).body).toMatchObject({ ca_cert_type: 'kubernetes' });
    expect((await call('POST', '/v1/certificates', { body: { cluster_uuid: uuid, csr } })).body).not.toHaveProperty(
      'ca_cert_type',
    );
  });

  test.each<[string, () => object]>([
    ['no cluster', () => ({ csr })],
    ['an unknown cluster', () => ({ cluster_uuid: 'nothing', csr })],
    ['no request', () => ({ cluster_uuid: uuid })],
    ['an empty request', () => ({ cluster_uuid: uuid, csr: '' })],
    ['null for a request', () => ({ cluster_uuid: uuid, csr: null })],
    ['garbage for a request', () => ({ cluster_uuid: uuid, csr: 'garbage' })],
    ['links', () => ({ cluster_uuid: uuid, csr, links: [] })],
    ['an unknown field', () => ({ cluster_uuid: uuid, csr, days: 5 })],
  ])('with %s is refused', async (_what, body) => {
    expectError(await call('POST', '/v1/certificates', { body: body() }), 400);
  });
});
