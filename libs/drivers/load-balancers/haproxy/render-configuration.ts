/** HAProxy's configuration as text: one head for all, and a part for each load balancer. Pure. */
import { isIPv4 } from 'node:net';
import { isUuid, type Listener, type Member } from '@baykeeper/domain';
import type { BalancerRecord } from './balancer-files.js';
import { refused } from './haproxy.errors.js';
import type { HaproxyPaths } from './haproxy.config.js';

/** A listener's name is ours, but it ends in a configuration file and on a command socket: only these are let through. */
const LISTENER_NAME = /^[a-z][a-z0-9-]{0,40}$/;

/** What follows a path of ours on a line of the configuration: nothing that could end it. */
const HEALTH_PATH = /^\/[a-z0-9/_-]{0,60}$/;

/**
 * Health checks: each second; two misses and a member is out, one hit and it is in. A connection is enough, unless a path
 * is to answer: over TLS then, whose certificate the clients will check.
 */
export function checkOf({ healthPath }: Pick<Listener, 'healthPath'>): string {
  return `check inter 1s fall 2 rise 1${healthPath === undefined ? '' : ' check-ssl verify none'}`;
}

export function backendName(balancerId: string, listener: string): string {
  return `bay-${balancerId}-${listener}`;
}

/** Holds all that a listener is bound to: what HAProxy listens on can then be told from the names of its frontends. */
export function frontendName(balancerId: string, listener: { readonly name: string; readonly port: number }): string {
  return `${frontendPrefix(balancerId)}${String(listener.port)}-${listener.name}`;
}

export function frontendPrefix(balancerId: string): string {
  return `listen-${balancerId}-`;
}

export function frontendNames(record: BalancerRecord): readonly string[] {
  return record.listeners.map((listener) => frontendName(record.id, listener));
}

export function serverName(member: Pick<Member, 'nodeId'>): string {
  return `node-${member.nodeId}`;
}

/** Every server of a load balancer, as commands name them. */
export function serversOf(record: BalancerRecord): readonly string[] {
  return Object.entries(record.members).flatMap(([listener, members]) =>
    members.map((member) => `${backendName(record.id, listener)}/${serverName(member)}`),
  );
}

/** @throws BaykeeperError `provider-refused` for anything that could break out of a line, or that contradicts itself. */
export function checkRecord(record: BalancerRecord): void {
  const isPort = (value: number): boolean => Number.isInteger(value) && value >= 1 && value <= 65535;
  const areDistinct = (values: readonly (string | number)[]): boolean => new Set(values).size === values.length;
  const names = record.listeners.map((listener) => listener.name);
  const good =
    isUuid(record.id) &&
    isIPv4(record.address) &&
    record.listeners.every(
      ({ name, port, memberPort, healthPath }) =>
        LISTENER_NAME.test(name) &&
        isPort(port) &&
        isPort(memberPort) &&
        (healthPath === undefined || HEALTH_PATH.test(healthPath)),
    ) &&
    areDistinct(names) &&
    areDistinct(record.listeners.map((listener) => listener.port)) &&
    Object.entries(record.members).every(
      ([listener, members]) =>
        names.includes(listener) &&
        areDistinct(members.map((member) => member.nodeId)) &&
        members.every((member) => isUuid(member.nodeId) && isIPv4(member.address) && isPort(member.port)),
    );
  if (!good)
    throw refused(
      'The load balancer was asked for something it does not take. Tell the operator.',
      JSON.stringify(record).slice(0, 500),
    );
}

/** What all load balancers share. `user`: whom HAProxy becomes after it has bound its ports; null: it stays who it is. */
export function renderHead(paths: HaproxyPaths, user: string | null): string {
  return `# Written by Baykeeper; changes are lost. Members change at run time, without a reload.
global
  stats socket ${quote(paths.statsSocket)} mode 600 level admin expose-fd listeners
  stats timeout 1m
  # Connections are counted from the limit on open files; more than this costs memory that nobody uses.
  fd-hard-limit 65536
  # A process that a reload replaced ends with its last connection, or after this, or after so many more reloads.
  hard-stop-after 12h
  mworker-max-reloads 100
  server-state-file ${quote(paths.serverState)}
${user === null ? '' : `  user ${user}\n  group ${user}\n`}
defaults bay
  mode tcp
  # One bay cannot use up the connections of all.
  maxconn 2000
  # Members are near. Whoever was sent to one that has just died waits this long, and is then sent to another.
  timeout connect 2s
  # docker attach, logs -f and events are silent for long.
  timeout client 4h
  timeout server 4h
  timeout tunnel 24h
  # A peer that vanished without a word is noticed within two minutes, however long the timeouts above.
  option clitcpka
  clitcpka-idle 60s
  clitcpka-intvl 15s
  clitcpka-cnt 4
  option srvtcpka
  srvtcpka-idle 60s
  srvtcpka-intvl 15s
  srvtcpka-cnt 4
  # A member that refuses is left for another at once, also before its health check has noticed.
  option redispatch 1
  retries 3
  load-server-state-from-file global

# HAProxy does not start without any frontend.
frontend idle from bay
  bind ${quote(`unix@${paths.idleSocket}`)} mode 600
`;
}

/** The part of one load balancer. */
export function renderBalancer(record: BalancerRecord): string {
  checkRecord(record);
  return record.listeners
    .map((listener) => {
      const backend = backendName(record.id, listener.name);
      const servers = (record.members[listener.name] ?? []).map(
        (member) => `  server ${serverName(member)} ${member.address}:${String(member.port)} ${checkOf(listener)}\n`,
      );
      return `frontend ${frontendName(record.id, listener)} from bay
  bind ${record.address}:${String(listener.port)}
  default_backend ${backend}

backend ${backend} from bay
  balance leastconn
${healthQuestion(listener)}${servers.join('')}
`;
    })
    .join('');
}

function healthQuestion({ healthPath }: Pick<Listener, 'healthPath'>): string {
  return healthPath === undefined ? '' : `  option httpchk GET ${healthPath}\n  http-check expect status 200\n`;
}

/** Strong quotes take everything but themselves and an end of line (configuration manual 2.2, "Quoting and escaping"). */
function quote(path: string): string {
  if (/['\r\n\0]/.test(path))
    throw refused('BAYKEEPER_DATA must not have a quote or an end of line in it. Move it.', path);
  return `'${path}'`;
}
