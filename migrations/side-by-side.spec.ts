import { describe, expect, it } from '@jest/globals';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { MIGRATIONS } from './index.js';
import { findConflicts, type Contracting } from './side-by-side.js';

/** Those up to it made the schema of the first release: no version was before it. */
const FIRST_RELEASE = 'FoldAuditEntries1795400400000';

async function statementsOf(migration: MigrationInterface): Promise<readonly string[]> {
  const statements: string[] = [];
  const runner = {
    query: (statement: string) => {
      statements.push(statement);
      return Promise.resolve([]);
    },
  };
  await migration.up(runner as unknown as QueryRunner);
  return statements;
}

const names = MIGRATIONS.map(({ name }) => name);
const later = MIGRATIONS.slice(names.indexOf(FIRST_RELEASE) + 1);

describe('a migration', () => {
  it.each(later.map((migration) => [migration.name, migration] as const))(
    '%s leaves the version before it working',
    async (name, Migration) => {
      const migration: MigrationInterface & Partial<Contracting> = new Migration();
      const { contracts } = migration;
      expect(findConflicts(await statementsOf(migration), { ...(contracts !== undefined && { contracts }) })).toEqual(
        [],
      );
      if (contracts !== undefined) expect(names.slice(0, names.indexOf(name))).toContain(contracts);
    },
  );

  it('stands in the list in the order of its time', () => {
    const times = names.map((name) => Number(/\d{13}$/.exec(name)?.[0]));
    expect(later.length).toBeGreaterThan(0);
    expect(times.slice(names.indexOf(FIRST_RELEASE))).toEqual(times.slice(names.indexOf(FIRST_RELEASE)).sort());
  });

  it.each([
    'CREATE TABLE a (id uuid PRIMARY KEY, b text NOT NULL UNIQUE)',
    'CREATE INDEX a_idx ON bays (a)',
    'ALTER TABLE bays ADD COLUMN a text',
    "ALTER TABLE bays ADD COLUMN a jsonb NOT NULL DEFAULT '{}', ADD b timestamptz(3), ADD COLUMN c numeric(4, 2) NOT NULL DEFAULT 0",
    'ALTER TABLE bays ALTER COLUMN a DROP NOT NULL',
    "ALTER TABLE bays ALTER COLUMN a SET DEFAULT 'drop column'",
    'ALTER TABLE bays DROP CONSTRAINT bays_a_check',
    'ALTER TABLE bays ADD CONSTRAINT a CHECK (b > 0) NOT VALID',
    'DROP INDEX a_idx',
    "UPDATE bays SET a = 'x' WHERE a IS NULL -- rename",
    'INSERT INTO settings (key, value) VALUES (1, 2)',
  ])('may say: %s', (statement) => {
    expect(findConflicts([statement])).toEqual([]);
  });

  it('may do with its own tables what it likes', () => {
    expect(
      findConflicts([
        'CREATE TABLE a (id uuid)',
        'ALTER TABLE a ADD CONSTRAINT x UNIQUE (id)',
        'CREATE UNIQUE INDEX y ON a (id)',
      ]),
    ).toEqual([]);
  });

  it.each([
    ['DROP TABLE bays', true],
    ['ALTER TABLE bays DROP COLUMN name', true],
    ['ALTER TABLE bays ADD a text, DROP name', true],
    ['alter table bays\n  drop column if exists name cascade', true],
    ['ALTER TABLE bays RENAME COLUMN name TO title', false],
    ['ALTER TABLE bays RENAME TO clusters', false],
    ['ALTER TABLE bays ALTER COLUMN name TYPE varchar(10)', false],
    ['ALTER TABLE bays ALTER name SET DATA TYPE varchar', false],
    ['ALTER TABLE bays ALTER COLUMN name SET NOT NULL', true],
    ['ALTER TABLE bays ALTER COLUMN name DROP DEFAULT', true],
    ['ALTER TABLE bays ADD COLUMN name text NOT NULL', false],
    ["ALTER TABLE bays ADD COLUMN a text NOT NULL DEFAULT '', ADD COLUMN b text NOT NULL", false],
    ['ALTER TABLE bays ADD CONSTRAINT x CHECK (a > 0)', true],
    ['ALTER TABLE bays ADD UNIQUE (name)', true],
    ['CREATE UNIQUE INDEX x ON bays (name)', true],
    ['DELETE FROM bays', true],
    ['TRUNCATE bays', true],
  ])('may not say: %s', (statement, mayContract) => {
    expect(findConflicts([statement])).not.toEqual([]);
    expect(findConflicts([statement], { contracts: 'Earlier1' }).length > 0).toBe(!mayContract);
  });
});
