/**
 * The simulated cloud's memory: a journal under the data directory, so that every process of an installation sees the same
 * machines, and nothing is forgotten when one is killed.
 */
import { createHash } from 'node:crypto';
import { openJournal, type Journal } from '../../journal/journal.js';

/** 198.18.0.0/15 is set aside for benchmarks (RFC 2544): no real host has such an address. */
const FIRST_ADDRESS = 0xc6120000;
/** All but the network and the broadcast address. */
export const MOST_MACHINES = 2 ** 17 - 2;

export interface SimulatedMachine {
  readonly id: string;
  readonly name: string;
  readonly installation: string;
  readonly bayId: string;
  readonly address: string;
  readonly on: boolean;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

export interface NodeMemory {
  readonly privateKey: string | null;
  readonly session: string | null;
  readonly done: boolean;
}

/** What the node needs to speak to the control plane; nothing else of its files is kept, and this until it has spoken. */
export interface NodeFiles {
  readonly environment: string | null;
  readonly authority: string | null;
}

interface KeptFiles {
  readonly environment: string | null;
  /** Key of the text. */
  readonly authority: string | null;
}

type Entry =
  /** A content that many machines have. */
  | { readonly do: 'text'; readonly key: string; readonly text: string }
  | { readonly do: 'make'; readonly machine: SimulatedMachine; readonly files: KeptFiles }
  | { readonly do: 'switch'; readonly id: string; readonly on: boolean }
  | { readonly do: 'remove'; readonly id: string }
  /** The process plays the node, if nobody came between it and the one of before. */
  | { readonly do: 'play'; readonly id: string; readonly pid: number; readonly after: number | null }
  | { readonly do: 'print'; readonly id: string; readonly line: string }
  | { readonly do: 'remember'; readonly id: string; readonly memory: NodeMemory };

interface Known {
  machine: SimulatedMachine;
  files: KeptFiles;
  runner: number | null;
  console: string;
  memory: NodeMemory;
}

const NOTHING_YET: NodeMemory = { privateKey: null, session: null, done: false };

export class SimulatedMachines {
  private readonly known = new Map<string, Known>();
  private readonly holders = new Map<string, string>();
  private readonly texts = new Map<string, string>();
  private readonly journal: Journal<Entry>;
  /** Lines for consoles that are written with the next entry, or in a moment. */
  private printing: Entry[] = [];
  readonly capacity: number;

  /** @param capacity how many machines there is room for, at most `MOST_MACHINES` */
  constructor(directory: string, capacity: number) {
    this.capacity = Math.min(capacity, MOST_MACHINES);
    this.journal = openJournal<Entry>(directory, {
      apply: (entry) => {
        this.apply(entry);
      },
      entries: () => this.entries(),
      clear: () => {
        for (const each of [this.known, this.holders, this.texts]) each.clear();
      },
    });
  }

  find(id: string): SimulatedMachine | null {
    this.journal.read();
    return this.known.get(id)?.machine ?? null;
  }

  list(): readonly SimulatedMachine[] {
    this.journal.read();
    return [...this.known.values()].map(({ machine }) => machine);
  }

  /** Makes the machine, or finds the one of that id. Null: there is no room. */
  create(wanted: Omit<SimulatedMachine, 'address'>, files: NodeFiles): SimulatedMachine | null {
    for (;;) {
      const known = this.find(wanted.id);
      if (known !== null) return known;
      const address = this.freeAddress(wanted.id);
      if (address === null) return null;
      const { environment, authority: text } = files;
      const key = text === null ? null : keyOf(text);
      if (key !== null && text !== null && !this.texts.has(key)) this.append({ do: 'text', key, text });
      // Another process may be faster, with this machine or with this address.
      this.append({ do: 'make', machine: { ...wanted, address }, files: { environment, authority: key } });
    }
  }

  switch(id: string, on: boolean): void {
    this.append({ do: 'switch', id, on });
  }

  remove(id: string): void {
    if (this.find(id) !== null) this.append({ do: 'remove', id });
  }

  filesOf(id: string): NodeFiles {
    const { environment = null, authority = null } = this.known.get(id)?.files ?? {};
    return { environment, authority: authority === null ? null : (this.texts.get(authority) ?? null) };
  }

  print(id: string, line: string): void {
    this.printing.push({ do: 'print', id, line });
    if (this.printing.length === 1)
      setImmediate(() => {
        if (this.printing.length > 0) this.append();
      });
  }

  console(id: string): string {
    this.journal.read();
    return this.known.get(id)?.console ?? '';
  }

  memoryOf(id: string): NodeMemory {
    return this.known.get(id)?.memory ?? NOTHING_YET;
  }

  remember(id: string, memory: NodeMemory): void {
    this.append({ do: 'remember', id, memory });
  }

  /**
   * Whether this process is the one to play the node: the first that asks, or the next one after it has died.
   * @param isAlive whether a process id is that of a living process other than this one
   */
  claimRunner(id: string, isAlive: (pid: number) => boolean): boolean {
    const after = this.known.get(id)?.runner ?? null;
    if (after === process.pid) return true;
    if (after !== null && isAlive(after)) return false;
    this.append({ do: 'play', id, pid: process.pid, after });
    return this.known.get(id)?.runner === process.pid;
  }

  private append(...entries: readonly Entry[]): void {
    const all = [...this.printing, ...entries];
    this.printing = [];
    this.journal.append(...all);
  }

  private apply(entry: Entry): void {
    if (entry.do === 'text') {
      this.texts.set(entry.key, entry.text);
      return;
    }
    if (entry.do === 'make') {
      const { machine, files } = entry;
      if (this.known.has(machine.id) || this.holders.has(machine.address)) return;
      this.holders.set(machine.address, machine.id);
      this.known.set(machine.id, { machine, files, runner: null, console: '', memory: NOTHING_YET });
      return;
    }
    const known = this.known.get(entry.id);
    if (known === undefined) return;
    switch (entry.do) {
      case 'switch':
        known.machine = { ...known.machine, on: entry.on };
        return;
      case 'remove':
        this.known.delete(entry.id);
        this.holders.delete(known.machine.address);
        return;
      case 'play':
        if (known.runner === entry.after) known.runner = entry.pid;
        return;
      case 'print':
        known.console += `${entry.line}\n`;
        return;
      case 'remember':
        known.memory = entry.memory.done ? { ...NOTHING_YET, done: true } : entry.memory;
        if (entry.memory.done) known.files = { ...known.files, environment: null };
    }
  }

  private *entries(): Iterable<Entry> {
    for (const [key, text] of this.texts) yield { do: 'text', key, text };
    for (const [id, { machine, files, runner, console, memory }] of this.known) {
      yield { do: 'make', machine, files };
      if (runner !== null) yield { do: 'play', id, pid: runner, after: null };
      if (console !== '') yield { do: 'print', id, line: console.slice(0, -1) };
      if (memory !== NOTHING_YET) yield { do: 'remember', id, memory };
    }
  }

  /** Looks from a place that the id decides, so that processes that look at once find different ones. */
  private freeAddress(id: string): string | null {
    const start = createHash('sha256').update(id).digest().readUInt32BE(0) % this.capacity;
    for (let offset = 0; offset < this.capacity; offset += 1) {
      const address = formatAddress(FIRST_ADDRESS + 1 + ((start + offset) % this.capacity));
      if (!this.holders.has(address)) return address;
    }
    return null;
  }
}

function keyOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}

function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}
