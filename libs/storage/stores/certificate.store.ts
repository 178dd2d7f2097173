import type { BayId, NodeId, ProjectId } from '@baykeeper/domain';
import type { EntityManager, SelectQueryBuilder } from 'typeorm';
import type {
  CertificateAuthorityRecord,
  CertificateAuthorityStore,
  CertificatePage,
  CertificateRecord,
  CertificateStore,
  NewCertificate,
  ToldCertificate,
} from '../contracts/certificates.js';
import { CertificateAuthorityEntity } from '../entities/certificate-authority.entity.js';
import { CertificateEntity } from '../entities/certificate.entity.js';
import { gather } from '../gather.js';
import type { Scope } from '../scope.js';
import { appendAudit } from './append-audit.js';
import { appendEvents } from './append-events.js';
import { columnsOf, selectPrepared } from './prepared.js';
import { notFound, projectOf, restrictToScope } from './scoping.js';
import { changeRows, selectRows } from './sql.js';

/** The bay the row belongs to, as far as the scope sees it: its project is the row's project. */
const FROM_BAY = 'FROM bays WHERE id = $1 AND ($2::text IS NULL OR project_id = $2)';

export class PostgresCertificateAuthorityStore implements CertificateAuthorityStore {
  constructor(private readonly manager: EntityManager) {}

  async insert(
    scope: Scope,
    authority: Omit<CertificateAuthorityRecord, 'projectId' | 'createdAt'>,
  ): Promise<CertificateAuthorityRecord> {
    const { id, bayId, purpose, certificatePem, encryptedKey, wrappedKey } = authority;
    await selectRows(
      this.manager,
      `INSERT INTO certificate_authorities
         (id, bay_id, project_id, purpose, certificate_pem, encrypted_key, wrapped_key)
       SELECT $3::uuid, id, project_id, $4::text, $5::text, $6::text, $7::text ${FROM_BAY}
       ON CONFLICT (bay_id, purpose) DO NOTHING`,
      [bayId, projectOf(scope), id, purpose, certificatePem, encryptedKey, wrappedKey],
    );
    const stored = await this.findByBay(scope, bayId, purpose);
    if (!stored) throw notFound('Cluster', bayId);
    return stored;
  }

  async findByBay(scope: Scope, bayId: BayId, purpose: string): Promise<CertificateAuthorityRecord | null> {
    const text = `SELECT ${columnsOf(this.manager, CertificateAuthorityEntity)} FROM certificate_authorities
      WHERE bay_id = $1 AND ($2::text IS NULL OR project_id = $2) AND purpose = $3`;
    const values = [bayId, projectOf(scope), purpose];
    const rows = await selectPrepared<CertificateAuthorityRecord>(this.manager, 'authority-by-bay', text, values);
    return rows[0] ?? null;
  }
}

type GivenCertificate = Omit<NewCertificate, 'projectId'> & { readonly projectId: ProjectId | null };

/**
 * A node that is to go gets none: its row is held until this is written, so whoever takes its certificates back finds this
 * one too.
 */
const INSERT = `INSERT INTO certificates (bay_id, project_id, serial, subject, kind, node_id, user_id, not_after)
  SELECT bays.id, bays.project_id, serial, subject, kind, "nodeId", "userId", "notAfter"
  FROM jsonb_to_recordset($1) AS given("bayId" uuid, "projectId" text, serial text, subject text, kind text,
    "nodeId" uuid, "userId" text, "notAfter" timestamptz)
  JOIN bays ON bays.id = given."bayId" AND (given."projectId" IS NULL OR bays.project_id = given."projectId")
  WHERE "nodeId" IS NULL OR EXISTS (SELECT FROM nodes
    WHERE nodes.id = "nodeId" AND nodes.removal_requested_at IS NULL FOR NO KEY UPDATE)
  RETURNING serial`;

/** So that nobody waits in a circle for the rows of nodes. */
function inOrder(certificates: readonly GivenCertificate[]): string {
  return JSON.stringify(certificates.toSorted((a, b) => ((a.nodeId ?? '') < (b.nodeId ?? '') ? -1 : 1)));
}

export class PostgresCertificateStore implements CertificateStore {
  private readonly countGathered = gather((nodeIds: readonly NodeId[]) => this.countByNodes(nodeIds), {
    ...{ atOnce: 2, most: 200 },
  });

  constructor(private readonly manager: EntityManager) {}

  async insert(
    scope: Scope,
    certificate: Omit<CertificateRecord, 'projectId' | 'issuedAt' | 'revokedAt'>,
  ): Promise<void> {
    const written = await this.write([{ ...certificate, projectId: projectOf(scope) }]);
    if (!written.has(certificate.serial)) throw notFound('Cluster', certificate.bayId);
  }

  insertMany(certificates: readonly NewCertificate[]): Promise<ReadonlySet<string>> {
    return this.write(certificates);
  }

  /** One statement: the lock on a bay's events is held for no longer than it takes. */
  async insertTold(certificates: readonly ToldCertificate[]): Promise<ReadonlySet<string>> {
    const written = (part: string): string =>
      `(SELECT jsonb_agg(told -> '${part}') FROM jsonb_array_elements($2) AS told
        JOIN written ON written.serial = told -> 'certificate' ->> 'serial')`;
    const events = appendEvents(written('event'));
    const rows = await selectPrepared<{ readonly serial: string }>(
      this.manager,
      'insert-told-certificates',
      `WITH written AS (${INSERT}), noted AS (${appendAudit(written('audit'))}),
       ${events.with}, kept AS (${events.insert}) SELECT serial FROM written`,
      [inOrder(certificates.map(({ certificate }) => certificate)), JSON.stringify(certificates)],
    );
    return new Set(rows.map(({ serial }) => serial));
  }

  /** @param certificates with the project that the bay must be in; null: in any */
  private async write(certificates: readonly GivenCertificate[]): Promise<ReadonlySet<string>> {
    const rows = await selectPrepared<{ readonly serial: string }>(this.manager, 'insert-certificates', INSERT, [
      inOrder(certificates),
    ]);
    return new Set(rows.map(({ serial }) => serial));
  }

  async revoke(scope: Scope, bayId: BayId, serial: string): Promise<void> {
    const { count } = await changeRows(
      this.manager,
      `UPDATE certificates SET revoked_at = coalesce(revoked_at, now())
       WHERE bay_id = $1 AND ($2::text IS NULL OR project_id = $2) AND serial = $3`,
      [bayId, projectOf(scope), serial],
    );
    if (count === 0) throw notFound('Certificate', serial);
  }

  async revokeByNode(nodeId: NodeId): Promise<void> {
    await changeRows(
      this.manager,
      'UPDATE certificates SET revoked_at = now() WHERE node_id = $1 AND revoked_at IS NULL',
      [nodeId],
    );
  }

  countByNode(nodeId: NodeId): Promise<number> {
    return this.countGathered(nodeId);
  }

  private async countByNodes(nodeIds: readonly NodeId[]): Promise<readonly number[]> {
    const rows = await selectPrepared<{ readonly id: NodeId; readonly count: number }>(
      this.manager,
      'certificates-by-nodes',
      `SELECT node_id AS id, count(*)::integer AS count FROM certificates WHERE node_id = ANY($1::uuid[]) GROUP BY node_id`,
      [nodeIds],
    );
    const counts = new Map(rows.map(({ id, count }) => [id, count]));
    return nodeIds.map((id) => counts.get(id) ?? 0);
  }

  listRevoked(scope: Scope, bayId: BayId): Promise<readonly CertificateRecord[]> {
    return this.ofBay(scope, bayId)
      .andWhere('certificate.revokedAt IS NOT NULL')
      .orderBy('certificate.revokedAt')
      .addOrderBy('certificate.sequence')
      .getMany();
  }

  pageByEnd(scope: Scope, bayId: BayId, page: CertificatePage): Promise<readonly CertificateRecord[]> {
    return selectPrepared<CertificateRecord>(
      this.manager,
      'certificates-by-end',
      `SELECT ${columnsOf(this.manager, CertificateEntity)} FROM certificates
       WHERE bay_id = $1 AND ($2::text IS NULL OR project_id = $2) AND revoked_at IS NULL
         AND ($3::text IS NULL OR kind = $3)
         AND ($4::text IS NULL OR (not_after, serial) >
           (SELECT not_after, serial FROM certificates WHERE bay_id = $1 AND serial = $4))
       ORDER BY not_after, serial LIMIT $5`,
      [bayId, projectOf(scope), page.kind, page.after, page.limit],
    );
  }

  listByBay(scope: Scope, bayId: BayId): Promise<readonly CertificateRecord[]> {
    return this.ofBay(scope, bayId).orderBy('certificate.sequence').getMany();
  }

  private ofBay(scope: Scope, bayId: BayId): SelectQueryBuilder<CertificateEntity> {
    const query = this.manager.createQueryBuilder(CertificateEntity, 'certificate');
    return restrictToScope(query, scope).andWhere('certificate.bayId = :bayId', { bayId });
  }
}
