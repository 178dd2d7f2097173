/**
 * What every engine driver must do, whatever it drives. Needs no cluster: a driver's own spec calls this with a factory, and
 * tests its conversation with a running cluster by itself.
 */
import { describe, expect, it } from '@jest/globals';
import { makeBay, makeNode, T0 } from '@baykeeper/domain/testing/builders.js';
import fc from 'fast-check';
import { renderEnvironmentFile } from '../bootstrap/environment-file.js';
import { TENANT_ACCESS, type BayKeys, type EngineContext, type EngineDriver } from '../contracts/engine.js';

const KEYS: BayKeys = { serviceAccountKey: () => Promise.resolve('-----BEGIN PRIVATE KEY-----\n') };
const TLS = { ca: 'CA\n', certificate: 'CERTIFICATE\n', key: 'KEY\n' };

export function describeEngineDriver(name: string, open: () => EngineDriver): void {
  describe(`the engine driver ${name}`, () => {
    const engine = open();
    const bay = makeBay({ engine: engine.name });
    const founder = makeNode({ role: 'master', address: '192.0.2.10' });
    const second = makeNode({ role: 'master', ordinal: 1, address: '192.0.2.11' });
    const worker = makeNode({ role: 'worker', address: '192.0.2.100' });
    const all = [founder, second, worker];
    const context = (changes: Partial<typeof bay> = {}): EngineContext => ({
      ...{ bay: { ...bay, ...changes }, nodes: all, clientAddress: '203.0.113.7', identity: null },
    });
    const asked = (masterCount: number) => ({ masterCount, nodeCount: 1, masterLbEnabled: true, labels: {} });

    it('takes 1, 3 and 5 masters behind a balancer, and says in a sentence why it takes no others', () => {
      for (const count of [1, 3, 5]) expect(engine.checkBay(asked(count))).toEqual([]);
      for (const count of [0, 2, 4, 6]) {
        expect(engine.checkBay(asked(count))).toEqual([expect.stringMatching(/\b(Give|give) 1, 3 or 5\.$/)]);
      }
      expect(engine.checkBay({ ...asked(3), masterLbEnabled: false })).toHaveLength(1);
    });

    it('bears the loss of masters as a majority does', () => {
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 9 }), (masters) => {
          const tolerated = engine.toleratedMasterLosses(masters);
          expect(masters - tolerated).toBeGreaterThan(masters / 2);
          expect(masters - (tolerated + 1)).toBeLessThanOrEqual(masters / 2);
        }),
      );
    });

    it('asks for listeners apart from each other, over masters only where there is a balancer for them', () => {
      const listeners = engine.listeners({ tlsDisabled: false, masterLbEnabled: true, labels: {} });
      expect(listeners.some(({ memberRole }) => memberRole === 'master')).toBe(true);
      expect(new Set(listeners.map((listener) => listener.name)).size).toBe(listeners.length);
      expect(new Set(listeners.map(({ port }) => port)).size).toBe(listeners.length);
      const without = engine.listeners({ tlsDisabled: false, masterLbEnabled: false, labels: {} });
      expect(without.filter(({ memberRole }) => memberRole === 'master')).toEqual([]);
    });

    it('has an address for clients that names the balancer and the port of its listener', () => {
      const url = new URL(engine.apiAddress({ tlsDisabled: false }, '203.0.113.7'));
      const ports = engine.listeners({ tlsDisabled: false, masterLbEnabled: true, labels: {} }).map(({ port }) => port);
      expect(url.hostname).toBe('203.0.113.7');
      expect(ports).toContain(Number(url.port));
    });

    it('gives certificates for names and addresses of the node alone, or of the balancer to masters', () => {
      for (const node of all) {
        const names = { bay, node, clientAddress: '203.0.113.7' };
        const profiles = [
          engine.nodeCertificate(names),
          ...(engine.furtherCertificates?.(names).certificates.map(({ profile }) => profile) ?? []),
        ];
        const others = all.filter((other) => other.id !== node.id);
        for (const profile of profiles) {
          expect(profile.commonName.length).toBeGreaterThan(0);
          expect(profile.commonName.length).toBeLessThanOrEqual(64);
          expect(profile.days).toBeGreaterThan(0);
          for (const other of others) {
            expect(profile.ipAddresses).not.toContain(other.address);
            expect(profile.dnsNames).not.toContain(other.name);
          }
          if (node.role === 'worker') expect(profile.ipAddresses).not.toContain('203.0.113.7');
        }
      }
    });

    it('names further certificates so that scripts can store them, each once', () => {
      const further = engine.furtherCertificates?.({ bay, node: founder, clientAddress: null });
      const names = [
        ...(further?.certificates.map((certificate) => certificate.name) ?? []),
        ...(further?.authorities.map((purpose) => `${purpose}-ca`) ?? []),
      ];
      expect(new Set(names).size).toBe(names.length);
      for (const known of names) expect(known).toMatch(/^[a-z-]+$/);
    });

    it('gives clients certificates that are no server’s and name their holder', () => {
      for (const access of TENANT_ACCESS) {
        const profile = engine.clientCertificate('ada', access);
        expect(profile).toMatchObject({ commonName: 'ada', usages: ['client'], dnsNames: [], ipAddresses: [] });
        const organizations = engine.clientOrganizations?.(['system:masters'], access) ?? [];
        expect(organizations).not.toContain('system:masters');
        expect([profile.organization]).not.toContain('system:masters');
      }
    });

    it('prepares a node the same each time, without secrets, in files apart from each other', () => {
      for (const node of all) {
        const prepare = () => engine.nodeFiles({ bay, node, nodeGroupName: `default-${node.role}` });
        const { files, environment } = prepare();
        expect(prepare()).toEqual({ files, environment });
        const paths = files.map(({ path }) => path);
        expect(new Set(paths).size).toBe(paths.length);
        expect(paths).toContain('/usr/lib/baykeeper/engine.sh');
        for (const { path, content } of files) {
          expect(path).toMatch(/^\/[^\n]*$/);
          expect(content).not.toMatch(/PRIVATE KEY/);
        }
        expect(() => renderEnvironmentFile(environment)).not.toThrow();
      }
    });

    it('lets nobody join before the founder is appointed, and nobody but the founder before it has founded', async () => {
      for (const node of all) expect(await engine.joinData(context(), node, KEYS)).toBeNull();
      const appointed = context({ foundingNodeId: founder.id });
      for (const node of [second, worker]) expect(await engine.joinData(appointed, node, KEYS)).toBeNull();
      const data = await engine.joinData(appointed, founder, KEYS);
      expect(renderEnvironmentFile(data ?? {})).not.toBe('');
    });

    it('concludes nothing about a cluster that it can’t ask', async () => {
      expect(await engine.observe(context({ foundedAt: T0 }))).toMatchObject({ reachable: false });
    });

    it('has nobody leave before there is a cluster', async () => {
      for (const node of all) await engine.removeNode(context(), node);
    });

    it('gives tenants one script for a shell to source, and marks what is secret', () => {
      const apiAddress = engine.apiAddress({ tlsDisabled: false }, '203.0.113.7');
      const files = engine.credentialFiles({ bayName: 'web', apiAddress, tls: TLS });
      expect(files.filter((file) => file.name.endsWith('.env'))).toHaveLength(1);
      expect(new Set(files.map((file) => file.name)).size).toBe(files.length);
      const names = files.map((file) => file.name);
      expect(names).toEqual(expect.arrayContaining(['ca.pem', 'cert.pem', 'key.pem', 'README.md']));
      const keys = [TLS.key, Buffer.from(TLS.key).toString('base64')];
      for (const { content, secret } of files) expect(keys.some((key) => content.includes(key))).toBe(secret);
    });
  });
}
