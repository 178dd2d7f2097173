/**
 * What a tenant may have signed: client certificates, under a name that is nobody else's. Extensions are wishes: those
 * that a client certificate can't grant are left out when the tenant could do without, and refused when it said that it
 * can't (critical) or asked to be a server. Magnum's clients ask for CN=admin, O=system:masters and no extension.
 */
import { BaykeeperError } from '@baykeeper/domain';
import type { CertificateRequest, RequestedExtension } from './certificate-request.js';
import { CONTROL_PLANE_NAME } from './control-identities.js';
import type { LeafProfile } from './certificate.js';
import { DerError, DerType, contentOf, isType, membersOf, oidOf, readDer } from './der.js';
import { MAX_NAME_LENGTH, fitsName } from './distinguished-name.js';
import { OID } from './object-identifiers.js';

/** More group names than anybody has; each becomes part of every handshake. */
const MAX_ORGANIZATIONS = 16;

/** Control characters and what makes names look like others (bidirectional and invisible marks). */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** digitalSignature, nonRepudiation, keyEncipherment: the highest three bits of a KeyUsage's first octet. */
const CLIENT_KEY_USAGES = 0xe0;

export interface TenantCertificateRules {
  /** The authority's common name. */
  readonly authorityName: string;
  /** Common names of the bay's nodes, in lower case. */
  readonly isReserved: (commonName: string) => boolean;
  readonly days: number;
  /** Kubernetes reads groups from O, so its bays put others in place of the powerful ones. Default: kept as they are. */
  readonly replaceOrganizations?: (organizations: readonly string[]) => readonly string[];
}

/**
 * The profile that a tenant's request is signed with. Subject alternative names are dropped: a client is known by its
 * subject.
 * @throws BaykeeperError `invalid-input` with the rule that was broken
 */
export function decideTenantCertificate(request: CertificateRequest, rules: TenantCertificateRules): LeafProfile {
  checkExtensions(request.extensions);
  const commonName = decideCommonName(request, rules);
  const { organizations } = request.subject;
  if (organizations.length > MAX_ORGANIZATIONS) {
    throw refusal(`The certificate request names more than ${MAX_ORGANIZATIONS} organizations: leave some out.`);
  }
  for (const organization of organizations) checkText('organization (O)', organization);
  return {
    commonName,
    organization: (rules.replaceOrganizations ?? keep)(organizations),
    dnsNames: [],
    ipAddresses: [],
    usages: ['client'],
    days: rules.days,
  };
}

const keep = (organizations: readonly string[]): readonly string[] => organizations;

function decideCommonName({ subject }: CertificateRequest, rules: TenantCertificateRules): string {
  const [commonName = '', ...more] = subject.commonNames;
  if (more.length > 0) throw refusal('The certificate request has more than one common name (CN): leave one.');
  checkTenantName(commonName, rules);
  return commonName;
}

/** Whether a tenant may be known to a bay by this common name. @throws BaykeeperError `invalid-input` */
export function checkTenantName(
  commonName: string,
  rules: Pick<TenantCertificateRules, 'authorityName' | 'isReserved'>,
): void {
  if (commonName.trim() === '') {
    throw refusal('The certificate would have no common name: give one (CN) that says who will use it.');
  }
  checkText('common name (CN)', commonName);
  const name = commonName.trim().toLowerCase();
  // Of Kubernetes, `system:` names its own parts: kubelets, the scheduler.
  const reserved =
    name === CONTROL_PLANE_NAME ||
    /^server(\.|$)/.test(name) ||
    name.startsWith('system:') ||
    name === rules.authorityName.toLowerCase();
  if (reserved || rules.isReserved(name)) {
    throw refusal('The common name (CN) belongs to a part of the bay itself: choose the name of a person or program.');
  }
}

function checkText(what: string, text: string): void {
  if (!fitsName(text) || UNPRINTABLE.test(text)) {
    throw refusal(`The certificate's ${what} must have 1 to ${MAX_NAME_LENGTH} printable characters: choose another.`);
  }
}

function checkExtensions(extensions: readonly RequestedExtension[]): void {
  for (const extension of extensions) {
    try {
      checkExtension(extension);
    } catch (error) {
      if (!(error instanceof DerError)) throw error;
      throw refusal(`The certificate request's extension ${extension.id} can't be read: leave it out.`);
    }
  }
}

function checkExtension(extension: RequestedExtension): void {
  switch (extension.id) {
    case OID.basicConstraints: {
      const [flag] = membersOf(readDer(extension.value), DerType.SEQUENCE);
      const authority = isType(flag, DerType.BOOLEAN) && contentOf(flag) !== '\0';
      if (authority && extension.critical) {
        throw refusal('The certificate request asks for an authority (CA:TRUE): only client certificates are signed.');
      }
      return;
    }
    case OID.extendedKeyUsage: {
      const usages = membersOf(readDer(extension.value), DerType.SEQUENCE).map(oidOf);
      if (usages.includes(OID.serverAuth) || usages.includes(OID.anyExtendedKeyUsage)) {
        throw refusal(
          'The certificate request asks for a server certificate: only client certificates (clientAuth) are signed.',
        );
      }
      if (extension.critical && usages.some((usage) => usage !== OID.clientAuth))
        throw notGranted('extended key usage');
      return;
    }
    case OID.keyUsage: {
      const bits = readDer(extension.value);
      if (!isType(bits, DerType.BITSTRING)) throw new DerError('bad key usage');
      const [, first = 0, second = 0] = Buffer.from(contentOf(bits), 'latin1');
      if (extension.critical && ((first & ~CLIENT_KEY_USAGES) !== 0 || second !== 0)) throw notGranted('key usage');
      return;
    }
    case OID.subjectAltName:
    case OID.subjectKeyIdentifier:
      return;
    default:
      if (extension.critical) throw notGranted(`extension ${extension.id}`);
  }
}

function notGranted(what: string): BaykeeperError {
  return refusal(`The certificate request insists on ${what} beyond what a client certificate can have: leave it out.`);
}

function refusal(publicMessage: string): BaykeeperError {
  return new BaykeeperError({ code: 'invalid-input', publicMessage });
}
