import { describe, expect, it } from '@jest/globals';
import { renderLxcConfiguration, type NodeConfiguration } from './lxc-configuration.js';

const node: NodeConfiguration = {
  name: 'web-worker-0',
  rootFilesystem: '/data/images/i/1',
  upper: '/data/machines/m/upper',
  consoleLog: '/data/machines/m/console.log',
  bridge: 'bk-0123456789',
  hostLink: 'bkv0123456789ab',
  hardwareAddress: '02:62:0a:d3:00:02',
  address: '10.211.0.2',
  prefixLength: 22,
  gateway: '10.211.0.1',
  binds: [{ source: '/data/machines/m/data/var-lib-docker', target: '/var/lib/docker' }],
  limits: { vcpus: 2, memoryMib: 512 },
  cgroupVersion: 1,
};
const linesOf = (changes: Partial<NodeConfiguration> = {}): readonly string[] =>
  renderLxcConfiguration({ ...node, ...changes }).split('\n');

describe('renderLxcConfiguration', () => {
  it('gives the node its root, its address and its directories', () => {
    expect(linesOf()).toEqual(
      expect.arrayContaining([
        'lxc.uts.name = web-worker-0',
        'lxc.rootfs.path = overlayfs:/data/images/i/1:/data/machines/m/upper',
        'lxc.net.0.link = bk-0123456789',
        'lxc.net.0.ipv4.address = 10.211.0.2/22',
        'lxc.net.0.ipv4.gateway = 10.211.0.1',
        'lxc.mount.entry = /data/machines/m/data/var-lib-docker var/lib/docker none bind,create=dir 0 0',
      ]),
    );
  });

  it('limits it in the words of either cgroup version, and never mixes them', () => {
    expect(linesOf().filter((line) => /memory|cpu/.test(line))).toEqual([
      'lxc.cgroup.memory.limit_in_bytes = 536870912',
      'lxc.cgroup.cpu.cfs_period_us = 100000',
      'lxc.cgroup.cpu.cfs_quota_us = 200000',
    ]);
    const second = linesOf({ cgroupVersion: 2 });
    expect(second.filter((line) => /memory|cpu/.test(line))).toEqual([
      'lxc.cgroup2.memory.max = 536870912',
      'lxc.cgroup2.cpu.max = 200000 100000',
    ]);
    expect(second.filter((line) => line.startsWith('lxc.cgroup.'))).toEqual([]);
    expect(linesOf().filter((line) => line.startsWith('lxc.cgroup2.'))).toEqual([]);
  });

  it('sets no limit without a flavor', () => {
    expect(linesOf({ limits: null }).filter((line) => /memory|cpu/.test(line))).toEqual([]);
  });

  it('denies all devices before it allows some, and none of them is a disk', () => {
    const devices = linesOf().filter((line) => line.startsWith('lxc.cgroup.devices.'));
    expect(devices[0]).toBe('lxc.cgroup.devices.deny = a');
    expect(devices.filter((line) => / b .*r/.test(line))).toEqual([]);
  });
});
