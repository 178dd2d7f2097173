import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { BayId } from '@baykeeper/domain';
import {
  createCertificateAuthority,
  openAuthority,
  openControlIdentities,
  type LeafProfile,
  type SigningAuthority,
} from './index.js';

const PROFILE: LeafProfile = {
  ...{ commonName: 'baykeeper', organization: null, dnsNames: [], ipAddresses: [] },
  ...{ usages: ['client'], days: 365 },
};

const BAY = { id: 'a' as BayId, name: 'demo' };
const OTHER_BAY = { id: 'b' as BayId, name: 'demo' };

let authority: SigningAuthority;
beforeAll(async () => {
  authority = openAuthority(await createCertificateAuthority({ commonName: 'demo', years: 1 }));
});

describe('the identity of the control plane', () => {
  test('is a client certificate for one hour', async () => {
    const now = new Date(Math.floor(Date.now() / 1_000) * 1_000);
    const identities = openControlIdentities({
      authorities: { ensureSigning: () => Promise.resolve(authority) },
      now: () => now,
    });
    const identity = await identities.forBay(BAY, PROFILE);
    const certificate = new X509Certificate(identity.certificate);
    expect(identity.ca).toBe(authority.certificatePem);
    expect(certificate.verify(new X509Certificate(identity.ca).publicKey)).toBe(true);
    expect(new Date(certificate.validTo).getTime() - now.getTime()).toBe(3_600_000);
    expect(identity.key).toContain('PRIVATE KEY');
  });

  test('is used again for half its life, then made anew', async () => {
    let time = Date.now();
    const ensureSigning = jest.fn(() => Promise.resolve(authority));
    const identities = openControlIdentities({ authorities: { ensureSigning }, now: () => new Date(time) });
    const [first, atOnce] = await Promise.all([identities.forBay(BAY, PROFILE), identities.forBay(BAY, PROFILE)]);
    expect(atOnce).toBe(first);
    time += 1_799_000;
    expect(await identities.forBay(BAY, PROFILE)).toBe(first);
    time += 1_000;
    expect(await identities.forBay(BAY, PROFILE)).not.toBe(first);
    expect(ensureSigning).toHaveBeenCalledTimes(2);
  });

  test('is another for another bay, and after it was forgotten', async () => {
    const identities = openControlIdentities({ authorities: { ensureSigning: () => Promise.resolve(authority) } });
    const first = await identities.forBay(BAY, PROFILE);
    expect(await identities.forBay(OTHER_BAY, PROFILE)).not.toBe(first);
    identities.forget(BAY.id);
    expect(await identities.forBay(BAY, PROFILE)).not.toBe(first);
  });

  test('is tried again after the authority could not be loaded', async () => {
    const ensureSigning = jest
      .fn<() => Promise<SigningAuthority>>()
      .mockRejectedValueOnce(new Error('database away'))
      .mockResolvedValue(authority);
    const identities = openControlIdentities({ authorities: { ensureSigning } });
    await expect(identities.forBay(BAY, PROFILE)).rejects.toThrow('database away');
    expect((await identities.forBay(BAY, PROFILE)).ca).toBe(authority.certificatePem);
  });
});
