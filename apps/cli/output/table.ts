import { printableLine } from './printable-text.js';

/** A table's cell: plain text, or text with a colour. */
export type Cell = string | { readonly text: string; readonly paint: (text: string) => string };

/** Columns padded with spaces, two between them, nothing after the last: fit to be read, and to be cut with awk. */
export function renderTable(headings: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = rows.map((row) => headings.map((_, column) => textOf(row[column])));
  const widths = headings.map((heading, column) =>
    texts.reduce((widest, row) => Math.max(widest, width(row[column] ?? '')), heading.length),
  );
  const lines = [headings, ...texts].map((cells, line) =>
    cells
      .map((text, column) => {
        const padding = ' '.repeat((widths[column] ?? 0) - width(text));
        const cell = line === 0 ? undefined : rows[line - 1]?.[column];
        const painted = typeof cell === 'object' ? cell.paint(text) : text;
        return column === headings.length - 1 ? painted : `${painted}${padding}`;
      })
      .join('  ')
      .trimEnd(),
  );
  return lines.join('\n');
}

/** Two columns without a heading: `Name:  value`. Values may span lines; what follows the first is indented. */
export function renderFacts(facts: readonly (readonly [string, Cell])[]): string {
  const widest = facts.reduce((most, [name]) => Math.max(most, name.length), 0) + 1;
  return facts
    .map(([name, cell]) => {
      const text = typeof cell === 'string' ? cell : cell.paint(cell.text);
      return `${`${name}:`.padEnd(widest)}  ${text.replaceAll('\n', `\n${' '.repeat(widest + 2)}`)}`.trimEnd();
    })
    .join('\n');
}

/** An empty cell shows a dash, so that columns never shift for programs that split on spaces. */
function textOf(cell: Cell | undefined): string {
  const text = printableLine(typeof cell === 'object' ? cell.text : (cell ?? ''));
  return text === '' ? '-' : text;
}

/** Characters, not code units; names are ASCII by rule, so wide characters are not worth a table of widths. */
function width(text: string): number {
  return Array.from(text).length;
}
