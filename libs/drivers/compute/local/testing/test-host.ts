/** What the local driver's tests share: where they work, and how they look at the host with programs that are not ours. */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from '@jest/globals';
import type { MachineSpec } from '../../../contracts/compute.js';
import { localPaths, type LocalComputeConfig } from '../local.config.js';
import { probeLocalCompute } from '../local.probe.js';

export const REPOSITORY = join(import.meta.dirname, '../../../../..');
const TEMPORARY = '/var/tmp';
export const IMAGE = 'debian-12-docker';

/** One build serves all runs: its directory is named by the definition's digest, so a changed definition builds anew. */
const IMAGE_STORE = join(TEMPORARY, 'baykeeper-test-images');

/** `describe` where containers can be made; else it prints why not, and skips. */
export async function describeWithContainers(): Promise<typeof describe | typeof describe.skip> {
  const directory = mkdtempSync(join(TEMPORARY, 'bk-probe-'));
  const probe = await probeLocalCompute({ dataDirectory: directory });
  rmSync(directory, { recursive: true, force: true });
  if (probe.usable) return describe;
  process.stderr.write(`Skipping tests with real containers: ${probe.reason}\n`);
  return describe.skip;
}

/** A name of its own for each test file; made by the driver, so that a file whose tests are skipped leaves nothing. */
export function nameDataDirectory(): string {
  return join(TEMPORARY, `bk-local-${randomUUID()}`);
}

export function configIn(dataDirectory: string): LocalComputeConfig {
  return {
    dataDirectory,
    installation: 'installation-a',
    subnet: null,
    imagesDirectory: join(REPOSITORY, 'templates/images'),
    imageStoreDirectory: IMAGE_STORE,
  };
}

export function specOf(script: string, changes: Partial<MachineSpec> = {}): MachineSpec {
  return {
    id: randomUUID(),
    name: 'node-one',
    installation: 'installation-a',
    bayId: randomUUID(),
    image: IMAGE,
    flavor: null,
    network: null,
    files: [{ path: '/usr/lib/baykeeper/agent.sh', mode: 0o755, content: `#!/bin/sh\n${script}\n` }],
    bootCommand: '/usr/lib/baykeeper/agent.sh',
    ...changes,
  };
}

export function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Whether it ended with 0; its output is nobody's. */
export function tryToRun(program: string, ...args: string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}

/** Runs a command in a machine's namespaces. */
export function inside(dataDirectory: string, id: string, ...command: string[]): string {
  return run('nsenter', ...namespacesOf(dataDirectory, id), ...command);
}

/** The same, with standard input. */
export function insideWithInput(dataDirectory: string, id: string, input: Buffer, ...command: string[]): void {
  const program = 'nsenter';
  execFileSync(program, [...namespacesOf(dataDirectory, id), ...command], { input, stdio: ['pipe', 'ignore', 'pipe'] });
}

function namespacesOf(dataDirectory: string, id: string): readonly string[] {
  const init = run('lxc-info', '-P', join(dataDirectory, 'machines'), '-n', id, '-pH').trim();
  // With its root: where the host's own root is not its namespace's, the namespace's would be entered.
  return ['--target', init, '--all', '--root', '--wd'];
}

export async function eventually(
  what: string,
  check: () => boolean | Promise<boolean>,
  timeoutMs = 20_000,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    // A question asked too early (the container is not up) is simply asked again.
    if (
      await Promise.resolve()
        .then(check)
        .catch(() => false)
    )
      return;
    if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

export interface HostView {
  /** Command lines. */
  readonly processes: readonly string[];
  readonly links: readonly string[];
  readonly rules: readonly string[];
  readonly mounts: readonly string[];
  readonly files: readonly string[];
}
export const NOTHING: HostView = { processes: [], links: [], rules: [], mounts: [], files: [] };

/** Everything of an installation that other programs of the host can see. */
export function observeHost(dataDirectory: string): HostView {
  const { bridge } = localPaths({ dataDirectory });
  const linesWith = (text: string, part: string): readonly string[] =>
    text.split('\n').filter((line) => line.includes(part));
  return {
    processes: linesWith(run('ps', '-eo', 'args'), dataDirectory),
    links: linesWith(run('ip', '-o', 'link'), bridge),
    rules: linesWith(run('iptables-save'), bridge),
    mounts: linesWith(readFileSync('/proc/self/mounts', 'utf8'), dataDirectory),
    files: existsSync(dataDirectory) ? readdirSync(dataDirectory) : [],
  };
}
