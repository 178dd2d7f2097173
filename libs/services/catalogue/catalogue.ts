import type { EngineName, ServerType } from '@baykeeper/domain';
import type { EngineDriver } from '@baykeeper/drivers';
import { invalidInput } from '../validation/refuse.js';
import type { CatalogueLookup } from './catalogue-lookup.js';

/** What bays can be made of here; the process that opens the drivers hands it in. */
export interface Catalogue {
  readonly entries: CatalogueLookup;
  readonly serverTypes: readonly ServerType[];
  /** Prefixes from which machines get their addresses, such as `10.211.0.0/22`. */
  readonly machineSubnets: readonly string[];
}

export interface Engines {
  readonly engineNames: readonly EngineName[];
  engine(name: EngineName): EngineDriver;
}

/** @throws BaykeeperError `invalid-input` with all the problems an engine named. */
export function refuseProblems(problems: readonly string[]): void {
  if (problems.length > 0) throw invalidInput(problems.join(' '));
}
