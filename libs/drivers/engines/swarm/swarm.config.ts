/** Docker's own registered ports: 2375 in the clear, 2376 with TLS. */
const PLAIN_PORT = 2375;
const TLS_PORT = 2376;

export function apiPortOf(bay: { readonly tlsDisabled: boolean }): number {
  return bay.tlsDisabled ? PLAIN_PORT : TLS_PORT;
}

/** Manager to manager and worker to manager. */
export const SWARM_PORT = 2377;

/** Ports a template's `lb_ports` may not take: the engine's own. */
export const RESERVED_PORTS: ReadonlySet<number> = new Set([PLAIN_PORT, TLS_PORT, SWARM_PORT, 7946, 4789]);
export const MOST_LB_PORTS = 16;

/** More managers only make the swarm slower (Docker's own advice stops at seven). */
export const MANAGER_COUNTS: readonly number[] = [1, 3, 5];

/** Where the nodes keep the API's certificates. */
export const TLS_DIRECTORY = '/etc/docker/baykeeper';

/** Days that a node's certificate and a tenant's are valid. */
export const NODE_CERTIFICATE_DAYS = 365;
export const CLIENT_CERTIFICATE_DAYS = 365;
