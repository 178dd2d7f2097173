/** Renders LXC's configuration of one node. Pure. */
import type { MachineFlavor } from '../../contracts/compute.js';

/** v1: controllers in hierarchies of their own (or a hybrid of both); v2: the unified hierarchy alone. */
export type CgroupVersion = 1 | 2;

export interface NodeConfiguration {
  readonly name: string;
  readonly rootFilesystem: string;
  readonly upper: string;
  readonly consoleLog: string;
  readonly bridge: string;
  readonly hostLink: string;
  readonly hardwareAddress: string;
  readonly address: string;
  readonly prefixLength: number;
  readonly gateway: string;
  /** Directories of the host that replace some of the node's. */
  readonly binds: readonly { readonly source: string; readonly target: string; readonly readOnly?: boolean }[];
  readonly limits: Pick<MachineFlavor, 'vcpus' | 'memoryMib'> | null;
  readonly cgroupVersion: CgroupVersion;
}

/** systemd and dockerd work without these; with them a node could change the host itself. */
const DROPPED_CAPABILITIES = 'mac_admin mac_override sys_time sys_module sys_rawio sys_boot';

/**
 * Making any device node is allowed (packages and image layers hold some), using one only from this list: the memory
 * devices, terminals, tun and fuse. In particular no disk of the host.
 */
const DEVICES = [
  'c *:* m',
  'b *:* m',
  'c 1:3 rwm', // null
  'c 1:5 rwm', // zero
  'c 1:7 rwm', // full
  'c 1:8 rwm', // random
  'c 1:9 rwm', // urandom
  'c 5:0 rwm', // tty
  'c 5:1 rwm', // console
  'c 5:2 rwm', // ptmx
  'c 136:* rwm', // pts
  'c 10:200 rwm', // net/tun
  'c 10:229 rwm', // fuse
] as const;

/** A fork bomb stays in its node. */
const MAXIMUM_PROCESSES = 16_384;
const CPU_PERIOD_MICROSECONDS = 100_000;

export function renderLxcConfiguration(node: NodeConfiguration): string {
  const group = node.cgroupVersion === 2 ? 'lxc.cgroup2' : 'lxc.cgroup';
  const lines = [
    `lxc.uts.name = ${node.name}`,
    `lxc.rootfs.path = overlayfs:${node.rootFilesystem}:${node.upper}`,
    'lxc.init.cmd = /lib/systemd/systemd',
    `lxc.console.logfile = ${node.consoleLog}`,
    'lxc.net.0.type = veth',
    `lxc.net.0.link = ${node.bridge}`,
    `lxc.net.0.veth.pair = ${node.hostLink}`,
    'lxc.net.0.flags = up',
    'lxc.net.0.name = eth0',
    `lxc.net.0.hwaddr = ${node.hardwareAddress}`,
    `lxc.net.0.ipv4.address = ${node.address}/${node.prefixLength}`,
    `lxc.net.0.ipv4.gateway = ${node.gateway}`,
    // Mixed: the node may set its own network's values; the rest of /proc/sys and /sys, which is the host's, is read-only.
    'lxc.mount.auto = proc:mixed sys:mixed cgroup:rw:force',
    'lxc.apparmor.profile = unconfined',
    `lxc.cap.drop = ${DROPPED_CAPABILITIES}`,
    'lxc.autodev = 1',
    'lxc.tty.max = 0',
    // Without it a node has no /dev/ptmx of its own, and nothing in it can open a terminal.
    'lxc.pty.max = 1024',
    `${group}.devices.deny = a`,
    ...DEVICES.map((device) => `${group}.devices.allow = ${device}`),
    `${group}.pids.max = ${MAXIMUM_PROCESSES}`,
    ...renderLimits(node),
    ...node.binds.map(
      ({ source, target, readOnly = false }) =>
        `lxc.mount.entry = ${source} ${target.replace(/^\//, '')} none bind,${readOnly ? 'ro,' : ''}create=dir 0 0`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function renderLimits({ limits, cgroupVersion }: NodeConfiguration): readonly string[] {
  if (limits === null) return [];
  const bytes = limits.memoryMib * 1024 * 1024;
  const quota = limits.vcpus * CPU_PERIOD_MICROSECONDS;
  return cgroupVersion === 2
    ? [`lxc.cgroup2.memory.max = ${bytes}`, `lxc.cgroup2.cpu.max = ${quota} ${CPU_PERIOD_MICROSECONDS}`]
    : [
        `lxc.cgroup.memory.limit_in_bytes = ${bytes}`,
        `lxc.cgroup.cpu.cfs_period_us = ${CPU_PERIOD_MICROSECONDS}`,
        `lxc.cgroup.cpu.cfs_quota_us = ${quota}`,
      ];
}
