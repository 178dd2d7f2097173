/**
 * Writes what JSON can say as YAML 1.2 (https://yaml.org/spec/1.2.2): maps and lists as blocks, a text without quotes only
 * where every reader takes it for a text. By hand, because a library would double the time that every command takes to
 * start.
 */
export function renderYaml(value: unknown): string {
  return isBlock(value) ? blockLines(value).join('\n') : renderScalar(value);
}

type Block = readonly unknown[] | Readonly<Record<string, unknown>>;

function isBlock(value: unknown): value is Block {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}

function blockLines(block: Block): readonly string[] {
  if (Array.isArray(block)) {
    return block.flatMap((item: unknown) => {
      const [first = '', ...others] = isBlock(item) ? blockLines(item) : [renderScalar(item)];
      return [`- ${first}`, ...others.map((line) => `  ${line}`)];
    });
  }
  return Object.entries(block).flatMap(([key, value]) => {
    if (value === undefined) return [];
    const name = renderScalar(key);
    return isBlock(value)
      ? [`${name}:`, ...blockLines(value).map((line) => `  ${line}`)]
      : [`${name}: ${renderScalar(value)}`];
  });
}

/** Begins with a letter and holds nothing that YAML reads as anything but a text. */
const PLAIN = /^[A-Za-z][A-Za-z0-9_./@+-]*(?: [A-Za-z0-9_./@+(),-]+)*$/;
/** Words that one version of YAML or another takes for something else. */
const WORDS = /^(?:true|false|null|yes|no|on|off|y|n)$/i;
/** What JSON leaves as it is, and YAML wants escaped: it is not printable, or breaks a line. */
const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

function renderScalar(value: unknown): string {
  if (Array.isArray(value)) return '[]';
  if (typeof value === 'object' && value !== null) return '{}';
  if (typeof value !== 'string') return JSON.stringify(value ?? null);
  if (PLAIN.test(value) && !WORDS.test(value)) return value;
  return JSON.stringify(value).replaceAll(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
