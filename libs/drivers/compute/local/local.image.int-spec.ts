/** Building an image: once, whole, and without traces, whoever dies in between. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ensureImage } from './image-builder.js';
import { loadImageDefinitions } from './image-definition.js';
import { BUILT, buildDrivers } from './testing/build-drivers.js';
import { localPaths } from './local.config.js';
import { removeTree } from './containers.js';
import { describeWithContainers, eventually, nameDataDirectory, NOTHING, observeHost } from './testing/test-host.js';

const describeHere = await describeWithContainers();

/** As small as Debian gets: nothing but the essential packages. It would not boot, but is built the same way. */
const DEFINITION = `name: tiny
description: The essential packages
os_distro: debian
suite: bookworm
packages: []
disabled_units: []
masked_units: [fstrim.timer]
data_directories: []
`;

const PROGRAM = `
const [directory, images, data] = process.argv.slice(1);
const { ensureImage } = await import(directory + '/image-builder.js');
const { loadImageDefinitions } = await import(directory + '/image-definition.js');
const { localPaths } = await import(directory + '/local.config.js');
const [definition] = await loadImageDefinitions(images);
await ensureImage(localPaths({ dataDirectory: data }), definition, (message) => console.log(message));
`;

describeHere('building an image', () => {
  const dataDirectory = nameDataDirectory();
  const imagesDirectory = join(dataDirectory, 'definitions');
  const store = join(dataDirectory, 'images/tiny');

  beforeAll(() => {
    buildDrivers();
    mkdirSync(imagesDirectory, { recursive: true });
    writeFileSync(join(imagesDirectory, 'tiny.yaml'), DEFINITION);
  }, 120_000);
  afterAll(async () => {
    await removeTree(dataDirectory);
  }, 60_000);

  it('that was killed leaves no process and no mount, and of two that follow one builds and both get it', async () => {
    const child = spawn(
      process.execPath,
      ['--input-type=module', '--eval', PROGRAM, '--', BUILT, imagesDirectory, dataDirectory],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const said: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => {
      said.push(line);
      if (line.includes('extracting')) child.kill('SIGKILL');
    });
    await new Promise((resolve) => child.once('close', resolve));
    expect(child.signalCode).toBe('SIGKILL');
    expect(said).toContain('Building the image tiny');
    await eventually('the builder is gone', () => observeHost(dataDirectory).processes.length === 0, 5000);
    expect(observeHost(dataDirectory)).toEqual({ ...NOTHING, files: expect.anything() });
    expect(readdirSync(store)).toEqual([expect.stringMatching(/^\.building-/)]);

    const [definition] = await loadImageDefinitions(imagesDirectory);
    if (definition === undefined) throw new Error('there is no definition');
    const lines: string[] = [];
    const report = (line: string): void => void lines.push(line);
    const paths = localPaths({ dataDirectory });
    const roots = await Promise.all([ensureImage(paths, definition, report), ensureImage(paths, definition, report)]);
    expect(roots[0]).toBe(roots[1]);
    expect(lines.filter((line) => line.startsWith('Built the image tiny in'))).toHaveLength(1);
    expect(readdirSync(store)).toEqual([expect.stringMatching(/^[0-9a-f]{12}$/)]);

    const root = roots[0];
    expect(readFileSync(join(root, 'etc/debian_version'), 'utf8')).toMatch(/^12\./);
    for (const trace of [
      'etc/apt/sources.list',
      'etc/apt/sources.list.d',
      'etc/apt/apt.conf.d/99mmdebstrap',
      'etc/resolv.conf',
    ]) {
      expect([trace, existsSync(join(root, trace))]).toEqual([trace, false]);
    }
    expect(existsSync(join(root, 'usr/share/doc/base-files/copyright'))).toBe(true);
    rmSync(imagesDirectory, { recursive: true });
  }, 200_000);
});
