/** Writes into a node's tree before it has ever run: files land in the overlay's upper directory. */
import { chmod, chown, lstat, mkdir, readlink, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { BaykeeperError } from '@baykeeper/domain';
import type { MachineFile } from '../../contracts/compute.js';
import { absentAsUndefined } from './write-atomically.js';

/** Mounted over at boot: what is written there would vanish. */
const VOLATILE = ['/run', '/proc', '/sys', '/dev', '/tmp'];

export interface NodeTree {
  /** The image's root, read-only. */
  readonly lower: string;
  readonly upper: string;
}

/** @throws BaykeeperError `provider-refused` for a path that is not absolute, not normal, or does not outlive the boot */
export async function writeNodeFile(tree: NodeTree, file: MachineFile): Promise<void> {
  const target = await makeParents(tree, file.path);
  await writeFile(target, file.content, { mode: file.mode });
  // The mode given at creation is cut by the umask.
  await chmod(target, file.mode);
}

export async function writeNodeLink(tree: NodeTree, path: string, destination: string): Promise<void> {
  await symlink(destination, await makeParents(tree, path));
}

async function makeParents(tree: NodeTree, path: string): Promise<string> {
  const volatile = VOLATILE.some((directory) => path === directory || path.startsWith(`${directory}/`));
  if (!posix.isAbsolute(path) || posix.normalize(path) !== path || path.endsWith('/') || volatile) {
    throw new BaykeeperError({
      code: 'provider-refused',
      publicMessage: 'A first-boot file has a path that a local machine cannot hold.',
      detail: path,
    });
  }
  const directory = await resolveInImage(tree.lower, dirname(path));
  await makeDirectoriesAsInImage(tree, directory);
  return join(tree.upper, directory, posix.basename(path));
}

/** Follows the image's own links (`/lib` is one) so that a file does not hide a link behind a directory. */
async function resolveInImage(lower: string, directory: string): Promise<string> {
  let resolved = '/';
  let pending = directory.split('/').filter((part) => part !== '');
  // Debian's links to directories are one or two deep; the bound stops a loop of links.
  for (let steps = 0; pending.length > 0 && steps < 64; steps += 1) {
    const [part = '', ...rest] = pending;
    const next = posix.join(resolved, part);
    const stat = await absentAsUndefined(lstat(join(lower, next)));
    if (stat?.isSymbolicLink() === true) {
      const destination = await readlink(join(lower, next));
      pending = [
        ...posix
          .resolve(resolved, destination)
          .split('/')
          .filter((name) => name !== ''),
        ...rest,
      ];
      resolved = '/';
    } else {
      resolved = next;
      pending = rest;
    }
  }
  return resolved;
}

/** A directory of the upper layer replaces the image's in owner and mode, so both are copied from there. */
async function makeDirectoriesAsInImage(tree: NodeTree, directory: string): Promise<void> {
  let path = '/';
  for (const part of directory.split('/').filter((name) => name !== '')) {
    path = posix.join(path, part);
    const made = await mkdir(join(tree.upper, path), { recursive: true, mode: 0o755 });
    if (made === undefined) continue;
    const stat = await absentAsUndefined(lstat(join(tree.lower, path)));
    if (stat === undefined) continue;
    await chown(join(tree.upper, path), stat.uid, stat.gid);
    await chmod(join(tree.upper, path), stat.mode & 0o7777);
  }
}
