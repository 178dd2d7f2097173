export interface BenchmarkResult {
  readonly name: string;
  readonly unit: string;
  /** The median of the samples. */
  readonly value: number;
  readonly samples: readonly number[];
}

/** The repository, from the sources and from `dist/` alike. */
export const ROOT = new URL(import.meta.url.includes('/dist/') ? '../..' : '..', import.meta.url).pathname;
