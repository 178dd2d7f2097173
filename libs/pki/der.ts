/**
 * DER (X.690) through node-forge's ASN.1 tree. Forge's higher functions know RSA only; the tree knows every type, so
 * certificates of elliptic-curve keys are read and built here too.
 *
 * Reading accepts exactly DER: a text that would be written differently is refused. So the encoding of any part of the
 * tree is the part of the input that was signed.
 */
import type forge from 'node-forge';
// Only this part: all of forge is a megabyte of code.
import asn1 from 'node-forge/lib/asn1.js';

const { Class, Type } = asn1;

export type DerNode = forge.asn1.Asn1;
export const DerType = Type;

/** The input is not the structure that was expected. Its text is for our own log, not for a tenant. */
export class DerError extends Error {
  override readonly name = 'DerError';
}

/** @throws DerError when `bytes` is not one complete DER value. */
export function readDer(bytes: Buffer): DerNode {
  let node: DerNode;
  let again: Buffer;
  try {
    node = asn1.fromDer(bytes.toString('latin1'), { strict: true, parseAllBytes: true, decodeBitStrings: false });
    again = writeDer(node);
  } catch (error) {
    throw new DerError('not DER', { cause: error });
  }
  if (!again.equals(bytes)) throw new DerError('not in the distinguished encoding');
  return node;
}

export function writeDer(node: DerNode): Buffer {
  return Buffer.from(asn1.toDer(node).getBytes(), 'latin1');
}

/** Whether the node has the universal type. */
export function isType(node: DerNode | undefined, type: forge.asn1.Type): node is DerNode {
  return node?.tagClass === Class.UNIVERSAL && node.type === type;
}

/** Whether the node has the context-specific tag `[number]`. */
export function isTagged(node: DerNode | undefined, number: number): node is DerNode {
  const tag: number | undefined = node?.type;
  return node?.tagClass === Class.CONTEXT_SPECIFIC && tag === number;
}

/** The members of a constructed value. @throws DerError */
export function childrenOf(node: DerNode | undefined): readonly DerNode[] {
  if (node === undefined || !Array.isArray(node.value)) throw new DerError('a constructed value is missing');
  return node.value;
}

/** The members of a SEQUENCE or SET. @throws DerError */
export function membersOf(node: DerNode | undefined, type: forge.asn1.Type): readonly DerNode[] {
  if (!isType(node, type)) throw new DerError('a sequence or set is missing');
  return childrenOf(node);
}

/** The content octets of a primitive value, one character each (text of a BMPString). @throws DerError */
export function contentOf(node: DerNode | undefined): string {
  if (node === undefined || typeof node.value !== 'string') throw new DerError('a primitive value is missing');
  return node.value;
}

/** @throws DerError */
export function oidOf(node: DerNode | undefined): string {
  if (!isType(node, Type.OID)) throw new DerError('an object identifier is missing');
  try {
    return asn1.derToOid(contentOf(node));
  } catch (error) {
    throw new DerError('a bad object identifier', { cause: error });
  }
}

/** The octets of a BIT STRING of whole octets. @throws DerError */
export function bitStringOf(node: DerNode | undefined): Buffer {
  if (!isType(node, Type.BITSTRING)) throw new DerError('a bit string is missing');
  const content = Buffer.from(contentOf(node), 'latin1');
  if (content[0] !== 0) throw new DerError('a bit string that does not end at an octet');
  return content.subarray(1);
}

/** @throws DerError */
export function octetStringOf(node: DerNode | undefined): Buffer {
  if (!isType(node, Type.OCTETSTRING)) throw new DerError('an octet string is missing');
  return Buffer.from(contentOf(node), 'latin1');
}

function primitive(type: forge.asn1.Type, content: string): DerNode {
  return asn1.create(Class.UNIVERSAL, type, false, content);
}

export const sequence = (...members: DerNode[]): DerNode => asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, members);
export const setOf = (...members: DerNode[]): DerNode => asn1.create(Class.UNIVERSAL, Type.SET, true, members);
export const nothing = (): DerNode => primitive(Type.NULL, '');
export const yes = (): DerNode => primitive(Type.BOOLEAN, '\xff');
export const oid = (text: string): DerNode => primitive(Type.OID, asn1.oidToDer(text).getBytes());
export const utf8String = (text: string): DerNode => primitive(Type.UTF8, Buffer.from(text).toString('latin1'));
export const octetString = (octets: Buffer): DerNode => primitive(Type.OCTETSTRING, octets.toString('latin1'));

/** A non-negative whole number, given by its big-endian octets. */
export function unsignedInteger(octets: Buffer): DerNode {
  const first = octets.findIndex((octet) => octet !== 0);
  const significant = first < 0 ? Buffer.from([0]) : octets.subarray(first);
  const sign = (significant[0] ?? 0) >= 0x80 ? '\0' : '';
  return primitive(Type.INTEGER, sign + significant.toString('latin1'));
}

/** `unusedBits`: how many bits at the end of the last octet do not count. */
export function bitString(octets: Buffer, unusedBits = 0): DerNode {
  return primitive(Type.BITSTRING, String.fromCharCode(unusedBits) + octets.toString('latin1'));
}

/** A constructed value under `[number]`. */
export function tagged(number: number, ...members: DerNode[]): DerNode {
  return asn1.create(Class.CONTEXT_SPECIFIC, number, true, members);
}

/** A primitive value under an implicit `[number]`. */
export function taggedOctets(number: number, octets: Buffer): DerNode {
  return asn1.create(Class.CONTEXT_SPECIFIC, number, false, octets.toString('latin1'));
}

/** UTCTime through 2049, GeneralizedTime from 2050 on (RFC 5280 section 4.1.2.5); whole seconds. */
export function time(date: Date): DerNode {
  return date.getUTCFullYear() < 2050
    ? primitive(Type.UTCTIME, asn1.dateToUtcTime(date))
    : primitive(Type.GENERALIZEDTIME, asn1.dateToGeneralizedTime(date));
}
