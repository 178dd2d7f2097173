/**
 * The simulated cloud's memory: files under the data directory, so that every process of an installation sees the same
 * machines. No locks: what must be unique is made by hard links, which either win or fail, with their content.
 */
import { createHash, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, readdir, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** 198.18.0.0/15 is set aside for benchmarks (RFC 2544): no real host has such an address. */
const FIRST_ADDRESS = 0xc6120000;
/** All but the network and the broadcast address. */
export const MOST_MACHINES = 2 ** 17 - 2;
/** Places at which a claim is looked for. */
const NEAR = 32;

const file = z.object({ path: z.string(), mode: z.number(), content: z.string() });
const simulatedMachine = z.object({
  id: z.string(),
  name: z.string(),
  installation: z.string(),
  bayId: z.string(),
  address: z.string(),
  on: z.boolean(),
  /** Milliseconds since 1970. */
  createdAt: z.number(),
  /** What the node needs to speak to the control plane; nothing else of its files is kept. */
  files: z.array(file),
});
export type SimulatedMachine = z.infer<typeof simulatedMachine>;

const nodeMemory = z.object({ privateKey: z.string().nullable(), session: z.string().nullable(), done: z.boolean() });

export class SimulatedMachines {
  private readonly machines: string;
  private readonly addresses: string;
  private readonly nodes: string;
  readonly capacity: number;

  /** @param capacity how many machines there is room for, at most `MOST_MACHINES` */
  constructor(directory: string, capacity: number) {
    this.machines = join(directory, 'machines');
    this.addresses = join(directory, 'addresses');
    this.nodes = join(directory, 'nodes');
    this.capacity = Math.min(capacity, MOST_MACHINES);
  }

  async ensureDirectories(): Promise<void> {
    for (const each of [this.machines, this.addresses, this.nodes]) {
      await mkdir(each, { recursive: true, mode: 0o700 });
    }
  }

  async load(id: string): Promise<SimulatedMachine | null> {
    const text = await textOf(this.machineFile(id));
    return text === null ? null : simulatedMachine.parse(JSON.parse(text));
  }

  async list(): Promise<readonly SimulatedMachine[]> {
    const names = (await namesIn(this.machines)).filter((name) => name.endsWith('.json'));
    const machines: SimulatedMachine[] = [];
    // In portions: ten thousand open files at once are more than a process may have.
    for (let start = 0; start < names.length; start += 64) {
      const portion = names.slice(start, start + 64).map((name) => this.load(name.replace(/\.json$/, '')));
      for (const machine of await Promise.all(portion)) if (machine !== null) machines.push(machine);
    }
    return machines;
  }

  /** Makes the machine, or finds the one of that id. Null: there is no room. */
  async create(wanted: Omit<SimulatedMachine, 'address'>): Promise<SimulatedMachine | null> {
    for (;;) {
      const address = await this.claimAddress(wanted.id);
      if (address === null) return null;
      await createWhole(this.machineFile(wanted.id), JSON.stringify({ ...wanted, address }));
      const machine = await this.load(wanted.id);
      if (machine === null) continue;
      // A removal at the same moment may have freed the address between the two steps above.
      if ((await textOf(join(this.addresses, machine.address))) === wanted.id) return machine;
      await remove(this.machineFile(wanted.id));
    }
  }

  async save(machine: SimulatedMachine): Promise<void> {
    await replace(this.machineFile(machine.id), JSON.stringify(machine));
  }

  /** The address first: whoever is killed in between does it all again, and finds by the machine what it held. */
  async remove(id: string): Promise<void> {
    const machine = await this.load(id);
    const address = machine?.address ?? (await this.findClaim(id));
    if (address !== null) {
      const claim = join(this.addresses, address);
      if ((await textOf(claim)) === id) await remove(claim);
    }
    await remove(this.machineFile(id));
    await remove(this.memoryFile(id));
    await remove(this.consoleFile(id));
    await remove(this.runnerFile(id));
  }

  memoryFile(id: string): string {
    return join(this.nodes, `${id}.json`);
  }

  consoleFile(id: string): string {
    return join(this.nodes, `${id}.log`);
  }

  runnerFile(id: string): string {
    return join(this.nodes, `${id}.runner`);
  }

  async loadMemory(id: string): Promise<z.infer<typeof nodeMemory>> {
    const text = await textOf(this.memoryFile(id));
    return text === null ? { privateKey: null, session: null, done: false } : nodeMemory.parse(JSON.parse(text));
  }

  async saveMemory(id: string, memory: z.infer<typeof nodeMemory>): Promise<void> {
    await replace(this.memoryFile(id), JSON.stringify(memory));
  }

  /**
   * Whether this process is the one to play the node: the first that asks, or the next one after it has died.
   * @param isAlive whether a process id is that of a living process other than this one
   */
  async claimRunner(id: string, isAlive: (pid: number) => boolean): Promise<boolean> {
    const runner = this.runnerFile(id);
    if (await createWhole(runner, process.pid.toString())) return true;
    const holder = Number(await textOf(runner));
    if (holder === process.pid) return true;
    if (isAlive(holder)) return false;
    await remove(runner);
    return createWhole(runner, process.pid.toString());
  }

  /** Looks from a place that the id decides, so that few claims are tried; the same id finds its own claim again. */
  private async claimAddress(id: string): Promise<string | null> {
    for (let offset = 0; offset < this.capacity; offset += 1) {
      const address = this.addressAt(id, offset);
      const claim = join(this.addresses, address);
      if ((await createWhole(claim, id)) || (await textOf(claim)) === id) return address;
    }
    return null;
  }

  /** What somebody claimed who was killed before there was a machine. Near its first place, unless all is nearly full. */
  private async findClaim(id: string): Promise<string | null> {
    for (let offset = 0; offset < Math.min(NEAR, this.capacity); offset += 1) {
      const address = this.addressAt(id, offset);
      if ((await textOf(join(this.addresses, address))) === id) return address;
    }
    return null;
  }

  private addressAt(id: string, offset: number): string {
    const start = createHash('sha256').update(id).digest().readUInt32BE(0) % this.capacity;
    return formatAddress(FIRST_ADDRESS + 1 + ((start + offset) % this.capacity));
  }

  private machineFile(id: string): string {
    return join(this.machines, `${id}.json`);
  }
}

function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

/** Makes the file with its content in one step. False: there is one already. */
async function createWhole(path: string, content: string): Promise<boolean> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  await writeFile(temporary, content, { mode: 0o600 });
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(temporary);
  }
}

async function replace(path: string, content: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  await writeFile(temporary, content, { mode: 0o600 });
  await rename(temporary, path);
}

async function remove(path: string): Promise<void> {
  await unlink(path).catch(ignoreMissing);
}

async function textOf(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(ignoreMissing);
}

async function namesIn(directory: string): Promise<readonly string[]> {
  return (await readdir(directory).catch(ignoreMissing)) ?? [];
}

function ignoreMissing(error: unknown): null {
  if (codeOf(error) === 'ENOENT') return null;
  throw error;
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
