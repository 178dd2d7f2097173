/** The compute contract: where machines come from. One suite (`compute.conformance.ts`) proves every driver. */

import type { CatalogueSource } from './catalogue.js';

/** A file for the machine's first boot. `mode` as in `chmod` (0o600). */
export interface MachineFile {
  readonly path: string;
  readonly mode: number;
  readonly content: string;
}

/** The size of a machine; as far as a driver can, an upper limit of what the machine uses. */
export interface MachineFlavor {
  /** As the catalogue calls it. */
  readonly name: string;
  readonly vcpus: number;
  readonly memoryMib: number;
  readonly diskGib: number;
}

export interface MachineSpec {
  /** Chosen by us; the same id is the same machine, however often it is asked for. A lower-case UUID. */
  readonly id: string;
  /** Host name: a DNS label. */
  readonly name: string;
  /** Which installation of Baykeeper owns it; drivers write it on everything they make. */
  readonly installation: string;
  readonly bayId: string;
  /** As the driver calls it. */
  readonly image: string;
  /** Null: no size was asked for. */
  readonly flavor: MachineFlavor | null;
  readonly network: string | null;
  /** Written before the first boot. */
  readonly files: readonly MachineFile[];
  /** Absolute path (one of `files`) that runs once at the first boot, as root, with systemd up and the network on. */
  readonly bootCommand: string;
}

export interface Machine {
  readonly id: string;
  readonly name: string;
  readonly bayId: string;
  readonly state: 'building' | 'running' | 'stopped' | 'failed';
  /** IPv4; known at the latest when the state is `running`. */
  readonly address: string | null;
  /** Why it is `failed` or `stopped`, for a tenant. */
  readonly reason: string | null;
}

export interface ComputeDriver {
  readonly name: string;
  readonly catalogue: CatalogueSource;
  /** What is slow and only done once (building an image), so that no bay has to wait for it. Idempotent. */
  prepare(report: (message: string) => void): Promise<void>;
  /**
   * Makes the machine, or finds it, or starts it again when it was stopped. Safe to call twice at the same time, from two
   * processes too. Resolves when the machine runs and has its address (booting may go on).
   * @throws BaykeeperError `provider-unavailable` (try later), `too-many-requests` (any method may: nothing was done, and
   *   not before the time that it names is anything tried again), `provider-refused` (will not get better by itself).
   */
  ensureMachine(spec: MachineSpec): Promise<Machine>;
  /** Removes the machine and all it left. One that does not exist is success. */
  removeMachine(id: string): Promise<void>;
  /**
   * The IPv4 address under which machines reach this host; null when the driver can't know (then the operator sets
   * `BAYKEEPER_NODE_URL`). Decided once and kept, so that every process answers the same, before any network exists.
   */
  hostAddress(): Promise<string | null>;
  /** How many machines there is room for in all; null when the driver can't know. */
  capacity(): Promise<number | null>;
  /** All machines that carry the installation's mark. One that was just made may be missing for a moment. */
  listMachines(installation: string): Promise<readonly Machine[]>;
  /** The last lines of the machine's console or boot log, at most 16 KiB; empty when there is none. */
  console(id: string): Promise<string>;
}
