import { describe, expect, it } from '@jest/globals';
import type { Member } from '@baykeeper/domain';
import { planMemberChanges, renderCommands } from './change-members.js';
import type { LiveServer } from './runtime-answers.js';

const wanted = (id: string, address = '10.0.0.1', port = 80): Member => ({
  nodeId: id as Member['nodeId'],
  name: `name-of-${id}`,
  address,
  port,
});
const live = (id: string, change: Partial<LiveServer> = {}): LiveServer => ({
  backend: 'bay',
  name: `node-${id}`,
  address: '10.0.0.1',
  port: 80,
  isInMaintenance: false,
  ...change,
});
const commands = (servers: readonly LiveServer[], members: readonly Member[]): readonly string[] =>
  renderCommands('bay', planMemberChanges(servers, members));

describe('changing members', () => {
  it('says nothing when nothing changes', () => {
    expect(commands([live('a'), live('b')], [wanted('b'), wanted('a')])).toEqual([]);
  });

  it('adds one with its health check', () => {
    expect(commands([live('a')], [wanted('a'), wanted('b')])).toEqual([
      'add server bay/node-b 10.0.0.1:80 check inter 1s fall 2 rise 1',
      'enable health bay/node-b',
      'enable server bay/node-b',
    ]);
  });

  it('sets aside who leaves first, and forgets it last', () => {
    expect(commands([live('a')], [wanted('b')])).toEqual([
      'set server bay/node-a state maint',
      'add server bay/node-b 10.0.0.1:80 check inter 1s fall 2 rise 1',
      'enable health bay/node-b',
      'enable server bay/node-b',
      'del server bay/node-a',
    ]);
  });

  it('moves one whose address or port changed', () => {
    expect(commands([live('a'), live('b')], [wanted('a', '10.0.0.9'), wanted('b', '10.0.0.1', 81)])).toEqual([
      'set server bay/node-a addr 10.0.0.9 port 80',
      'set server bay/node-b addr 10.0.0.1 port 81',
    ]);
  });

  it('brings back one that was on its way out', () => {
    expect(commands([live('a', { isInMaintenance: true })], [wanted('a')])).toEqual([
      'enable health bay/node-a',
      'enable server bay/node-a',
    ]);
  });
});
