import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's `templates/`, found from the sources and from `dist/` alike. */
export function findTemplatesDirectory(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    try {
      readFileSync(join(directory, 'templates/node/agent.sh'));
      return join(directory, 'templates');
    } catch {
      const parent = dirname(directory);
      if (parent === directory) throw new Error('the templates directory is missing from this installation');
      directory = parent;
    }
  }
}

const texts = new Map<string, string>();

/** A template's text. Templates hold no placeholders, so they are read once and used as they are. */
export function readTemplate(templatesDirectory: string, name: string): string {
  const path = join(templatesDirectory, name);
  const known = texts.get(path);
  if (known !== undefined) return known;
  const text = readFileSync(path, 'utf8');
  texts.set(path, text);
  return text;
}
