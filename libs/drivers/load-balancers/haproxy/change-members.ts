/** Tells the running HAProxy the difference between the members it has and those that are wanted, and nothing else. */
import type { Listener, Member, NodeId } from '@baykeeper/domain';
import type { ListenerView } from '../../contracts/load-balancer.js';
import type { BalancerRecord } from './balancer-files.js';
import type { HaproxyProcess } from './haproxy-process.js';
import { refused } from './haproxy.errors.js';
import { backendName, checkOf, serverName } from './render-configuration.js';
import { parseServersState, parseSessions, parseStatistics, type LiveServer, type Session } from './runtime-answers.js';

export interface MemberChanges {
  readonly add: readonly Member[];
  /** Same node, another address or port. */
  readonly move: readonly Member[];
  /** Was on its way out, and is wanted again. */
  readonly bringBack: readonly Member[];
  /** Names of servers. */
  readonly leave: readonly string[];
}

export function planMemberChanges(live: readonly LiveServer[], wanted: readonly Member[]): MemberChanges {
  const wantedNames = new Set(wanted.map(serverName));
  const liveByName = new Map(live.map((server) => [server.name, server]));
  const known = wanted.flatMap((member) => {
    const server = liveByName.get(serverName(member));
    return server ? [{ member, server }] : [];
  });
  return {
    add: wanted.filter((member) => !liveByName.has(serverName(member))),
    move: known
      .filter(({ member, server }) => member.address !== server.address || member.port !== server.port)
      .map(({ member }) => member),
    bringBack: known.filter(({ server }) => server.isInMaintenance).map(({ member }) => member),
    leave: live.map((server) => server.name).filter((name) => !wantedNames.has(name)),
  };
}

/** New connections stop going to those that leave before any other may come: nobody is sent to a node that is going. */
export function renderCommands(
  backend: string,
  changes: MemberChanges,
  listener: Pick<Listener, 'healthPath'> = {},
): readonly string[] {
  const enable = (server: string): readonly string[] => [`enable health ${server}`, `enable server ${server}`];
  const at = (member: Member): string => `${backend}/${serverName(member)}`;
  return [
    ...changes.leave.map((name) => `set server ${backend}/${name} state maint`),
    ...changes.add.flatMap((member) => [
      `add server ${at(member)} ${member.address}:${String(member.port)} ${checkOf(listener)}`,
      ...enable(at(member)),
    ]),
    ...changes.move.map((member) => `set server ${at(member)} addr ${member.address} port ${String(member.port)}`),
    ...changes.bringBack.flatMap((member) => enable(at(member))),
    ...changes.leave.map((name) => `del server ${backend}/${name}`),
  ];
}

/** What the running HAProxy has. A server that is not ours stands under its own name. */
export async function observeListener(
  haproxy: Pick<HaproxyProcess, 'ask'>,
  record: BalancerRecord,
  { name, port }: Listener,
): Promise<ListenerView> {
  const backend = backendName(record.id, name);
  const live = parseServersState(await haproxy.ask([`show servers state ${backend}`]));
  const known = new Map(record.members[name]?.map((member) => [serverName(member), member]));
  const members = live
    .filter(({ isInMaintenance }) => !isInMaintenance)
    .map((server) => ({
      ...{ nodeId: known.get(server.name)?.nodeId ?? (server.name as NodeId) },
      ...{ name: known.get(server.name)?.name ?? server.name, address: server.address, port: server.port },
      health: 'unknown' as const,
    }));
  return { name, port, members };
}

export interface LeavingMembers {
  /** All that were told to go, as `backend/server`. */
  readonly told: readonly string[];
  /** Those that get no new connections any more and are not gone yet, because connections to them are open. */
  readonly staying: readonly string[];
}

/** @throws BaykeeperError `provider-refused` when HAProxy did not do what it was told. */
export async function changeMembers(haproxy: HaproxyProcess, record: BalancerRecord): Promise<LeavingMembers> {
  const told: string[] = [];
  const staying: string[] = [];
  for (const listener of record.listeners) {
    const backend = backendName(record.id, listener.name);
    const wanted = record.members[listener.name] ?? [];
    const observe = async (): Promise<MemberChanges> =>
      planMemberChanges(parseServersState(await haproxy.ask([`show servers state ${backend}`])), wanted);
    const changes = await observe();
    const commands = renderCommands(backend, changes, listener);
    if (commands.length === 0) continue;
    const answer = await haproxy.ask(commands);
    // Answers differ from version to version; what HAProxy has afterwards does not.
    const left = await observe();
    if (left.add.length + left.move.length + left.bringBack.length > 0)
      throw refused('The load balancer did not take a member. It is tried again.', answer.slice(0, 500));
    told.push(...changes.leave.map((name) => `${backend}/${name}`));
    staying.push(...left.leave.map((name) => `${backend}/${name}`));
  }
  return { told, staying };
}

/** Cuts the connections to these members, also those that workers before a reload still carry. */
export async function cutConnections(haproxy: HaproxyProcess, servers: readonly string[]): Promise<void> {
  if (servers.length === 0) return;
  await haproxy.ask(servers.map((server) => `shutdown sessions server ${server}`));
  const cut = new Set(servers);
  await cutOldConnections(haproxy, ({ backend, server }) => cut.has(`${backend}/${server}`));
}

/**
 * Cuts connections that workers before a reload still carry. They have to be cut one by one: to such a worker its proxies
 * are disabled, so it says nothing about their servers and takes no command for them.
 */
export async function cutOldConnections(
  haproxy: HaproxyProcess,
  accepts: (session: Session) => boolean,
): Promise<void> {
  for (const { worker, sessions } of await observeOldSessions(haproxy)) {
    const commands = sessions.filter(accepts).map(({ id }) => `shutdown session ${id}`);
    // It may have ended by itself since.
    await haproxy.ask(commands, worker).catch(() => '');
  }
}

/** @returns those of the servers that still have connections, in the current worker or in one before a reload. */
export async function observeConnected(
  haproxy: HaproxyProcess,
  servers: readonly string[],
): Promise<readonly string[]> {
  const connected = new Set<string>();
  for (const backend of new Set(servers.map((server) => server.slice(0, server.indexOf('/')))))
    for (const { proxy, name, currentSessions } of parseStatistics(await haproxy.ask([`show stat ${backend} 4 -1`])))
      if (currentSessions > 0) connected.add(`${proxy}/${name}`);
  for (const { sessions } of await observeOldSessions(haproxy))
    for (const { backend, server } of sessions) connected.add(`${backend}/${server}`);
  return servers.filter((server) => connected.has(server));
}

async function observeOldSessions(
  haproxy: HaproxyProcess,
): Promise<{ readonly worker: number; readonly sessions: readonly Session[] }[]> {
  const observed = [];
  for (const worker of await haproxy.oldWorkers())
    observed.push({ worker, sessions: parseSessions(await haproxy.ask(['show sess'], worker).catch(() => '')) });
  return observed;
}
