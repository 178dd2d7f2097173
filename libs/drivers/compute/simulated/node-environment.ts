/**
 * Reads back a node's environment file: lines of `NAME='value'`, where a single quote in a value is written `'\''`.
 * Lines of another form are passed over, as a shell script's own would be of no use here.
 */
export function parseNodeEnvironment(text: string): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const [, name = '', quoted = ''] of text.matchAll(/^([A-Z][A-Z0-9_]*)=((?:'[^']*'|\\')*)$/gm)) {
    values[name] = quoted.replace(
      /'([^']*)'|\\(')/g,
      (_whole, inside?: string, escaped?: string) => inside ?? escaped ?? '',
    );
  }
  return values;
}
