/** Flavors, images and networks: the same store three times; networks carry their subnets. */
import type {
  FlavorFields,
  FlavorId,
  ImageFields,
  ImageId,
  Network,
  NetworkFields,
  NetworkId,
  Subnet,
} from '@baykeeper/domain';
import { In, type EntityManager, type EntityTarget, type ObjectLiteral, type SelectQueryBuilder } from 'typeorm';
import type { Audience, CatalogueEntryStore, NetworkStore, NewNetwork } from '../contracts/catalogue.js';
import { FlavorEntity, ImageEntity, NetworkEntity, SubnetEntity } from '../entities/catalogue.entities.js';
import type { Page } from '../page.js';
import { listPage, type SortKeys } from './paging.js';
import { findByIdent, notFound } from './scoping.js';
import { assignmentsOf, changeRows, inTransaction, pick, selectRows, setListOf } from './sql.js';

interface Kind<Entity extends ObjectLiteral, Fields> {
  readonly entity: EntityTarget<Entity>;
  readonly table: string;
  /** In sentences. */
  readonly word: string;
  readonly sortKeys: SortKeys<Entity>;
  /** A record, so that the compiler finds a field that is missing. */
  readonly fields: Readonly<Record<keyof Fields & keyof Entity & string, true>>;
  /** An SQL condition that is true while something was made from the row `$1`. */
  readonly inUse: string;
}

class EntryStore<Id extends string, Entity extends ObjectLiteral, Fields extends object> implements CatalogueEntryStore<
  Id,
  Entity,
  Fields
> {
  private readonly names: readonly (keyof Fields & keyof Entity & string)[];

  constructor(
    private readonly manager: EntityManager,
    private readonly kind: Kind<Entity, Fields>,
  ) {
    this.names = Object.keys(kind.fields) as (keyof Fields & keyof Entity & string)[];
  }

  async insert(id: Id, fields: Fields): Promise<Entity> {
    const row = { ...pick(fields, this.names), id, builtIn: false };
    await this.manager
      .createQueryBuilder()
      .insert()
      .into(this.kind.entity)
      .values(row as never)
      .execute();
    return this.find('all', id);
  }

  find(audience: Audience, ident: string): Promise<Entity> {
    return findByIdent(this.visible(audience), this.kind.word, ident);
  }

  list(audience: Audience, page: Page): Promise<readonly Entity[]> {
    return listPage(this.visible(audience), page, this.kind.sortKeys);
  }

  async update(id: Id, changes: Partial<Fields>): Promise<Entity> {
    const assignments = assignmentsOf(this.manager, this.kind.entity, changes, this.names);
    const list = [setListOf(assignments, 2), 'updated_at = now()'].filter((part) => part !== '').join(', ');
    const { count } = await changeRows(
      this.manager,
      `UPDATE ${this.kind.table} SET ${list} WHERE id = $1 AND NOT built_in`,
      [id, ...assignments.map(({ value }) => value)],
    );
    if (count !== 1) throw notFound(this.kind.word, id);
    return this.find('all', id);
  }

  async remove(id: Id): Promise<void> {
    const { count } = await changeRows(this.manager, `DELETE FROM ${this.kind.table} WHERE id = $1 AND NOT built_in`, [
      id,
    ]);
    if (count !== 1) throw notFound(this.kind.word, id);
  }

  async isReferenced(id: Id): Promise<boolean> {
    const rows = await selectRows<{ used: boolean }>(this.manager, `SELECT (${this.kind.inUse}) AS used`, [id]);
    return rows[0]?.used ?? false;
  }

  private visible(audience: Audience): SelectQueryBuilder<Entity> {
    const query = this.manager.createQueryBuilder(this.kind.entity, 'entry');
    return audience === 'all' ? query : query.where('entry.public');
  }
}

const ENTRY_SORT_KEYS = {
  id: 'sequence',
  uuid: 'id',
  name: 'name',
  public: 'public',
  builtin: 'builtIn',
  created_at: 'createdAt',
  updated_at: 'updatedAt',
} as const;

export const FLAVORS_IN_USE = `EXISTS (SELECT FROM baymodels WHERE flavor_ref = $1 OR master_flavor_ref = $1)
  OR EXISTS (SELECT FROM node_groups WHERE flavor_ref = $1)`;
export const IMAGES_IN_USE = `EXISTS (SELECT FROM baymodels WHERE image_ref = $1)
  OR EXISTS (SELECT FROM node_groups WHERE image_ref = $1)`;
export const NETWORKS_IN_USE = `EXISTS (SELECT FROM baymodels WHERE external_network_ref = $1 OR fixed_network_ref = $1
    OR fixed_subnet_ref IN (SELECT id FROM subnets WHERE network_id = $1))
  OR EXISTS (SELECT FROM bays WHERE fixed_network_ref = $1
    OR fixed_subnet_ref IN (SELECT id FROM subnets WHERE network_id = $1))`;

export class PostgresFlavorStore extends EntryStore<FlavorId, FlavorEntity, FlavorFields> {
  constructor(manager: EntityManager) {
    super(manager, {
      entity: FlavorEntity,
      table: 'flavors',
      word: 'Flavor',
      sortKeys: { ...ENTRY_SORT_KEYS, vcpus: 'vcpus', ram: 'memoryMib', disk: 'diskGib' },
      fields: { name: true, description: true, public: true, vcpus: true, memoryMib: true, diskGib: true },
      inUse: FLAVORS_IN_USE,
    });
  }
}

export class PostgresImageStore extends EntryStore<ImageId, ImageEntity, ImageFields> {
  constructor(manager: EntityManager) {
    super(manager, {
      entity: ImageEntity,
      table: 'images',
      word: 'Image',
      sortKeys: {
        ...ENTRY_SORT_KEYS,
        os_distro: 'osDistro',
        architecture: 'architecture',
        status: 'status',
        min_disk: 'minDiskGib',
        min_ram: 'minMemoryMib',
      },
      fields: {
        name: true,
        description: true,
        public: true,
        osDistro: true,
        architecture: true,
        status: true,
        minDiskGib: true,
        minMemoryMib: true,
        properties: true,
        driverImage: true,
      },
      inUse: IMAGES_IN_USE,
    });
  }
}

export class PostgresNetworkStore implements NetworkStore {
  private readonly entries: EntryStore<NetworkId, NetworkEntity, NetworkFields>;

  constructor(private readonly manager: EntityManager) {
    this.entries = networkEntries(manager);
  }

  insert(id: NetworkId, { subnets, ...fields }: NewNetwork): Promise<Network> {
    return inTransaction(this.manager, async (manager) => {
      const network = await networkEntries(manager).insert(id, fields);
      if (subnets.length > 0) {
        await manager.insert(
          SubnetEntity,
          subnets.map((subnet) => ({ ...pick(subnet, ['id', 'name', 'cidr', 'gatewayIp']), networkId: id })),
        );
      }
      return Object.assign(network, { subnets });
    });
  }

  async find(audience: Audience, ident: string): Promise<Network> {
    const network = await this.entries.find(audience, ident);
    const [whole] = await this.withSubnets([network]);
    return whole ?? Object.assign(network, { subnets: [] });
  }

  async list(audience: Audience, page: Page): Promise<readonly Network[]> {
    return this.withSubnets(await this.entries.list(audience, page));
  }

  async update(id: NetworkId, changes: Partial<NewNetwork>): Promise<Network> {
    await this.entries.update(id, changes);
    return this.find('all', id);
  }

  remove(id: NetworkId): Promise<void> {
    return this.entries.remove(id);
  }

  isReferenced(id: NetworkId): Promise<boolean> {
    return this.entries.isReferenced(id);
  }

  /** One more question, however many networks. */
  private async withSubnets(networks: readonly NetworkEntity[]): Promise<readonly Network[]> {
    if (networks.length === 0) return [];
    const rows = await this.manager.find(SubnetEntity, {
      where: { networkId: In(networks.map(({ id }) => id)) },
      order: { sequence: 'ASC' },
    });
    const byNetwork = new Map<NetworkId, Subnet[]>(networks.map(({ id }) => [id, []]));
    for (const { networkId, id, name, cidr, gatewayIp } of rows)
      byNetwork.get(networkId)?.push({ id, name, cidr, gatewayIp });
    return networks.map((network) => Object.assign(network, { subnets: byNetwork.get(network.id) ?? [] }));
  }
}

function networkEntries(manager: EntityManager): EntryStore<NetworkId, NetworkEntity, NetworkFields> {
  return new EntryStore(manager, {
    entity: NetworkEntity,
    table: 'networks',
    word: 'Network',
    sortKeys: { ...ENTRY_SORT_KEYS, external: 'external', mtu: 'mtu' },
    fields: { name: true, description: true, public: true, external: true, mtu: true },
    inUse: NETWORKS_IN_USE,
  });
}
