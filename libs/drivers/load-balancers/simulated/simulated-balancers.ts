/** The simulated load balancers' memory: a journal under the data directory, the same for every process. */
import { createHash } from 'node:crypto';
import type { Listener, Member, MemberChanges, NodeId } from '@baykeeper/domain';
import type { LoadBalancerSpec } from '../../contracts/load-balancer.js';
import { openJournal, type Journal } from '../../journal/journal.js';

/** 198.18.0.0/15 is for benchmarks (RFC 2544) and routed nowhere. */
const FIRST_ADDRESS = 0xc6120000;
const ADDRESSES = 2 ** 17;

export interface SimulatedBalancer {
  readonly id: string;
  readonly installation: string;
  readonly bayId: string;
  readonly address: string;
  readonly listeners: readonly Listener[];
  /** By listener name, which each has, and node. */
  readonly members: ReadonlyMap<string, ReadonlyMap<NodeId, Member>>;
}

type Entry =
  | { readonly do: 'ensure'; readonly spec: LoadBalancerSpec; readonly address: string }
  | { readonly do: 'set'; readonly id: string; readonly members: Readonly<Record<string, readonly Member[]>> }
  | { readonly do: 'change'; readonly id: string; readonly changes: Readonly<Record<string, MemberChanges>> }
  | { readonly do: 'remove'; readonly id: string };

interface Known extends SimulatedBalancer {
  members: Map<string, Map<NodeId, Member>>;
}

export class SimulatedBalancers {
  private readonly known = new Map<string, Known>();
  private readonly holders = new Map<string, string>();
  private readonly journal: Journal<Entry>;

  constructor(directory: string) {
    this.journal = openJournal<Entry>(directory, {
      apply: (entry) => {
        this.apply(entry);
      },
      entries: () => this.entries(),
      clear: () => {
        this.known.clear();
        this.holders.clear();
      },
    });
  }

  list(): readonly SimulatedBalancer[] {
    this.journal.read();
    return [...this.known.values()];
  }

  find(id: string): SimulatedBalancer | null {
    this.journal.read();
    return this.known.get(id) ?? null;
  }

  /** Null: no address is left. */
  ensure({ id, installation, bayId, listeners }: LoadBalancerSpec): SimulatedBalancer | null {
    for (let tried = 0; tried < ADDRESSES; tried += 1) {
      const address = this.find(id)?.address ?? this.freeAddress(id);
      if (address === null) return null;
      // Another process may be faster with this address.
      this.journal.append({ do: 'ensure', spec: { id, installation, bayId, listeners }, address });
      const made = this.known.get(id);
      if (made !== undefined) return made;
    }
    return null;
  }

  set(id: string, members: Readonly<Record<string, readonly Member[]>>): void {
    this.journal.append({ do: 'set', id, members });
  }

  change(id: string, changes: Readonly<Record<string, MemberChanges>>): void {
    this.journal.append({ do: 'change', id, changes });
  }

  remove(id: string): void {
    if (this.find(id) !== null) this.journal.append({ do: 'remove', id });
  }

  private apply(entry: Entry): void {
    if (entry.do === 'ensure') {
      const { spec, address } = entry;
      const before = this.known.get(spec.id);
      if (before === undefined && this.holders.has(address)) return;
      const members = new Map(
        spec.listeners.map(({ name }) => [name, before?.members.get(name) ?? new Map<NodeId, Member>()] as const),
      );
      this.known.set(spec.id, { ...spec, address: before?.address ?? address, members });
      this.holders.set(before?.address ?? address, spec.id);
      return;
    }
    const known = this.known.get(entry.id);
    if (known === undefined) return;
    switch (entry.do) {
      case 'set':
        for (const listener of known.members.keys())
          known.members.set(listener, new Map(entry.members[listener]?.map((member) => [member.nodeId, member])));
        return;
      case 'change':
        for (const [listener, { put, remove }] of Object.entries(entry.changes)) {
          const members = known.members.get(listener);
          for (const nodeId of remove) members?.delete(nodeId);
          for (const member of put) members?.set(member.nodeId, member);
        }
        return;
      case 'remove':
        this.known.delete(entry.id);
        this.holders.delete(known.address);
    }
  }

  private *entries(): Iterable<Entry> {
    for (const { id, installation, bayId, listeners, address, members } of this.known.values()) {
      yield { do: 'ensure', spec: { id, installation, bayId, listeners }, address };
      const lists = [...members].map(([listener, some]) => [listener, [...some.values()]] as const);
      yield { do: 'set', id, members: Object.fromEntries(lists) };
    }
  }

  /** From a place that the id decides, so that processes that look at once find different ones. */
  private freeAddress(id: string): string | null {
    const start = createHash('sha256').update(id).digest().readUInt32BE(0);
    for (let offset = 0; offset < ADDRESSES; offset += 1) {
      const number = FIRST_ADDRESS + ((start + offset) % ADDRESSES);
      const address = [24, 16, 8, 0].map((shift) => String((number >>> shift) & 255)).join('.');
      if (!this.holders.has(address)) return address;
    }
    return null;
  }
}
