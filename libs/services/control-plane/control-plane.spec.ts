import { X509Certificate, createPrivateKey, randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { openKeyVault } from '@baykeeper/pki';
import { controlPlaneForNodes, createListenerIdentity, type ControlPlaneDependencies } from './control-plane.js';

function dependencies(facts: Partial<ControlPlaneDependencies> = {}): ControlPlaneDependencies {
  const kept = new Map<string, string>();
  return {
    settings: {
      ensure: async (key, make) => {
        const value = kept.get(key) ?? (await make());
        kept.set(key, value);
        return value;
      },
    },
    vault: openKeyVault(randomBytes(32)),
    compute: { hostAddress: () => Promise.resolve('192.0.2.1') },
    nodeUrl: null,
    nodePort: 9512,
    ...facts,
  };
}

test('nodes are told this host and an authority that stays the same', async () => {
  const given = dependencies();
  const first = await controlPlaneForNodes(given);
  expect(first.url).toBe('https://192.0.2.1:9512');
  expect(await controlPlaneForNodes(given)).toEqual(first);
});

test('the listener’s certificate is the authority’s, for the address that nodes call', async () => {
  const given = dependencies();
  const { caPem } = await controlPlaneForNodes(given);
  const identity = await createListenerIdentity(given);
  const certificate = new X509Certificate(identity.certificatePem);
  expect(certificate.verify(new X509Certificate(caPem).publicKey)).toBe(true);
  expect(certificate.checkPrivateKey(createPrivateKey(identity.privateKeyPem))).toBe(true);
  expect(certificate.checkIP('192.0.2.1')).toBe('192.0.2.1');
  expect(certificate.checkHost('other.example')).toBeUndefined();
});

test('a configured URL with a name goes before the host’s address', async () => {
  const given = dependencies({ nodeUrl: 'https://nodes.example.org:9999' });
  expect((await controlPlaneForNodes(given)).url).toBe('https://nodes.example.org:9999');
  const certificate = new X509Certificate((await createListenerIdentity(given)).certificatePem);
  expect(certificate.checkHost('nodes.example.org')).toBe('nodes.example.org');
  expect(certificate.checkIP('192.0.2.1')).toBeUndefined();
});

test('without any address nodes can’t be told, but the listener still starts', async () => {
  const given = dependencies({ compute: { hostAddress: () => Promise.resolve(null) } });
  await expect(controlPlaneForNodes(given)).rejects.toThrow('set BAYKEEPER_NODE_URL');
  const certificate = new X509Certificate((await createListenerIdentity(given)).certificatePem);
  expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
});

test('the authority’s key is not kept in the clear', async () => {
  const written: string[] = [];
  const settings = {
    ensure: async (_key: string, make: () => string | Promise<string>) => {
      written.push(await make());
      return written[0] ?? '';
    },
  };
  const given = dependencies({ settings });
  await controlPlaneForNodes(given);
  await controlPlaneForNodes(given);
  // A key takes a tenth of a second of a processor: not for every node.
  expect(written).toHaveLength(1);
  expect(written[0]).toContain('BEGIN CERTIFICATE');
  expect(written[0]).not.toContain('PRIVATE KEY');
});
