import { join } from 'node:path';

export interface HaproxyConfig {
  /** Absolute path of the installation's data directory. */
  readonly dataDirectory: string;
  readonly installation: string;
  /** Network in CIDR form from which load balancers get their addresses; null: one is picked and kept. */
  readonly addressPool: string | null;
  readonly haproxyBinary?: string;
}

export interface HaproxyPaths {
  readonly directory: string;
  readonly balancers: string;
  readonly configuration: string;
  readonly pidFile: string;
  readonly statsSocket: string;
  readonly masterSocket: string;
  readonly idleSocket: string;
  readonly pool: string;
}

export function pathsOf({ dataDirectory }: Pick<HaproxyConfig, 'dataDirectory'>): HaproxyPaths {
  const directory = join(dataDirectory, 'haproxy');
  return {
    directory,
    balancers: join(directory, 'load-balancers'),
    configuration: join(directory, 'haproxy.cfg'),
    pidFile: join(directory, 'haproxy.pid'),
    statsSocket: join(directory, 'stats.sock'),
    masterSocket: join(directory, 'master.sock'),
    idleSocket: join(directory, 'idle.sock'),
    pool: join(directory, 'addresses.json'),
  };
}
