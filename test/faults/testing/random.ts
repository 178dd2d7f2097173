/** Chance that can be had again: every decision of a run comes from its seed, which the run prints. */
import { createHash } from 'node:crypto';

export interface Random {
  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number;
  pick<T>(from: readonly T[]): T;
  /** Independent of how often this one is asked: what one part of a run draws does not change what another one does. */
  fork(name: string): Random;
}

export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  // mulberry32: small, and even enough for choices.
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1));
  return {
    between,
    pick(from) {
      const picked = from[between(0, from.length - 1)];
      if (picked === undefined) throw new Error('there is nothing to pick from');
      return picked;
    },
    fork: (name) =>
      randomFrom(
        createHash('sha256')
          .update(`${String(seed)} ${name}`)
          .digest()
          .readUInt32BE(0),
      ),
  };
}

/** The seed that `FAULT_SEED` asks to replay, else a fresh one; printed, so that a run that failed can be had again. */
export function chooseSeed(scenario: string): number {
  const asked = process.env['FAULT_SEED'];
  const seed = asked === undefined || asked === '' ? Math.floor(Math.random() * 2 ** 31) : Number(asked);
  if (!Number.isInteger(seed)) throw new Error(`FAULT_SEED is to be a whole number, not ${String(asked)}`);
  process.stdout.write(`${scenario}: FAULT_SEED=${String(seed)}\n`);
  return seed;
}

/** A count of the environment, for longer runs than those of every day. */
export function countFrom(name: string, usual: number): number {
  const text = process.env[name] ?? '';
  const count = text === '' ? usual : Number(text);
  if (!Number.isInteger(count) || count < 0) throw new Error(`${name} is to be a whole number, not ${text}`);
  return count;
}
