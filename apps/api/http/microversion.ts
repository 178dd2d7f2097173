/**
 * Magnum's version negotiation: `OpenStack-API-Version: container-infra 1.9`. No header means the lowest version. Bays and
 * baymodels are served at every version.
 */
export const MINIMUM_MINOR = 1;
export const MAXIMUM_MINOR = 14;

const MAJOR = 1;
const SERVICE = 'container-infrastructure-management';
const ACCEPTED_SERVICES = new Set([SERVICE, 'container-infra', 'container-infrastructure']);

export type Negotiation =
  | { readonly outcome: 'agreed'; readonly minor: number }
  /** Well-formed, but not one of ours. */
  | { readonly outcome: 'out-of-range'; readonly version: string }
  | { readonly outcome: 'malformed' };

/** What a request's header asks for. */
export function negotiate(header: string | string[] | undefined): Negotiation {
  if (header === undefined) return { outcome: 'agreed', minor: MINIMUM_MINOR };
  if (typeof header !== 'string') return { outcome: 'malformed' };
  const [service = '', version, ...more] = header.trim().split(/\s+/);
  if (version === undefined || more.length > 0) return { outcome: 'malformed' };
  if (version.toLowerCase() === 'latest') return { outcome: 'agreed', minor: MAXIMUM_MINOR };
  const numbers = /^(\d{1,9})\.(\d{1,9})$/.exec(version);
  if (numbers === null || !ACCEPTED_SERVICES.has(service)) return { outcome: 'malformed' };
  const minor = Number(numbers[2]);
  if (Number(numbers[1]) !== MAJOR || minor < MINIMUM_MINOR || minor > MAXIMUM_MINOR)
    return { outcome: 'out-of-range', version };
  return { outcome: 'agreed', minor };
}

export const MINIMUM_VERSION = versionOf(MINIMUM_MINOR);
export const MAXIMUM_VERSION = versionOf(MAXIMUM_MINOR);

export function versionOf(minor: number): string {
  return `${MAJOR}.${minor}`;
}

/** Headers of responses under `/v1`. @param version what it was served with, or what was asked for and is not served */
export function versionHeaders(version: string): Readonly<Record<string, string>> {
  return {
    'OpenStack-API-Minimum-Version': `${SERVICE} ${MINIMUM_VERSION}`,
    'OpenStack-API-Maximum-Version': `${SERVICE} ${MAXIMUM_VERSION}`,
    'OpenStack-API-Version': `${SERVICE} ${version}`,
    Vary: 'OpenStack-API-Version',
  };
}
