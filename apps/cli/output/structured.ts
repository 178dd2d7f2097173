import { isJsonObject } from '../api/json-reader.js';
import { CommandFailure } from '../failure.js';
import { printableLine } from './printable-text.js';
import { renderYaml } from './yaml.js';

/** `table` is for people: its form may change. The others are for programs: their fields only ever grow. */
export const OUTPUT_FORMATS = ['table', 'json', 'yaml', 'name'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

export function parseFormat(text: string): OutputFormat {
  const found = OUTPUT_FORMATS.find((format) => format === text);
  if (found !== undefined) return found;
  throw new CommandFailure('usage', `There is no output "${text}". There are: ${OUTPUT_FORMATS.join(', ')}.`);
}

/** @throws CommandFailure `usage` for names of what has none */
export function renderStructured(format: Exclude<OutputFormat, 'table'>, value: unknown): string {
  if (format === 'json') return JSON.stringify(value, null, 2);
  return format === 'yaml' ? renderYaml(value) : namesOf(value).join('\n');
}

/** One of a stream: a line of JSON, or a document of YAML. */
export function renderStreamed(format: Exclude<OutputFormat, 'table'>, value: unknown): string {
  if (format === 'json') return JSON.stringify(value);
  return format === 'yaml' ? `---\n${renderYaml(value)}` : namesOf(value).join('\n');
}

/** A line each: of a list its members, of a single thing itself. What has no name is called by its id. */
function namesOf(value: unknown): readonly string[] {
  if (!isJsonObject(value)) throw withoutNames();
  const own = nameOf(value);
  if (own !== null) return [own];
  const lists = Object.values(value).filter((each): each is readonly unknown[] => Array.isArray(each));
  const [list] = lists;
  if (list === undefined || lists.length > 1) throw withoutNames();
  return list.map((item) => {
    const name = isJsonObject(item) ? nameOf(item) : null;
    if (name === null) throw withoutNames();
    return name;
  });
}

function nameOf(object: Readonly<Record<string, unknown>>): string | null {
  for (const key of ['name', 'uuid', 'id']) {
    const value = object[key];
    if (typeof value === 'string' && value !== '') return printableLine(value);
    if (typeof value === 'number') return String(value);
  }
  return null;
}

function withoutNames(): CommandFailure {
  return new CommandFailure('usage', 'What this command prints has no names. Use --output json or yaml.');
}
