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
  | { readonly outcome: 'out-of-range' }
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
    return { outcome: 'out-of-range' };
  return { outcome: 'agreed', minor };
}

const text = (minor: number): string => `${SERVICE} ${MAJOR}.${minor}`;

/** Headers of every response under `/v1`. `minor` is the version it was served with, null when there was none. */
export function versionHeaders(minor: number | null): Readonly<Record<string, string>> {
  return {
    'OpenStack-API-Minimum-Version': text(MINIMUM_MINOR),
    'OpenStack-API-Maximum-Version': text(MAXIMUM_MINOR),
    ...(minor !== null && { 'OpenStack-API-Version': text(minor) }),
    Vary: 'OpenStack-API-Version',
  };
}

export const MINIMUM_VERSION = `${MAJOR}.${MINIMUM_MINOR}`;
export const MAXIMUM_VERSION = `${MAJOR}.${MAXIMUM_MINOR}`;
