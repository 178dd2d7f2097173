import { describe, expect, it } from '@jest/globals';
import { getEventListeners } from 'node:events';
import { Writable } from 'node:stream';
import { readBay, readNode, type BayBody, type NodeBody } from '../api/wire.js';
import { orAborted, sleep } from './abort.js';
import { PlainProgress } from './plain-progress.js';
import { TerminalProgress } from './terminal-progress.js';
import { judge, type VerdictInput } from './verdict.js';

const bay = (status: string, more: Partial<BayBody> = {}): BayBody => ({
  ...readBay({ uuid: 'u', name: 'web', status, cluster_template_id: 't', master_count: 1, node_count: 2 }, 'bay'),
  ...more,
});
const node = (name: string, phase: string, role = 'worker'): NodeBody =>
  readNode(
    { uuid: name, name, role, phase, failure: phase === 'failed' ? { message: 'no\u001b route' } : null },
    'node',
  );

describe('whether a wait is over', () => {
  const given = (more: Partial<VerdictInput>): string =>
    judge({
      goal: { kind: 'settled' },
      before: null,
      changed: false,
      look: { bay: bay('CREATE_IN_PROGRESS'), nodes: [] },
      sinceMs: 1000,
      ...more,
    }).kind;

  it('follows the status when nothing was before', () => {
    expect(given({})).toBe('going');
    expect(given({ look: { bay: bay('CREATE_COMPLETE'), nodes: [] } })).toBe('reached');
    expect(given({ look: { bay: bay('CREATE_FAILED'), nodes: [] } })).toBe('failed');
    expect(given({ look: { bay: null, nodes: [] } })).toBe('gone');
  });

  it('does not believe a status that was there before the wish, until it changed or got old', () => {
    const before = bay('UPDATE_FAILED');
    const look = { bay: before, nodes: [] };
    expect(given({ before, look })).toBe('going');
    expect(given({ before, look, changed: true })).toBe('failed');
    expect(given({ before, look, sinceMs: 60_000 })).toBe('failed');
    const complete = { bay: bay('UPDATE_COMPLETE'), nodes: [] };
    expect(given({ before: bay('UPDATE_COMPLETE'), look: complete })).toBe('going');
  });

  it('sees by the nodes that a count is reached although the status never moved', () => {
    const before = bay('UPDATE_COMPLETE');
    const goal = { kind: 'node-count', count: 2 } as const;
    const nodes = [node('m', 'ready', 'master'), node('a', 'ready'), node('b', 'booting')];
    expect(given({ goal, before, look: { bay: bay('UPDATE_COMPLETE'), nodes } })).toBe('going');
    const ready = [node('m', 'ready', 'master'), node('a', 'ready'), node('b', 'ready'), node('c', 'removed')];
    expect(given({ goal, before, look: { bay: bay('UPDATE_COMPLETE'), nodes: ready } })).toBe('reached');
    const leaving = [...ready.slice(0, 3), node('c', 'draining')];
    expect(given({ goal, before, look: { bay: bay('UPDATE_COMPLETE'), nodes: leaving } })).toBe('going');
  });

  it('for a deletion ends when the bay is gone, or could not be deleted', () => {
    const goal = { kind: 'deleted' } as const;
    expect(given({ goal, look: { bay: null, nodes: [] } })).toBe('reached');
    expect(given({ goal, look: { bay: bay('CREATE_FAILED'), nodes: [] } })).toBe('going');
    expect(given({ goal, look: { bay: bay('DELETE_FAILED'), nodes: [] } })).toBe('failed');
    const before = bay('DELETE_FAILED');
    expect(given({ goal, before, look: { bay: before, nodes: [] } })).toBe('going');
  });
});

/** A screen that remembers what was written to it. */
class Screen extends Writable {
  text = '';
  constructor(
    readonly columns = 60,
    readonly rows = 12,
  ) {
    super();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

describe('plain progress', () => {
  it('writes a line when something changes, and none when nothing does', () => {
    const screen = new Screen();
    const view = new PlainProgress(screen);
    const look = { bay: bay('CREATE_IN_PROGRESS'), nodes: [node('a', 'booting')] };
    view.show(look, 0);
    view.show(look, 1000);
    view.show({ ...look, nodes: [node('a', 'failed')] }, 65_000);
    view.show({ ...look, nodes: [] }, 66_000);
    expect(screen.text).toBe(
      '[ 0:00] web: CREATE_IN_PROGRESS\n[ 0:00] a: booting\n[ 1:05] a: failed: no\uFFFD route\n[ 1:06] 1 node removed\n',
    );
  });
});

describe('progress on a terminal', () => {
  it('never draws more lines than the screen has, and counts the nodes it leaves out', () => {
    const screen = new Screen();
    const view = new TerminalProgress(screen, false, () => 0);
    const nodes = Array.from({ length: 100 }, (_, index) =>
      node(`web-worker-${index}`, index < 60 ? 'ready' : 'booting'),
    );
    view.show({ bay: bay('CREATE_IN_PROGRESS'), nodes: [...nodes, node('bad', 'failed')] }, 5000);
    view.finish();
    const frames = screen.text.split('\u001b[0J').slice(1);
    expect(frames).toHaveLength(2);
    const lines = (frames[0] ?? '').split('\u001b')[0]?.trimEnd().split('\n') ?? [];
    expect(lines.length).toBeLessThanOrEqual(11);
    expect(lines[0]).toBe('⠋ web  CREATE_IN_PROGRESS  0:05');
    expect(lines[1]).toMatch(/^ {2}✗ bad +worker {2}failed {2}no\uFFFD route$/);
    expect(lines.at(-1)).toBe('  and 60 ready, 34 booting');
    for (const line of lines) expect(line.length).toBeLessThan(60);
  });

  it('goes back over as many lines as it drew, and gives the cursor back once', () => {
    const screen = new Screen();
    const view = new TerminalProgress(screen, false, () => 0);
    view.show({ bay: bay('CREATE_IN_PROGRESS'), nodes: [node('a', 'booting'), node('b', 'booting')] }, 0);
    view.show({ bay: bay('CREATE_COMPLETE'), nodes: [node('a', 'ready')] }, 0);
    view.finish();
    view.finish();
    expect(screen.text).toContain('\u001b[3A\r\u001b[0J✓ web  CREATE_COMPLETE');
    expect(screen.text.split('\u001b[?25h')).toHaveLength(2);
  });
});

describe('progress by phases', () => {
  const at = (name: string, steps: readonly string[], phase: string): NodeBody => ({
    ...node(name, phase),
    steps: steps.map((step) => ({ name: step, at: '2026-01-02T03:04:05Z' })),
  });
  const draw = (nodes: readonly NodeBody[]): string => {
    const screen = new Screen(200, 20);
    const view = new TerminalProgress(screen, false, () => 0);
    view.show({ bay: bay('CREATE_IN_PROGRESS'), nodes }, 0);
    view.finish();
    return screen.text;
  };

  it('has a bar for each, as long as what is behind the nodes that come', () => {
    const nodes = [
      at('a', ['machine-requested', 'machine-created', 'booted', 'certified', 'joined', 'ready'], 'ready'),
      at('b', ['machine-requested', 'machine-created'], 'booting'),
      at('leaving', ['ready', 'removal-requested'], 'draining'),
      at('c', [], 'failed'),
    ];
    expect(draw(nodes)).toContain(
      '  machine █████ 2/2  booted ██░░░ 1/2  certificate ██░░░ 1/2  joined ██░░░ 1/2  ready ██░░░ 1/2\n',
    );
  });

  it('has none when nothing is waited for', () => {
    expect(draw([at('a', ['ready'], 'ready')])).not.toContain('█');
    expect(draw([])).not.toContain('█');
  });
});

describe('progress on a terminal without a size', () => {
  it('takes it for 80 columns and 24 rows, and names a bay that is gone', () => {
    const screen = new Screen(0, 0);
    const view = new TerminalProgress(screen, false, () => 0);
    view.show({ bay: bay('DELETE_IN_PROGRESS'), nodes: [node('web-worker-1', 'draining')] }, 0);
    view.show({ bay: null, nodes: [] }, 0);
    view.finish();
    expect(screen.text).toContain('  ⠋ web-worker-1  worker  draining\n');
    expect(screen.text).toContain('- web  deleted  0:00');
  });
});

describe('waiting that can be cut short', () => {
  it('leaves no listener behind, however often it is done', async () => {
    const stop = new AbortController();
    for (let index = 0; index < 20; index += 1) {
      await sleep(0, stop.signal);
      expect(await orAborted(Promise.resolve(index), stop.signal)).toBe(index);
    }
    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
  });

  it('ends at once when it is told to, and when it was told before', async () => {
    const stop = new AbortController();
    const never = new Promise<string>(() => undefined);
    const waiting = [orAborted(never, stop.signal), sleep(3_600_000, stop.signal)];
    stop.abort();
    expect(await Promise.all(waiting)).toEqual([null, undefined]);
    expect(await orAborted(never, stop.signal)).toBeNull();
    await sleep(3_600_000, stop.signal);
  });
});
