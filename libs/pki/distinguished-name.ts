import { DerError, DerType, childrenOf, contentOf, membersOf, oid, oidOf, sequence, setOf, utf8String } from './der.js';
import type { DerNode } from './der.js';
import { OID } from './object-identifiers.js';

/** What of a subject matters to us; other attributes (country, locality, e-mail) are read past. */
export interface SubjectName {
  readonly commonNames: readonly string[];
  readonly organizations: readonly string[];
}

/** RFC 5280 appendix A: ub-common-name, ub-organization-name. */
export const MAX_NAME_LENGTH = 64;

const UTF8_STRING: number = DerType.UTF8;
/** String types whose content arrives as characters already; the last is TeletexString, for which forge has no name. */
const ONE_CHARACTER_EACH: readonly number[] = [DerType.PRINTABLESTRING, DerType.IA5STRING, DerType.BMPSTRING, 20];

/** @throws DerError */
export function readName(name: DerNode | undefined): SubjectName {
  const commonNames: string[] = [];
  const organizations: string[] = [];
  for (const set of membersOf(name, DerType.SEQUENCE)) {
    for (const attribute of membersOf(set, DerType.SET)) {
      const [type, value] = childrenOf(attribute);
      const kind = oidOf(type);
      if (kind === OID.commonName) commonNames.push(textOf(value));
      if (kind === OID.organizationName) organizations.push(textOf(value));
    }
  }
  return { commonNames, organizations };
}

function textOf(value: DerNode | undefined): string {
  const content = contentOf(value);
  const type: number | undefined = value?.type;
  if (type === UTF8_STRING) {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(content, 'latin1'));
    } catch (error) {
      throw new DerError('a name that is not UTF-8', { cause: error });
    }
  }
  if (type === undefined || !ONE_CHARACTER_EACH.includes(type)) throw new DerError('a name of an unknown string type');
  return content;
}

/** Organizations first, then the common name, each as UTF8String. */
export function buildName(subject: { commonName: string; organizations: readonly string[] }): DerNode {
  const attribute = (kind: string, value: string): DerNode => setOf(sequence(oid(kind), utf8String(value)));
  return sequence(
    ...subject.organizations.map((organization) => attribute(OID.organizationName, organization)),
    attribute(OID.commonName, subject.commonName),
  );
}

/** In characters, as the standard counts. */
export function fitsName(text: string): boolean {
  return text !== '' && Array.from(text).length <= MAX_NAME_LENGTH;
}

/** One line for records and lists: `CN=admin, O=system:masters`. */
export function describeName(subject: { commonName: string; organizations: readonly string[] }): string {
  return [`CN=${subject.commonName}`, ...subject.organizations.map((organization) => `O=${organization}`)].join(', ');
}
