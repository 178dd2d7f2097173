import { isIPv4 } from 'node:net';
import { isUuid, type Member } from '@baykeeper/domain';
import type { BalancerRecord } from './balancer-files.js';
import { refused } from './haproxy.errors.js';
import type { HaproxyPaths } from './haproxy.config.js';

/** A listener's name is ours, but it ends in a configuration file and on a command socket: only these are let through. */
const LISTENER_NAME = /^[a-z][a-z0-9-]{0,40}$/;

/** Health checks: a connection each second; two misses and a member is out, one hit and it is in. */
export const CHECK = 'check inter 1s fall 2 rise 1';

export function backendName(balancerId: string, listener: string): string {
  return `bay-${balancerId}-${listener}`;
}

export function serverName(member: Pick<Member, 'nodeId'>): string {
  return `node-${member.nodeId}`;
}

/** @throws BaykeeperError `provider-refused` for anything that could break out of a line. */
export function checkRecord(record: BalancerRecord): void {
  const port = (value: number): boolean => Number.isInteger(value) && value >= 1 && value <= 65535;
  const good =
    isUuid(record.id) &&
    isIPv4(record.address) &&
    record.listeners.every(
      (listener) => LISTENER_NAME.test(listener.name) && port(listener.port) && port(listener.memberPort),
    ) &&
    Object.values(record.members)
      .flat()
      .every((member) => isUuid(member.nodeId) && isIPv4(member.address) && port(member.port));
  if (!good)
    throw refused(
      'The load balancer was asked for something it does not take. Tell the operator.',
      JSON.stringify(record).slice(0, 500),
    );
}

/** The whole configuration. `user`: whom HAProxy becomes after it has bound its ports; null: it stays who it is. */
export function renderConfiguration(
  paths: HaproxyPaths,
  records: readonly BalancerRecord[],
  user: string | null,
): string {
  const head = `# Written by Baykeeper; changes are lost. Members change at run time, without a reload.
global
  stats socket ${paths.statsSocket} mode 600 level admin expose-fd listeners
  stats timeout 1m
  # A process that was replaced by a reload ends when its last connection does, or after this.
  hard-stop-after 12h
${user === null ? '' : `  user ${user}\n  group ${user}\n`}
defaults
  mode tcp
  timeout connect 5s
  # docker attach, logs -f and events are silent for long.
  timeout client 4h
  timeout server 4h
  timeout tunnel 24h
  option clitcpka
  option srvtcpka
  option redispatch
  retries 3

# HAProxy does not start without any frontend.
frontend idle
  bind unix@${paths.idleSocket} mode 600
`;
  return head + records.map(renderBalancer).join('');
}

function renderBalancer(record: BalancerRecord): string {
  checkRecord(record);
  return record.listeners
    .map((listener) => {
      const name = backendName(record.id, listener.name);
      const servers = (record.members[listener.name] ?? []).map(
        (member) => `  server ${serverName(member)} ${member.address}:${String(member.port)} ${CHECK}\n`,
      );
      return `
frontend ${name}
  bind ${record.address}:${String(listener.port)}
  default_backend ${name}

backend ${name}
  balance leastconn
${servers.join('')}`;
    })
    .join('');
}
