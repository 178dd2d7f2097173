/** Prints `docs/generated/codes.md`: the closed sets of words that answers and events are made of. */
import { BAY_STATUSES, ERROR_CODES, NODE_PHASES, REMOVAL_REASONS, httpStatusOf, isRetryable } from '@baykeeper/domain';

const rows = ERROR_CODES.map((code) => {
  const again = isRetryable(code) ? 'yes' : 'no, not without a change';
  return `| \`${code}\` | ${String(httpStatusOf(code))} | ${again} |`;
});
const list = (words: readonly string[]): string => words.map((word) => `- \`${word}\``).join('\n');

process.stdout.write(
  [
    '# Codes',
    '<!-- Generated: `node apps/api/dist/print-errors.js > docs/generated/codes.md`. Do not edit. -->',
    'What an answer, a log line or an operation’s error is called. The sentence beside it says what is wrong and what to do.',
    ['| code | HTTP status | worth another try as it is |', '| --- | --- | --- |', ...rows].join('\n'),
    '## Statuses of a bay',
    list(BAY_STATUSES),
    '## What a node does',
    list(NODE_PHASES),
    '## Why a node leaves',
    list(REMOVAL_REASONS),
    '',
  ].join('\n\n'),
);
