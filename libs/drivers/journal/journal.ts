/**
 * What several processes of a machine remember together, in one file: each appends lines, and all apply the same lines in
 * the same order, so that what was first is first for everybody. A line counts once it stands in the file, whoever is
 * killed then; half a line counts for nothing. There are no locks: a wish that came too late is a line without effect.
 *
 * A file that is mostly past is sealed: lines behind its seal count for nobody, and who finds the seal begins the next file
 * with what was true at the seal. As that is the same for all, it does not matter who of them does it.
 *
 * Files are read and written in place, not by the thread pool: that takes some microseconds, and the way there many more.
 */
import {
  closeSync,
  constants,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

export interface JournalState<Entry> {
  /** The same for every process. One that has no effect (any more) is passed over. */
  apply(entry: Entry): void;
  /** What makes the same state anew, when applied to none. */
  entries(): Iterable<Entry>;
  /** Forgets everything. */
  clear(): void;
}

export interface Journal<Entry> {
  /** Applies what others wrote meanwhile. */
  read(): void;
  /** Writes and applies it, after all that others wrote before; the state tells what came of it. */
  append(...entries: readonly Entry[]): void;
}

interface Open {
  readonly file: number;
  readonly generation: number;
  /** Up to here it was read. */
  position: number;
  /** What was read behind the last end of a line. */
  unfinished: Buffer;
}

/** Bytes; a smaller file is never sealed. */
const SMALLEST_TO_SEAL = 16 * 1024 * 1024;
/** A file is sealed when it has grown to this many times what it began with. */
const GROWTH_TO_SEAL = 4;
const SEAL = '"seal"';
const BLOCK = Buffer.alloc(256 * 1024);

export function openJournal<Entry extends object>(
  directory: string,
  state: JournalState<Entry>,
  smallestToSeal = SMALLEST_TO_SEAL,
): Journal<Entry> {
  let open: Open | null = null;
  let beganWith = 0;
  const pathOf = (generation: number): string => join(directory, `journal-${String(generation).padStart(8, '0')}`);

  function newest(): number {
    const numbers = namesIn(directory).map((name) => Number(/^journal-(\d{8})$/.exec(name)?.[1] ?? 0));
    return Math.max(0, ...numbers);
  }

  /** Reads the newest file from its beginning. Without any, nothing is known, and one is begun if `create` says so. */
  function openNewest(create: boolean): void {
    for (;;) {
      const generation = newest();
      if (generation === 0 && !create) return;
      if (generation === 0) mkdirSync(directory, { recursive: true, mode: 0o700 });
      const flags = constants.O_RDWR | constants.O_APPEND | (generation === 0 ? constants.O_CREAT : 0);
      const file = unlessMissing(() => openSync(pathOf(Math.max(1, generation)), flags, 0o600));
      // Somebody may have begun the next one meanwhile.
      if (file === null) continue;
      if (newest() !== Math.max(1, generation)) {
        closeSync(file);
        continue;
      }
      state.clear();
      open = { file, generation: Math.max(1, generation), position: 0, unfinished: Buffer.alloc(0) };
      beganWith = fstatSync(file).size;
      return;
    }
  }

  function read(): void {
    if (open === null) openNewest(false);
    while (open !== null) {
      const { size, nlink } = fstatSync(open.file);
      if (open.position < size) {
        if (readBlock(open)) begin(open.generation + 1);
        continue;
      }
      if (nlink > 0) return;
      // The directory was emptied.
      closeSync(open.file);
      open = null;
      state.clear();
      openNewest(false);
    }
  }

  /** @returns whether it came to the seal */
  function readBlock(from: Open): boolean {
    const length = readSync(from.file, BLOCK, 0, BLOCK.length, from.position);
    from.position += length;
    const bytes = Buffer.concat([from.unfinished, BLOCK.subarray(0, length)]);
    const end = bytes.lastIndexOf('\n') + 1;
    from.unfinished = bytes.subarray(end);
    for (const line of bytes.toString('utf8', 0, end).split('\n')) {
      if (line === '') continue;
      if (line === SEAL) return true;
      const entry = parse(line);
      if (entry !== null) state.apply(entry as Entry);
    }
    return false;
  }

  /** Begins the file after the sealed one, unless somebody else was faster. */
  function begin(generation: number): void {
    if (open === null) return;
    const draft = `${pathOf(generation)}.${String(process.pid)}.draft`;
    writeFileSync(draft, [...state.entries()].map((entry) => `${JSON.stringify(entry)}\n`).join(''), { mode: 0o600 });
    try {
      // Whoever is much later than others must not begin it a second time.
      if (newest() < generation) linkSync(draft, pathOf(generation));
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    } finally {
      rmSync(draft, { force: true });
    }
    rmSync(pathOf(generation - 1), { force: true });
    closeSync(open.file);
    open = null;
    openNewest(true);
  }

  return {
    read,
    append(...entries) {
      // It begins a line of its own, whatever half a line somebody left who was killed.
      const bytes = Buffer.from(`\n${entries.map((entry) => JSON.stringify(entry)).join('\n')}\n`);
      let file: Open;
      do {
        file = opened();
        writeWhole(file.file, bytes);
        read();
        // Behind a seal it counts for nobody, and is written again.
      } while (opened() !== file);
      if (file.position <= Math.max(smallestToSeal, beganWith * GROWTH_TO_SEAL)) return;
      writeWhole(file.file, Buffer.from(`\n${SEAL}\n`));
      read();
    },
  };

  function opened(): Open {
    if (open === null) openNewest(true);
    if (open === null) throw new Error(`no journal could be begun in ${directory}`);
    return open;
  }
}

function writeWhole(file: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
}

/** Null: somebody was killed while writing it. */
function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

function namesIn(directory: string): readonly string[] {
  return unlessMissing(() => readdirSync(directory)) ?? [];
}

function unlessMissing<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
