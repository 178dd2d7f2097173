import { describe, expect, it } from '@jest/globals';
import type { Node } from '@baykeeper/domain';
import { makeNode } from '@baykeeper/domain/testing/builders.js';
import { watchNodes, type ReconcilerWatch } from './watch.js';

const at = (seconds: number): Date => new Date(Date.parse('2026-01-01T00:00:00Z') + seconds * 1_000);

function told(node: Node, action: 'record-ready' | 'forget-node' | 'fail-node' | 'remove-bay'): string[] {
  const lines: string[] = [];
  const watch: ReconcilerWatch = {
    passed: () => undefined,
    leaseTaken: () => undefined,
    leaseEnded: () => undefined,
    nodePhase: (phase, role, seconds) => lines.push(`${role} ${phase} ${String(seconds)}`),
    nodeFailed: (phase, role) => lines.push(`${role} failed in ${phase}`),
  };
  const change =
    action === 'fail-node'
      ? ({ kind: action, id: 'x', nodeId: node.id, phase: 'join', message: '' } as const)
      : action === 'remove-bay'
        ? ({ kind: action, id: 'x', bayId: node.bayId } as const)
        : ({ kind: action, id: 'x', nodeId: node.id } as const);
  watchNodes(watch, [node], [change], at(60));
  return lines;
}

describe('what nodes are measured by', () => {
  it('is each phase of the coming of a node that is ready', () => {
    const node = makeNode({
      ...{ role: 'worker', createdAt: at(0), machineRequestedAt: at(1), machineCreatedAt: at(11) },
      ...{ bootedAt: at(31), certifiedAt: at(33), joinGrantedAt: at(33), joinedAt: at(40) },
    });
    expect(told(node, 'record-ready')).toEqual([
      'worker request 1',
      'worker machine 10',
      'worker boot 20',
      'worker certificate 2',
      'worker grant 0',
      'worker join 7',
      'worker ready 20',
    ]);
  });

  it('takes no time twice where a node was faster than its machine’s record', () => {
    const node = makeNode({
      ...{ role: 'master', createdAt: at(0), machineRequestedAt: at(1), machineCreatedAt: at(20) },
      ...{ bootedAt: at(10), certifiedAt: at(15), joinGrantedAt: null, joinedAt: at(30) },
    });
    expect(told(node, 'record-ready')).toEqual([
      'master request 1',
      'master machine 19',
      'master boot 0',
      'master certificate 0',
      'master join 10',
      'master ready 30',
    ]);
  });

  it.each(['forget-node', 'remove-bay'] as const)(
    'is each phase of the going of a node that is gone (%s)',
    (action) => {
      const node = makeNode({
        ...{ role: 'worker', removalRequestedAt: at(0), deregisteredAt: at(1), drainedAt: at(6) },
        ...{ leftAt: at(8), machineRemovedAt: at(12) },
      });
      expect(told(node, action)).toEqual([
        'worker deregister 1',
        'worker drain 5',
        'worker leave 2',
        'worker delete 4',
      ]);
    },
  );

  it('is the phase in which a node stopped', () => {
    expect(told(makeNode({ role: 'worker' }), 'fail-node')).toEqual(['worker failed in join']);
  });
});
