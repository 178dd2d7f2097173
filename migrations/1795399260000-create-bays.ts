import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateBays1795399260000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE baymodels (
        id uuid PRIMARY KEY,
        sequence bigserial NOT NULL,
        project_id text NOT NULL REFERENCES projects (id),
        user_id text NOT NULL,
        name text NOT NULL,
        coe text NOT NULL,
        image_id text NOT NULL,
        flavor_id text,
        master_flavor_id text,
        keypair_id text,
        dns_nameserver text,
        external_network_id text,
        fixed_network text,
        fixed_subnet text,
        network_driver text,
        volume_driver text,
        apiserver_port integer,
        docker_volume_size integer,
        docker_storage_driver text,
        cluster_distro text,
        http_proxy text,
        https_proxy text,
        no_proxy text,
        insecure_registry text,
        registry_enabled boolean NOT NULL,
        tls_disabled boolean NOT NULL,
        public boolean NOT NULL,
        hidden boolean NOT NULL,
        master_lb_enabled boolean NOT NULL,
        floating_ip_enabled boolean NOT NULL,
        server_type text NOT NULL,
        labels jsonb NOT NULL,
        tags text,
        driver text,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3)
      )`);
    await runner.query('CREATE INDEX baymodels_project_id_sequence_idx ON baymodels (project_id, sequence)');
    await runner.query(
      'CREATE INDEX baymodels_public_sequence_idx ON baymodels (sequence) WHERE public AND NOT hidden',
    );
    await runner.query('CREATE INDEX baymodels_name_project_id_idx ON baymodels (name, project_id)');

    await runner.query(`
      CREATE TABLE bays (
        id uuid PRIMARY KEY,
        sequence bigserial NOT NULL,
        project_id text NOT NULL REFERENCES projects (id),
        user_id text NOT NULL,
        name text NOT NULL,
        baymodel_id uuid NOT NULL REFERENCES baymodels (id),
        engine text NOT NULL,
        server_type text NOT NULL,
        image_id text NOT NULL,
        flavor_id text,
        master_flavor_id text,
        keypair text,
        docker_volume_size integer,
        labels jsonb NOT NULL,
        create_timeout_minutes integer,
        discovery_url text,
        fixed_network text,
        fixed_subnet text,
        floating_ip_enabled boolean NOT NULL,
        master_lb_enabled boolean NOT NULL,
        tls_disabled boolean NOT NULL,
        insecure_registry text,
        http_proxy text,
        https_proxy text,
        no_proxy text,
        generation integer NOT NULL,
        generation_at timestamptz(3) NOT NULL,
        deletion_requested_at timestamptz(3),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3),
        status text NOT NULL,
        status_reason text,
        health_status text,
        health_status_reason jsonb NOT NULL,
        api_address text,
        coe_version text,
        container_version text,
        settled_generation integer NOT NULL,
        founding_node_id uuid,
        founded_at timestamptz(3),
        lease_holder text,
        lease_token bigint NOT NULL DEFAULT 0,
        lease_expires_at timestamptz(3),
        reconciled_at timestamptz(3),
        UNIQUE (id, project_id)
      )`);
    await runner.query('CREATE INDEX bays_project_id_sequence_idx ON bays (project_id, sequence)');
    await runner.query('CREATE UNIQUE INDEX bays_sequence_idx ON bays (sequence)');
    await runner.query('CREATE INDEX bays_name_project_id_idx ON bays (name, project_id)');
    await runner.query('CREATE INDEX bays_baymodel_id_idx ON bays (baymodel_id)');
    await runner.query(`
      CREATE INDEX bays_unsettled_idx ON bays (reconciled_at)
      WHERE settled_generation < generation OR deletion_requested_at IS NOT NULL`);
    await runner.query('CREATE INDEX bays_reconciled_at_idx ON bays (reconciled_at)');

    await runner.query(`
      CREATE TABLE node_groups (
        id uuid PRIMARY KEY,
        sequence bigserial NOT NULL,
        bay_id uuid NOT NULL,
        project_id text NOT NULL,
        name text NOT NULL,
        role text NOT NULL,
        is_default boolean NOT NULL,
        node_count integer NOT NULL,
        min_node_count integer NOT NULL,
        max_node_count integer,
        flavor_id text,
        image_id text NOT NULL,
        labels jsonb NOT NULL,
        next_ordinal integer NOT NULL DEFAULT 0,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3),
        UNIQUE (bay_id, name),
        FOREIGN KEY (bay_id, project_id) REFERENCES bays (id, project_id) ON DELETE CASCADE
      )`);
    await runner.query('CREATE INDEX node_groups_bay_id_sequence_idx ON node_groups (bay_id, sequence)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE node_groups, bays, baymodels');
  }
}
