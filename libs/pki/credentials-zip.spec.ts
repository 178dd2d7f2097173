import { strFromU8, unzipSync } from 'fflate';
import { describe, expect, test } from '@jest/globals';
import { credentialsZip } from './index.js';

const FILES = [
  { name: 'key.pem', content: 'secret é\n', secret: true },
  { name: 'docker.env', content: 'export A=1\n', secret: false },
];

/** The central directory as APPNOTE 4.3.12 lays it out: who made each entry, and its Unix mode. */
function readDirectory(zip: Buffer): string[] {
  const lines: string[] = [];
  for (let at = zip.indexOf('PK\x01\x02', 0, 'latin1'); at >= 0; at = zip.indexOf('PK\x01\x02', at + 46, 'latin1')) {
    const name = zip.toString('utf8', at + 46, at + 46 + zip.readUInt16LE(at + 28));
    const mode = zip.readUInt32LE(at + 38) >>> 16;
    lines.push(`${name} made by ${zip.readUInt8(at + 5)} mode ${mode.toString(8)}`);
  }
  return lines;
}

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
    expect(readDirectory(Buffer.from(credentialsZip('demo', FILES)))).toEqual([
      'demo/ made by 3 mode 40700',
      'demo/key.pem made by 3 mode 100600',
      'demo/docker.env made by 3 mode 100644',
    ]);
  });

  test.each(['..', '../x', 'a/b', '', '/etc'])('is not made with the name %j', (name) => {
    expect(() => credentialsZip(name, FILES)).toThrow('not a plain file name');
    expect(() => credentialsZip('demo', [{ name, content: '', secret: false }])).toThrow('not a plain file name');
  });
});
