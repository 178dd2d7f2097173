/**
 * Reads an answer's JSON field by field: an unknown field is ignored (a newer server may say more), a missing or
 * mistyped one is an error that names its place. Written by hand because a schema library would double the time that
 * every command takes to start.
 */
export class UnreadableAnswer extends Error {
  constructor(place: string, wanted: string) {
    super(`${place} is not ${wanted}`);
    this.name = 'UnreadableAnswer';
  }
}

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export class JsonReader {
  private readonly object: JsonObject;
  private readonly place: string;

  constructor(value: unknown, place: string) {
    if (!isJsonObject(value)) throw new UnreadableAnswer(place, 'an object');
    this.object = value;
    this.place = place;
  }

  /** The object itself. */
  get whole(): JsonObject {
    return this.object;
  }

  /** Whether the field is there and not null. */
  has(name: string): boolean {
    return (this.object[name] ?? null) !== null;
  }

  text(name: string): string {
    return this.textOrNull(name) ?? this.fail(name, 'a text');
  }

  textOrNull(name: string): string | null {
    const value = this.object[name] ?? null;
    return value === null || typeof value === 'string' ? value : this.fail(name, 'a text');
  }

  count(name: string): number {
    return this.countOrNull(name) ?? this.fail(name, 'a number');
  }

  countOrNull(name: string): number | null {
    const value = this.object[name] ?? null;
    return value === null || typeof value === 'number' ? value : this.fail(name, 'a number');
  }

  /** Absent counts as false. */
  flag(name: string): boolean {
    const value = this.object[name] ?? false;
    return typeof value === 'boolean' ? value : this.fail(name, 'true or false');
  }

  /** Absent counts as empty. */
  texts(name: string): readonly string[] {
    return this.list(name, (value, place) => (typeof value === 'string' ? value : this.fail(place, 'a text')));
  }

  /** Text to text; numbers and booleans are shown as text. Absent counts as empty. */
  textMap(name: string): Readonly<Record<string, string>> {
    const value = this.object[name] ?? {};
    if (!isJsonObject(value)) return this.fail(name, 'an object');
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, String(entry)]));
  }

  list<Item>(name: string, readItem: (value: unknown, place: string) => Item): readonly Item[] {
    const value = this.object[name] ?? [];
    if (!Array.isArray(value)) return this.fail(name, 'a list');
    return value.map((item: unknown, index) => readItem(item, `${this.place}.${name}[${index}]`));
  }

  /** A list that must be there. */
  requiredList<Item>(name: string, readItem: (value: unknown, place: string) => Item): readonly Item[] {
    if (!Array.isArray(this.object[name])) return this.fail(name, 'a list');
    return this.list(name, readItem);
  }

  reader(name: string): JsonReader {
    return new JsonReader(this.object[name], `${this.place}.${name}`);
  }

  readerOrNull(name: string): JsonReader | null {
    const value = this.object[name] ?? null;
    return value === null ? null : new JsonReader(value, `${this.place}.${name}`);
  }

  private fail(name: string, wanted: string): never {
    throw new UnreadableAnswer(`${this.place}.${name}`, wanted);
  }
}
