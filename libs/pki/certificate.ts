/** Leaf certificates: for nodes, tenants and the control plane itself. */
import type { KeyObject } from 'node:crypto';
import { BaykeeperError } from '@baykeeper/domain';
import {
  CLOCK_TOLERANCE_SECONDS,
  secondsAfter,
  signTbsCertificate,
  type SigningAuthority,
} from './certificate-authority.js';
import { MAX_NAME_LENGTH, buildName, describeName, fitsName } from './distinguished-name.js';
import { leafExtensions } from './extensions.js';
import { generateP256KeyPair, keyIdentifierOf, privateKeyPem, publicKeyDer } from './keys.js';
import { writePem } from './pem.js';

/** Everything of a leaf that is decided by us. An engine's certificate profile has this shape. */
export interface LeafProfile {
  readonly commonName: string;
  readonly organization: string | readonly string[] | null;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly usages: readonly ('server' | 'client')[];
  readonly days: number;
}

export interface SignedCertificate {
  readonly certificatePem: string;
  /** Lower-case hex, 34 digits. */
  readonly serial: string;
  /** One line: `CN=admin, O=system:masters`. */
  readonly subject: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/**
 * Signs a certificate for a public key (RSA, P-256 or P-384). Valid from five minutes ago, never longer than the
 * authority is. Nothing of it comes from a request but the key.
 * @param request.lifetimeSeconds in place of the profile's days
 */
export async function signCertificate(request: {
  authority: SigningAuthority;
  publicKey: KeyObject;
  profile: LeafProfile;
  lifetimeSeconds?: number;
  now?: Date;
}): Promise<SignedCertificate> {
  const { authority, profile, publicKey } = request;
  const subject = { commonName: profile.commonName, organizations: organizationsOf(profile) };
  checkLength(subject);
  const now = request.now ?? new Date();
  if (authority.notAfter <= now) {
    throw new BaykeeperError({
      code: 'conflict',
      publicMessage: "The bay's certificate authority has expired: rotate it, then ask again.",
    });
  }
  const notBefore = secondsAfter(now, -CLOCK_TOLERANCE_SECONDS);
  const wanted = secondsAfter(now, request.lifetimeSeconds ?? profile.days * 86_400);
  const notAfter = wanted < authority.notAfter ? wanted : authority.notAfter;
  const spki = publicKeyDer(publicKey);
  const { certificate, serial } = await signTbsCertificate({
    key: authority.key,
    issuer: authority.name,
    subject: buildName(subject),
    spki,
    notBefore,
    notAfter,
    extensions: leafExtensions({
      rsa: publicKey.asymmetricKeyType === 'rsa',
      usages: profile.usages,
      dnsNames: profile.dnsNames,
      ipAddresses: profile.ipAddresses,
      keyIdentifier: keyIdentifierOf(spki),
      authorityKeyIdentifier: authority.keyIdentifier,
    }),
  });
  const certificatePem = writePem('CERTIFICATE', certificate);
  return { certificatePem, serial, subject: describeName(subject), notBefore, notAfter };
}

/** A fresh P-256 key with its certificate. The key is returned and kept nowhere. */
export async function createKeyAndCertificate(request: {
  authority: SigningAuthority;
  profile: LeafProfile;
  lifetimeSeconds?: number;
  now?: Date;
}): Promise<SignedCertificate & { readonly privateKeyPem: string }> {
  const pair = await generateP256KeyPair();
  const signed = await signCertificate({ ...request, publicKey: pair.publicKey });
  return { ...signed, privateKeyPem: privateKeyPem(pair.privateKey) };
}

function organizationsOf(profile: LeafProfile): readonly string[] {
  if (profile.organization === null) return [];
  return typeof profile.organization === 'string' ? [profile.organization] : profile.organization;
}

function checkLength(subject: { commonName: string; organizations: readonly string[] }): void {
  for (const name of [subject.commonName, ...subject.organizations]) {
    if (fitsName(name)) continue;
    throw new BaykeeperError({
      code: 'invalid-input',
      publicMessage: `A name in a certificate must have 1 to ${MAX_NAME_LENGTH} characters: choose a shorter common name.`,
    });
  }
}
