/** What the driver is told, and where it keeps its things below the data directory. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';

export interface HaproxyConfig {
  /** Absolute path of the installation's data directory. */
  readonly dataDirectory: string;
  readonly installation: string;
  /** Network in CIDR form from which load balancers get their addresses; null: one is picked and kept. */
  readonly addressPool: string | null;
  /** Program's name or absolute path; `haproxy` unless given. */
  readonly haproxyBinary?: string;
}

export interface HaproxyPaths {
  readonly directory: string;
  /** Per load balancer `<id>.json` (what is wanted) and `<id>.cfg` (its part of HAProxy's configuration). */
  readonly balancers: string;
  /** A file per address that is given out, named by the address. */
  readonly addresses: string;
  readonly configuration: string;
  /** There while HAProxy is meant to run. */
  readonly pidFile: string;
  /** Health of the members, handed from one worker process to the next at a reload. */
  readonly serverState: string;
  readonly pool: string;
  readonly sockets: string;
  readonly statsSocket: string;
  readonly masterSocket: string;
  readonly idleSocket: string;
}

/**
 * A socket's path takes 107 bytes (unix(7)), of which HAProxy wants some for a temporary suffix, and `-S` splits its
 * argument at commas: below a longer or odder path the sockets move to a short directory.
 */
const PLAIN_SOCKET_DIRECTORY = /^[A-Za-z0-9._/-]{1,72}$/;

export function pathsOf({ dataDirectory }: Pick<HaproxyConfig, 'dataDirectory'>): HaproxyPaths {
  const directory = join(dataDirectory, 'haproxy');
  const hash = createHash('sha256').update(directory).digest('hex').slice(0, 16);
  const sockets = PLAIN_SOCKET_DIRECTORY.test(directory) ? directory : `/tmp/baykeeper-haproxy-${hash}`;
  return {
    directory,
    balancers: join(directory, 'load-balancers'),
    addresses: join(directory, 'addresses'),
    configuration: join(directory, 'haproxy.cfg'),
    pidFile: join(directory, 'haproxy.pid'),
    serverState: join(directory, 'server-state'),
    pool: join(directory, 'address-pool.json'),
    sockets,
    statsSocket: join(sockets, 'stats.sock'),
    masterSocket: join(sockets, 'master.sock'),
    idleSocket: join(sockets, 'idle.sock'),
  };
}
