/** The files that make one node out of the common image: who it is, whom it asks for names, what it runs first. Pure. */
import type { MachineFile, MachineSpec } from '../../contracts/compute.js';

export const BOOT_UNIT = 'baykeeper-boot.service';
export const BOOT_UNIT_PATH = `/etc/systemd/system/${BOOT_UNIT}`;
export const BOOT_UNIT_LINK = `/etc/systemd/system/multi-user.target.wants/${BOOT_UNIT}`;

export function renderBootFiles(
  spec: Pick<MachineSpec, 'id' | 'name' | 'bootCommand'>,
  address: string,
  resolver: string,
): readonly MachineFile[] {
  return [
    { path: '/etc/hostname', mode: 0o644, content: `${spec.name}\n` },
    { path: '/etc/hosts', mode: 0o644, content: `127.0.0.1 localhost\n::1 localhost\n${address} ${spec.name}\n` },
    { path: '/etc/resolv.conf', mode: 0o644, content: resolver },
    // Our id is random enough to serve as systemd's, and is the same after a repair.
    { path: '/etc/machine-id', mode: 0o444, content: `${spec.id.replaceAll('-', '')}\n` },
    { path: BOOT_UNIT_PATH, mode: 0o644, content: renderBootUnit(spec.bootCommand) },
  ];
}

/**
 * Runs the command once: until it has succeeded, then never again. A host that loses power in the middle of a node's
 * first boot therefore starts it over. Output goes to the console, which the host records outside of the node's tree.
 */
export function renderBootUnit(bootCommand: string): string {
  return `[Unit]
Description=Baykeeper first boot
ConditionPathExists=!/var/lib/baykeeper/booted

[Service]
Type=oneshot
ExecStart=${bootCommand}
ExecStartPost=/bin/mkdir -p /var/lib/baykeeper
ExecStartPost=/bin/touch /var/lib/baykeeper/booted
RemainAfterExit=yes
TimeoutStartSec=infinity
StandardOutput=journal+console
StandardError=journal+console

[Install]
WantedBy=multi-user.target
`;
}

/**
 * The host's resolver settings as a node can use them: name servers on the host's loopback cannot be reached from a node.
 * @returns null when none is left
 */
export function renderResolver(hostResolver: string): string | null {
  const lines = hostResolver.split('\n').filter((line) => /^(nameserver|search|options)\s/.test(line));
  const usable = lines.filter((line) => !/^nameserver\s+(127\.|::1(\s|$)|fe80:)/.test(line));
  return usable.some((line) => line.startsWith('nameserver')) ? `${usable.join('\n')}\n` : null;
}
