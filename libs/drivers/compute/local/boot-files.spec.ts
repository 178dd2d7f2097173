import { describe, expect, it } from '@jest/globals';
import { renderBootFiles, renderResolver } from './boot-files.js';

describe('renderResolver', () => {
  it('keeps name servers that a node can reach, and the search list', () => {
    const host =
      '# generated\nnameserver 127.0.0.53\nnameserver ::1\nnameserver 192.0.2.53\nsearch example.org\noptions edns0\n';
    expect(renderResolver(host)).toBe('nameserver 192.0.2.53\nsearch example.org\noptions edns0\n');
  });

  it('is nothing when the host asks only itself', () => {
    expect(renderResolver('nameserver 127.0.0.1\nsearch example.org\n')).toBeNull();
  });
});

describe('renderBootFiles', () => {
  const files = renderBootFiles(
    { id: '0f0e0d0c-0b0a-4908-8706-050403020100', name: 'web-0', bootCommand: '/usr/lib/baykeeper/agent.sh' },
    '10.211.0.2',
    'nameserver 192.0.2.53\n',
  );
  const contentOf = (path: string): string | undefined => files.find((file) => file.path === path)?.content;

  it('name the node', () => {
    expect(contentOf('/etc/hostname')).toBe('web-0\n');
    expect(contentOf('/etc/hosts')).toContain('10.211.0.2 web-0\n');
    expect(contentOf('/etc/machine-id')).toBe('0f0e0d0c0b0a49088706050403020100\n');
  });

  it('run the command until it has succeeded once', () => {
    const unit = contentOf('/etc/systemd/system/baykeeper-boot.service');
    expect(unit).toContain('ConditionPathExists=!/var/lib/baykeeper/booted\n');
    expect(unit).toContain('ExecStart=/usr/lib/baykeeper/agent.sh\n');
    expect(unit).toContain('ExecStartPost=/bin/touch /var/lib/baykeeper/booted\n');
  });
});
