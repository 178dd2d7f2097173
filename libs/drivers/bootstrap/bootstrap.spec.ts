import { describe, expect, it } from '@jest/globals';
import { makeBay, makeNode } from '@baykeeper/domain/testing/builders.js';
import { parse } from 'yaml';
import { bootFiles, type BootFilesInput } from './boot-files.js';
import { findTemplatesDirectory } from './templates.js';
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
