import type { Look } from './verdict.js';

/** Shows a wait to a person. */
export interface ProgressView {
  show(look: Look, elapsedMs: number): void;
  /** Something beside the bay itself, such as a lost connection. */
  note(text: string, elapsedMs: number): void;
  /** Leaves the screen as it should stay. Safe to call again. */
  finish(): void;
}

/** For structured output: a program waits, and stderr is kept for an error. */
export const SILENT_PROGRESS: ProgressView = {
  show: () => undefined,
  note: () => undefined,
  finish: () => undefined,
};

/** A phase as words. */
export function phaseWords(phase: string): string {
  return phase.replaceAll('-', ' ');
}
