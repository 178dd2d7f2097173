import { CommandFailure } from '../failure.js';
import { printableLine } from './printable-text.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long ago, in the largest unit that fits: `5s`, `3m`, `2h`, `4d`. A time ahead of our clock counts as now. */
export function renderAge(at: string | null, now: Date): string {
  if (at === null) return '';
  const milliseconds = now.getTime() - Date.parse(at);
  if (Number.isNaN(milliseconds)) return '';
  const past = Math.max(0, milliseconds);
  if (past < 2 * MINUTE) return `${Math.floor(past / SECOND)}s`;
  if (past < 2 * HOUR) return `${Math.floor(past / MINUTE)}m`;
  if (past < 2 * DAY) return `${Math.floor(past / HOUR)}h`;
  return `${Math.floor(past / DAY)}d`;
}

/** A time of the service's without fractions, in UTC; what is no time is shown as it is. */
export function renderTime(at: string): string {
  const time = new Date(at);
  return Number.isNaN(time.getTime()) ? printableLine(at) : `${time.toISOString().slice(0, 19)}Z`;
}

/** A clock that runs: `0:07`, `12:34`, `1:02:03`. */
export function renderElapsed(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / SECOND));
  const two = (value: number): string => String(value).padStart(2, '0');
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return seconds >= 3600 ? `${Math.floor(seconds / 3600)}:${rest}` : rest.replace(/^0/, '');
}

/** `90s`, `10m`, `2h` or a number of minutes, as milliseconds. Throws a usage failure on anything else. */
export function parseDuration(text: string): number {
  const match = /^(\d{1,6}(?:\.\d{1,3})?)(s|m|h)?$/.exec(text.trim());
  const amount = Number(match?.[1]);
  if (match === null || !(amount > 0)) {
    throw new CommandFailure('usage', `"${text}" is not a duration. Write it like 90s, 10m or 2h.`);
  }
  const units: Record<string, number> = { s: SECOND, m: MINUTE, h: HOUR };
  return Math.round(amount * (units[match[2] ?? 'm'] ?? MINUTE));
}
