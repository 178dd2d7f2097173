import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { BaykeeperError } from '@baykeeper/domain';

export interface LocalComputeConfig {
  /** The installation's data directory; everything this driver keeps is below it. */
  readonly dataDirectory: string;
  /** The installation's id: only machines that carry it are listed. */
  readonly installation: string;
  /** The nodes' network as an IPv4 prefix (`10.211.0.0/22`); null: one that is free here is picked once and kept. */
  readonly subnet: string | null;
  /** The folder with the image definitions (`templates/images`). */
  readonly imagesDirectory: string;
  /** Where built images are kept; default `<dataDirectory>/images`. Tests share one. */
  readonly imageStoreDirectory?: string;
  /** The artifact mirror; nodes whose image asks for it see it read-only. Null or missing: none. */
  readonly artifactsDirectory?: string | null;
  /** The TCP port on which nodes reach the control plane: opened for the bridge in a host firewall that would drop it. */
  readonly nodePort?: number;
}

export interface LocalPaths {
  readonly data: string;
  /** One directory per machine. It is LXC's own path too, so `lxc-ls -P` shows the nodes. */
  readonly machines: string;
  /** One symbolic link per address in use, pointing at the machine's id. */
  readonly addresses: string;
  readonly locks: string;
  readonly images: string;
  readonly networkState: string;
  /** At most 15 characters (Linux's limit for a link's name), different for every data directory. */
  readonly bridge: string;
}

/**
 * @throws BaykeeperError `provider-refused` when the data directory's name holds characters that overlayfs options and
 * LXC's configuration cannot carry (they have no common way of quoting).
 */
export function localPaths(config: Pick<LocalComputeConfig, 'dataDirectory' | 'imageStoreDirectory'>): LocalPaths {
  const data = resolve(config.dataDirectory);
  const images = resolve(config.imageStoreDirectory ?? join(data, 'images'));
  for (const directory of [data, images]) {
    if (!/^[A-Za-z0-9._/-]+$/.test(directory)) {
      throw new BaykeeperError({
        code: 'provider-refused',
        publicMessage:
          'The local driver needs a data directory whose name has only letters, digits, dots, dashes and underscores. Set BAYKEEPER_DATA to such a directory.',
        detail: directory,
      });
    }
  }
  return {
    data,
    machines: join(data, 'machines'),
    addresses: join(data, 'addresses'),
    locks: join(data, 'locks'),
    images,
    networkState: join(data, 'local-network.json'),
    bridge: `bk-${createHash('sha256').update(data).digest('hex').slice(0, 10)}`,
  };
}
