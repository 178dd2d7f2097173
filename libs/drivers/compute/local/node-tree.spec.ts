import { chmod, lstat, mkdir, mkdtemp, readFile, readlink, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { writeNodeFile, writeNodeLink } from './node-tree.js';

describe('a node’s tree', () => {
  let directory: string;
  let tree: { lower: string; upper: string };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bk-tree-'));
    tree = { lower: join(directory, 'lower'), upper: join(directory, 'upper') };
    await mkdir(join(tree.lower, 'usr/lib'), { recursive: true });
    await mkdir(join(tree.lower, 'var/private'), { recursive: true });
    await chmod(join(tree.lower, 'var/private'), 0o2750);
    await symlink('usr/lib', join(tree.lower, 'lib'));
    await symlink('/var/private', join(tree.lower, 'usr/lib/own'));
    await mkdir(tree.upper);
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('holds a file with the mode asked for, whatever the umask', async () => {
    const before = process.umask(0o077);
    await writeNodeFile(tree, { path: '/etc/a/b', mode: 0o664, content: 'x' });
    process.umask(before);
    expect(await readFile(join(tree.upper, 'etc/a/b'), 'utf8')).toBe('x');
    expect((await stat(join(tree.upper, 'etc/a/b'))).mode & 0o7777).toBe(0o664);
  });

  it('follows links of the image instead of hiding them', async () => {
    await writeNodeFile(tree, { path: '/lib/own/file', mode: 0o600, content: 'x' });
    expect(await readFile(join(tree.upper, 'var/private/file'), 'utf8')).toBe('x');
    await expect(lstat(join(tree.upper, 'lib'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('gives a directory the mode it has in the image', async () => {
    await writeNodeFile(tree, { path: '/var/private/file', mode: 0o600, content: 'x' });
    expect((await stat(join(tree.upper, 'var/private'))).mode & 0o7777).toBe(0o2750);
  });

  it('holds links', async () => {
    await writeNodeLink(tree, '/etc/units/a.service', '/etc/b.service');
    expect(await readlink(join(tree.upper, 'etc/units/a.service'))).toBe('/etc/b.service');
  });

  it.each(['etc/relative', '/etc/../shadow', '/etc//x', '/etc/x/', '/run/x', '/tmp/x', '/'])(
    'refuses %s',
    async (path) => {
      await expect(writeNodeFile(tree, { path, mode: 0o600, content: '' })).rejects.toMatchObject({
        code: 'provider-refused',
      });
    },
  );
});
