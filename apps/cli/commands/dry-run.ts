import { printData, printResult, type CommandContext } from '../context.js';
import { green, red } from '../output/paint.js';
import { printableText } from '../output/printable-text.js';
import { renderTable, type Cell } from '../output/table.js';
import type { PreviewBody } from '../api/previews.js';

/** What every command that can say beforehand what it would do takes. */
export const DRY_RUN = ['--dry-run', 'change nothing: print which nodes would be made or removed, and why'] as const;

/** The plan for people, or as the service told it. */
export function printPreview(context: CommandContext, preview: PreviewBody): void {
  if (context.structured) {
    printData(context, preview);
    return;
  }
  const { changes } = preview;
  if (changes.length === 0) {
    printResult(context, 'No node would be made or removed.');
    return;
  }
  const rows = changes.map(({ change, node, role, nodegroup, reason }): readonly Cell[] => [
    { text: change, paint: change === 'make' ? green : red },
    ...[node, role, nodegroup, reason],
  ]);
  const count = (kind: string): number => changes.filter(({ change }) => change === kind).length;
  const sum = `${count('make')} would be made and ${count('remove')} removed. Nothing was changed.`;
  printResult(context, `${renderTable(['CHANGE', 'NODE', 'ROLE', 'GROUP', 'WHY'], rows)}\n${printableText(sum)}`);
}
