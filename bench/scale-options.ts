/** Sizes of the benchmark `scale`: the full ones take an hour on two processors, small ones seconds. */
export interface ScaleOptions {
  /** Sizes of the one bay, each measured on a service of its own. */
  readonly nodes: readonly number[];
  /** Bays of ten nodes that are asked for at once. */
  readonly bays: number;
  /** By how many tenants. */
  readonly tenants: number;
  /** Nodes of the bay that one further tenant asks for before all others; 0: nobody does. */
  readonly crowd: number;
  /** Bays of ten nodes that one more tenant asks for before all others; 0: nobody does. */
  readonly many: number;
  /** Numbers of worker processes, each measured with the bays above. */
  readonly workers: readonly number[];
  /** Where CPU profiles are written (one file a process); null: none are. */
  readonly profiles: string | null;
  readonly port: number;
}

const DEFAULTS: ScaleOptions = {
  ...{
    nodes: [1_000, 10_000],
    bays: 1_000,
    tenants: 50,
    crowd: 10_000,
    many: 0,
    workers: [1, 2, 4],
    profiles: null,
    port: 29_611,
  },
};

export const SCALE_OPTIONS = {
  nodes: { type: 'string' },
  bays: { type: 'string' },
  tenants: { type: 'string' },
  crowd: { type: 'string' },
  many: { type: 'string' },
  workers: { type: 'string' },
  profiles: { type: 'string' },
  port: { type: 'string' },
} as const;

/** @throws Error for what is no number */
export function readScaleOptions(given: Partial<Readonly<Record<keyof typeof SCALE_OPTIONS, string>>>): ScaleOptions {
  return {
    nodes: given.nodes === undefined ? DEFAULTS.nodes : numbersIn(given.nodes),
    bays: given.bays === undefined ? DEFAULTS.bays : numberIn(given.bays),
    tenants: given.tenants === undefined ? DEFAULTS.tenants : numberIn(given.tenants),
    crowd: given.crowd === undefined ? DEFAULTS.crowd : numberIn(given.crowd),
    many: given.many === undefined ? DEFAULTS.many : numberIn(given.many),
    workers: given.workers === undefined ? DEFAULTS.workers : numbersIn(given.workers),
    profiles: given.profiles ?? DEFAULTS.profiles,
    port: given.port === undefined ? DEFAULTS.port : numberIn(given.port),
  };
}

function numbersIn(text: string): readonly number[] {
  return text === '' ? [] : text.split(',').map(numberIn);
}

function numberIn(text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`"${text}" is no number`);
  return Number(text);
}
