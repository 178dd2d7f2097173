import { readFileSync } from 'node:fs';
import { JsonReader } from './api/json-reader.js';

/** From this package's package.json, one folder up once built, two from the single file. */
export const CLIENT_VERSION = readVersion();

function readVersion(): string {
  for (const place of ['../../package.json', '../package.json', './package.json']) {
    try {
      const text = readFileSync(new URL(place, import.meta.url), 'utf8');
      const body = new JsonReader(JSON.parse(text), 'package');
      if (body.textOrNull('name') === '@baykeeper/cli') return body.text('version');
    } catch {
      // Not there: the next place is tried.
    }
  }
  return 'unknown';
}
