/** A sentence is for reading: of a crowd it names some. */
const MOST_NAMES = 20;

export function namesOf(all: readonly string[]): string {
  const names = all.slice(0, MOST_NAMES);
  const others = all.length - names.length;
  return names.join(', ') + (others > 0 ? ` and ${String(others)} others` : '');
}
