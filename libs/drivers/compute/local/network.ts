/**
 * The nodes' network: one bridge per installation, with the host as gateway. Every step can be repeated, and is repeated
 * for each machine, because a firewall reload or a reboot may have undone any of them.
 */
import { readFile } from 'node:fs/promises';
import { BaykeeperError } from '@baykeeper/domain';
import { z } from 'zod';
import { ensureForwarding, removeForwarding } from './ip-forwarding.js';
import { withNetworkLock } from './local-locks.js';
import type { LocalComputeConfig, LocalPaths } from './local.config.js';
import { listMachineIds } from './machine-record.js';
import { requireProgram, runProgram } from './run-program.js';
import {
  chooseSubnet,
  formatSubnet,
  gatewayOf,
  hardwareAddressFor,
  overlaps,
  parseSubnet,
  requireSubnet,
  type Subnet,
} from './subnet.js';
import { absentAsUndefined, writeAtomically } from './write-atomically.js';

type NetworkConfig = Pick<LocalComputeConfig, 'subnet' | 'nodePort'>;

const networkState = z.object({ subnet: z.string() });
const routes = z.array(z.object({ dst: z.string(), dev: z.string().optional() }));
const links = z.array(z.object({ addr_info: z.array(z.object({ local: z.string().optional() })) }));

/**
 * The installation's subnet, decided once and kept.
 * @throws BaykeeperError `provider-refused` when it is configured otherwise than the machines that exist were made
 */
export function ensureSubnet(paths: LocalPaths, config: NetworkConfig): Promise<Subnet> {
  return withNetworkLock(paths, async () => {
    const kept = await loadSubnet(paths);
    const wanted = config.subnet === null ? null : requireSubnet(config.subnet);
    if (kept !== null && (wanted === null || formatSubnet(wanted) === formatSubnet(kept))) return kept;
    if (kept !== null && (await listMachineIds(paths)).length > 0) {
      throw new BaykeeperError({
        code: 'provider-refused',
        publicMessage: `Machines exist on ${formatSubnet(kept)}. Delete all bays before changing BAYKEEPER_LOCAL_SUBNET.`,
      });
    }
    if (kept !== null) await removeBridge(paths);
    const chosen = wanted ?? chooseSubnet(await observeRoutes(paths), paths.data);
    if (chosen === null) {
      throw new BaykeeperError({
        code: 'provider-refused',
        publicMessage: 'No IPv4 network is free on this host. Set BAYKEEPER_LOCAL_SUBNET to one that may be used.',
      });
    }
    await writeAtomically(paths.networkState, `${JSON.stringify({ subnet: formatSubnet(chosen) })}\n`, 0o600);
    return chosen;
  });
}

async function loadSubnet(paths: LocalPaths): Promise<Subnet | null> {
  const text = await absentAsUndefined(readFile(paths.networkState, 'utf8'));
  return text === undefined ? null : requireSubnet(networkState.parse(JSON.parse(text)).subnet);
}

/** Bridge up, rules in place, forwarding on. */
export async function ensureNetwork(paths: LocalPaths, config: NetworkConfig): Promise<Subnet> {
  const subnet = await ensureSubnet(paths, config);
  const rules = renderRules(paths.bridge, subnet, config.nodePort);
  if (!(await isBridgeReady(paths.bridge, subnet)) || !(await areRulesPresent(rules))) {
    await withNetworkLock(paths, async () => {
      if (!(await isBridgeReady(paths.bridge, subnet))) await makeBridge(paths, subnet);
      for (const rule of rules) if (!(await isRulePresent(rule))) await insertRule(rule);
    });
  }
  await ensureForwarding(paths.bridge);
  return subnet;
}

export interface NetworkWatch {
  /** As {@link ensureNetwork}; machines that are made at the same moment look together. */
  ensure(): Promise<Subnet>;
}

export function createNetworkWatch(paths: LocalPaths, config: NetworkConfig): NetworkWatch {
  let look: Promise<Subnet> | null = null;
  return {
    ensure() {
      look ??= ensureNetwork(paths, config).finally(() => {
        look = null;
      });
      return look;
    },
  };
}

/** Takes away all that `ensureNetwork` made, also what a configuration since changed had made. */
export async function removeNetwork(paths: LocalPaths): Promise<void> {
  await removeBridge(paths);
  await removeForwarding(paths.bridge);
}

async function removeBridge(paths: LocalPaths): Promise<void> {
  for (const table of ['filter', 'nat']) {
    const listing = await runProgram('iptables', ['-w', '10', '-t', table, '-S']);
    for (const line of listing.stdout.split('\n')) {
      const words = line.split(' ').map((word) => word.replace(/^"(.*)"$/, '$1'));
      if (!words.includes(commentFor(paths.bridge))) continue;
      await requireProgram('iptables', ['-w', '10', '-t', table, '-D', ...words.slice(1)]);
    }
  }
  if ((await runProgram('ip', ['link', 'show', 'dev', paths.bridge])).exitCode === 0) {
    await requireProgram('ip', ['link', 'delete', 'dev', paths.bridge]);
  }
}

async function isBridgeReady(bridge: string, subnet: Subnet): Promise<boolean> {
  const shown = await runProgram('ip', ['-json', '-4', 'address', 'show', 'dev', bridge, 'up']);
  if (shown.exitCode !== 0 || shown.stdout.trim() === '') return false;
  return links
    .parse(JSON.parse(shown.stdout))
    .some((link) => link.addr_info.some((address) => address.local === gatewayOf(subnet)));
}

async function makeBridge(paths: LocalPaths, subnet: Subnet): Promise<void> {
  if ((await observeRoutes(paths)).some((route) => overlaps(route, subnet))) {
    throw new BaykeeperError({
      code: 'provider-refused',
      publicMessage: `The local network ${formatSubnet(subnet)} is in use by something else on this host. Set BAYKEEPER_LOCAL_SUBNET to one that is free.`,
    });
  }
  const gateway = gatewayOf(subnet);
  if ((await runProgram('ip', ['link', 'show', 'dev', paths.bridge])).exitCode !== 0) {
    // A hardware address of its own: a bridge otherwise borrows one from its members, and changes it when they leave.
    const address = hardwareAddressFor(gateway);
    await requireProgram('ip', ['link', 'add', 'name', paths.bridge, 'address', address, 'type', 'bridge']);
  }
  await requireProgram('ip', ['address', 'replace', `${gateway}/${subnet.prefixLength}`, 'dev', paths.bridge]);
  await requireProgram('ip', ['link', 'set', 'dev', paths.bridge, 'up']);
}

/** Where this host already sends packets, besides our own bridge and the default route. */
async function observeRoutes(paths: LocalPaths): Promise<readonly Subnet[]> {
  const text = await requireProgram('ip', ['-json', '-4', 'route', 'show', 'table', 'all']);
  return routes
    .parse(JSON.parse(text))
    .filter((route) => route.dev !== paths.bridge)
    .map((route) => parseSubnet(route.dst))
    .filter((subnet): subnet is Subnet => subnet !== null && subnet.prefixLength > 0);
}

interface Rule {
  readonly table: 'filter' | 'nat';
  readonly chain: string;
  readonly match: readonly string[];
}

/** Marks every rule as ours; without spaces, so that no version of iptables needs to quote it. */
function commentFor(bridge: string): string {
  return `baykeeper_${bridge}`;
}

/**
 * Bridged packets pass the host's FORWARD chain too, and a Docker engine on the host sets that to drop: so the nodes' own
 * traffic is accepted by name. From outside only answers come in.
 */
function renderRules(bridge: string, subnet: Subnet, nodePort: number | undefined): readonly Rule[] {
  const end = ['-m', 'comment', '--comment', commentFor(bridge), '-j'];
  const accept = [...end, 'ACCEPT'];
  const answers = ['-m', 'conntrack', '--ctstate', 'RELATED,ESTABLISHED'];
  const rules: Rule[] = [
    { table: 'filter', chain: 'FORWARD', match: ['-i', bridge, ...accept] },
    { table: 'filter', chain: 'FORWARD', match: ['-o', bridge, ...answers, ...accept] },
    {
      table: 'nat',
      chain: 'POSTROUTING',
      match: ['-s', formatSubnet(subnet), '!', '-o', bridge, ...end, 'MASQUERADE'],
    },
  ];
  if (nodePort === undefined) return rules;
  const toControlPlane = ['-i', bridge, '-p', 'tcp', '--dport', nodePort.toString(), ...accept];
  return [...rules, { table: 'filter', chain: 'INPUT', match: toControlPlane }];
}

async function areRulesPresent(rules: readonly Rule[]): Promise<boolean> {
  return (await Promise.all(rules.map(isRulePresent))).every(Boolean);
}

async function isRulePresent(rule: Rule): Promise<boolean> {
  const result = await runProgram('iptables', ['-w', '10', '-t', rule.table, '-C', rule.chain, ...rule.match]);
  return result.exitCode === 0;
}

async function insertRule(rule: Rule): Promise<void> {
  await requireProgram('iptables', ['-w', '10', '-t', rule.table, '-I', rule.chain, ...rule.match]);
}
