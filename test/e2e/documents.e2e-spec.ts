/**
 * Every command in the documents for people, as they would type them: each page in one shell, against the real service. The
 * tutorial by real nodes where this machine can make them, the other pages by simulated ones.
 */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { spawn } from 'node:child_process';
import { access, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { FOR_CLIENTS, ROOT, startServer, type RunningServer } from '../support/running-server.js';
import { whyNotLocal } from './why-not-local.js';

const MINUTES = 60_000;
jest.setTimeout(5 * MINUTES);
const IMAGES = '/var/tmp/baykeeper-test-images';
/** Run by the test itself, in a terminal of its own. */
const STARTS = ['script/server'];

const whySimulated = await whyNotLocal();
if (whySimulated !== null) console.log(`SKIPPED docker in test/e2e/documents: ${whySimulated}`);

interface Block {
  readonly kind: string;
  readonly commands: string;
}

async function blocksOf(page: string): Promise<readonly Block[]> {
  const markdown = await readFile(join(ROOT, 'docs', page), 'utf8');
  return [...markdown.matchAll(/^```(\S*)([^\n]*)\n(.*?)^```$/gms)].map(
    ([, language = '', more = '', commands = '']) => ({
      kind: `${language}${more}`,
      commands,
    }),
  );
}

const howTos = (await readdir(join(ROOT, 'docs/how-to'))).map((name) => `how-to/${name}`);
const PAGES = ['tutorial.md', ...howTos, 'explanation.md'];

/** Stops at the first command that fails, and says which one it was. */
async function runPage(page: string, server: RunningServer, withDocker: boolean): Promise<string> {
  const blocks = await blocksOf(page);
  const typed = blocks.filter(({ kind }) => kind === 'sh' || (withDocker && kind === 'sh real-nodes'));
  const home = await mkdtemp(join(tmpdir(), 'baykeeper-reader-'));
  try {
    const env = {
      ...{ PATH: process.env['PATH'] ?? '', HOME: home, TMPDIR: home, BAYKEEPER_DATA: server.dataDirectory },
      LANG: 'C.UTF-8',
    };
    // Pages after the tutorial take for granted what it did.
    const before =
      page === 'tutorial.md'
        ? ''
        : `export PATH="$PWD/apps/cli:$PATH"; source "$BAYKEEPER_DATA/admin-openrc"; cd "$HOME"\n`;
    const script = `set -euo pipefail\n${before}PS4='> '\nset -x\n${typed.map(({ commands }) => commands).join('')}`;
    const child = spawn('bash', ['--norc', '-s'], { cwd: ROOT, env, stdio: 'pipe' });
    child.stdin.end(script);
    const ended = new Promise<number | null>((end) => child.once('close', end));
    const shown = (await Promise.all([text(child.stdout), text(child.stderr)])).join('\n');
    const code = await ended;
    if (code !== 0) throw new Error(`${page} failed with ${String(code)}:\n${shown}`);
    return shown;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

describe('the documents for people', () => {
  it.each(PAGES)('%s holds no command that is not run', async (page) => {
    for (const { kind, commands } of await blocksOf(page)) {
      if (kind === 'bash') expect(STARTS).toContain(commands.trim());
      else expect(['sh', 'sh real-nodes']).toContain(kind);
    }
  });

  it.each(PAGES)('%s leads to nothing that is not there', async (page) => {
    const at = join(ROOT, 'docs', page);
    const markdown = await readFile(at, 'utf8');
    for (const [, link = ''] of markdown.matchAll(/\]\(([^)#]+)[^)]*\)/g)) {
      if (!link.includes(':')) await access(resolve(dirname(at), link));
    }
  });
});

describe('the tutorial', () => {
  let server: RunningServer;
  beforeAll(async () => {
    const local = { BAYKEEPER_COMPUTE: 'local', BAYKEEPER_IMAGES: IMAGES };
    server = await startServer(whySimulated === null ? local : FOR_CLIENTS);
  }, 5 * MINUTES);
  afterAll(() => server.purge(), 2 * MINUTES);

  it('works as it stands', async () => {
    const shown = await runPage('tutorial.md', server, whySimulated === null);
    expect(shown).toContain('Bay "harbour" is CREATE_COMPLETE');
    if (whySimulated === null) expect(shown).toMatch(/harbour-master-0 +Ready/);
  });
});

describe('the how-to pages', () => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await startServer(FOR_CLIENTS);
  }, 5 * MINUTES);
  afterAll(() => server.purge(), 2 * MINUTES);

  it.each(howTos)('%s works as it stands', async (page) => {
    await runPage(page, server, false);
    expect((await server.bay(['ls', '--output', 'name'])).stdout).toBe('');
  });
});
