import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateRecords1795399380000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE certificate_authorities (
        id uuid PRIMARY KEY,
        bay_id uuid NOT NULL,
        project_id text NOT NULL,
        purpose text NOT NULL,
        certificate_pem text NOT NULL,
        encrypted_key text NOT NULL,
        wrapped_key text NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        UNIQUE (bay_id, purpose),
        FOREIGN KEY (bay_id, project_id) REFERENCES bays (id, project_id) ON DELETE CASCADE
      )`);
    await runner.query(`
      CREATE TABLE certificates (
        sequence bigserial PRIMARY KEY,
        bay_id uuid NOT NULL,
        project_id text NOT NULL,
        serial text NOT NULL,
        subject text NOT NULL,
        kind text NOT NULL,
        node_id uuid,
        user_id text,
        not_after timestamptz(3) NOT NULL,
        issued_at timestamptz(3) NOT NULL DEFAULT now(),
        revoked_at timestamptz(3),
        UNIQUE (bay_id, serial)
      )`);
    await runner.query('CREATE INDEX certificates_node_id_idx ON certificates (node_id)');
    await runner.query(`
      CREATE TABLE bay_events (
        sequence bigserial PRIMARY KEY,
        bay_id uuid NOT NULL,
        project_id text NOT NULL,
        node_id uuid,
        kind text NOT NULL,
        level text NOT NULL,
        message text NOT NULL,
        at timestamptz(3) NOT NULL DEFAULT now(),
        FOREIGN KEY (bay_id, project_id) REFERENCES bays (id, project_id) ON DELETE CASCADE
      )`);
    await runner.query('CREATE INDEX bay_events_bay_id_sequence_idx ON bay_events (bay_id, sequence)');
    await runner.query(`
      CREATE TABLE outbox (
        id bigserial PRIMARY KEY,
        bay_id uuid NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now()
      )`);
    await runner.query(`
      CREATE TABLE operations (
        id text PRIMARY KEY,
        bay_id uuid NOT NULL REFERENCES bays (id) ON DELETE CASCADE,
        node_id uuid,
        kind text NOT NULL,
        attempts integer NOT NULL,
        started_at timestamptz(3) NOT NULL,
        finished_at timestamptz(3),
        error text
      )`);
    await runner.query('CREATE INDEX operations_bay_id_idx ON operations (bay_id)');
    await runner.query('CREATE INDEX operations_node_id_idx ON operations (node_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE operations, outbox, bay_events, certificates, certificate_authorities');
  }
}
