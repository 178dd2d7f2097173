/** A time as OpenStack writes it: ISO 8601 with an offset; null stays null. */
export function timestamp(date: Date): string;
export function timestamp(date: Date | null): string | null;
export function timestamp(date: Date | null): string | null {
  return date === null ? null : date.toISOString().replace('Z', '+00:00');
}
