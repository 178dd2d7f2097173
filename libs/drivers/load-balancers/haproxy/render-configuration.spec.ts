import { describe, expect, it } from '@jest/globals';
import type { Listener, Member } from '@baykeeper/domain';
import type { BalancerRecord } from './balancer-files.js';
import { pathsOf } from './haproxy.config.js';
import { checkRecord, renderBalancer, renderHead } from './render-configuration.js';

const NODE = '11111111-1111-4111-8111-111111111111' as Member['nodeId'];
const OTHER = '22222222-2222-4222-8222-222222222222' as Member['nodeId'];
const member: Member = { nodeId: NODE, name: 'web-1', address: '10.0.0.7', port: 2376 };
const api: Listener = { name: 'docker-api', port: 2376, memberPort: 2376, memberRole: 'master' };
const web: Listener = { name: 'port-80', port: 80, memberPort: 8080, memberRole: 'worker' };
const record: BalancerRecord = {
  id: '00000000-0000-4000-8000-000000000001',
  installation: 'test',
  bayId: '00000000-0000-4000-8000-000000000002',
  address: '10.192.3.1',
  listeners: [api, web],
  members: { 'docker-api': [member] },
};

describe('the part of a load balancer', () => {
  it('has a frontend and a backend for each listener', () => {
    expect(renderBalancer(record)).toBe(`frontend listen-00000000-0000-4000-8000-000000000001-2376-docker-api from bay
  bind 10.192.3.1:2376
  default_backend bay-00000000-0000-4000-8000-000000000001-docker-api

backend bay-00000000-0000-4000-8000-000000000001-docker-api from bay
  balance leastconn
  server node-11111111-1111-4111-8111-111111111111 10.0.0.7:2376 check inter 1s fall 2 rise 1

frontend listen-00000000-0000-4000-8000-000000000001-80-port-80 from bay
  bind 10.192.3.1:80
  default_backend bay-00000000-0000-4000-8000-000000000001-port-80

backend bay-00000000-0000-4000-8000-000000000001-port-80 from bay
  balance leastconn

`);
  });

  it('asks members for a path over TLS where the listener names one', () => {
    const text = renderBalancer({ ...record, listeners: [{ ...api, healthPath: '/readyz' }, web] });
    expect(text).toContain(`  balance leastconn
  option httpchk GET /readyz
  http-check expect status 200
  server node-${NODE} 10.0.0.7:2376 check inter 1s fall 2 rise 1 check-ssl verify none
`);
  });

  const bad: [string, Partial<BalancerRecord>][] = [
    ['a health path with a line of its own', { listeners: [{ ...api, healthPath: '/x\n  server y' }], members: {} }],
    ['a health path that is none', { listeners: [{ ...api, healthPath: 'readyz' }], members: {} }],
    ['an id with an end of line', { id: `${record.id}\n` }],
    ['an id that climbs out of the directory', { id: '../../etc/passwd' }],
    ['an address that is none', { address: '10.0.0.1:80\n  bind :1' }],
    ['a name with an end of line', { listeners: [{ ...api, name: 'docker-api\n' }], members: {} }],
    ['a name with a command in it', { listeners: [{ ...api, name: 'a; shutdown' }], members: {} }],
    ['no name', { listeners: [{ ...api, name: '' }], members: {} }],
    ['a port of 0', { listeners: [{ ...api, port: 0 }] }],
    ['a port of 65536', { listeners: [{ ...api, memberPort: 65536 }] }],
    ['a port that is no whole number', { listeners: [{ ...api, port: 80.5 }] }],
    ['two listeners of a name', { listeners: [api, { ...web, name: 'docker-api' }] }],
    ['two listeners on a port', { listeners: [api, { ...web, port: 2376 }] }],
    ['members of a listener that is not there', { members: { 'port-81': [member] } }],
    ['a node twice', { members: { 'docker-api': [member, { ...member, address: '10.0.0.8' }] } }],
    ['a node with a strange id', { members: { 'docker-api': [{ ...member, nodeId: 'x y' as Member['nodeId'] }] } }],
    ['a member with a name for an address', { members: { 'docker-api': [{ ...member, address: 'example.org' }] } }],
    ['a member without a port', { members: { 'docker-api': [{ ...member, port: Number.NaN }] } }],
  ];
  it.each(bad)('refuses %s', (_, change) => {
    expect(() => {
      checkRecord({ ...record, ...change });
    }).toThrow('The load balancer was asked for something it does not take.');
  });

  it('takes the same node behind two listeners, and two nodes behind one', () => {
    const members = { 'docker-api': [member, { ...member, nodeId: OTHER }], 'port-80': [member] };
    expect(renderBalancer({ ...record, members })).toContain(`server node-${OTHER} 10.0.0.7:2376 check`);
  });
});

describe('the head', () => {
  it('closes the sockets to others and gives up rights only where it has them', () => {
    const paths = pathsOf({ dataDirectory: '/data' });
    const text = renderHead(paths, 'haproxy');
    expect(text).toContain("stats socket '/data/haproxy/stats.sock' mode 600 level admin expose-fd listeners\n");
    expect(text).toContain("bind 'unix@/data/haproxy/idle.sock' mode 600\n");
    expect(text).toContain('  user haproxy\n  group haproxy\n');
    expect(renderHead(paths, null)).not.toContain('user ');
  });

  it('waits for connections that are silent for hours, and has an end for each bay', () => {
    const text = renderHead(pathsOf({ dataDirectory: '/data' }), null);
    expect(text).toContain('  timeout client 4h\n  timeout server 4h\n');
    expect(text).toContain('  maxconn 2000\n');
  });

  it('puts sockets below a long or odd path elsewhere, and quotes what it has to', () => {
    const long = pathsOf({ dataDirectory: `/data/${'x'.repeat(90)}` });
    expect(long.masterSocket).toMatch(/^\/tmp\/baykeeper-haproxy-[0-9a-f]{16}\/master\.sock$/);
    const odd = pathsOf({ dataDirectory: '/data/my bays,2' });
    expect(odd.masterSocket).toMatch(/^\/tmp\/baykeeper-haproxy-[0-9a-f]{16}\/master\.sock$/);
    expect(renderHead(odd, null)).toContain("server-state-file '/data/my bays,2/haproxy/server-state'\n");
    expect(() => renderHead(pathsOf({ dataDirectory: "/data/o'clock" }), null)).toThrow('BAYKEEPER_DATA must not have');
  });
});
