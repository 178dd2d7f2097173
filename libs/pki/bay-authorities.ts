/**
 * A bay's authorities, made when they are first needed and kept with their keys sealed. Whoever asks at the same time, in
 * any process, gets the same authority: the first row written wins.
 */
import { randomUUID } from 'node:crypto';
import type { BayId, CertificateAuthorityId } from '@baykeeper/domain';
import {
  DAYS_PER_YEAR,
  createCertificateAuthority,
  openAuthority,
  type SigningAuthority,
} from './certificate-authority.js';
import { MAX_NAME_LENGTH } from './distinguished-name.js';
import { generateRsaKeyPair, privateKeyPem, publicKeyPem } from './keys.js';
import type { KeyVault, SealedKey } from './key-vault.js';

/** Authorities whose keys a process keeps at hand. */
const MOST_OPEN = 128;

/** Magnum's three authorities of a cluster, by our names. Engines use those they want. */
export const AUTHORITY_PURPOSES = ['cluster', 'etcd', 'front-proxy'] as const;
export type AuthorityPurpose = (typeof AUTHORITY_PURPOSES)[number];

/** Long beside any bay; rotation comes before. */
const AUTHORITY_YEARS = 10;

/** When the certificate ends of a bay's authority that was made then. */
export function authorityExpiry(madeAt: Date): Date {
  return new Date(madeAt.getTime() + AUTHORITY_YEARS * DAYS_PER_YEAR * 86_400_000);
}

export interface StoredAuthority extends SealedKey {
  readonly certificatePem: string;
}

/** A key that all masters of a bay sign with, and that is no authority: with its public key in place of a certificate. */
export const SHARED_KEY_PURPOSES = ['service-account'] as const;
export type SharedKeyPurpose = (typeof SHARED_KEY_PURPOSES)[number];

type Purpose = AuthorityPurpose | SharedKeyPurpose;

export interface NewStoredAuthority extends StoredAuthority {
  readonly id: CertificateAuthorityId;
  readonly bayId: BayId;
  readonly purpose: Purpose;
}

/** Where authorities are kept. */
export interface AuthorityRecords {
  find(bayId: BayId, purpose: Purpose): Promise<StoredAuthority | null>;
  /** @returns the row that is stored: another's, when that one came first */
  insert(authority: NewStoredAuthority): Promise<StoredAuthority>;
}

/** The bay, as far as its authorities are named after it. */
export interface AuthorityOwner {
  readonly id: BayId;
  readonly name: string;
}

export interface BayAuthorities {
  /**
   * The authority's certificate (PEM); the authority is made when there is none.
   * @throws BaykeeperError `not-found` when the bay is gone
   */
  ensureCertificate(bay: AuthorityOwner, purpose: AuthorityPurpose): Promise<string>;
  /** The authority ready to sign. @throws BaykeeperError `not-found`; `internal` when its key can't be opened */
  ensureSigning(bay: AuthorityOwner, purpose: AuthorityPurpose): Promise<SigningAuthority>;
  /** The private key as PEM (PKCS#8, RSA); made when there is none. @throws BaykeeperError as `ensureSigning` */
  ensureSharedKey(bay: AuthorityOwner, purpose: SharedKeyPurpose): Promise<string>;
}

export function openBayAuthorities(options: { records: AuthorityRecords; vault: KeyVault }): BayAuthorities {
  const { records, vault } = options;
  /** Making one costs 100 ms of a core: those who ask meanwhile wait for it. */
  const making = new Map<string, Promise<StoredAuthority>>();
  /** Reading one costs a millisecond, which is as much as signing with it. */
  const opened = new Map<string, { readonly encryptedKey: string; readonly authority: SigningAuthority }>();

  async function make(bay: AuthorityOwner, purpose: Purpose): Promise<StoredAuthority> {
    const { certificatePem, privateKeyPem } = isSharedKey(purpose)
      ? await createSharedKey()
      : await createCertificateAuthority({ commonName: authorityNameOf(bay, purpose), years: AUTHORITY_YEARS });
    const place = { bayId: bay.id, purpose };
    const id = randomUUID() as CertificateAuthorityId;
    return records.insert({ id, ...place, certificatePem, ...vault.seal(privateKeyPem, place) });
  }

  async function ensure(bay: AuthorityOwner, purpose: Purpose): Promise<StoredAuthority> {
    const known = await records.find(bay.id, purpose);
    if (known !== null) return known;
    const key = `${bay.id} ${purpose}`;
    const underWay = making.get(key) ?? make(bay, purpose).finally(() => making.delete(key));
    making.set(key, underWay);
    return underWay;
  }

  return {
    async ensureCertificate(bay, purpose) {
      return (await ensure(bay, purpose)).certificatePem;
    },
    async ensureSigning(bay, purpose) {
      const stored = await ensure(bay, purpose);
      const key = `${bay.id} ${purpose}`;
      const known = opened.get(key);
      // Only as long as it is the one on record: another may have taken its place.
      if (known?.encryptedKey === stored.encryptedKey) return known.authority;
      const { certificatePem, ...sealed } = stored;
      const privateKeyPem = vault.open(sealed, { bayId: bay.id, purpose });
      const authority = openAuthority({ certificatePem, privateKeyPem });
      opened.delete(key);
      opened.set(key, { encryptedKey: stored.encryptedKey, authority });
      for (const oldest of opened.keys()) {
        if (opened.size <= MOST_OPEN) break;
        opened.delete(oldest);
      }
      return authority;
    },
    async ensureSharedKey(bay, purpose) {
      return vault.open(await ensure(bay, purpose), { bayId: bay.id, purpose });
    },
  };
}

function isSharedKey(purpose: Purpose): purpose is SharedKeyPurpose {
  return SHARED_KEY_PURPOSES.some((known) => known === purpose);
}

async function createSharedKey(): Promise<{ certificatePem: string; privateKeyPem: string }> {
  const pair = await generateRsaKeyPair();
  return { certificatePem: publicKeyPem(pair.publicKey), privateKeyPem: privateKeyPem(pair.privateKey) };
}

/** Readable, and unique through the bay's id: verifiers find an issuer by its name. */
function authorityNameOf(bay: AuthorityOwner, purpose: AuthorityPurpose): string {
  const rest = ` ${purpose} ${bay.id}`;
  const room = MAX_NAME_LENGTH - rest.length;
  return Array.from(bay.name).slice(0, room).join('') + rest;
}
