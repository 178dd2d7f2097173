import { describe, expect, it } from '@jest/globals';
import { makeBay, makeNode } from '@baykeeper/domain/testing/builders.js';
import { parse } from 'yaml';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootFiles, type BootFilesInput } from './boot-files.js';
import { findTemplatesDirectory } from './templates.js';
import { readTrustedAuthorities } from './trusted-authorities.js';
import { renderUserData } from './user-data.js';

const input: BootFilesInput = {
  bay: makeBay(),
  node: makeNode(),
  nodeGroupName: 'default-worker',
  controlPlane: { url: 'https://192.0.2.1:9512', caPem: 'CA\n' },
  enrolmentToken: 'secret-token',
  sshPublicKey: 'ssh-ed25519 AAAA ada',
  engine: { files: [{ path: '/etc/x', mode: 0o644, content: 'x' }], environment: { SWARM_X: '1' } },
  templatesDirectory: findTemplatesDirectory(),
};
const made = bootFiles(input);

describe('bootFiles', () => {
  it('keeps the token in a file for root alone', () => {
    const holding = made.files.filter((file) => file.content.includes('secret-token'));
    expect(holding.map((file) => [file.path, file.mode])).toEqual([['/etc/baykeeper/node.env', 0o600]]);
  });

  it('lets the owner of the key in, and nobody where there is none', () => {
    expect(made.files.find(({ path }) => path === '/root/.ssh/authorized_keys')).toEqual({
      path: '/root/.ssh/authorized_keys',
      mode: 0o600,
      content: 'ssh-ed25519 AAAA ada\n',
    });
    const without = bootFiles({ ...input, sshPublicKey: null });
    expect(without.files.map(({ path }) => path)).not.toContain('/root/.ssh/authorized_keys');
  });

  it('gives apt the bay’s proxies, and nobody else’s hosts to go round them', () => {
    const apt = (bay: Parameters<typeof makeBay>[0]): string | undefined =>
      bootFiles({ ...input, bay: makeBay(bay) }).files.find(({ path }) => path.startsWith('/etc/apt/'))?.content;
    expect(apt({})).toBeUndefined();
    expect(
      apt({ httpProxy: 'http://proxy.example:3128', noProxy: 'mirror.example, 192.0.2.0/24,*.example,10.0.0.1' }),
    ).toBe(
      'Acquire::http::Proxy "http://proxy.example:3128";\n' +
        'Acquire::http::Proxy::mirror.example "DIRECT";\nAcquire::http::Proxy::10.0.0.1 "DIRECT";\n',
    );
  });

  it('makes nodes trust each authority of the operator’s file, and refuses a file of anything else', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'bk-authorities-'));
    const openssl = (...words: string[]): void =>
      void execFileSync('openssl', words, { cwd: directory, stdio: 'pipe' });
    const make = (name: string, ...words: string[]): void => {
      openssl(
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', 'k'],
        ...['-subj', `/CN=${name}`, '-out', name, '-days', '1', ...words],
      );
    };
    make('a');
    make('b');
    make('leaf', '-addext', 'basicConstraints=critical,CA:FALSE');
    const [a, b, leaf] = await Promise.all(['a', 'b', 'leaf'].map((name) => readFile(join(directory, name), 'utf8')));
    const file = join(directory, 'authorities.pem');
    const read = async (text: string): Promise<readonly string[]> => {
      await writeFile(file, text);
      return readTrustedAuthorities(file);
    };
    expect(await readTrustedAuthorities(null)).toEqual([]);
    const trustedAuthorities = await read(`# ours\n${String(a)}\n${String(b)}`);
    expect(trustedAuthorities).toEqual([a, b]);
    const files = bootFiles({ ...input, trustedAuthorities }).files.filter(({ path }) => path.endsWith('.crt'));
    expect(files.map(({ path, content }) => [path, content])).toEqual([
      ['/usr/local/share/ca-certificates/baykeeper-1.crt', a],
      ['/usr/local/share/ca-certificates/baykeeper-2.crt', b],
    ]);
    await expect(read('nothing')).rejects.toThrow(
      `BAYKEEPER_NODE_CA_FILE names ${file}, which has no PEM certificate.`,
    );
    await expect(read(`${String(a)}${String(leaf)}`)).rejects.toThrow(/where CN=leaf is no authority/);
    await expect(read(String(a).replaceAll('M', 'N'))).rejects.toThrow(/where a certificate is damaged/);
    await expect(readTrustedAuthorities(join(directory, 'none'))).rejects.toThrow(/can't be read: correct the path/);
    await rm(directory, { recursive: true });
  });

  it('tells the node who it is and whom to ask', () => {
    expect(made.files[0]?.content).toContain("BAYKEEPER_URL='https://192.0.2.1:9512'\n");
    expect(made.files[0]?.content).toContain("BAYKEEPER_NODE_NAME='web-worker-0'\n");
    expect(made.files[0]?.content).toContain("SWARM_X='1'\n");
    expect(made.bootCommand).toBe('/usr/lib/baykeeper/agent.sh');
  });
});

describe('renderUserData', () => {
  it('is a cloud-config with the same files, whatever they hold', () => {
    const content = 'tricky: \'"\\n${x}\n---\n…';
    const text = renderUserData([{ path: '/etc/a', mode: 0o600, content }], '/run/it');
    expect(text.startsWith('#cloud-config\n')).toBe(true);
    const document = parse(text) as {
      write_files: { path: string; permissions: string; content: string }[];
      runcmd: string[][];
    };
    expect(document.runcmd).toEqual([['/run/it']]);
    expect(document.write_files[0]?.permissions).toBe('0600');
    expect(Buffer.from(document.write_files[0]?.content ?? '', 'base64').toString()).toBe(content);
  });
});
