export interface BenchmarkResult {
  readonly name: string;
  readonly unit: string;
  /** The median of the samples. */
  readonly value: number;
  readonly samples: readonly number[];
}

/** The repository, from the sources and from `dist/` alike. */
export const ROOT = new URL(import.meta.url.includes('/dist/') ? '../..' : '..', import.meta.url).pathname;

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
