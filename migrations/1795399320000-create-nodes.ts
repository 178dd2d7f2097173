import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateNodes1795399320000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE nodes (
        id uuid PRIMARY KEY,
        sequence bigserial NOT NULL,
        bay_id uuid NOT NULL,
        project_id text NOT NULL,
        node_group_id uuid NOT NULL REFERENCES node_groups (id) ON DELETE CASCADE,
        role text NOT NULL,
        ordinal integer NOT NULL,
        name text NOT NULL,
        address text,
        created_at timestamptz(3) NOT NULL,
        machine_requested_at timestamptz(3),
        machine_created_at timestamptz(3),
        booted_at timestamptz(3),
        certified_at timestamptz(3),
        join_granted_at timestamptz(3),
        joined_at timestamptz(3),
        ready_at timestamptz(3),
        registered_at timestamptz(3),
        failed_at timestamptz(3),
        failure jsonb,
        removal_requested_at timestamptz(3),
        removal_reason text,
        deregistered_at timestamptz(3),
        drained_at timestamptz(3),
        left_at timestamptz(3),
        machine_removed_at timestamptz(3),
        engine_state text,
        UNIQUE (node_group_id, ordinal),
        UNIQUE (bay_id, name),
        FOREIGN KEY (bay_id, project_id) REFERENCES bays (id, project_id) ON DELETE CASCADE
      )`);
    await runner.query('CREATE INDEX nodes_bay_id_sequence_idx ON nodes (bay_id, sequence)');
    await runner.query(`
      CREATE TABLE node_credentials (
        node_id uuid PRIMARY KEY REFERENCES nodes (id) ON DELETE CASCADE,
        enrolment_token_hash text NOT NULL UNIQUE,
        public_key_hash text,
        session_token_hash text UNIQUE,
        bound_at timestamptz(3)
      )`);
    await runner.query(`
      CREATE TABLE load_balancers (
        id uuid PRIMARY KEY,
        bay_id uuid NOT NULL UNIQUE,
        project_id text NOT NULL,
        listeners jsonb NOT NULL,
        address text,
        requested_at timestamptz(3),
        created_at timestamptz(3),
        members jsonb NOT NULL,
        removed_at timestamptz(3),
        FOREIGN KEY (bay_id, project_id) REFERENCES bays (id, project_id) ON DELETE CASCADE
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE load_balancers, node_credentials, nodes');
  }
}
