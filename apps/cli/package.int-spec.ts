/** The npm package: one file that runs with nothing else of this repository, and starts at once. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { FakeService } from './testing/fake-service.js';

jest.setTimeout(180_000);

const HERE = fileURLToPath(new URL('.', import.meta.url));
/** Milliseconds of a processor, with those of Node itself. */
const START_MS = 150;
const TRIES = 5;

describe('the package', () => {
  let place: string;
  let service: FakeService;
  const path = process.env['PATH'] ?? '';

  beforeAll(async () => {
    service = await new FakeService().start();
    place = mkdtempSync(join(tmpdir(), 'bay-package-'));
    const [made, used] = [join(place, 'made'), join(place, 'used')];
    const vite = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin/vite.js');
    execFileSync(process.execPath, [vite, 'build', '--outDir', join(made, 'dist/package'), '--logLevel', 'error'], {
      ...{ cwd: HERE, stdio: 'pipe', env: { PATH: path, HOME: place } },
    });
    for (const name of ['package.json', 'README.md']) cpSync(join(HERE, name), join(made, name));
    const npm = (cwd: string, ...words: string[]): string =>
      execFileSync('npm', [...words, '--offline', '--ignore-scripts', '--no-audit', '--no-fund'], {
        ...{ cwd, encoding: 'utf8', stdio: 'pipe', env: { PATH: path, HOME: place } },
      });
    const tarball = npm(made, 'pack', '--silent').trim();
    cpSync(join(HERE, 'README.md'), join(used, 'notes.md'));
    npm(used, 'install', join(made, tarball));
  });
  afterAll(async () => {
    rmSync(place, { recursive: true, force: true });
    await service.stop();
  });

  const bay = (...words: string[]): string =>
    execFileSync(join(place, 'used/node_modules/.bin/bay'), words, {
      encoding: 'utf8',
      env: { PATH: path, HOME: place },
    });

  it('holds one file of code, and needs no other package', () => {
    const installed = join(place, 'used/node_modules');
    expect(readdirSync(installed).filter((name) => !name.startsWith('.'))).toEqual(['@baykeeper']);
    const root = join(installed, '@baykeeper/cli');
    expect(readdirSync(root).sort()).toEqual(['README.md', 'dist', 'package.json']);
    expect(readdirSync(join(root, 'dist/package'))).toEqual(['bay.js']);
    expect(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))).not.toHaveProperty('dependencies');
  });

  it('knows its version, and does its work, also through another link', async () => {
    expect(bay('--version')).toBe('0.1.0\n');
    expect(bay('version')).toMatch(/^bay 0\.1\.0/);
    service.tokens.add('a-token');
    service.addTemplate('swarm');
    service.addBay('web');
    symlinkSync(join(place, 'used/node_modules/.bin/bay'), join(place, 'mine'));
    // Not in one step: this process answers what it asks.
    const run = promisify(execFile);
    const env = { PATH: path, HOME: place, OS_AUTH_URL: `${service.url}/identity/v3`, OS_TOKEN: 'a-token' };
    const { stdout } = await run(join(place, 'mine'), ['ls', '--output', 'name'], { env });
    expect(stdout).toBe('web\n');
  });

  it(`starts within ${START_MS} ms of a processor`, () => {
    const file = join(place, 'used/node_modules/@baykeeper/cli/dist/package/bay.js');
    // The shell's own account of what its children used, in hundredths of a second; waiting for others costs nothing.
    const ticks = (): number => {
      const script = '"$0" "$1" --help >/dev/null; read -r line </proc/$$/stat; echo "$line"';
      const stat = execFileSync('sh', ['-c', script, process.execPath, file], { encoding: 'utf8' });
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return Number(fields[13]) + Number(fields[14]);
    };
    const least = Math.min(...Array.from({ length: TRIES }, ticks)) * 10;
    expect(least).toBeGreaterThan(0);
    expect(least).toBeLessThan(START_MS);
  });
});
