import { sign, type KeyObject } from 'node:crypto';
import forge from 'node-forge';

const { asn1 } = forge;
const { Class, Type } = asn1;

const COMMON_NAME = '2.5.4.3';
/** RFC 5758 section 3.2. */
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';

/**
 * A certificate request (RFC 2986) in PEM form, signed with its own key.
 * node-forge reads and writes ASN.1, but builds requests for RSA keys only; nodes have elliptic ones.
 */
export function renderCertificateRequest(commonName: string, publicKey: KeyObject, privateKey: KeyObject): string {
  const sequence = (children: forge.asn1.Asn1[]) => asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, children);
  const identifier = (oid: string) => asn1.create(Class.UNIVERSAL, Type.OID, false, asn1.oidToDer(oid).getBytes());
  const subject = sequence([
    asn1.create(Class.UNIVERSAL, Type.SET, true, [
      sequence([
        identifier(COMMON_NAME),
        asn1.create(Class.UNIVERSAL, Type.UTF8, false, forge.util.encodeUtf8(commonName)),
      ]),
    ]),
  ]);
  const key = asn1.fromDer(publicKey.export({ type: 'spki', format: 'der' }).toString('binary'));
  const version = asn1.create(Class.UNIVERSAL, Type.INTEGER, false, asn1.integerToDer(0).getBytes());
  const noAttributes = asn1.create(Class.CONTEXT_SPECIFIC, Type.NONE, true, []);
  const information = sequence([version, subject, key, noAttributes]);
  const signature = sign('sha256', Buffer.from(asn1.toDer(information).getBytes(), 'binary'), privateKey);
  const request = sequence([
    information,
    sequence([identifier(ECDSA_WITH_SHA256)]),
    // The leading octet says that no bits of the last one are unused.
    asn1.create(Class.UNIVERSAL, Type.BITSTRING, false, `\0${signature.toString('binary')}`),
  ]);
  return forge.pem.encode({ type: 'CERTIFICATE REQUEST', body: asn1.toDer(request).getBytes() }, { maxline: 64 });
}
