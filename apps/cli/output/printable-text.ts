/**
 * Text from a server or a node, safe for a terminal: control characters (ESC above all, which could move the cursor,
 * rename the window or forge lines) and the characters that reorder text become `�`. Line feeds and tabs stay.
 */
export function printableText(text: string): string {
  return Array.from(text.replaceAll('\r\n', '\n'), (character) => (isUnsafe(character) ? '\uFFFD' : character)).join(
    '',
  );
}

/** The same for a place that holds one line, such as a table's cell. */
export function printableLine(text: string): string {
  return printableText(text).replaceAll(/[\n\t]+/g, ' ');
}

function isUnsafe(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  if (code === 0x0a || code === 0x09) return false;
  if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) return true;
  // Line and paragraph separators, and the bidirectional overrides and isolates.
  return (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}
