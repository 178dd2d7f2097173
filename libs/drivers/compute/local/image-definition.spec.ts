import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { imageDigest, loadImageDefinitions, requireImageDefinition } from './image-definition.js';

const YAML = `name: tiny
description: A test
os_distro: debian
suite: bookworm
packages: [systemd-sysv, g++]
disabled_units: []
masked_units: [fstrim.timer]
data_directories: [/var/lib/docker]
`;

describe('image definitions', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bk-images-'));
    await writeFile(join(directory, 'tiny.yaml'), YAML);
    await writeFile(join(directory, 'README.md'), 'not an image');
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('are the YAML files of a folder', async () => {
    expect((await loadImageDefinitions(directory)).map((definition) => definition.name)).toEqual(['tiny']);
  });

  it('those of this repository are valid', async () => {
    const shipped = await loadImageDefinitions(join(import.meta.dirname, '../../../../templates/images'));
    expect(shipped.map((definition) => [definition.name, definition.os_distro])).toEqual([
      ['debian-12-docker', 'debian'],
      ['debian-12-kubernetes', 'debian'],
    ]);
  });

  it.each([
    ['packages: [systemd-sysv, g++]', 'packages: ["--hook=rm"]'],
    ['masked_units: [fstrim.timer]', 'masked_units: [../../passwd]'],
    ['data_directories: [/var/lib/docker]', 'data_directories: ["/var/lib/../.."]'],
    ['data_directories: [/var/lib/docker]', 'data_directories: ["/a b"]'],
    ['suite: bookworm', 'suite: "--mode=x"'],
    ['name: tiny', 'name: ../tiny'],
    ['description: A test', 'surplus: x'],
  ])('with %s changed to %s are refused, and the file is named', async (from, to) => {
    await writeFile(join(directory, 'tiny.yaml'), YAML.replace(from, to));
    await expect(loadImageDefinitions(directory)).rejects.toThrow(/tiny\.yaml is not valid/);
  });

  it('of an unknown name are refused with the names that exist', async () => {
    await expect(requireImageDefinition(directory, 'huge')).rejects.toThrow(
      'The image "huge" does not exist here. Use one of: tiny.',
    );
  });

  it('have a digest that changes with them', async () => {
    const definition = await requireImageDefinition(directory, 'tiny');
    expect(imageDigest(definition)).toMatch(/^[0-9a-f]{12}$/);
    expect(imageDigest({ ...definition, packages: ['systemd-sysv'] })).not.toBe(imageDigest(definition));
  });
});
