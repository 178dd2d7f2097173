import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ExtendIdentity1795399500000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query("ALTER TABLE projects ADD COLUMN description text NOT NULL DEFAULT ''");
    await runner.query('ALTER TABLE users ADD COLUMN description text, ADD COLUMN email text');
    await runner.query(`
      CREATE TABLE application_credentials (
        id text PRIMARY KEY,
        user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        project_id text NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
        name text NOT NULL,
        description text,
        secret_hash text NOT NULL,
        roles text[] NOT NULL,
        unrestricted boolean NOT NULL,
        access_rules jsonb,
        expires_at timestamptz(3),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        UNIQUE (user_id, name)
      )`);
    await runner.query('CREATE INDEX application_credentials_project_id_idx ON application_credentials (project_id)');
    await runner.query(`
      ALTER TABLE tokens
        ADD COLUMN system_project_id text REFERENCES projects (id) ON DELETE CASCADE,
        ADD COLUMN application_credential_id text REFERENCES application_credentials (id) ON DELETE CASCADE,
        ADD COLUMN methods text[] NOT NULL DEFAULT '{password}',
        ADD COLUMN root_audit_id text`);
    // Every token that is there was got by a password; new ones say it themselves.
    await runner.query('ALTER TABLE tokens ALTER COLUMN methods DROP DEFAULT');
    await runner.query('CREATE INDEX tokens_application_credential_id_idx ON tokens (application_credential_id)');
    await runner.query(`
      CREATE TABLE login_addresses (
        user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        address text NOT NULL,
        failed_logins integer NOT NULL DEFAULT 0,
        locked_until timestamptz(3),
        succeeded_at timestamptz(3),
        changed_at timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (user_id, address)
      )`);
    await runner.query('CREATE INDEX login_addresses_changed_at_idx ON login_addresses (changed_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE login_addresses');
    await runner.query(`
      ALTER TABLE tokens
        DROP COLUMN root_audit_id,
        DROP COLUMN methods,
        DROP COLUMN application_credential_id,
        DROP COLUMN system_project_id`);
    await runner.query('DROP TABLE application_credentials');
    await runner.query('ALTER TABLE users DROP COLUMN email, DROP COLUMN description');
    await runner.query('ALTER TABLE projects DROP COLUMN description');
  }
}
