/** The catalogue as templates, bays and machines ask it: many names in one question. */
import { BaykeeperError, isUuid, type NodeGroupId } from '@baykeeper/domain';
import type { EntityManager } from 'typeorm';
import type {
  BuiltInEntries,
  CatalogueIdents,
  CatalogueStore,
  MachineNeeds,
  ResolvedEntries,
  ResolvedFlavor,
} from '../contracts/catalogue.js';
import { FlavorEntity, ImageEntity, NetworkEntity, SubnetEntity } from '../entities/catalogue.entities.js';
import { FLAVORS_IN_USE, IMAGES_IN_USE, NETWORKS_IN_USE } from './catalogue-entry.stores.js';
import { selectPrepared } from './prepared.js';
import { notFound } from './scoping.js';
import { changeRows, inTransaction, selectRows } from './sql.js';

const FLAVOR_COLUMNS = 'id, name, public, vcpus, memory_mib AS "memoryMib", disk_gib AS "diskGib"';

/** Four lists of rows in one row. An even parameter holds names, the next one ids. */
const RESOLVE = `SELECT
  ${listOf(`SELECT ${FLAVOR_COLUMNS} FROM flavors WHERE name = ANY ($1) OR id = ANY ($2)`)} AS flavors,
  ${listOf(`SELECT id, name, public, os_distro AS "osDistro", status, min_disk_gib AS "minDiskGib",
      min_memory_mib AS "minMemoryMib", properties, driver_image AS "driverImage"
    FROM images WHERE name = ANY ($3) OR id = ANY ($4)`)} AS images,
  ${listOf('SELECT id, name, public, external FROM networks WHERE name = ANY ($5) OR id = ANY ($6)')} AS networks,
  ${listOf(`SELECT subnets.id, subnets.name, networks.public, network_id AS "networkId"
    FROM subnets JOIN networks ON networks.id = network_id
    WHERE subnets.name = ANY ($7) OR subnets.id = ANY ($8)`)} AS subnets`;

function listOf(query: string): string {
  return `(SELECT coalesce(json_agg(found), '[]') FROM (${query}) AS found)`;
}

export class PostgresCatalogueStore implements CatalogueStore {
  constructor(private readonly manager: EntityManager) {}

  async resolve(idents: CatalogueIdents): Promise<ResolvedEntries> {
    const { flavors, images, networks, subnets } = idents;
    // What is an id is never looked up as a name, so that nobody's entry can stand in for another's.
    const values = [flavors, images, networks, subnets].flatMap((given) => [
      given.filter((ident) => !isUuid(ident) && !ident.includes('\0')),
      given.filter(isUuid),
    ]);
    const [row] = await selectPrepared<ResolvedEntries>(this.manager, 'catalogue-resolve', RESOLVE, values);
    return row ?? { flavors: [], images: [], networks: [], subnets: [] };
  }

  async putBuiltIns({ flavors, images, networks }: BuiltInEntries): Promise<void> {
    const builtIn = <Row extends { readonly id: string }>(rows: readonly Row[]) =>
      // Always in this order: two servers that start at once wait for one another instead of locking each other out.
      rows.map((row) => ({ ...row, builtIn: true })).sort((a, b) => (a.id < b.id ? -1 : 1));
    const subnets = networks.flatMap((network) =>
      network.subnets.map((subnet) => ({ ...subnet, networkId: network.id })),
    );
    const plainNetworks = networks.map(({ subnets: _subnets, ...network }) => network);
    await inTransaction(this.manager, async (manager) => {
      if (flavors.length > 0) await manager.upsert(FlavorEntity, builtIn(flavors), ['id']);
      if (images.length > 0) await manager.upsert(ImageEntity, builtIn(images), ['id']);
      if (plainNetworks.length > 0) await manager.upsert(NetworkEntity, builtIn(plainNetworks), ['id']);
      if (subnets.length > 0) await manager.upsert(SubnetEntity, subnets, ['id']);
      await removeOthers(manager, 'flavors', FLAVORS_IN_USE, flavors);
      await removeOthers(manager, 'images', IMAGES_IN_USE, images);
      await removeOthers(manager, 'networks', NETWORKS_IN_USE, networks);
    });
  }

  async machineNeeds(nodeGroupId: NodeGroupId): Promise<MachineNeeds> {
    const [group] = await selectPrepared<GroupNeeds>(this.manager, 'machine-needs', MACHINE_NEEDS, [nodeGroupId]);
    if (group === undefined) throw notFound('Node group', nodeGroupId);
    const { flavorName, imageName, sshPublicKey } = group;
    const isFlavorOpen = group.flavor === null && flavorName !== null;
    if (!isFlavorOpen && group.driverImage !== null)
      return { flavor: group.flavor, driverImage: group.driverImage, sshPublicKey };

    // A group that was made before there was a catalogue, or whose maker did not look: by what is written in it.
    const found = await this.resolve({
      flavors: isFlavorOpen ? [flavorName] : [],
      images: group.driverImage === null ? [imageName] : [],
      networks: [],
      subnets: [],
    });
    const flavor = isFlavorOpen ? (found.flavors[0] ?? null) : group.flavor;
    if (isFlavorOpen && flavor === null) {
      throw new BaykeeperError({
        code: 'provider-refused',
        publicMessage: `The flavor "${flavorName}" does not exist here any more.`,
      });
    }
    return { flavor, driverImage: group.driverImage ?? found.images[0]?.driverImage ?? imageName, sshPublicKey };
  }
}

interface GroupNeeds {
  readonly flavorName: string | null;
  readonly imageName: string;
  readonly sshPublicKey: string | null;
  readonly flavor: ResolvedFlavor | null;
  readonly driverImage: string | null;
}

const MACHINE_NEEDS = `SELECT
    coalesce(node_groups.flavor_id, CASE node_groups.role WHEN 'master' THEN bays.master_flavor_id ELSE bays.flavor_id END)
      AS "flavorName",
    node_groups.image_id AS "imageName", bays.ssh_public_key AS "sshPublicKey",
    (SELECT to_json(found) FROM (SELECT ${FLAVOR_COLUMNS} FROM flavors WHERE id = node_groups.flavor_ref) AS found)
      AS flavor,
    (SELECT driver_image FROM images WHERE id = node_groups.image_ref) AS "driverImage"
  FROM node_groups JOIN bays ON bays.id = node_groups.bay_id
  WHERE node_groups.id = $1`;

/** What the driver does not offer any more, unless something was made from it. */
async function removeOthers(
  manager: EntityManager,
  table: string,
  inUse: string,
  kept: readonly { readonly id: string }[],
): Promise<void> {
  const gone = await selectRows<{ id: string }>(
    manager,
    `SELECT id FROM ${table} WHERE built_in AND id <> ALL ($1::uuid[])`,
    [kept.map(({ id }) => id)],
  );
  for (const { id } of gone) {
    await changeRows(manager, `DELETE FROM ${table} WHERE id = $1 AND NOT (${inUse})`, [id]);
  }
}
