import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strFromU8, unzipSync } from 'fflate';
import { describe, expect, test } from '@jest/globals';
import { credentialsZip } from './index.js';

const FILES = [
  { name: 'key.pem', content: 'secret é\n', secret: true },
  { name: 'docker.env', content: 'export A=1\n', secret: false },
];

/** Names, modes and contents as Python's zipfile, an implementation that is not ours, reads them. */
const READ_BY_PYTHON = `
import sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
assert archive.testzip() is None
for entry in archive.infolist():
    print(entry.filename, oct(entry.external_attr >> 16), entry.create_system, archive.read(entry).decode().strip())
`;

describe('the credentials zip', () => {
  test('unpacks into one folder', () => {
    const unpacked = unzipSync(credentialsZip('demo', FILES));
    expect(Object.fromEntries(Object.entries(unpacked).map(([name, octets]) => [name, strFromU8(octets)]))).toEqual({
      'demo/': '',
      'demo/key.pem': 'secret é\n',
      'demo/docker.env': 'export A=1\n',
    });
  });

  test('gives files with secrets to their owner alone', () => {
    const folder = mkdtempSync(join(tmpdir(), 'baykeeper-zip-'));
    try {
      const file = join(folder, 'demo.zip');
      writeFileSync(file, credentialsZip('demo', FILES));
      const lines = execFileSync('python3', ['-c', READ_BY_PYTHON, file], { encoding: 'utf8' }).trim().split('\n');
      expect(lines.map((line) => line.trim())).toEqual([
        'demo/ 0o40700 3',
        'demo/key.pem 0o100600 3 secret é',
        'demo/docker.env 0o100644 3 export A=1',
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test.each(['..', '../x', 'a/b', '', '/etc'])('is not made with the name %j', (name) => {
    expect(() => credentialsZip(name, FILES)).toThrow('not a plain file name');
    expect(() => credentialsZip('demo', [{ name, content: '', secret: false }])).toThrow('not a plain file name');
  });
});
