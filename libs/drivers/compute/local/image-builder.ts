/**
 * Builds a node's root filesystem once. A build happens under a temporary name and is renamed when complete, under a lock:
 * of two processes one builds and the other waits, and whatever lies under a temporary name once the lock is held was
 * left by a build that was killed.
 */
import { spawn } from 'node:child_process';
import { mkdir, readdir, rename, rm, stat, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { BaykeeperError } from '@baykeeper/domain';
import { loadSourcesFor, selectAptSettings } from './apt-sources.js';
import { removeTree } from './containers.js';
import { withHostLock } from './host-lock.js';
import { imageDigest, type ImageDefinition } from './image-definition.js';
import type { LocalPaths } from './local.config.js';
import { CLEAN_ENVIRONMENT, missingProgram, requireProgram } from './run-program.js';
import { absentAsUndefined } from './write-atomically.js';

/** Manuals and translations are a third of the packages' size, and nobody reads them on a node. Licences stay. */
const LEFT_OUT = [
  'path-exclude=/usr/share/doc/*',
  'path-include=/usr/share/doc/*/copyright',
  'path-exclude=/usr/share/man/*',
  'path-exclude=/usr/share/info/*',
  'path-exclude=/usr/share/locale/*',
];

const TEMPORARY = '.building-';

/** The image's root filesystem, built if it is not there yet. */
export async function ensureImage(
  paths: LocalPaths,
  definition: ImageDefinition,
  report: (message: string) => void,
): Promise<string> {
  const directory = join(paths.images, definition.name);
  const root = join(directory, imageDigest(definition));
  if (await isDirectory(root)) return root;
  await mkdir(directory, { recursive: true, mode: 0o755 });
  return withHostLock(join(paths.images, `${definition.name}.lock`), async () => {
    if (await isDirectory(root)) return root;
    for (const name of await readdir(directory)) {
      if (name.startsWith(TEMPORARY)) await removeTree(join(directory, name));
    }
    const started = Date.now();
    report(`Building the image ${definition.name}`);
    const work = join(directory, `${TEMPORARY}${process.pid}`);
    await mkdir(work, { mode: 0o755 });
    try {
      await buildTree(definition, work, (message) => {
        report(`Building the image ${definition.name}: ${message}`);
      });
      await finishTree(definition, join(work, 'root'));
      await rename(join(work, 'root'), root);
    } finally {
      await removeTree(work);
    }
    report(`Built the image ${definition.name} in ${Math.round((Date.now() - started) / 1000)} s`);
    return root;
  });
}

async function buildTree(definition: ImageDefinition, work: string, report: (message: string) => void): Promise<void> {
  const settings = join(work, 'apt.conf');
  // May hold a proxy's password.
  await writeFile(settings, selectAptSettings(await requireProgram('apt-config', ['dump'])), { mode: 0o600 });
  const stanzas = await loadSourcesFor(definition.suite);
  const sources = join(work, 'host.sources');
  await writeFile(sources, stanzas.join('\n'), { mode: 0o600 });
  const args = [
    ...['--variant=minbase', '--mode=root', '--format=directory'],
    ...(definition.packages.length > 0 ? [`--include=${definition.packages.join(',')}`] : []),
    `--aptopt=${settings}`,
    ...LEFT_OUT.map((option) => `--dpkgopt=${option}`),
    ...[definition.suite, join(work, 'root')],
    // Without a source of the host's own for this suite, mmdebstrap takes the distribution's public default.
    ...(stanzas.length > 0 ? [sources] : []),
  ];
  await runBuilder(args, report);
}

/**
 * mmdebstrap in namespaces of its own that the kernel ends when this process does: no mount and no process of a build
 * survives it, however it dies.
 */
function runBuilder(args: readonly string[], report: (message: string) => void): Promise<void> {
  const enclosure = ['--pdeathsig', 'KILL', 'unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  return new Promise((resolve, reject) => {
    const builder = spawn('setpriv', [...enclosure, 'mmdebstrap', ...args], {
      env: CLEAN_ENVIRONMENT,
      cwd: '/',
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const tail: string[] = [];
    createInterface({ input: builder.stderr }).on('line', (line) => {
      if (line.startsWith('I: ')) report(line.slice(3));
      tail.push(line);
      if (tail.length > 40) tail.shift();
    });
    builder.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'ENOENT' ? missingProgram('setpriv') : error);
    });
    builder.once('close', (code) => {
      if (code === 0) {
        resolve();
        return;
      }
      reject(
        new BaykeeperError({
          code: 'provider-unavailable',
          publicMessage:
            "The image for local machines could not be built. Check that this host's apt works and that its disk has 1 GB free; the server log has the reason.",
          detail: tail.join('\n'),
        }),
      );
    });
  });
}

/** What makes a bootstrap a node: no traces of the host, only the wanted units, and room for what each node adds. */
async function finishTree(definition: ImageDefinition, root: string): Promise<void> {
  // The host's mirrors, proxies and their passwords stay with the host.
  for (const path of ['etc/apt/sources.list', 'etc/apt/sources.list.d', 'etc/apt/apt.conf.d/99mmdebstrap']) {
    await rm(join(root, path), { recursive: true, force: true });
  }
  for (const path of ['etc/resolv.conf', 'etc/hostname', 'etc/machine-id', 'var/lib/dbus/machine-id']) {
    await rm(join(root, path), { force: true });
  }
  const units = join(root, 'etc/systemd/system');
  for (const directory of await readdir(units)) {
    if (!directory.endsWith('.wants')) continue;
    for (const unit of definition.disabled_units) {
      await absentAsUndefined(unlink(join(units, directory, unit)));
    }
  }
  for (const unit of definition.masked_units) {
    await rm(join(units, unit), { force: true });
    await symlink('/dev/null', join(units, unit));
  }
  await mkdir(join(units, 'multi-user.target.wants'), { recursive: true });
  await rm(join(units, 'default.target'), { force: true });
  await symlink('/lib/systemd/system/multi-user.target', join(units, 'default.target'));
  // A node's journal lives as long as the node's boot: no disk writes, no more memory than this.
  await mkdir(join(root, 'etc/systemd/journald.conf.d'), { recursive: true });
  await writeFile(
    join(root, 'etc/systemd/journald.conf.d/baykeeper.conf'),
    '[Journal]\nStorage=volatile\nRuntimeMaxUse=16M\n',
  );
}

async function isDirectory(path: string): Promise<boolean> {
  return (await absentAsUndefined(stat(path)))?.isDirectory() ?? false;
}
