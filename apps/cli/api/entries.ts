import { JsonReader, type JsonObject } from './json-reader.js';

/** One thing as the service answers it: whole for `--json`, and to be read field by field for people. */
export interface EntryBody {
  readonly whole: JsonObject;
  readonly reader: JsonReader;
}

export function readEntry(value: unknown, place: string): EntryBody {
  const reader = new JsonReader(value, place);
  return { whole: reader.whole, reader };
}
