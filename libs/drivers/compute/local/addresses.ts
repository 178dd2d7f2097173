/**
 * Which machine has which address: one symbolic link per address, named by it and pointing at the machine's id. Making a
 * link is one step that either wins or fails, with its content, so there is no moment at which an address has no owner.
 */
import { createHash } from 'node:crypto';
import { access, mkdir, readdir, readlink, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { BaykeeperError } from '@baykeeper/domain';
import { withAddressesLock } from './local-locks.js';
import type { LocalPaths } from './local.config.js';
import { capacityOf, machineAddress, type Subnet } from './subnet.js';
import { absentAsUndefined } from './write-atomically.js';

/**
 * Gives the machine an address, the same one when asked again. The machine's directory must exist already: an address
 * whose owner has none was left by a removal that was cut short, and is free.
 * @throws BaykeeperError `provider-unavailable` when all are in use
 */
export function reserveAddress(paths: LocalPaths, subnet: Subnet, machineId: string): Promise<string> {
  return withAddressesLock(paths, async () => {
    await mkdir(paths.addresses, { recursive: true, mode: 0o700 });
    const owners = await loadOwners(paths);
    for (const [address, owner] of owners) if (owner === machineId) return address;
    const capacity = capacityOf(subnet);
    // Spread by id, so that an address that was just freed is not at once another machine's.
    const start = createHash('sha256').update(machineId).digest().readUInt32BE(0) % capacity;
    for (let offset = 0; offset < capacity; offset += 1) {
      const address = machineAddress(subnet, (start + offset) % capacity);
      const owner = owners.get(address);
      if (owner !== undefined) {
        if (await exists(join(paths.machines, owner))) continue;
        await unlink(join(paths.addresses, address));
      }
      await symlink(machineId, join(paths.addresses, address));
      return address;
    }
    throw new BaykeeperError({
      code: 'provider-unavailable',
      publicMessage:
        'All addresses of the local network are in use. Delete machines, or set a larger BAYKEEPER_LOCAL_SUBNET.',
    });
  });
}

export async function releaseAddresses(paths: LocalPaths, machineId: string): Promise<void> {
  for (const [address, owner] of await loadOwners(paths)) {
    if (owner === machineId) await absentAsUndefined(unlink(join(paths.addresses, address)));
  }
}

async function loadOwners(paths: LocalPaths): Promise<ReadonlyMap<string, string>> {
  const owners = new Map<string, string>();
  for (const address of (await absentAsUndefined(readdir(paths.addresses))) ?? []) {
    const owner = await absentAsUndefined(readlink(join(paths.addresses, address)));
    if (owner !== undefined) owners.set(address, owner);
  }
  return owners;
}

async function exists(path: string): Promise<boolean> {
  return (await absentAsUndefined(access(path).then(() => true))) ?? false;
}
