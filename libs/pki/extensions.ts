/** X.509 extensions that our certificates and revocation lists carry (RFC 5280 section 4.2 and 5.2). */
import { isIP } from 'node:net';
import util from 'node-forge/lib/util.js';
import { BaykeeperError } from '@baykeeper/domain';
import {
  bitString,
  octetString,
  oid,
  sequence,
  tagged,
  taggedOctets,
  unsignedInteger,
  writeDer,
  yes,
  type DerNode,
} from './der.js';
import { OID } from './object-identifiers.js';

/** RFC 5280 section 4.2.1.6: the numbers of GeneralName's alternatives. */
const DNS_NAME = 2;
const IP_ADDRESS = 7;

/** RFC 5280 section 4.2.1.3; the first bit is the highest. */
const DIGITAL_SIGNATURE = 0x80;
const KEY_ENCIPHERMENT = 0x20;
const KEY_CERT_SIGN = 0x04;
const CRL_SIGN = 0x02;

function extension(id: string, critical: boolean, value: DerNode): DerNode {
  return sequence(oid(id), ...(critical ? [yes()] : []), octetString(writeDer(value)));
}

function keyUsage(bits: number): DerNode {
  // DER leaves out the zero bits at the end.
  const unused = 31 - Math.clz32(bits & -bits);
  return extension(OID.keyUsage, true, bitString(Buffer.from([bits]), unused));
}

export function subjectKeyIdentifier(identifier: Buffer): DerNode {
  return extension(OID.subjectKeyIdentifier, false, octetString(identifier));
}

export function authorityKeyIdentifier(identifier: Buffer): DerNode {
  return extension(OID.authorityKeyIdentifier, false, sequence(taggedOctets(0, identifier)));
}

/** An authority that signs leaves and revocation lists, and no further authority. */
export function authorityExtensions(identifier: Buffer): DerNode[] {
  return [
    extension(OID.basicConstraints, true, sequence(yes(), unsignedInteger(Buffer.from([0])))),
    keyUsage(KEY_CERT_SIGN | CRL_SIGN),
    subjectKeyIdentifier(identifier),
    authorityKeyIdentifier(identifier),
  ];
}

export interface LeafExtensions {
  readonly rsa: boolean;
  readonly usages: readonly ('server' | 'client')[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly keyIdentifier: Buffer;
  readonly authorityKeyIdentifier: Buffer;
}

export function leafExtensions(leaf: LeafExtensions): DerNode[] {
  const usages = [...new Set(leaf.usages)].map((usage) => oid(usage === 'server' ? OID.serverAuth : OID.clientAuth));
  const names = [
    ...[...new Set(leaf.dnsNames)].map((name) => taggedOctets(DNS_NAME, dnsNameOctets(name))),
    ...[...new Set(leaf.ipAddresses)].map((address) => taggedOctets(IP_ADDRESS, addressOctets(address))),
  ];
  return [
    extension(OID.basicConstraints, true, sequence()),
    // Only an RSA key can encipher another key (TLS 1.2 with RSA key exchange).
    keyUsage(DIGITAL_SIGNATURE | (leaf.rsa ? KEY_ENCIPHERMENT : 0)),
    extension(OID.extendedKeyUsage, false, sequence(...usages)),
    subjectKeyIdentifier(leaf.keyIdentifier),
    authorityKeyIdentifier(leaf.authorityKeyIdentifier),
    ...(names.length > 0 ? [extension(OID.subjectAltName, false, sequence(...names))] : []),
  ];
}

/** Extensions of a revocation list. */
export function revocationListExtensions(authorityIdentifier: Buffer, number: Buffer): DerNode[] {
  return [authorityKeyIdentifier(authorityIdentifier), extension(OID.crlNumber, false, unsignedInteger(number))];
}

export const extensionsField = (extensions: readonly DerNode[], tag: number): DerNode =>
  tagged(tag, sequence(...extensions));

const DNS_NAME_PATTERN =
  /^(?=.{1,253}$)(\*\.)?([a-z0-9_]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9_]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;

function dnsNameOctets(name: string): Buffer {
  if (!DNS_NAME_PATTERN.test(name)) throw badName(name);
  return Buffer.from(name, 'latin1');
}

function addressOctets(address: string): Buffer {
  const octets = isIP(address) === 0 ? null : util.bytesFromIP(address);
  if (octets === null) throw badName(address);
  return Buffer.from(octets, 'latin1');
}

function badName(name: string): BaykeeperError {
  return new BaykeeperError({
    code: 'internal',
    publicMessage: 'A certificate could not be made for one of its names. Tell the operator.',
    detail: `not a DNS name or IP address: ${JSON.stringify(name)}`,
  });
}
