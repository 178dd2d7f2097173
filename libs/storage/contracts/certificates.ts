import type { BayId, CertificateAuthorityId, NodeId, ProjectId, UserId } from '@baykeeper/domain';
import type { Scope } from '../scope.js';
import type { NewAuditEntry } from './audit.js';
import type { NewEvent } from './records.js';

/** A bay's certificate authority. The key is sealed: see the key vault of the pki library. */
export interface CertificateAuthorityRecord {
  readonly id: CertificateAuthorityId;
  readonly bayId: BayId;
  readonly projectId: ProjectId;
  /** `cluster`, and what else an engine wants. */
  readonly purpose: string;
  readonly certificatePem: string;
  readonly encryptedKey: string;
  readonly wrappedKey: string;
  readonly createdAt: Date;
}

export interface CertificateAuthorityStore {
  /**
   * One per bay and purpose: the first writer wins, and everybody gets the row that is stored.
   * @throws BaykeeperError `not-found` when the bay is gone or outside the scope.
   */
  insert(
    scope: Scope,
    authority: Omit<CertificateAuthorityRecord, 'projectId' | 'createdAt'>,
  ): Promise<CertificateAuthorityRecord>;
  findByBay(scope: Scope, bayId: BayId, purpose: string): Promise<CertificateAuthorityRecord | null>;
}

/** A certificate that was issued. The certificate itself is not kept. Outlives its bay and node: it is the audit. */
export interface CertificateRecord {
  readonly bayId: BayId;
  readonly projectId: ProjectId;
  /** Lower-case hex. */
  readonly serial: string;
  readonly subject: string;
  readonly kind: 'node' | 'client';
  readonly nodeId: NodeId | null;
  readonly userId: UserId | null;
  readonly notAfter: Date;
  readonly issuedAt: Date;
  readonly revokedAt: Date | null;
}

export type NewCertificate = Omit<CertificateRecord, 'issuedAt' | 'revokedAt'>;

export interface ToldCertificate {
  readonly certificate: NewCertificate;
  readonly event: NewEvent;
  readonly audit: NewAuditEntry;
}

export interface CertificatePage {
  /** Null: of both. */
  readonly kind: CertificateRecord['kind'] | null;
  readonly after: string | null;
  readonly limit: number;
}

export interface CertificateStore {
  /** @throws BaykeeperError `not-found` when the bay is gone or outside the scope; `conflict` for a serial used twice. */
  insert(scope: Scope, certificate: Omit<CertificateRecord, 'projectId' | 'issuedAt' | 'revokedAt'>): Promise<void>;
  /**
   * @returns the serials of those that were written: none of a bay that is gone or another project's, none for a node that
   *   is to go
   * @throws BaykeeperError `conflict` for a serial used twice
   */
  insertMany(certificates: readonly NewCertificate[]): Promise<ReadonlySet<string>>;
  /** The same, each with its event and who asked for it: all of them or nothing. */
  insertTold(certificates: readonly ToldCertificate[]): Promise<ReadonlySet<string>>;
  /** Again changes nothing. @throws BaykeeperError `not-found` */
  revoke(scope: Scope, bayId: BayId, serial: string): Promise<void>;
  /** All certificates of a node, when it leaves. */
  revokeByNode(nodeId: NodeId): Promise<void>;
  /** How many a node was given in its life. */
  countByNode(nodeId: NodeId): Promise<number>;
  /** In order of revocation. */
  listRevoked(scope: Scope, bayId: BayId): Promise<readonly CertificateRecord[]>;
  /**
   * Those that were not taken back, by their end: also such that have ended.
   * @param page.after the serial of the last one seen; null: from the beginning
   */
  pageByEnd(scope: Scope, bayId: BayId, page: CertificatePage): Promise<readonly CertificateRecord[]>;
  /** In order of issue. */
  listByBay(scope: Scope, bayId: BayId): Promise<readonly CertificateRecord[]>;
}
