/** Certificate revocation lists (RFC 5280 section 5): `openssl crl`, Go and Node read them. */
import { CLOCK_TOLERANCE_SECONDS, rsaSignatureAlgorithm, secondsAfter, signDer } from './certificate-authority.js';
import type { SigningAuthority } from './certificate-authority.js';
import { sequence, time, unsignedInteger } from './der.js';
import { extensionsField, revocationListExtensions } from './extensions.js';
import { writePem } from './pem.js';

export interface RevokedCertificate {
  /** Hex, as {@link SignedCertificate.serial}. */
  readonly serial: string;
  readonly revokedAt: Date;
}

/**
 * @param request.number grows with every list of the authority (RFC 5280 section 5.2.3)
 * @param request.nextUpdate the list is refused by verifiers after it
 * @returns PEM `X509 CRL`
 */
export async function buildRevocationList(request: {
  authority: SigningAuthority;
  revoked: readonly RevokedCertificate[];
  number: bigint;
  nextUpdate: Date;
  now?: Date;
}): Promise<string> {
  const { authority, revoked } = request;
  const now = request.now ?? new Date();
  const entries = revoked.map((entry) =>
    sequence(unsignedInteger(Buffer.from(entry.serial, 'hex')), time(entry.revokedAt)),
  );
  const version2 = unsignedInteger(Buffer.from([1]));
  const list = sequence(
    version2,
    rsaSignatureAlgorithm(),
    authority.name,
    time(secondsAfter(now, -CLOCK_TOLERANCE_SECONDS)),
    time(request.nextUpdate),
    // Absent when empty: the standard forbids an empty list.
    ...(entries.length > 0 ? [sequence(...entries)] : []),
    extensionsField(revocationListExtensions(authority.keyIdentifier, octetsOf(request.number)), 0),
  );
  return writePem('X509 CRL', await signDer(list, authority.key));
}

function octetsOf(number: bigint): Buffer {
  const digits = number.toString(16);
  return Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
}
