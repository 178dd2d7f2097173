import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findClosedParent } from '../embedded/account.js';
import { detectLocalCompute } from './detect-local-compute.js';

const run = promisify(execFile);
const asRoot = process.getuid?.() === 0;
let data: string;

beforeEach(async () => {
  data = await mkdtemp('/tmp/bk-detect-');
});
afterEach(async () => {
  await rm(data, { recursive: true, force: true });
});

async function traces(): Promise<string[]> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').filter((line) => line.includes(data));
  const links = Object.keys(networkInterfaces()).filter((name) => name.startsWith('bkprobe'));
  return [...mounts, ...links, ...(await readdir(data))];
}

describe('detectLocalCompute', () => {
  it('gives an answer with its reason, in seconds, and leaves nothing behind', async () => {
    const startedAt = performance.now();
    const answer = await detectLocalCompute(data);
    expect(performance.now() - startedAt).toBeLessThan(30_000);
    expect(answer.reason).toMatch(
      answer.possible
        ? /^a bridge, an overlay mount and a container can be made here$/
        : /(can't be made here \(.+\)|real machines need Linux)$/,
    );
    expect(await traces()).toEqual([]);
    process.stdout.write(`here: ${JSON.stringify(answer)}\n`);
  }, 60_000);

  (asRoot ? it : it.skip)('says no to a user without rights, with the reason (needs root to become one)', async () => {
    const entry = path.resolve(import.meta.dirname, '../dist/index.js');
    const nobody = { uid: 65_534, gid: 65_534 };
    if ((await findClosedParent(entry, nobody)) !== null) {
      process.stdout.write('skipped: the checkout lies in a directory that is closed to other users\n');
      return;
    }
    await chmod(data, 0o777);
    const text = `
      import { detectLocalCompute } from ${JSON.stringify(entry)};
      console.log(JSON.stringify(await detectLocalCompute(${JSON.stringify(data)})));
    `;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', text], { ...nobody, cwd: '/' });
    const answer = JSON.parse(stdout) as { possible: boolean; reason: string };
    expect(answer.possible).toBe(false);
    expect(answer.reason).toMatch(/^a bridge can't be made here \(/);
    expect(await traces()).toEqual([]);
  });

  (asRoot ? it : it.skip)('says no to root where mounts are forbidden (needs root)', async () => {
    // An overlay refuses another overlay as its upper directory: what happens in many containers.
    const inner = path.join(data, 'inner');
    await run('mkdir', ['-p', ...['lower', 'upper', 'work', 'inner'].map((name) => path.join(data, name))]);
    const options = `lowerdir=${data}/lower,upperdir=${data}/upper,workdir=${data}/work`;
    const mounted = await run('mount', ['-t', 'overlay', 'overlay', '-o', options, inner]).catch(() => null);
    if (mounted === null) {
      process.stdout.write('skipped: this root may not mount an overlay at all\n');
      return;
    }
    try {
      const answer = await detectLocalCompute(inner);
      expect(answer.possible).toBe(false);
      expect(answer.reason).toMatch(/^an overlay mount below .* can't be made here \(/);
      expect(await readdir(inner)).toEqual([]);
    } finally {
      await run('umount', [inner]);
    }
  });
});
