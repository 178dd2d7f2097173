import type { Writable } from 'node:stream';
import { renderElapsed } from '../output/durations.js';
import { printableLine } from '../output/printable-text.js';
import { phaseWords, type ProgressView } from './progress.js';
import type { Look } from './verdict.js';

/** Progress for logs and pipes: one line when something changes, nothing otherwise. */
export class PlainProgress implements ProgressView {
  private readonly stream: Writable;
  private status: string | null = null;
  private lastNote: string | null = null;
  private readonly phases = new Map<string, string>();

  constructor(stream: Writable) {
    this.stream = stream;
  }

  show(look: Look, elapsedMs: number): void {
    this.lastNote = null;
    if (look.bay !== null && look.bay.status !== this.status) {
      this.status = look.bay.status;
      this.line(`${look.bay.name}: ${look.bay.status}`, elapsedMs);
    }
    for (const node of look.nodes) {
      const why =
        node.failure === null || node.phase !== 'failed' ? '' : `: ${node.failure.message.split('\n')[0] ?? ''}`;
      const words = `${phaseWords(node.phase)}${why}`;
      if (this.phases.get(node.uuid) === words) continue;
      this.phases.set(node.uuid, words);
      this.line(`${node.name}: ${words}`, elapsedMs);
    }
    this.tellOfAbsent(look, elapsedMs);
  }

  note(text: string, elapsedMs: number): void {
    if (text === this.lastNote) return;
    this.lastNote = text;
    this.line(text, elapsedMs);
  }

  finish(): void {
    // Each line stands for itself.
  }

  /** A node that is no longer listed was removed between two looks. */
  private tellOfAbsent(look: Look, elapsedMs: number): void {
    const listed = new Set(look.nodes.map((node) => node.uuid));
    let absent = 0;
    for (const [uuid, words] of this.phases) {
      if (listed.has(uuid)) continue;
      this.phases.delete(uuid);
      if (words !== 'removed') absent += 1;
    }
    if (absent > 0) this.line(absent === 1 ? '1 node removed' : `${absent} nodes removed`, elapsedMs);
  }

  private line(text: string, elapsedMs: number): void {
    this.stream.write(`[${renderElapsed(elapsedMs).padStart(5)}] ${printableLine(text)}\n`);
  }
}
