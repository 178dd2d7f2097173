/** The documents of the closed sets of words that answers and events are made of. */
import {
  BAY_STATUSES,
  ERROR_CODES,
  EVENT_KINDS,
  NODE_PHASES,
  REMOVAL_REASONS,
  httpStatusOf,
  isRetryable,
} from '@baykeeper/domain';

/** `docs/generated/codes.md` */
export function renderCodes(): string {
  const rows = ERROR_CODES.map((code) => {
    const again = isRetryable(code) ? 'yes' : 'no, not without a change';
    return `| \`${code}\` | ${String(httpStatusOf(code))} | ${again} |`;
  });
  return [
    '# Codes',
    '<!-- Generated: `node apps/api/dist/print-words.js codes > docs/generated/codes.md`. Do not edit. -->',
    'What an answer, a log line or an operation’s error is called. The sentence beside it says what is wrong and what to do.',
    ['| code | HTTP status | worth another try as it is |', '| --- | --- | --- |', ...rows].join('\n'),
    '## Statuses of a bay',
    list(BAY_STATUSES),
    '## What a node does',
    list(NODE_PHASES),
    '## Why a node leaves',
    list(REMOVAL_REASONS),
    '',
  ].join('\n\n');
}

/** `docs/generated/events.md` */
export function renderEvents(): string {
  const rows = Object.entries(EVENT_KINDS).map(
    ([kind, { levels, meaning }]) => `| \`${kind}\` | ${levels.join(' or ')} | ${meaning} |`,
  );
  return [
    '# Events',
    '<!-- Generated: `node apps/api/dist/print-words.js events > docs/generated/events.md`. Do not edit. -->',
    'What happens to a bay is told to its tenants, one sentence each: `bay events BAY`, the timeline of the dashboard, ' +
      '`GET /v1/bays/{id}/events` and `GET /v1/events` (a list, or a stream of Server-Sent Events whose `event:` is the kind). ' +
      'Sentences are for people and may be worded anew; kinds are for programs: more may come, none gets another meaning.',
    ['| kind | level | what it says |', '| --- | --- | --- |', ...rows].join('\n'),
    '',
  ].join('\n\n');
}

function list(words: readonly string[]): string {
  return words.map((word) => `- \`${word}\``).join('\n');
}
