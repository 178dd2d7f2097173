/**
 * A bay's authority towards its tenant: shown, asked to sign, and with its list of what was revoked. A certificate that
 * leaves here is on record first, with who asked for it: that list is the audit.
 */
import { isIP } from 'node:net';
import { BaykeeperError, nodeNameOf, type Bay, type NodeGroup } from '@baykeeper/domain';
import { TENANT_ACCESS, type TenantAccess } from '@baykeeper/drivers/contracts/engine.js';
import {
  buildRevocationList,
  checkTenantName,
  createKeyAndCertificate,
  decideTenantCertificate,
  parseCertificateRequest,
  signCertificate,
  type AuthorityPurpose,
  type BayAuthorities,
  type SignedCertificate,
  type SigningAuthority,
  type TenantCertificateRules,
} from '@baykeeper/pki';
import {
  gather,
  type CertificatePage,
  type CertificateRecord,
  type Database,
  type NewAuditEntry,
  type NewCertificate,
  type NewEvent,
  type Scope,
} from '@baykeeper/storage';
import { auditEntry } from '../audit/record-audit.js';
import type { Caller } from '../caller.js';
import type { Engines } from '../catalogue/catalogue.js';
import { invalidInput } from '../validation/refuse.js';

/** How long verifiers may use a revocation list before they want a new one. */
const LIST_LIVES_MS = 24 * 3_600_000;

export interface CertificatesDependencies {
  readonly database: Database;
  readonly engines: Engines;
  readonly authorities: BayAuthorities;
  readonly now: () => Date;
}

export interface ClientIdentity {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** Whoever may change a project's bays may do anything on them; others look. */
function accessOf({ roles, isSystemAdmin }: Caller): TenantAccess {
  return isSystemAdmin || roles.includes('admin') || roles.includes('member') ? 'admin' : 'view';
}

/** Whoever asks for less gets less. */
function leastOf(a: TenantAccess, b: TenantAccess): TenantAccess {
  return TENANT_ACCESS.indexOf(a) < TENANT_ACCESS.indexOf(b) ? a : b;
}

/** As a name is compared: look-alikes of one form, no dot of the root at its end. */
function bare(name: string): string {
  return name.normalize('NFKC').toLowerCase().trim().replace(/\.+$/, '');
}

/** Names of this host and of the control plane, under which nobody else shall be known. */
const OWN_NAMES = new Set(['localhost', 'baykeeper', 'baykeeper control plane']);

/** Every method takes a bay that was found for its caller. */
export class Certificates {
  private readonly record = gather((all: readonly SignedForUser[]) => this.recordAll(all), { atOnce: 2, most: 50 });

  constructor(private readonly dependencies: CertificatesDependencies) {}

  /** Whether the bay's engine has this authority besides the main one. */
  hasAuthority(bay: Bay, purpose: AuthorityPurpose): boolean {
    return purpose === 'cluster' || this.engineOf(bay).furtherCertificates !== undefined;
  }

  /** The authority's certificate (PEM). Works for bays without TLS too (Magnum). */
  showAuthority(bay: Bay, purpose: AuthorityPurpose = 'cluster'): Promise<string> {
    return this.dependencies.authorities.ensureCertificate(bay, purpose);
  }

  /**
   * Signs a client certificate for a tenant's request.
   * @returns PEM without a newline at its end (Magnum)
   * @throws BaykeeperError `invalid-input` with the rule that the request breaks
   */
  async signForTenant(
    caller: Caller,
    bay: Bay,
    csrPem: string,
    purpose: AuthorityPurpose = 'cluster',
  ): Promise<string> {
    const request = parseCertificateRequest(csrPem);
    const [authority, groups] = await Promise.all([
      this.dependencies.authorities.ensureSigning(bay, purpose),
      this.groupsOf(bay),
    ]);
    const rules = rulesFor(bay, groups, authority);
    const access = accessOf(caller);
    const engine = this.engineOf(bay);
    const { days } = engine.clientCertificate(request.subject.commonNames[0] ?? '', access);
    const profile = decideTenantCertificate(request, {
      ...{ ...rules, days },
      ...(engine.clientOrganizations && {
        replaceOrganizations: (asked) => engine.clientOrganizations?.(asked, access) ?? asked,
      }),
    });
    const { publicKey } = request;
    const signed = await signCertificate({ authority, publicKey, profile, now: this.dependencies.now() });
    await this.recordForUser(caller, 'certificate:create', bay, signed);
    return signed.certificatePem.trimEnd();
  }

  /**
   * A fresh key with its client certificate, for a tenant's credentials. The key is kept nowhere.
   * @param asked what it shall be good for, if less than its caller may do
   * @throws BaykeeperError `invalid-input` when the common name can't be the tenant's, or when the bay's engine knows one
   *   kind of client only
   */
  async createClientIdentity(
    caller: Caller,
    bay: Bay,
    commonName: string,
    asked: TenantAccess | null = null,
  ): Promise<ClientIdentity> {
    const engine = this.engineOf(bay);
    if (asked !== null && asked !== 'admin' && engine.clientOrganizations === undefined) {
      throw invalidInput(`Whoever has a certificate of a ${bay.engine} cluster may do anything on it: leave role out.`);
    }
    const authority = await this.dependencies.authorities.ensureSigning(bay, 'cluster');
    checkTenantName(commonName, rulesFor(bay, await this.groupsOf(bay), authority));
    const made = await createKeyAndCertificate({
      authority,
      profile: engine.clientCertificate(commonName, leastOf(accessOf(caller), asked ?? 'admin')),
      now: this.dependencies.now(),
    });
    await this.recordForUser(caller, 'certificate:create_credentials', bay, made);
    return { ca: authority.certificatePem, certificate: made.certificatePem, key: made.privateKeyPem };
  }

  /** Those that were not taken back, by their end. */
  list(bay: Bay, page: CertificatePage): Promise<readonly CertificateRecord[]> {
    return this.dependencies.database.stores.certificates.pageByEnd(scopeOf(bay), bay.id, page);
  }

  /** Takes a certificate back: it is on the list from now on. @throws BaykeeperError `not-found` */
  async revoke(bay: Bay, serial: string): Promise<void> {
    await this.dependencies.database.stores.certificates.revoke(scopeOf(bay), bay.id, serial.toLowerCase());
  }

  /** All that were revoked, signed by the cluster authority (PEM `X509 CRL`), good for a day. */
  async revocationList(bay: Bay): Promise<string> {
    const now = this.dependencies.now();
    const authority = await this.dependencies.authorities.ensureSigning(bay, 'cluster');
    const records = await this.dependencies.database.stores.certificates.listRevoked(scopeOf(bay), bay.id);
    const revoked = records.flatMap(({ serial, revokedAt }) => (revokedAt === null ? [] : [{ serial, revokedAt }]));
    return buildRevocationList({
      authority,
      revoked,
      // Grows by itself, in every process alike.
      number: BigInt(now.getTime()),
      nextUpdate: new Date(now.getTime() + LIST_LIVES_MS),
      now,
    });
  }

  private engineOf(bay: Bay): ReturnType<Engines['engine']> {
    return this.dependencies.engines.engine(bay.engine);
  }

  private groupsOf(bay: Bay): Promise<readonly NodeGroup[]> {
    return this.dependencies.database.stores.nodeGroups.listByBay(scopeOf(bay), bay.id);
  }

  /** Those that were signed at the same time are recorded together, each with its event and who asked for it. */
  private async recordAll(all: readonly SignedForUser[]): Promise<readonly boolean[]> {
    const told = all.map((one) => ({ certificate: recordOf(one), event: eventOf(one), audit: auditOf(one) }));
    const written = await this.dependencies.database.stores.certificates.insertTold(told);
    return all.map(({ signed }) => written.has(signed.serial));
  }

  private async recordForUser(caller: Caller, action: string, bay: Bay, signed: SignedCertificate): Promise<void> {
    const isWritten = await this.record({ caller, action, bay, signed });
    if (!isWritten) {
      throw new BaykeeperError({ code: 'not-found', publicMessage: `Cluster ${bay.id} could not be found.` });
    }
  }
}

interface SignedForUser {
  readonly caller: Caller;
  readonly action: string;
  readonly bay: Bay;
  readonly signed: SignedCertificate;
}

function recordOf({ caller: { userId }, bay, signed: { serial, subject, notAfter } }: SignedForUser): NewCertificate {
  return { bayId: bay.id, projectId: bay.projectId, serial, subject, kind: 'client', nodeId: null, userId, notAfter };
}

function eventOf({ bay, signed: { subject, serial } }: SignedForUser): NewEvent {
  return {
    ...{ bayId: bay.id, projectId: bay.projectId, nodeId: null },
    ...{ kind: 'certificate-signed', level: 'info' },
    message: `A client certificate was signed for ${subject} (serial ${serial}).`,
  };
}

function auditOf({ caller, action, bay, signed: { subject, serial } }: SignedForUser): NewAuditEntry {
  const target = { kind: 'cluster', id: bay.id, name: bay.name };
  return auditEntry(caller, { action, target, detail: `Signed for ${subject}, serial ${serial}.` });
}

function rulesFor(
  bay: Bay,
  groups: readonly NodeGroup[],
  authority: SigningAuthority,
): Omit<TenantCertificateRules, 'days'> {
  // Nodes of today and those that the next scaling makes: a group's prefix and any number. A group outlives its nodes.
  const prefixes = groups.map((group) => nodeNameOf(bay, group, 0).slice(0, -1));
  const isReserved = (given: string): boolean => {
    const name = bare(given);
    const numbered = prefixes.some((prefix) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)));
    return numbered || OWN_NAMES.has(name) || isIP(name) !== 0;
  };
  return { authorityName: authority.commonName, isReserved };
}

function scopeOf(bay: Bay): Scope {
  return { projectId: bay.projectId };
}
