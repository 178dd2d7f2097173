import { afterAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CredentialFile } from '../../contracts/engine.js';
import { swarmCredentialFiles } from './credential-files.js';

const tls = { ca: 'CA\n', certificate: 'CERTIFICATE\n', key: 'KEY\n' };
const secured = swarmCredentialFiles({ bayName: 'web-1.a_b', apiAddress: 'tcp://192.0.2.7:2376', tls });
const plain = swarmCredentialFiles({ bayName: 'web-1.a_b', apiAddress: 'tcp://192.0.2.7:2375', tls: null });

const root = mkdtempSync(join(tmpdir(), 'bk-credentials-'));
afterAll(() => {
  rmSync(root, { recursive: true });
});

/** A folder whose name every shell has trouble with. */
function unpack(name: string, files: readonly CredentialFile[]): string {
  const directory = join(root, name);
  mkdirSync(directory, { recursive: true });
  for (const file of files) writeFileSync(join(directory, file.name), file.content);
  return directory;
}
const securedDirectory = unpack("it's $HOME & more", secured);
const plainDirectory = unpack('plain', plain);

/** The settings that a shell has after it sourced `file`; it has those of another bay before. */
function settingsIn(shell: string, file: string, directory: string): { settings: string[]; complaint: string } {
  const script = 'cd "$2" 2>/dev/null; . "$1"; env';
  const fishScript = 'cd $argv[2]; source $argv[1]; env';
  const before = { DOCKER_CONTEXT: 'other', DOCKER_TLS: '1', DOCKER_TLS_VERIFY: '0', DOCKER_CERT_PATH: '/other' };
  const args = shell === 'fish' ? ['-N', '-c', fishScript, file, directory] : ['-c', script, shell, file, directory];
  const environment = { PATH: process.env['PATH'] ?? '', HOME: root, CDPATH: root, ...before };
  const result = spawnSync(shell, args, { encoding: 'utf8', env: environment });
  const settings = result.stdout.split('\n').filter((line) => /^(DOCKER|BAY)_/.test(line));
  return { settings: settings.sort(), complaint: result.stderr };
}

function isInstalled(shell: string): boolean {
  return spawnSync(shell, ['-c', 'true']).status === 0;
}
const shells = ['sh', 'bash', 'zsh', 'fish'].filter((shell) => {
  if (isInstalled(shell)) return true;
  process.stderr.write(`Skipping the credential files' tests in ${shell}: it is not installed here.\n`);
  return false;
});
const fileFor = (shell: string): string => (shell === 'fish' ? 'docker.fish' : 'docker.env');

describe('swarmCredentialFiles', () => {
  it('are the certificates and one file of settings for each shell', () => {
    expect(secured.map((file) => file.name)).toEqual([
      ...['ca.pem', 'cert.pem', 'key.pem'],
      ...['docker.env', 'docker.fish', 'docker.ps1', 'docker.cmd', 'README.md'],
    ]);
    expect(secured.filter((file) => file.secret).map((file) => file.name)).toEqual(['key.pem']);
  });

  it('have no certificates for a bay without TLS, and say what that means', () => {
    expect(plain.map((file) => file.name)).toEqual([
      ...['docker.env', 'docker.fish', 'docker.ps1', 'docker.cmd', 'README.md'],
    ]);
    expect(plain.at(-1)?.content).toContain('whoever reaches the address can do anything on it');
  });

  it.each(shells)('point %s at the bay, with the certificates beside the file', (shell) => {
    // A plain POSIX shell has to be in the directory; the others are somewhere else.
    const from = shell === 'sh' ? securedDirectory : root;
    const { settings, complaint } = settingsIn(shell, join(securedDirectory, fileFor(shell)), from);
    expect(complaint).toBe('');
    expect(settings.filter((line) => line !== 'DOCKER_TLS=1')).toEqual([
      'BAY_NAME=web-1.a_b',
      `DOCKER_CERT_PATH=${securedDirectory}`,
      'DOCKER_HOST=tcp://192.0.2.7:2376',
      'DOCKER_TLS_VERIFY=1',
    ]);
  });

  it.each(shells)('leave no setting of another bay behind in %s when the bay has no TLS', (shell) => {
    const { settings, complaint } = settingsIn(shell, join(plainDirectory, fileFor(shell)), root);
    expect(complaint).toBe('');
    expect(settings).toEqual(['BAY_NAME=web-1.a_b', 'DOCKER_HOST=tcp://192.0.2.7:2375']);
  });

  it.each(shells.filter((shell) => shell !== 'sh'))('may be sourced in %s by a relative name', (shell) => {
    const { settings, complaint } = settingsIn(shell, `plain/../it's $HOME & more/${fileFor(shell)}`, root);
    expect(complaint).toBe('');
    expect(settings).toContain(`DOCKER_CERT_PATH=${securedDirectory}`);
  });

  it('say what to do when a shell cannot know where the file is', () => {
    const { complaint } = settingsIn('dash', join(securedDirectory, 'docker.env'), root);
    expect(complaint).toContain('cd to where docker.env is');
  });

  it('give DOCKER_HOST on a line of its own to programs that read lines', () => {
    const lines = (name: string): readonly string[] =>
      (secured.find((file) => file.name === name)?.content ?? '').split(/\r?\n/);
    expect(lines('docker.env')).toContain('export DOCKER_HOST=tcp://192.0.2.7:2376');
    expect(lines('docker.fish')).toContain('set -gx DOCKER_HOST tcp://192.0.2.7:2376');
    expect(lines('docker.cmd')).toContain('@set DOCKER_HOST=tcp://192.0.2.7:2376');
    expect(lines('docker.ps1')).toContain('$env:DOCKER_HOST = "tcp://192.0.2.7:2376"');
  });

  it('end every line as cmd.exe wants it', () => {
    const content = secured.find((file) => file.name === 'docker.cmd')?.content ?? '';
    expect(content.replaceAll('\r\n', '')).not.toContain('\n');
    expect(content).toContain('@set "DOCKER_CERT_PATH=%~dp0"\r\n');
  });
});
