import { z } from 'zod';
import {
  BAY_STATUSES,
  BOOT_PHASES,
  EVENT_KINDS,
  HEALTH_STATUSES,
  NODE_PHASES,
  NODE_ROLES,
  REMOVAL_REASONS,
} from '@baykeeper/domain';
import { labelsSchema, linkSchema, timeSchema } from '../http/answers.js';

const text = z.string().nullable();

const counted = {
  uuid: z.uuid(),
  name: z.string(),
  node_count: z.int(),
  master_count: z.int(),
  docker_volume_size: z.int().nullable(),
  labels: labelsSchema,
  master_flavor_id: text,
  flavor_id: text,
  links: z.array(linkSchema),
  status: z.enum(BAY_STATUSES),
};
const found = {
  status_reason: text,
  discovery_url: text,
  api_address: text,
  coe_version: text,
  container_version: text,
  node_addresses: z.array(z.string()),
  master_addresses: z.array(z.string()),
  fixed_network: text,
  fixed_subnet: text,
  floating_ip_enabled: z.boolean(),
  master_lb_enabled: z.boolean(),
  created_at: timeSchema,
  updated_at: timeSchema.nullable(),
};

const bayInList = {
  ...counted,
  baymodel_id: z.uuid(),
  bay_create_timeout: z.int().nullable(),
  stack_id: text,
  floating_ip_enabled: z.boolean(),
};
const clusterInList = {
  ...counted,
  cluster_template_id: z.uuid(),
  keypair: text,
  create_timeout: z.int().nullable(),
  stack_id: text.optional().describe('Up to version 1.12'),
  cluster_id: text.optional().describe('From version 1.13 on'),
  health_status: z.enum(HEALTH_STATUSES).nullable(),
  merge_labels: z.literal(false),
};
const faults = z.record(z.string(), z.string()).optional().describe('By node group; only of one that failed');

export const bayAnswer = z.strictObject({ ...bayInList, ...found, bay_faults: faults }).meta({ id: 'Bay' });
export const baysAnswer = z
  .strictObject({ bays: z.array(z.strictObject(bayInList)), next: z.string().optional() })
  .meta({ id: 'Bays' });
export const bayDetailsAnswer = z
  .strictObject({ bays: z.array(bayAnswer), next: z.string().optional() })
  .meta({ id: 'BayDetails' });

export const clusterAnswer = z
  .strictObject({
    ...clusterInList,
    ...found,
    health_status_reason: labelsSchema,
    project_id: z.string(),
    user_id: z.string(),
    labels_overridden: labelsSchema,
    labels_added: labelsSchema,
    labels_skipped: labelsSchema,
    faults,
  })
  .meta({ id: 'Cluster' });
export const clustersAnswer = z
  .strictObject({ clusters: z.array(z.strictObject(clusterInList)), next: z.string().optional() })
  .meta({ id: 'Clusters' });
export const clusterDetailsAnswer = z
  .strictObject({ clusters: z.array(clusterAnswer), next: z.string().optional() })
  .meta({ id: 'ClusterDetails' });

const nodeAnswer = z
  .strictObject({
    uuid: z.uuid(),
    name: z.string(),
    role: z.enum(NODE_ROLES),
    nodegroup: z.string(),
    phase: z.enum(NODE_PHASES),
    address: text,
    created_at: timeSchema,
    ready_at: timeSchema.nullable(),
    registered: z.boolean(),
    engine_state: z.enum(['ready', 'down']).nullable(),
    failure: z
      .strictObject({ phase: z.enum([...BOOT_PHASES, 'machine']), message: z.string(), log_tail: z.string() })
      .nullable(),
    removal_reason: z.enum(REMOVAL_REASONS).nullable(),
    steps: z.array(z.strictObject({ name: z.string(), at: timeSchema })),
  })
  .meta({ id: 'Node' });
export const nodesAnswer = z
  .strictObject({ nodes: z.array(nodeAnswer), next: z.string().optional() })
  .meta({ id: 'Nodes' });

export const eventKindSchema = z
  .string()
  .describe(`For programs: ${Object.keys(EVENT_KINDS).join(', ')}; more may come`);

const eventAnswer = z
  .strictObject({
    sequence: z.int(),
    kind: eventKindSchema,
    level: z.enum(['info', 'warning', 'error']),
    message: z.string(),
    node: text,
    node_uuid: text,
    at: timeSchema,
  })
  .meta({ id: 'Event' });
export const eventsAnswer = z
  .strictObject({ events: z.array(eventAnswer), next: z.string().optional() })
  .meta({ id: 'Events' });

const memberAnswer = z.strictObject({
  name: z.string(),
  node_uuid: z.string(),
  address: z.string(),
  port: z.int(),
  health: z.enum(['up', 'down', 'checking', 'unknown']),
});
export const loadBalancersAnswer = z
  .strictObject({
    load_balancers: z.array(
      z.strictObject({
        uuid: z.uuid(),
        address: text,
        listeners: z.array(z.strictObject({ name: z.string(), port: z.int(), members: z.array(memberAnswer) })),
      }),
    ),
  })
  .meta({ id: 'LoadBalancers' });
