/** The dashboard's built files, read once: a page that names its parts by their content, and those parts. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

export interface SiteFile {
  readonly type: string;
  readonly bytes: Buffer;
  readonly gzipped: Buffer;
}

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Nothing from elsewhere, nothing in the page itself: what a tenant calls its things can't become a script. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Opener-Policy': 'same-origin',
};

export class DashboardSite {
  constructor(
    /** The page at the root; null where the dashboard was not built. */
    readonly page: string | null,
    private readonly files: ReadonlyMap<string, SiteFile>,
  ) {}

  file(name: string): SiteFile | undefined {
    return this.files.get(name);
  }
}

export function openDashboardSite(): DashboardSite {
  const root = path.dirname(createRequire(import.meta.url).resolve('@baykeeper/dashboard/package.json'));
  const directory = path.join(root, 'dist/site');
  const page = path.join(directory, 'index.html');
  if (!existsSync(page)) return new DashboardSite(null, new Map());
  const files = new Map<string, SiteFile>();
  for (const name of readdirSync(path.join(directory, 'assets'))) {
    const type = TYPES[path.extname(name)];
    if (type === undefined) continue;
    const bytes = readFileSync(path.join(directory, 'assets', name));
    files.set(name, { type, bytes, gzipped: gzipSync(bytes, { level: 9 }) });
  }
  return new DashboardSite(readFileSync(page, 'utf8'), files);
}
