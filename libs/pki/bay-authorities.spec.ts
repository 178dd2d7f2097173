import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { BayId } from '@baykeeper/domain';
import { openBayAuthorities, openKeyVault, type AuthorityRecords, type NewStoredAuthority } from './index.js';

const BAY = { id: '6f0c3b1e-0000-4000-8000-000000000001' as BayId, name: 'a-bay-with-a-very-long-name-indeed' };
const vault = openKeyVault(Buffer.alloc(32, 1));

/** As the database does it: the first row wins, and each answer takes a moment. */
function recordsInMemory(): AuthorityRecords & { rows: NewStoredAuthority[] } {
  const rows: NewStoredAuthority[] = [];
  const find = (bayId: string, purpose: string): NewStoredAuthority | undefined =>
    rows.find((row) => row.bayId === bayId && row.purpose === purpose);
  return {
    rows,
    find: (bayId, purpose) => Promise.resolve(find(bayId, purpose) ?? null),
    insert(authority) {
      const known = find(authority.bayId, authority.purpose);
      if (known === undefined) rows.push(authority);
      return Promise.resolve(known ?? authority);
    },
  };
}

describe("a bay's authority", () => {
  test('is made once when two processes ask many times at the same time', async () => {
    const records = recordsInMemory();
    const processes = [openBayAuthorities({ records, vault }), openBayAuthorities({ records, vault })];
    const certificates = await Promise.all(
      [...processes, ...processes].map((authorities) => authorities.ensureCertificate(BAY, 'cluster')),
    );
    expect(new Set(certificates).size).toBe(1);
    expect(records.rows).toHaveLength(1);
  });

  test('is found again with its key, by another process', async () => {
    const records = recordsInMemory();
    const made = await openBayAuthorities({ records, vault }).ensureCertificate(BAY, 'cluster');
    const authority = await openBayAuthorities({ records, vault }).ensureSigning(BAY, 'cluster');
    expect(authority.certificatePem).toBe(made);
    expect(new X509Certificate(made).checkPrivateKey(authority.key)).toBe(true);
    expect(JSON.stringify(records.rows)).not.toContain('PRIVATE KEY');
  });

  test('is named after bay and purpose, within the 64 characters that there are', async () => {
    const authorities = openBayAuthorities({ records: recordsInMemory(), vault });
    const names = await Promise.all([
      authorities.ensureSigning(BAY, 'cluster'),
      authorities.ensureSigning(BAY, 'front-proxy'),
    ]);
    expect(names.map(({ commonName }) => commonName)).toEqual([
      'a-bay-with-a-very-l cluster 6f0c3b1e-0000-4000-8000-000000000001',
      'a-bay-with-a-ve front-proxy 6f0c3b1e-0000-4000-8000-000000000001',
    ]);
  });

  test('is tried again after it could not be stored', async () => {
    const records = recordsInMemory();
    let fails = true;
    const failing: AuthorityRecords = {
      find: (bayId, purpose) => records.find(bayId, purpose),
      insert: (row) => (fails ? Promise.reject(new Error('database away')) : records.insert(row)),
    };
    const authorities = openBayAuthorities({ records: failing, vault });
    await expect(authorities.ensureCertificate(BAY, 'cluster')).rejects.toThrow('database away');
    fails = false;
    expect(await authorities.ensureCertificate(BAY, 'cluster')).toContain('BEGIN CERTIFICATE');
  });
});
