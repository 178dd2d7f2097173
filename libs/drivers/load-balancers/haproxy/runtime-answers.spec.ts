import { describe, expect, it } from '@jest/globals';
import { parseProcesses, parseServersState, parseSessions, parseStatistics } from './runtime-answers.js';
import { joinCommands } from './runtime-socket.js';

const STATE_HEADER =
  '# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port';

describe('reading what HAProxy answers', () => {
  it('finds the servers of a backend, and which are set aside', () => {
    const text = `1
${STATE_HEADER}
4 bay-a 1 node-1 10.0.0.7 2 0 1 1 0 1 0 1 6 0 0 0 - 2376 - 0 0 - - 0
4 bay-a 2 node-2 10.0.0.8 0 1 1 1 0 1 0 1 6 0 0 0 - 80 - 0 0 - - 0
`;
    expect(parseServersState(text)).toEqual([
      { backend: 'bay-a', name: 'node-1', address: '10.0.0.7', port: 2376, isInMaintenance: false },
      { backend: 'bay-a', name: 'node-2', address: '10.0.0.8', port: 80, isInMaintenance: true },
    ]);
  });

  it('takes a backend that does not exist, or has no server, for empty', () => {
    expect(parseServersState("Can't find backend.\n")).toEqual([]);
    expect(parseServersState(`1\n${STATE_HEADER}\n`)).toEqual([]);
    expect(parseServersState('')).toEqual([]);
  });

  it('reads statistics by the names of their columns, wherever those are', () => {
    const text = `
# pxname,svname,scur,status,check_status,
bay-a,node-1,3,UP 1/2,L4CON,
bay-a,node-2,,DOWN,INI,
listen-a,FRONTEND,0,OPEN,,

`;
    expect(parseStatistics(text)).toEqual([
      { proxy: 'bay-a', name: 'node-1', status: 'UP 1/2', checkStatus: 'L4CON', currentSessions: 3 },
      { proxy: 'bay-a', name: 'node-2', status: 'DOWN', checkStatus: 'INI', currentSessions: 0 },
      { proxy: 'listen-a', name: 'FRONTEND', status: 'OPEN', checkStatus: '', currentSessions: 0 },
    ]);
    expect(parseStatistics('')).toEqual([]);
  });

  it('finds the connections that go to a server', () => {
    const text = `
0x55d2ab592940: proto=tcpv4 src=127.0.0.1:51662 fe=listen-a be=bay-a srv=node-1 ts=00 epoch=0 age=2s calls=2
0x55d2ab6aca00: proto=sockpair src=unix:2 fe=GLOBAL be=<NONE> srv=<none> ts=00 epoch=0 age=0s calls=2
`;
    expect(parseSessions(text)).toEqual([
      { id: '0x55d2ab592940', backend: 'bay-a', server: 'node-1' },
      { id: '0x55d2ab6aca00', backend: '<NONE>', server: '<none>' },
    ]);
    expect(parseSessions('')).toEqual([]);
  });

  it('tells the current worker from those that reloads have replaced', () => {
    const text = `#<PID>          <type>          <reloads>       <uptime>        <version>
19033           master          5 [failed: 1]   0d00h00m45s     2.6.12-1+deb12u4
# workers
20347           worker          1               0d00h00m02s     2.6.12-1+deb12u4
# old workers
20143           worker          2               0d00h00m20s     2.6.12-1+deb12u4
19940           worker          4               0d00h00m40s     2.6.12-1+deb12u4
# programs
`;
    expect(parseProcesses(text)).toEqual({ reloads: 5, failedReloads: 1, worker: 20347, oldWorkers: [20143, 19940] });
  });

  it('knows a master without a worker, and no master at all', () => {
    expect(parseProcesses('7 master 0 [failed: 0] 0d 2.6\n# workers\n# programs\n')).toEqual({
      reloads: 0,
      failedReloads: 0,
      worker: null,
      oldWorkers: [],
    });
    expect(parseProcesses('')).toBeNull();
  });
});

describe('joinCommands', () => {
  it('puts commands on one line, each with its worker', () => {
    expect(joinCommands('@1', ['show info', 'show stat'])).toEqual(['@1 show info; @1 show stat']);
    expect(joinCommands('@1', [])).toEqual([]);
  });

  it("keeps lines within HAProxy's buffer and loses no command", () => {
    const commands = Array.from({ length: 3_000 }, (_, number) => `del server bay-a/node-${String(number)}`);
    const lines = joinCommands('@!77', commands);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(8_001);
    expect(lines.flatMap((line) => line.split('; '))).toEqual(commands.map((command) => `@!77 ${command}`));
  });
});
