import type { Writable } from 'node:stream';
import type { NodeBody } from '../api/wire.js';
import { renderElapsed } from '../output/durations.js';
import { dim, green, paintPhase, paintStatus, red } from '../output/paint.js';
import { printableLine } from '../output/printable-text.js';
import { phaseWords, type ProgressView } from './progress.js';
import type { Look } from './verdict.js';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const;
const FRAME_MS = 100;
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const CLEAR_TO_END = '\u001b[0J';

type Screen = Writable & { readonly columns?: number; readonly rows?: number };

/**
 * Progress on a terminal: the bay's status and a line per node, drawn over itself ten times a second. It never draws
 * more lines than the screen has, or the cursor could not be brought back to the first: a big bay shows the nodes that
 * are not ready yet, and counts the others.
 */
export class TerminalProgress implements ProgressView {
  private readonly screen: Screen;
  private readonly colour: boolean;
  private readonly timer: NodeJS.Timeout;
  private readonly clock: () => number;
  private look: Look | null = null;
  /** Kept for when the bay is gone. */
  private name = '';
  private notice: string | null = null;
  private elapsedMs = 0;
  private shownAt = 0;
  private drawnLines = 0;
  private frame = 0;
  private finished = false;

  constructor(screen: Screen, colour: boolean, clock: () => number = () => performance.now()) {
    this.screen = screen;
    this.colour = colour;
    this.clock = clock;
    this.screen.write(HIDE_CURSOR);
    this.timer = setInterval(() => {
      this.frame += 1;
      this.draw();
    }, FRAME_MS);
    this.timer.unref();
  }

  show(look: Look, elapsedMs: number): void {
    this.look = look;
    if (look.bay !== null) this.name = `${printableLine(look.bay.name)}  `;
    this.notice = null;
    this.elapsedMs = elapsedMs;
    this.shownAt = this.clock();
    this.draw();
  }

  note(text: string): void {
    this.notice = text;
    this.draw();
  }

  finish(): void {
    if (this.finished) return;
    this.draw();
    this.finished = true;
    clearInterval(this.timer);
    this.screen.write(SHOW_CURSOR);
  }

  private draw(): void {
    if (this.finished || this.look === null) return;
    const columns = sizeOr(this.screen.columns, 80);
    const lines = this.renderLines(this.look, Math.max(4, sizeOr(this.screen.rows, 24) - 2), columns - 1);
    const back = this.drawnLines === 0 ? '' : `\u001b[${this.drawnLines}A\r`;
    this.screen.write(`${back}${CLEAR_TO_END}${lines.join('\n')}\n`);
    this.drawnLines = lines.length;
  }

  private renderLines(look: Look, most: number, columns: number): readonly string[] {
    const elapsed = renderElapsed(this.elapsedMs + this.clock() - this.shownAt);
    const status = look.bay?.status ?? 'deleted';
    const lines = [`${this.symbolOfStatus(status)} ${this.name}${this.paint(paintStatus(status), status)}  ${elapsed}`];
    const bars = renderPhases(look.nodes);
    if (bars !== '') lines.push(this.paint(dim, cut(`  ${bars}`, columns)));
    const room = most - 2 - (bars === '' ? 0 : 1);
    const { shown, counted } = chooseNodes(look.nodes, room);
    const widest = shown.reduce((most, node) => Math.max(most, printableLine(node.name).length), 0);
    for (const node of shown) lines.push(this.renderNode(node, widest, columns));
    if (counted !== '') lines.push(this.paint(dim, cut(`  ${counted}`, columns)));
    if (this.notice !== null) lines.push(cut(`  ${printableLine(this.notice)}`, columns));
    return lines;
  }

  private renderNode(node: NodeBody, widest: number, columns: number): string {
    const name = printableLine(node.name).padEnd(widest);
    const words = phaseWords(printableLine(node.phase));
    const why = node.failure === null || node.phase !== 'failed' ? '' : printableLine(node.failure.message);
    const took = node.phase === 'ready' ? tookOf(node) : '';
    const rest = cut(
      `${node.role.padEnd(6)}  ${[words, why, took].filter((text) => text !== '').join('  ')}`,
      columns - widest - 6,
    );
    // Painted after cutting, so that no escape sequence is ever cut in two.
    return `  ${this.symbolOf(node)} ${name}  ${this.paint(node.phase === 'ready' ? (text) => text : paintPhase(node.phase), rest)}`;
  }

  private symbolOf(node: NodeBody): string {
    if (node.phase === 'ready') return this.paint(green, '✓');
    if (node.phase === 'failed') return this.paint(red, '✗');
    return node.phase === 'removed' ? '-' : this.spinner();
  }

  private symbolOfStatus(status: string): string {
    if (status.endsWith('_COMPLETE')) return this.paint(green, '✓');
    if (status.endsWith('_FAILED')) return this.paint(red, '✗');
    return status === 'deleted' ? '-' : this.spinner();
  }

  private spinner(): string {
    return FRAMES[this.frame % FRAMES.length] ?? FRAMES[0];
  }

  private paint(paint: (text: string) => string, text: string): string {
    return this.colour ? paint(text) : text;
  }
}

/** What every new node goes through, and by which step it is told. */
const PHASES = [
  ['machine', 'machine-created'],
  ['booted', 'booted'],
  ['certificate', 'certified'],
  ['joined', 'joined'],
  ['ready', 'ready'],
] as const;
const BAR = 5;

/** A bar for each phase: how many of the nodes have it behind them. Empty when nothing began, or nothing is waited for. */
function renderPhases(nodes: readonly NodeBody[]): string {
  const coming = nodes.filter(
    (node) => node.phase !== 'failed' && !node.steps.some(({ name }) => name === 'removal-requested'),
  );
  const done = coming.map(({ steps, phase }) => new Set([...steps.map(({ name }) => name), phase]));
  if (coming.every(({ steps }) => steps.length === 0) || done.every((names) => names.has('ready'))) return '';
  return PHASES.map(([title, step]) => {
    const count = done.filter((names) => names.has(step)).length;
    const full = Math.floor((count / done.length) * BAR);
    return `${title} ${'█'.repeat(full)}${'░'.repeat(BAR - full)} ${count}/${done.length}`;
  }).join('  ');
}

/** The nodes worth a line each: all when they fit, else those that are not ready; and words for the others. */
function chooseNodes(nodes: readonly NodeBody[], room: number): { shown: readonly NodeBody[]; counted: string } {
  if (nodes.length <= room) return { shown: nodes, counted: '' };
  const urgency = (node: NodeBody): number => (node.phase === 'failed' ? 0 : node.phase === 'ready' ? 2 : 1);
  const pending = nodes.filter((node) => urgency(node) < 2).sort((one, other) => urgency(one) - urgency(other));
  const shown = pending.slice(0, room - 1);
  const shownIds = new Set(shown.map((node) => node.uuid));
  const counts = new Map<string, number>();
  for (const node of nodes) {
    if (!shownIds.has(node.uuid)) counts.set(node.phase, (counts.get(node.phase) ?? 0) + 1);
  }
  const words = [...counts].map(([phase, count]) => `${count} ${phaseWords(phase)}`).join(', ');
  return { shown, counted: `and ${words}` };
}

function tookOf(node: NodeBody): string {
  if (node.created_at === null || node.ready_at === null) return '';
  const milliseconds = Date.parse(node.ready_at) - Date.parse(node.created_at);
  return Number.isNaN(milliseconds) ? '' : `after ${renderElapsed(milliseconds)}`;
}

/** A terminal that does not know its size says 0. */
function sizeOr(size: number | undefined, otherwise: number): number {
  return size === undefined || size === 0 ? otherwise : size;
}

function cut(text: string, columns: number): string {
  const characters = Array.from(text);
  return characters.length <= columns ? text : `${characters.slice(0, Math.max(0, columns - 1)).join('')}…`;
}
