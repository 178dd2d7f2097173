/** Random numbers that a seed repeats (mulberry32). What the service does beside is not repeated; the order of blows is. */
export interface Random {
  /** A whole number below `limit`. */
  below(limit: number): number;
  pick<T>(things: readonly T[]): T;
}

export function openRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    below,
    pick(things) {
      const picked = things[below(things.length)];
      if (picked === undefined) throw new Error('nothing to pick from');
      return picked;
    },
  };
}
