/**
 * Old and new processes run side by side while an installation is upgraded, over the newer schema. So a migration may add,
 * and may not take away or tighten what the version before it uses. What is to go goes in two steps (expand and contract):
 * one version stops using it, a migration of a later version removes it and names the one that made the way free.
 */

/** A migration that takes away what no version before it uses any more says since when. */
export interface Contracting {
  /** The class name of the earlier migration since which nothing uses what is removed. */
  readonly contracts: string;
}

interface Rule {
  readonly forbids: RegExp;
  readonly because: string;
  /** Allowed as the second step of two. */
  readonly mayContract: boolean;
}

const RULES: readonly Rule[] = [
  {
    forbids: /\bdrop\s+(table|schema|type|view|sequence)\b/,
    because: 'the version before it still uses it',
    mayContract: true,
  },
  {
    forbids:
      /\bdrop\s+(?!constraint\b|default\b|not\s+null\b|index\b|expression\b|identity\b)(column\s+)?(if\s+exists\s+)?\w/,
    because: 'the version before it still reads and writes that column',
    mayContract: true,
  },
  {
    forbids: /\brename\b/,
    because: 'the version before it knows the old name only: add the new one, write both, and drop the old one later',
    mayContract: false,
  },
  {
    forbids: /\balter\s+(column\s+)?\w+\s+(set\s+data\s+)?type\b/,
    because: 'it rewrites the table under a lock, and the version before it sends values of the old type',
    mayContract: false,
  },
  {
    forbids: /\balter\s+(column\s+)?\w+\s+(set\s+not\s+null|drop\s+default)\b/,
    because: 'the version before it leaves the column out',
    mayContract: true,
  },
  {
    forbids:
      /\badd\s+(?!constraint\b|primary\b|unique\b|foreign\b|check\b)(column\s+)?(if\s+not\s+exists\s+)?\w+(?=[^,]*\bnot\s+null\b)(?![^,]*\bdefault\b)/,
    because: 'rows of the version before it have no value there: give it a default',
    mayContract: false,
  },
  {
    forbids: /\badd\s+(constraint\s+\w+\s+)?(check|foreign\s+key|unique|primary\s+key)\b(?!.*\bnot\s+valid\b)/,
    because: 'the version before it may write what it forbids',
    mayContract: true,
  },
  {
    forbids: /\bcreate\s+unique\s+index\b/,
    because: 'the version before it may write what it forbids',
    mayContract: true,
  },
  {
    forbids: /^\s*(truncate|delete)\b/,
    because: 'the version before it still reads those rows',
    mayContract: true,
  },
];

/**
 * What the statements of one migration do that the version before it can not live with, a sentence each. Tables that the
 * same migration makes are used by nobody yet.
 */
export function findConflicts(
  statements: readonly string[],
  { contracts }: Partial<Contracting> = {},
): readonly string[] {
  const made = new Set<string>();
  const conflicts: string[] = [];
  for (const statement of statements) {
    const text = withoutNoise(statement);
    const created = /^create\s+(?:unlogged\s+)?table\s+(?:if\s+not\s+exists\s+)?(\w+)/.exec(text)?.[1];
    if (created !== undefined) made.add(created);
    const table = /^(?:alter\s+table\s+(?:only\s+)?|create\s+.*?index\s+.*?\bon\s+|delete\s+from\s+)(\w+)/.exec(
      text,
    )?.[1];
    if (created !== undefined || (table !== undefined && made.has(table))) continue;
    for (const { forbids, because, mayContract } of RULES) {
      if (!forbids.test(text) || (mayContract && contracts !== undefined)) continue;
      conflicts.push(`"${text.slice(0, 120)}": ${because}.`);
    }
  }
  return conflicts;
}

/** Lower case, in one line, without comments, what stands in quotes, and the lists of brackets that may hide a comma. */
function withoutNoise(statement: string): string {
  return statement
    .replace(/--.*$/gm, ' ')
    .replace(/\/\*[\s\S]*?\*\//g, ' ')
    .replace(/'(?:[^']|'')*'/g, "''")
    .replace(/\s+/g, ' ')
    .trim()
    .toLowerCase()
    .replace(/\(\s*\d+(\s*,\s*\d+)*\s*\)/g, '');
}
