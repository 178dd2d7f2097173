import type {
  Flavor,
  FlavorFields,
  FlavorId,
  Image,
  ImageFields,
  ImageId,
  Keypair,
  KeypairId,
  Network,
  NetworkFields,
  NetworkId,
  NodeGroupId,
  Subnet,
  SubnetFields,
  SubnetId,
  UserId,
} from '@baykeeper/domain';
import type { Page } from '../page.js';

/** The catalogue belongs to no project: everybody sees what is public, those who run the installation see all. */
export type Audience = 'public' | 'all';

/** Entries of one kind. What came with the compute driver is read like any other, and changed by nobody. */
export interface CatalogueEntryStore<Id, Entry, Fields> {
  insert(id: Id, fields: Fields): Promise<Entry>;
  /**
   * @param ident uuid or name
   * @throws BaykeeperError `not-found`; `conflict` when several have the name.
   */
  find(audience: Audience, ident: string): Promise<Entry>;
  /** @throws BaykeeperError `invalid-input` for an unknown sort key; `not-found` for a marker that can't be seen. */
  list(audience: Audience, page: Page): Promise<readonly Entry[]>;
  /** @throws BaykeeperError `not-found`, also for a built-in entry. */
  update(id: Id, changes: Partial<Fields>): Promise<Entry>;
  /** @throws BaykeeperError `not-found`, also for a built-in entry; `conflict` while something was made from it. */
  remove(id: Id): Promise<void>;
  /** Whether a template, a bay or a node group refers to it. */
  isReferenced(id: Id): Promise<boolean>;
}

export type FlavorStore = CatalogueEntryStore<FlavorId, Flavor, FlavorFields>;
export type ImageStore = CatalogueEntryStore<ImageId, Image, ImageFields>;
/** The subnets of a network are made and deleted with it. */
export type NewNetwork = NetworkFields & { readonly subnets: readonly Subnet[] };
export type NetworkStore = CatalogueEntryStore<NetworkId, Network, NewNetwork>;

/** What the compute driver offers by itself, with ids that stay the same from start to start. */
export interface BuiltInEntries {
  readonly flavors: readonly (FlavorFields & { readonly id: FlavorId })[];
  readonly images: readonly (ImageFields & { readonly id: ImageId })[];
  readonly networks: readonly (NetworkFields & {
    readonly id: NetworkId;
    readonly subnets: readonly (SubnetFields & { readonly id: SubnetId })[];
  })[];
}

/** Names or ids, as clients wrote them. */
export interface CatalogueIdents {
  readonly flavors: readonly string[];
  readonly images: readonly string[];
  readonly networks: readonly string[];
  readonly subnets: readonly string[];
}

export type ResolvedFlavor = Pick<Flavor, 'id' | 'name' | 'public' | 'vcpus' | 'memoryMib' | 'diskGib'>;
export type ResolvedImage = Pick<
  Image,
  'id' | 'name' | 'public' | 'osDistro' | 'status' | 'minDiskGib' | 'minMemoryMib' | 'properties' | 'driverImage'
>;
export type ResolvedNetwork = Pick<Network, 'id' | 'name' | 'public' | 'external'>;
export type ResolvedSubnet = Pick<Subnet, 'id' | 'name'> & {
  readonly networkId: NetworkId;
  /** As its network. */
  readonly public: boolean;
};

export interface ResolvedEntries {
  readonly flavors: readonly ResolvedFlavor[];
  readonly images: readonly ResolvedImage[];
  readonly networks: readonly ResolvedNetwork[];
  readonly subnets: readonly ResolvedSubnet[];
}

/** What a machine of a node group is made with, beside what its bay says. */
export interface MachineNeeds {
  /** Null: no size was asked for. */
  readonly flavor: ResolvedFlavor | null;
  /** As the compute driver calls it. */
  readonly driverImage: string;
  readonly sshPublicKey: string | null;
}

export interface CatalogueStore {
  /** Everything that any of the names or ids may mean, public or not, in one question. */
  resolve(idents: CatalogueIdents): Promise<ResolvedEntries>;
  /** Makes the built-in entries these; one that went away stays while something refers to it. Again changes nothing. */
  putBuiltIns(entries: BuiltInEntries): Promise<void>;
  /** @throws BaykeeperError `not-found` when the group is gone, `provider-refused` when its flavor is unknown. */
  machineNeeds(nodeGroupId: NodeGroupId): Promise<MachineNeeds>;
}

/** Keypairs belong to users, not to projects: every method takes whose they are first. */
export interface KeypairStore {
  /** @throws BaykeeperError `conflict` when the user has one of that name. */
  insert(userId: UserId, keypair: Omit<Keypair, 'userId' | 'createdAt'>): Promise<Keypair>;
  /**
   * @param ident uuid or name
   * @throws BaykeeperError `not-found`
   */
  find(userId: UserId, ident: string): Promise<Keypair>;
  count(userId: UserId): Promise<number>;
  /** @throws BaykeeperError `invalid-input` for an unknown sort key; `not-found` for a marker that can't be seen. */
  list(userId: UserId, page: Page): Promise<readonly Keypair[]>;
  /** @throws BaykeeperError `not-found` */
  remove(userId: UserId, id: KeypairId): Promise<void>;
}

/** The rows that a template's texts meant when it was written. */
export interface BaymodelReferences {
  readonly imageRef: ImageId;
  readonly flavorRef: FlavorId | null;
  readonly masterFlavorRef: FlavorId | null;
  readonly externalNetworkRef: NetworkId | null;
  readonly fixedNetworkRef: NetworkId | null;
  readonly fixedSubnetRef: SubnetId | null;
}

export interface BayReferences {
  readonly fixedNetworkRef: NetworkId | null;
  readonly fixedSubnetRef: SubnetId | null;
  /** The text of the key as it was when the bay was made. */
  readonly sshPublicKey: string | null;
}

export interface NodeGroupReferences {
  readonly imageRef: ImageId | null;
  readonly flavorRef: FlavorId | null;
}
