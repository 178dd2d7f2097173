import type { EngineName, ServerType } from '@baykeeper/domain';
import type { EngineDriver } from '@baykeeper/drivers';
import { invalidInput, showName } from './validation/refuse.js';

/** What bays can be made of here; the process that opens the drivers hands it in. */
export interface Catalogue {
  /** Image id to the distribution in it (`debian`). */
  readonly images: ReadonlyMap<string, string>;
  readonly flavors: ReadonlySet<string>;
  readonly serverTypes: readonly ServerType[];
}

export interface Engines {
  readonly engineNames: readonly EngineName[];
  engine(name: EngineName): EngineDriver;
}

/** Sizes that exist by name; a node of the local driver takes what its machine has. */
export const FLAVORS: ReadonlySet<string> = new Set(['m1.tiny', 'm1.small', 'm1.medium', 'm1.large']);

/** @returns the distribution in the image */
export function checkImage(catalogue: Catalogue, image: string): string {
  const distribution = catalogue.images.get(image);
  if (distribution === undefined) {
    const known = [...catalogue.images.keys()].join(', ');
    throw invalidInput(`Image ${showName(image)} could not be found: give one of ${known || '(there is none)'}.`);
  }
  return distribution;
}

export function checkFlavors(catalogue: Catalogue, flavors: readonly (string | null)[]): void {
  for (const flavor of flavors) {
    if (flavor === null || catalogue.flavors.has(flavor)) continue;
    // Clients show the text up to the first full stop, and flavors' names have full stops.
    const known = [...catalogue.flavors].join(', ');
    throw invalidInput(`Unable to find flavor ${showName(flavor)}: choose another. There are ${known}.`);
  }
}

/** @throws BaykeeperError `invalid-input` with all the problems an engine named. */
export function refuseProblems(problems: readonly string[]): void {
  if (problems.length > 0) throw invalidInput(problems.join(' '));
}
