/**
 * What names and ids in templates and bays mean, in at most one question to the database, and in none while the answer is
 * known from a moment ago.
 *
 * What is known may be a few seconds old: an entry may still be found by the name it had just before, as if the request
 * had come just before. It never leads to a row that refers to something deleted: the database's foreign keys refuse that,
 * and then {@link CatalogueLookup.retried} asks anew. What was not found is never remembered.
 */
import { BaykeeperError } from '@baykeeper/domain';
import type { CatalogueIdents, CatalogueStore, ResolvedEntries } from '@baykeeper/storage';

/** Between a change in another process and its signal, or for so long when signals are lost. */
const KEEP_MILLISECONDS = 5_000;

/** Published by whoever changed the catalogue. */
export const CATALOGUE_TOPIC = 'catalogue';

type Kind = keyof ResolvedEntries;
type Row = ResolvedEntries[Kind][number];
const KINDS: readonly Kind[] = ['flavors', 'images', 'networks', 'subnets'];

export class CatalogueLookup {
  private known = new Map<string, { readonly rows: readonly Row[]; readonly until: number }>();

  constructor(
    private readonly store: Pick<CatalogueStore, 'resolve'>,
    private readonly now: () => number = Date.now,
  ) {}

  /** Everything that the names and ids may mean, public or not. */
  async resolve(idents: CatalogueIdents): Promise<ResolvedEntries> {
    const { known } = this;
    const now = this.now();
    const answer = mapKinds((): Row[] => []);
    const missing = mapKinds((): string[] => []);
    for (const kind of KINDS) {
      for (const ident of new Set(idents[kind])) {
        const entry = known.get(keyOf(kind, ident));
        if (entry !== undefined && entry.until > now) answer[kind].push(...entry.rows);
        else missing[kind].push(ident);
      }
    }
    if (KINDS.some((kind) => missing[kind].length > 0)) {
      const found = await this.store.resolve(missing);
      for (const kind of KINDS) {
        answer[kind].push(...found[kind]);
        for (const ident of missing[kind]) {
          const rows = (found[kind] as readonly Row[]).filter(({ id, name }) => id === ident || name === ident);
          // Into the map as it was before the question: if it was forgotten meanwhile, this is forgotten too.
          if (rows.length > 0) known.set(keyOf(kind, ident), { rows, until: this.now() + KEEP_MILLISECONDS });
        }
      }
    }
    return answer as Readonly<Record<Kind, readonly Row[]>> as ResolvedEntries;
  }

  /** Does `work` again, with nothing remembered, when the database finds that what it refers to is gone. */
  async retried<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof BaykeeperError) || error.code !== 'conflict' || this.known.size === 0) throw error;
      this.forget();
      return work();
    }
  }

  forget(): void {
    this.known = new Map();
  }
}

function keyOf(kind: Kind, ident: string): string {
  return `${kind} ${ident}`;
}

function mapKinds<T>(make: () => T): Record<Kind, T> {
  return { flavors: make(), images: make(), networks: make(), subnets: make() };
}
