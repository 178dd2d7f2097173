/** What bays are made of: sizes, images, networks, and the keys with which their owners may log in to nodes. */
import type { Labels } from './baymodel.js';
import type { FlavorId, ImageId, KeypairId, NetworkId, SubnetId, UserId } from './ids.js';

interface EntryFields {
  readonly name: string;
  readonly description: string | null;
  /** Whether every project sees and uses it; otherwise only those who run the installation do. */
  readonly public: boolean;
}

interface EntryFacts<Id> {
  readonly id: Id;
  /** Comes with the compute driver; nobody changes or deletes it here. */
  readonly builtIn: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date | null;
}

export interface FlavorFields extends EntryFields {
  readonly vcpus: number;
  readonly memoryMib: number;
  /** 0: the node's root disk is a volume, whose size the label `boot_volume_size` gives. */
  readonly diskGib: number;
}
export interface Flavor extends FlavorFields, EntryFacts<FlavorId> {}

export const IMAGE_STATUSES = ['active', 'deactivated'] as const;
export type ImageStatus = (typeof IMAGE_STATUSES)[number];

export interface ImageFields extends EntryFields {
  /** As in Glance's property of that name; templates can't be made from an image without it. */
  readonly osDistro: string | null;
  readonly architecture: string | null;
  readonly status: ImageStatus;
  /** What a flavor must have at least. */
  readonly minDiskGib: number;
  readonly minMemoryMib: number;
  readonly properties: Labels;
  /** What the compute driver calls that which it boots. */
  readonly driverImage: string;
}
export interface Image extends ImageFields, EntryFacts<ImageId> {}

export interface NetworkFields extends EntryFields {
  /** Leads out of the installation: where floating addresses come from. */
  readonly external: boolean;
  readonly mtu: number | null;
}
export interface SubnetFields {
  readonly name: string;
  /** An IPv4 prefix such as `192.0.2.0/24`. */
  readonly cidr: string;
  readonly gatewayIp: string | null;
}
export interface Subnet extends SubnetFields {
  readonly id: SubnetId;
}
export interface Network extends NetworkFields, EntryFacts<NetworkId> {
  readonly subnets: readonly Subnet[];
}

/** A user's public key. The private one is nobody's but the user's. */
export interface Keypair {
  readonly id: KeypairId;
  readonly userId: UserId;
  readonly name: string;
  /** The algorithm, as the key itself begins: `ssh-ed25519`. */
  readonly type: string;
  /** One line as in `authorized_keys`. */
  readonly publicKey: string;
  /** MD5 in pairs of hex digits, as Nova gives it. */
  readonly fingerprint: string;
  /** As OpenSSH prints it: `SHA256:…`. */
  readonly sha256Fingerprint: string;
  readonly createdAt: Date;
}
