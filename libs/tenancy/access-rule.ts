import type { AccessRule } from '@baykeeper/storage';

export interface RequestedAccess {
  /** The type of the service that is asked, as the catalog names it. */
  readonly service: string;
  readonly method: string;
  /** As sent, without the query. */
  readonly path: string;
}

/** Where `**` may stand, so that comparing never takes more than one look at each segment. */
const ANY_REST = '**';
const PLACEHOLDER = /^(\*|\{[^{}]*\})$/;

/** What keeps a path from being a rule; null for a good one. */
export function problemOfPath(path: string): string | null {
  if (!path.startsWith('/') || /[?#\s]/.test(path)) return 'give a path that begins with / and has no query';
  const segments = path.split('/');
  const stray = segments.some(
    (segment, index) =>
      (segment === ANY_REST && index < segments.length - 1) ||
      (/[*{}]/.test(segment) && segment !== ANY_REST && !PLACEHOLDER.test(segment)),
  );
  return stray ? 'write * or {name} for one whole segment, and ** at the end only' : null;
}

/** Whether one of the rules lets the request through. */
export function allowsRequest(rules: readonly AccessRule[], wanted: RequestedAccess): boolean {
  return rules.some(
    ({ service, method, path }) =>
      service === wanted.service && method.toUpperCase() === wanted.method && matchesPath(path, wanted.path),
  );
}

function matchesPath(rule: string, path: string): boolean {
  const pattern = segmentsOf(rule);
  const segments = segmentsOf(path);
  const isOpen = pattern.at(-1) === ANY_REST;
  const fixed = isOpen ? pattern.slice(0, -1) : pattern;
  if (isOpen ? segments.length <= fixed.length : segments.length !== fixed.length) return false;
  return fixed.every((part, index) => part === segments[index] || (PLACEHOLDER.test(part) && segments[index] !== ''));
}

function segmentsOf(path: string): readonly string[] {
  return path.replace(/\/+$/, '').split('/');
}
