/**
 * A master's certificates, signed as the control plane does it and judged by openssl: signer, names and usages are what
 * kubeadm's own list asks for (kubernetes.io, "PKI certificates and requirements").
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBay, makeNode } from '@baykeeper/domain/testing/builders.js';
import { createKubernetesEngine } from '@baykeeper/drivers/engines/kubernetes/kubernetes.engine.js';
import { openBayAuthorities, openKeyVault, signCertificate, type StoredAuthority } from '@baykeeper/pki';

const folder = mkdtempSync(join(tmpdir(), 'bk-kubernetes-pki-'));
const path = (name: string): string => join(folder, name);
const openssl = (...args: string[]): string =>
  execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const textOf = (name: string): string => openssl('x509', '-in', path(`${name}.crt`), '-noout', '-text');
const subjectOf = (name: string): string =>
  openssl('x509', '-in', path(`${name}.crt`), '-noout', '-subject', '-nameopt', 'RFC2253').trim();

const bay = makeBay({ engine: 'kubernetes' });
const node = makeNode({ role: 'master', name: 'web-master-0', address: '192.0.2.10' });
const engine = createKubernetesEngine({
  ...{ templatesDirectory: '', releases: { versions: () => [], ensure: () => Promise.resolve(), nodeFiles: () => [] } },
});
const records = new Map<string, StoredAuthority>();
const authorities = openBayAuthorities({
  vault: openKeyVault(Buffer.alloc(32, 1)),
  records: {
    find: (_bayId, purpose) => Promise.resolve(records.get(purpose) ?? null),
    insert: (authority) => {
      records.set(authority.purpose, authority);
      return Promise.resolve(authority);
    },
  },
});

beforeAll(async () => {
  openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', path('node.key'));
  const publicKey = createPublicKey(openssl('pkey', '-in', path('node.key'), '-pubout'));
  const names = { bay, node, clientAddress: '203.0.113.7' };
  const further = engine.furtherCertificates?.(names) ?? { authorities: [], certificates: [] };
  for (const purpose of ['cluster', ...further.authorities] as const)
    writeFileSync(path(`${purpose}-ca.crt`), await authorities.ensureCertificate(bay, purpose));
  const all = [
    { name: 'node', authority: 'cluster' as const, profile: engine.nodeCertificate(names) },
    ...further.certificates,
  ];
  for (const { name, authority, profile } of all) {
    const signing = await authorities.ensureSigning(bay, authority);
    const { certificatePem } = await signCertificate({ authority: signing, publicKey, profile });
    writeFileSync(path(`${name}.crt`), certificatePem);
  }
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('the certificates of a Kubernetes master', () => {
  it.each([
    ['node', 'cluster', 'O=system:nodes,CN=system:node:web-master-0', 'sslclient'],
    ['kubelet', 'cluster', 'O=system:nodes,CN=system:node:web-master-0', 'sslserver'],
    ['apiserver', 'cluster', 'CN=kube-apiserver', 'sslserver'],
    [
      'apiserver-kubelet-client',
      'cluster',
      'O=baykeeper:kubelet-clients,CN=kube-apiserver-kubelet-client',
      'sslclient',
    ],
    ['kube-proxy', 'cluster', 'CN=system:kube-proxy', 'sslclient'],
    ['controller-manager', 'cluster', 'CN=system:kube-controller-manager', 'sslclient'],
    ['scheduler', 'cluster', 'CN=system:kube-scheduler', 'sslclient'],
    ['admin', 'cluster', 'O=system:masters,CN=kubernetes-admin', 'sslclient'],
    ['front-proxy-client', 'front-proxy', 'CN=front-proxy-client', 'sslclient'],
    ['etcd-server', 'etcd', 'CN=web-master-0', 'sslserver'],
    ['etcd-server', 'etcd', 'CN=web-master-0', 'sslclient'],
    ['etcd-peer', 'etcd', 'CN=web-master-0', 'sslserver'],
    ['etcd-peer', 'etcd', 'CN=web-master-0', 'sslclient'],
    ['etcd-healthcheck-client', 'etcd', 'CN=kube-etcd-healthcheck-client', 'sslclient'],
    ['apiserver-etcd-client', 'etcd', 'CN=kube-apiserver-etcd-client', 'sslclient'],
  ])('%s is of the %s authority, for %s as %s', (name, authority, subject, purpose) => {
    const verified = openssl(
      ...['verify', '-x509_strict', '-purpose', purpose, '-CAfile', path(`${authority}-ca.crt`), path(`${name}.crt`)],
    );
    expect(verified).toContain(': OK');
    expect(subjectOf(name).replace('subject=', '').split(',').sort()).toEqual(subject.split(',').sort());
  });

  it('no certificate opens what belongs to another authority', () => {
    expect(() => openssl('verify', '-CAfile', path('cluster-ca.crt'), path('etcd-peer.crt'))).toThrow();
    expect(() => openssl('verify', '-CAfile', path('etcd-ca.crt'), path('apiserver.crt'))).toThrow();
    const names = ['cluster', 'etcd', 'front-proxy'].map((purpose) => subjectOf(`${purpose}-ca`));
    expect(new Set(names).size).toBe(3);
  });

  it('the API server answers to every name that anybody uses', () => {
    const text = textOf('apiserver');
    for (const name of [
      ...['DNS:web-master-0', 'DNS:kubernetes', 'DNS:kubernetes.default', 'DNS:kubernetes.default.svc'],
      ...['DNS:kubernetes.default.svc.cluster.local', 'IP Address:10.254.0.1', 'IP Address:192.0.2.10'],
      ...['IP Address:203.0.113.7', 'IP Address:127.0.0.1'],
    ])
      expect(text).toContain(name);
  });

  it.each(['etcd-server', 'etcd-peer'])('%s answers to its host and its loopback', (name) => {
    const text = textOf(name);
    for (const part of [
      ...['DNS:web-master-0', 'DNS:localhost', 'IP Address:192.0.2.10', 'IP Address:127.0.0.1'],
      'IP Address:0:0:0:0:0:0:0:1',
    ])
      expect(text).toContain(part);
  });

  it('a kubelet as a server answers to its own name and address only', () => {
    expect(/Subject Alternative Name: *\n\s*(.*)\n/.exec(textOf('kubelet'))?.[1]).toBe(
      'DNS:web-master-0, IP Address:192.0.2.10',
    );
  });

  it('the right to do anything ends within a day, the others outlive no authority', () => {
    expect(() => openssl('x509', '-in', path('admin.crt'), '-noout', '-checkend', String(86_400))).toThrow();
    openssl('x509', '-in', path('apiserver.crt'), '-noout', '-checkend', String(4 * 365 * 86_400));
  });

  it('the key of service accounts is one for all, and openssl finds its other half', async () => {
    const key = await authorities.ensureSharedKey(bay, 'service-account');
    expect(await authorities.ensureSharedKey(bay, 'service-account')).toBe(key);
    writeFileSync(path('sa.key'), key);
    expect(openssl('pkey', '-in', path('sa.key'), '-pubout')).toBe(records.get('service-account')?.certificatePem);
    expect(records.get('service-account')?.encryptedKey).not.toContain('PRIVATE');
  });
});
