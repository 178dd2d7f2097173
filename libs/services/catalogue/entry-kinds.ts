/** Flavors, images and networks in the names of the wire: what may be said of each, and what a patch may change. */
import { randomUUID } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { z, type ZodType, type output } from 'zod';
import {
  IMAGE_STATUSES,
  type Flavor,
  type FlavorFields,
  type FlavorId,
  type Image,
  type ImageFields,
  type ImageId,
  type Network,
  type NetworkId,
  type SubnetId,
} from '@baykeeper/domain';
import type { CatalogueEntryStore, NewNetwork, Stores } from '@baykeeper/storage';
import {
  choice,
  defaultedFlag,
  labelMap,
  optionalText,
  optionalWholeNumber,
  text,
  wholeNumber,
} from '../validation/fields.js';
import type { PatchDocument, PatchRules } from '../validation/json-patch.js';

export interface EntryKind<Id extends string, Entry, Fields, Schema extends ZodType = ZodType> {
  /** Names the access rules, and what the audit is about. */
  readonly rule: 'flavor' | 'image' | 'network';
  /** In sentences. */
  readonly word: string;
  readonly store: (stores: Stores) => CatalogueEntryStore<Id, Entry, Fields>;
  /** Of the body of a POST, and of a document that was patched. */
  readonly schema: Schema;
  readonly patchedSchema: ZodType;
  readonly fieldsOf: (body: output<Schema>) => Fields;
  readonly documentOf: (entry: Entry) => PatchDocument;
  readonly patchRules: PatchRules;
  /** What may be said anew of an entry that something was made from. */
  readonly free: ReadonlySet<string>;
}

const SHORT = { max: 255 } as const;
const DESCRIPTION = { min: 0, max: 1_024 } as const;
/** Above any machine there is. */
const MOST_VCPUS = 1_024;
const MOST_MIB = 64 * 1024 * 1024;
const MOST_GIB = 1024 * 1024;
const MOST_SUBNETS = 16;

const common = {
  name: text(SHORT),
  description: optionalText(DESCRIPTION),
  public: defaultedFlag(true),
};
const INTERNAL = new Set(['builtin', 'subnets']);
const MANDATORY = ['name', 'public'];

export const flavorSchema = z
  .strictObject({
    ...common,
    vcpus: wholeNumber({ min: 1, max: MOST_VCPUS }),
    /** MiB, as Nova's `ram`. */
    ram: wholeNumber({ min: 1, max: MOST_MIB }),
    /** GiB; 0: the root disk is a volume. */
    disk: wholeNumber({ min: 0, max: MOST_GIB }),
  })
  .meta({ id: 'FlavorInput' });

export const FLAVORS: EntryKind<FlavorId, Flavor, FlavorFields, typeof flavorSchema> = {
  rule: 'flavor',
  word: 'Flavor',
  store: ({ flavors }) => flavors,
  schema: flavorSchema,
  patchedSchema: flavorSchema,
  fieldsOf: ({ ram, disk, ...fields }) => ({ ...fields, memoryMib: ram, diskGib: disk }),
  documentOf: (flavor) => ({
    ...commonDocument(flavor),
    ...{ vcpus: flavor.vcpus, ram: flavor.memoryMib, disk: flavor.diskGib },
  }),
  patchRules: {
    ...{ internal: INTERNAL, maps: new Set<string>(), integers: new Set(['vcpus', 'ram', 'disk']) },
    mandatory: new Set([...MANDATORY, 'vcpus', 'ram', 'disk']),
  },
  free: new Set(['description', 'public']),
};

export const imageSchema = z
  .strictObject({
    ...common,
    os_distro: optionalText(SHORT),
    architecture: optionalText(SHORT),
    status: choice(IMAGE_STATUSES).default('active'),
    min_disk: wholeNumber({ min: 0, max: MOST_GIB }).default(0),
    min_ram: wholeNumber({ min: 0, max: MOST_MIB }).default(0),
    properties: labelMap('any-scalar'),
    driver_image: optionalText(SHORT),
  })
  .meta({ id: 'ImageInput' });

export const IMAGES: EntryKind<ImageId, Image, ImageFields, typeof imageSchema> = {
  rule: 'image',
  word: 'Image',
  store: ({ images }) => images,
  schema: imageSchema,
  patchedSchema: imageSchema,
  fieldsOf: (body) => ({
    ...{ name: body.name, description: body.description, public: body.public },
    ...{ osDistro: body.os_distro, architecture: body.architecture, status: body.status },
    ...{ minDiskGib: body.min_disk, minMemoryMib: body.min_ram, properties: body.properties ?? {} },
    driverImage: body.driver_image ?? body.name,
  }),
  documentOf: (image) => ({
    ...commonDocument(image),
    ...{ os_distro: image.osDistro, architecture: image.architecture, status: image.status },
    ...{ min_disk: image.minDiskGib, min_ram: image.minMemoryMib, properties: image.properties },
    driver_image: image.driverImage,
  }),
  patchRules: {
    ...{ internal: INTERNAL, maps: new Set(['properties']), integers: new Set(['min_disk', 'min_ram']) },
    mandatory: new Set([...MANDATORY, 'status']),
  },
  free: new Set(['description', 'public', 'status', 'properties']),
};

const CIDR_ADVICE = 'give an IPv4 prefix like 192.0.2.0/24, with zeros behind the prefix';
const GATEWAY_ADVICE = 'give an IPv4 address';
const SUBNETS_ADVICE = `give a list of at most ${MOST_SUBNETS} subnets, each with name and cidr`;
const subnetSchema = z.strictObject(
  {
    name: text(SHORT),
    cidr: z.string({ error: CIDR_ADVICE }).refine(isPrefix, { error: CIDR_ADVICE }),
    gateway_ip: z.string({ error: GATEWAY_ADVICE }).refine(isIPv4, { error: GATEWAY_ADVICE }).nullable().default(null),
  },
  { error: (issue) => (issue.code === 'unrecognized_keys' ? undefined : SUBNETS_ADVICE) },
);
const networkFields = {
  ...common,
  external: defaultedFlag(false),
  mtu: optionalWholeNumber({ min: 68, max: 65_535 }),
};
const patchedNetworkSchema = z.strictObject(networkFields);
export const networkSchema = z
  .strictObject({
    ...networkFields,
    subnets: z.array(subnetSchema, { error: SUBNETS_ADVICE }).max(MOST_SUBNETS, { error: SUBNETS_ADVICE }).default([]),
  })
  .meta({ id: 'NetworkInput' });

export const NETWORKS: EntryKind<NetworkId, Network, NewNetwork, typeof networkSchema> = {
  rule: 'network',
  word: 'Network',
  store: ({ networks }) => networks,
  schema: networkSchema,
  patchedSchema: patchedNetworkSchema,
  fieldsOf: ({ subnets, ...fields }) => ({
    ...fields,
    subnets: subnets.map(({ gateway_ip: gatewayIp, ...subnet }) => ({
      ...{ ...subnet, gatewayIp },
      id: randomUUID() as SubnetId,
    })),
  }),
  documentOf: (network) => ({
    ...commonDocument(network),
    ...{ external: network.external, mtu: network.mtu },
  }),
  patchRules: {
    ...{ internal: INTERNAL, maps: new Set<string>(), integers: new Set(['mtu']) },
    mandatory: new Set([...MANDATORY, 'external']),
  },
  free: new Set(['description', 'public']),
};

function commonDocument({ name, description, public: isPublic }: Flavor | Image | Network) {
  return { name, description, public: isPublic };
}

/** An IPv4 prefix whose address has nothing behind the prefix. */
function isPrefix(text: string): boolean {
  const [, address = '', lengthText = ''] = /^([\d.]{7,15})\/(\d{1,2})$/.exec(text) ?? [];
  const length = Number(lengthText);
  if (!isIPv4(address) || length > 32) return false;
  const bits = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  return bits % 2 ** (32 - length) === 0;
}
