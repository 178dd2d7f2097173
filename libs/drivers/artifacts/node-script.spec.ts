/** What nodes run to get their artifacts, with everything around it made up. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { findTemplatesDirectory } from '../bootstrap/templates.js';

const script = join(findTemplatesDirectory(), 'kubernetes/artifacts.sh');
const sum = (content: string): string => createHash('sha256').update(content).digest('hex');

let directory: string;

/** `call` gives what lies in `served`; `ctr` writes down what it is asked. */
const SURROUNDINGS = `set -eu
state=$1
waits=0
say() { printf '%s\\n' "$*"; }
fail() { printf 'FAILED %s\\n' "$1"; exit 1; }
pause() { waits=$((waits + 1)); [ "$waits" -lt 3 ] || fail 'asked too often'; }
call() {
  if [ -f "$state/served/\${2#artifacts/}" ]; then cp "$state/served/\${2#artifacts/}" "$3"; printf 200; else printf '%s' "$missing"; fi
}
ctr() { printf '%s\\n' "$*" >>"$state/ctr"; }
missing=404
. "$2"
artifact_list=$state/list
artifact_mirror=$state/mirror
program_directory=$state/bin
`;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'bk-node-'));
  for (const name of ['served', 'mirror']) mkdirSync(join(directory, name));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function runOnNode(commands: string): { status: number | null; stdout: string } {
  const { status, stdout, stderr } = spawnSync('sh', ['-c', SURROUNDINGS + commands, 'sh', directory, script], {
    encoding: 'utf8',
    cwd: directory,
  });
  expect(stderr).toBe('');
  return { status, stdout };
}
const wanted = (line: string): void => {
  writeFileSync(join(directory, 'list'), `${line}\n`);
};

it('installs a program from the control plane, to be run', () => {
  writeFileSync(join(directory, 'served', sum('kubelet')), 'kubelet');
  wanted(`binary kubelet ${sum('kubelet')}`);
  expect(runOnNode('install_binaries')).toEqual({ status: 0, stdout: '' });
  expect(readFileSync(join(directory, 'bin/kubelet'), 'utf8')).toBe('kubelet');
  expect(statSync(join(directory, 'bin/kubelet')).mode & 0o777).toBe(0o755);
});

it('takes what the machine sees of the mirror as it lies there, without asking anybody', () => {
  writeFileSync(join(directory, 'mirror', sum('kubelet')), 'kubelet');
  wanted(`binary kubelet ${sum('kubelet')}`);
  expect(runOnNode('install_binaries').status).toBe(0);
  expect(readlinkSync(join(directory, 'bin/kubelet'))).toBe(join(directory, 'mirror', sum('kubelet')));
});

it('asks a mirror on the network first', () => {
  const web = join(directory, 'web');
  mkdirSync(join(web, 'blobs'), { recursive: true });
  writeFileSync(join(web, 'blobs', sum('kubelet')), 'kubelet');
  wanted(`mirror file://${web} -\nbinary kubelet ${sum('kubelet')}`);
  expect(runOnNode('install_binaries').status).toBe(0);
  expect(readFileSync(join(directory, 'bin/kubelet'), 'utf8')).toBe('kubelet');
});

it.each(['served', 'mirror'])('stops at a checksum that does not match (%s), and installs nothing', (where) => {
  writeFileSync(join(directory, where, sum('kubelet')), 'a worm');
  wanted(`binary kubelet ${sum('kubelet')}`);
  expect(runOnNode('install_binaries')).toEqual({
    status: 1,
    stdout: `FAILED the checksum of kubelet does not match: expected ${sum('kubelet')}, got ${sum('a worm')}\n`,
  });
  expect(() => statSync(join(directory, 'bin/kubelet'))).toThrow('ENOENT');
});

it('stops at an image whose checksum does not match: containerd never sees it', () => {
  writeFileSync(join(directory, 'served', sum('etcd')), 'a worm');
  wanted(`image etcd ${sum('etcd')}`);
  expect(runOnNode('load_images').stdout).toContain('FAILED the checksum of etcd does not match');
  expect(() => readFileSync(join(directory, 'ctr'))).toThrow('ENOENT');
});

it('hands images to containerd, and takes kube-proxy out of its image where there is no other', () => {
  writeFileSync(join(directory, 'served', sum('etcd')), 'etcd');
  wanted(`image etcd ${sum('etcd')}`);
  const { status, stdout } = runOnNode('load_images');
  expect([status, stdout]).toEqual([1, 'loaded the image etcd\nFAILED the artifact mirror has no kube-proxy\n']);
  expect(readFileSync(join(directory, 'ctr'), 'utf8')).toMatch(/^--namespace k8s\.io images import .*\/artifacts\//);
});

it('says what the control plane does not have, and asks again what it cannot give at the moment', () => {
  wanted(`binary kubelet ${sum('kubelet')}`);
  expect(runOnNode('install_binaries').stdout).toBe(
    'FAILED the control plane has no artifact kubelet for this node (404)\n',
  );
  expect(runOnNode('missing=503; install_binaries').stdout).toBe('FAILED asked too often\n');
});
