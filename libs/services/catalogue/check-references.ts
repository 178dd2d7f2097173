/**
 * Whether what a template or a bay names exists, means one thing and fits together; in Magnum's order, so that of several
 * faults the same one is named.
 */
import { BaykeeperError, isUuid, type Labels } from '@baykeeper/domain';
import type {
  BaymodelReferences,
  ResolvedEntries,
  ResolvedFlavor,
  ResolvedImage,
  ResolvedNetwork,
  ResolvedSubnet,
} from '@baykeeper/storage';
import { isAdministrator, type Caller } from '../caller.js';
import { invalidInput, showName } from '../validation/refuse.js';
import type { CatalogueLookup } from './catalogue-lookup.js';

/** Names or ids; null: none was given. */
export interface WantedEntries {
  readonly imageId: string;
  readonly flavorId: string | null;
  readonly masterFlavorId: string | null;
  readonly externalNetworkId: string | null;
  readonly fixedNetwork: string | null;
  readonly fixedSubnet: string | null;
  readonly labels: Labels;
}

export interface FoundEntries {
  readonly image: ResolvedImage;
  readonly flavor: ResolvedFlavor | null;
  readonly masterFlavor: ResolvedFlavor | null;
  readonly externalNetwork: ResolvedNetwork | null;
  readonly fixedNetwork: ResolvedNetwork | null;
  readonly fixedSubnet: ResolvedSubnet | null;
}

/**
 * @throws BaykeeperError `invalid-input` for what does not exist (or is not public, for whoever does not run the
 *   installation) or does not fit; `conflict` for a name that several have
 */
export async function findEntries(
  lookup: CatalogueLookup,
  caller: Caller,
  wanted: WantedEntries,
): Promise<FoundEntries> {
  const given = (...idents: readonly (string | null)[]): string[] => idents.filter((ident) => ident !== null);
  const all = await lookup.resolve({
    flavors: given(wanted.flavorId, wanted.masterFlavorId),
    images: [wanted.imageId],
    networks: given(wanted.externalNetworkId, wanted.fixedNetwork),
    subnets: given(wanted.fixedSubnet),
  });
  return checkEntries(isAdministrator(caller) ? all : publicOnly(all), wanted);
}

/** What the rows will refer to. */
export function referencesOf(found: FoundEntries): BaymodelReferences {
  return {
    imageRef: found.image.id,
    flavorRef: found.flavor?.id ?? null,
    masterFlavorRef: found.masterFlavor?.id ?? null,
    externalNetworkRef: found.externalNetwork?.id ?? null,
    fixedNetworkRef: found.fixedNetwork?.id ?? null,
    fixedSubnetRef: found.fixedSubnet?.id ?? null,
  };
}

function publicOnly(all: ResolvedEntries): ResolvedEntries {
  const isPublic = (entry: { readonly public: boolean }): boolean => entry.public;
  return {
    flavors: all.flavors.filter(isPublic),
    images: all.images.filter(isPublic),
    networks: all.networks.filter(isPublic),
    subnets: all.subnets.filter(isPublic),
  };
}

export function checkEntries(entries: ResolvedEntries, wanted: WantedEntries): FoundEntries {
  const flavor = findFlavor(entries, wanted.flavorId);
  const masterFlavor = findFlavor(entries, wanted.masterFlavorId);
  for (const size of [flavor, masterFlavor]) if (size !== null) checkRootDisk(size, wanted.labels);
  const image = findImage(entries, wanted.imageId);
  for (const size of [flavor, masterFlavor]) if (size !== null) checkFit(size, image);
  const externalNetwork = findOne(
    entries.networks.filter(({ external }) => external),
    wanted.externalNetworkId,
    'external network',
  );
  const fixedNetwork = findOne(entries.networks, wanted.fixedNetwork, 'network');
  const fixedSubnet = findOne(entries.subnets, wanted.fixedSubnet, 'subnet');
  if (fixedNetwork !== null && fixedSubnet !== null && fixedSubnet.networkId !== fixedNetwork.id) {
    throw invalidInput(
      `Subnet ${showName(fixedSubnet.name)} is not one of network ${showName(fixedNetwork.name)}: give one of that network.`,
    );
  }
  return { image, flavor, masterFlavor, externalNetwork, fixedNetwork, fixedSubnet };
}

function findImage(entries: ResolvedEntries, ident: string): ResolvedImage {
  const image = findOne(entries.images, ident, 'image');
  if (image === null) throw unknown('image', ident);
  const shown = showName(ident);
  if (image.status !== 'active') throw invalidInput(`Image ${shown} is ${image.status}: choose another.`);
  if (image.osDistro === null || image.osDistro === '') {
    throw invalidInput(`Image ${shown} doesn't contain the os_distro field: choose another, or ask an administrator.`);
  }
  return image;
}

function findFlavor(entries: ResolvedEntries, ident: string | null): ResolvedFlavor | null {
  return findOne(entries.flavors, ident, 'flavor');
}

function findOne<Row extends { readonly id: string; readonly name: string }>(
  rows: readonly Row[],
  ident: string | null,
  what: keyof typeof COLLECTIONS,
): Row | null {
  if (ident === null) return null;
  // What is an id is nobody's name.
  const matches = rows.filter((row) => (isUuid(ident) ? row.id === ident : row.name === ident));
  const [first, ...others] = new Map(matches.map((row) => [row.id, row])).values();
  if (first === undefined) throw unknown(what, ident);
  if (others.length === 0) return first;
  throw new BaykeeperError({
    code: 'conflict',
    publicMessage: `Several ${what}s have the name ${showName(ident)}: use the uuid instead.`,
  });
}

/** Where each kind is listed. */
const COLLECTIONS = {
  image: 'images',
  flavor: 'flavors',
  'external network': 'networks',
  network: 'networks',
  subnet: 'networks',
} as const;

function unknown(what: keyof typeof COLLECTIONS, ident: string): BaykeeperError {
  return invalidInput(`Unable to find ${what} ${showName(ident)}: choose one of those in /v1/${COLLECTIONS[what]}.`);
}

/** A node without a root disk of its own needs a volume to boot from. */
function checkRootDisk(flavor: ResolvedFlavor, labels: Labels): void {
  if (flavor.diskGib > 0 || Number(labels.boot_volume_size ?? 0) > 0) return;
  throw invalidInput(
    `The root disk of flavor ${showName(flavor.name)} has no size: choose another flavor, or set the label boot_volume_size to more than 0.`,
  );
}

/** No cloud boots a machine that is smaller than its image says. */
function checkFit(flavor: ResolvedFlavor, image: ResolvedImage): void {
  const isDiskTooSmall = flavor.diskGib > 0 && flavor.diskGib < image.minDiskGib;
  if (!isDiskTooSmall && flavor.memoryMib >= image.minMemoryMib) return;
  throw invalidInput(
    `Flavor ${showName(flavor.name)} is too small for image ${showName(image.name)}: choose one with at least ${image.minMemoryMib} MiB of memory and ${image.minDiskGib} GiB of disk.`,
  );
}
