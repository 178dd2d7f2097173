/**
 * The rules of the catalogue's entries of one kind: everybody reads the public ones; whoever runs the installation makes,
 * changes and deletes them, except what came with the compute driver and what something was made from.
 */
import { randomUUID } from 'node:crypto';
import type { CatalogueSource } from '@baykeeper/drivers';
import type { Signals } from '@baykeeper/queue';
import type { Audience, CatalogueEntryStore, Database, Page } from '@baykeeper/storage';
import { recordAudit } from '../audit/record-audit.js';
import { isAdministrator, type Caller } from '../caller.js';
import { applyPatch, parsePatch } from '../validation/json-patch.js';
import { parseBody } from '../validation/parse.js';
import { invalidInput, showName } from '../validation/refuse.js';
import { CATALOGUE_TOPIC, type CatalogueLookup } from './catalogue-lookup.js';
import { FLAVORS, IMAGES, NETWORKS, type EntryKind } from './entry-kinds.js';

export interface CatalogueEntriesDependencies {
  readonly database: Database;
  readonly source: CatalogueSource;
  readonly lookup: CatalogueLookup;
  readonly signals: Pick<Signals, 'publish'>;
}

interface Entry<Id> {
  readonly id: Id;
  readonly name: string;
  readonly builtIn: boolean;
}

export class CatalogueEntries<Id extends string, Kept extends Entry<Id>, Fields extends object> {
  constructor(
    private readonly dependencies: CatalogueEntriesDependencies,
    readonly kind: EntryKind<Id, Kept, Fields>,
  ) {}

  list(caller: Caller, page: Page): Promise<readonly Kept[]> {
    return this.store.list(audienceOf(caller), page);
  }

  /** @throws BaykeeperError `not-found`, `conflict` when several have the name. */
  show(caller: Caller, ident: string): Promise<Kept> {
    return this.store.find(audienceOf(caller), ident);
  }

  /** @throws BaykeeperError `invalid-input` */
  async create(caller: Caller, body: unknown): Promise<Kept> {
    this.refuseInCloud();
    const fields = this.kind.fieldsOf(parseBody(this.kind.schema, body));
    await this.checkDriverImage(fields);
    return this.changed(async (store, record) => {
      const made = await store.insert(randomUUID() as Id, fields);
      await record('create', made);
      return made;
    }, caller);
  }

  /** @param body a JSON patch, not looked at yet: its form is checked before the lookup (Magnum) */
  async update(caller: Caller, ident: string, body: unknown): Promise<Kept> {
    const operations = parsePatch(body);
    const before = await this.changeable(caller, ident);
    const { kind } = this;
    const document = kind.documentOf(before);
    const patched = parseBody(kind.patchedSchema, applyPatch(document, operations, kind.patchRules)) as object;
    // Subnets are no part of a patch: they stay what they are, because nothing is said of them.
    const { subnets: _subnets, ...fields } = kind.fieldsOf({ subnets: [], ...patched }) as Fields & {
      subnets?: unknown;
    };
    await this.checkDriverImage(fields);
    return this.changed(async (store, record) => {
      const after = await store.update(before.id, fields as unknown as Partial<Fields>);
      const names = changedNames(document, kind.documentOf(after));
      if (names.some((name) => !kind.free.has(name)) && (await store.isReferenced(before.id))) {
        const free = [...kind.free].join(', ');
        throw invalidInput(`${kind.word} ${before.id} is in use: only ${free} can be changed, make a new one instead.`);
      }
      await record('update', after, `Changed: ${names.join(', ') || 'nothing'}.`);
      return after;
    }, caller);
  }

  async remove(caller: Caller, ident: string): Promise<void> {
    const before = await this.changeable(caller, ident);
    await this.changed(async (store, record) => {
      if (await store.isReferenced(before.id)) {
        throw invalidInput(`${this.kind.word} ${before.id} is in use by templates or bays: delete those first.`);
      }
      await store.remove(before.id);
      await record('delete', before);
    }, caller);
  }

  private get store(): CatalogueEntryStore<Id, Kept, Fields> {
    return this.kind.store(this.dependencies.database.stores);
  }

  private async changeable(caller: Caller, ident: string): Promise<Kept> {
    const entry = await this.show(caller, ident);
    this.refuseInCloud();
    if (entry.builtIn) {
      throw invalidInput(
        `${this.kind.word} ${showName(entry.name)} comes with the compute driver and can not be changed: make one of your own.`,
      );
    }
    return entry;
  }

  private refuseInCloud(): void {
    if (this.dependencies.source.owner === 'administrators') return;
    throw invalidInput(`The cloud decides which ${this.kind.rule}s there are: change them there.`);
  }

  /** What machines can't be made from is refused here, and not when a bay waits for them. */
  private async checkDriverImage(fields: object): Promise<void> {
    const { source } = this.dependencies;
    if (!('driverImage' in fields) || !source.bootsOnlyItsImages) return;
    const offered = (await source.entries()).images.map(({ driverImage }) => driverImage);
    if (offered.some((name) => name === fields.driverImage)) return;
    throw invalidInput(`Invalid input for field/attribute driver_image: give one of ${offered.join(', ')}.`);
  }

  /** One transaction with its audit; afterwards every process forgets what it remembered. */
  private async changed<T>(
    work: (store: CatalogueEntryStore<Id, Kept, Fields>, record: Record) => Promise<T>,
    caller: Caller,
  ): Promise<T> {
    const { database, lookup, signals } = this.dependencies;
    try {
      return await database.transaction((stores) =>
        work(this.kind.store(stores), (verb, { id, name }, detail) =>
          recordAudit(stores, caller, {
            action: `${this.kind.rule}:${verb}`,
            target: { kind: this.kind.rule, id, name },
            ...(detail !== undefined && { detail }),
          }),
        ),
      );
    } finally {
      lookup.forget();
      signals.publish(CATALOGUE_TOPIC).catch(() => undefined);
    }
  }
}

type Record = (verb: string, entry: Entry<string>, detail?: string) => Promise<void>;

function audienceOf(caller: Caller): Audience {
  return isAdministrator(caller) ? 'all' : 'public';
}

function changedNames(before: object, after: object): readonly string[] {
  const old = new Map(Object.entries(before));
  const text = (value: unknown): string => JSON.stringify(value);
  return Object.entries(after).flatMap(([name, value]) => (text(old.get(name)) === text(value) ? [] : [name]));
}

/** The three kinds over one installation. */
export class CatalogueAdministration {
  readonly flavors;
  readonly images;
  readonly networks;

  constructor(private readonly dependencies: CatalogueEntriesDependencies) {
    this.flavors = new CatalogueEntries(dependencies, FLAVORS);
    this.images = new CatalogueEntries(dependencies, IMAGES);
    this.networks = new CatalogueEntries(dependencies, NETWORKS);
  }

  /** Forgets what was remembered as soon as another process has changed something. @returns ends that */
  watch(signals: Pick<Signals, 'subscribe'>): Promise<() => void> {
    return signals.subscribe(CATALOGUE_TOPIC, () => {
      this.dependencies.lookup.forget();
    });
  }
}
