/**
 * Items of lists and whole bodies as JSON text, kept for as long as what they show stays the same: a list then costs the database the ids
 * of a page, and this process a concatenation. What an item shows must not depend on who asks.
 */
export interface VersionedId {
  readonly id: string;
  readonly version: string;
}

/** Characters: about ten thousand items of lists, or five thousand bodies. */
const MOST_KEPT = 8 * 2 ** 20;

export class RenderedItems {
  /** In order of use, the longest unused first. */
  private readonly kept = new Map<string, { readonly version: string; readonly text: string }>();
  private size = 0;

  /**
   * @param kind what is rendered besides the item itself: two kinds of one item never meet
   * @param load called with the ids that are not known in this version; those that are gone may be left out
   * @returns the items in order, those that are gone left out
   */
  async render<Id extends string>(
    kind: string,
    rows: readonly { readonly id: Id; readonly version: string }[],
    load: (ids: readonly Id[]) => Promise<readonly { readonly id: Id; readonly item: unknown }[]>,
  ): Promise<readonly string[]> {
    const texts = new Map<Id, string>();
    const unknown: Id[] = [];
    for (const { id, version } of rows) {
      const key = `${kind} ${id}`;
      const known = this.kept.get(key);
      if (known?.version !== version) {
        unknown.push(id);
        continue;
      }
      texts.set(id, known.text);
      this.kept.delete(key);
      this.kept.set(key, known);
    }
    if (unknown.length > 0) {
      const versions = new Map(rows.map(({ id, version }) => [id, version]));
      for (const { id, item } of await load(unknown)) {
        const text = JSON.stringify(item);
        texts.set(id, text);
        // Loaded after its version was read: if it changed in between, the text is newer than its version says, and is
        // made once more when the newer version is seen.
        this.keep(`${kind} ${id}`, versions.get(id) ?? '', text);
      }
    }
    return rows.flatMap(({ id }) => texts.get(id) ?? []);
  }

  private keep(key: string, version: string, text: string): void {
    this.forget(key);
    this.kept.set(key, { version, text });
    this.size += text.length;
    for (const oldest of this.kept.keys()) {
      if (this.size <= MOST_KEPT) break;
      this.forget(oldest);
    }
  }

  private forget(key: string): void {
    this.size -= this.kept.get(key)?.text.length ?? 0;
    this.kept.delete(key);
  }
}
