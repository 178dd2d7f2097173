import type { Environment } from '../context.js';

/** A name or id of a domain, as Keystone wants it in a request. */
export type DomainReference = { readonly id: string } | { readonly name: string };

/** The OS_* variables that an OpenStack openrc file sets, empty ones counted as absent. */
export interface Openrc {
  readonly authUrl: string | null;
  readonly userId: string | null;
  readonly userName: string | null;
  readonly userDomain: DomainReference;
  readonly password: string | null;
  readonly projectId: string | null;
  readonly projectName: string | null;
  readonly projectDomain: DomainReference;
  readonly token: string | null;
  readonly applicationCredentialId: string | null;
  readonly applicationCredentialSecret: string | null;
  readonly region: string | null;
  readonly interface: string;
  readonly caFile: string | null;
  /** Overrides the catalog, for a service that is reached another way than it knows, such as through a tunnel. */
  readonly endpoint: string | null;
}

export function readOpenrc(environment: Environment): Openrc {
  const get = (name: string): string | null => {
    const value = environment[name];
    return value === undefined || value === '' ? null : value;
  };
  const domain = (kind: string): DomainReference => {
    const id = get(`OS_${kind}_DOMAIN_ID`) ?? get('OS_DOMAIN_ID');
    if (id !== null) return { id };
    const name = get(`OS_${kind}_DOMAIN_NAME`) ?? get('OS_DOMAIN_NAME');
    return name === null ? { id: 'default' } : { name };
  };
  return {
    authUrl: get('OS_AUTH_URL'),
    userId: get('OS_USER_ID'),
    userName: get('OS_USERNAME'),
    userDomain: domain('USER'),
    password: get('OS_PASSWORD'),
    projectId: get('OS_PROJECT_ID') ?? get('OS_TENANT_ID'),
    projectName: get('OS_PROJECT_NAME') ?? get('OS_TENANT_NAME'),
    projectDomain: domain('PROJECT'),
    token: get('OS_TOKEN'),
    applicationCredentialId: get('OS_APPLICATION_CREDENTIAL_ID'),
    applicationCredentialSecret: get('OS_APPLICATION_CREDENTIAL_SECRET'),
    region: get('OS_REGION_NAME'),
    // openstackclient also takes `publicURL`, the spelling of Keystone v2.
    interface: (get('OS_INTERFACE') ?? get('OS_ENDPOINT_TYPE') ?? 'public').replace(/URL$/, ''),
    caFile: get('OS_CACERT'),
    endpoint: get('BAY_ENDPOINT'),
  };
}

/**
 * Where Keystone v3 is, from what a person gives: the service's own address (`http://host:9511`), or an identity URL
 * with or without its version.
 */
export function identityUrlOf(url: string): string {
  const trimmed = url.replace(/\/+$/, '');
  if (/\/v3$/.test(trimmed)) return trimmed;
  return new URL(trimmed).pathname === '/' ? `${trimmed}/identity/v3` : `${trimmed}/v3`;
}

/** The same for OS_AUTH_URL, which by its own convention is Keystone's root when it has no version. */
export function identityUrlOfOpenrc(authUrl: string): string {
  const trimmed = authUrl.replace(/\/+$/, '');
  return /\/v3$/.test(trimmed) ? trimmed : `${trimmed}/v3`;
}
