/**
 * What a client may say about a bay (Magnum v1: Cluster, Bay), in the names of the wire. Both families end in one
 * {@link BayWish}: only the names differ.
 */
import { z } from 'zod';
import { BAY_STATUSES, HEALTH_STATUSES, type HealthStatus, type Labels } from '@baykeeper/domain';
import { dockerVolumeSize } from '../baymodels/baymodel.schema.js';
import {
  choice,
  defaultedFlag,
  defaultedWholeNumber,
  inheritedFlag,
  isStorable,
  labelMap,
  optionalText,
  text,
  wholeNumber,
  type TextRule,
  type WholeNumberRule,
} from '../validation/fields.js';

/** The planner, the load balancer and the engines are tried up to this many nodes in one bay. */
export const MAXIMUM_NODE_COUNT = 10_000;
/** No engine keeps a quorum over more masters. */
const MAXIMUM_MASTER_COUNT = 101;
/** About a year; a longer wait is a mistake. */
const MAXIMUM_TIMEOUT_MINUTES = 525_600;
/** Minutes; what a bay gets when nothing is said (Magnum). */
const DEFAULT_TIMEOUT_MINUTES = 60;

const SHORT: TextRule = { max: 255 };
const BAY_NAME: TextRule = {
  max: 242,
  pattern: /^[a-zA-Z][a-zA-Z0-9_.-]*$/,
  advice: 'give 1 to 242 letters, digits, dots, dashes and underscores, a letter first',
};
export const NODE_COUNT: WholeNumberRule = { min: 0, max: MAXIMUM_NODE_COUNT };

/** Magnum's whole list: a client may send any of them back to us; they are read and not used. */
const FOREIGN_STATUSES = [
  'DELETE_COMPLETE',
  'ROLLBACK_IN_PROGRESS',
  'ROLLBACK_FAILED',
  'ROLLBACK_COMPLETE',
  'RESUME_COMPLETE',
  'RESUME_FAILED',
  'RESTORE_COMPLETE',
  'SNAPSHOT_COMPLETE',
  'CHECK_COMPLETE',
  'ADOPT_COMPLETE',
] as const;

const REASONS_ADVICE = 'give an object of texts';
const reasons = z
  .record(z.string(), z.string({ error: REASONS_ADVICE }), { error: REASONS_ADVICE })
  .refine((map) => Object.entries(map).every(([key, value]) => isStorable(key) && isStorable(value)), {
    error: REASONS_ADVICE,
  })
  .nullable()
  .default(null);

const timeout = (): z.ZodDefault<z.ZodNullable<z.ZodType<number>>> =>
  wholeNumber({ min: 0, max: MAXIMUM_TIMEOUT_MINUTES }).nullable().default(DEFAULT_TIMEOUT_MINUTES);

const shared = {
  name: optionalText(BAY_NAME),
  node_count: defaultedWholeNumber(NODE_COUNT, 1),
  master_count: wholeNumber({ min: 1, max: MAXIMUM_MASTER_COUNT }).default(1),
  docker_volume_size: dockerVolumeSize(),
  flavor_id: optionalText(SHORT),
  master_flavor_id: optionalText(SHORT),
  discovery_url: optionalText({ max: 2048 }),
  fixed_network: optionalText(SHORT),
  fixed_subnet: optionalText(SHORT),
  floating_ip_enabled: inheritedFlag(),
  master_lb_enabled: inheritedFlag(),
};

/**
 * Body of `POST /v1/clusters`. The health is shown until the bay's own is known. From `status` on: what clients send back to
 * us; it is checked and not used.
 */
export const clusterSchema = z
  .strictObject({
    ...shared,
    cluster_template_id: text(SHORT),
    keypair: optionalText(SHORT),
    create_timeout: timeout(),
    labels: labelMap('any-scalar'),
    merge_labels: defaultedFlag(false),
    health_status: choice(HEALTH_STATUSES).nullable().default(null),
    health_status_reason: reasons,
    status: choice([...BAY_STATUSES, ...FOREIGN_STATUSES])
      .nullable()
      .optional(),
    status_reason: z.string().nullable().optional(),
    faults: reasons.optional(),
    labels_added: labelMap('any-scalar').optional(),
    labels_overridden: labelMap('any-scalar').optional(),
    labels_skipped: labelMap('any-scalar').optional(),
    uuid: z.string().nullable().optional(),
  })
  .meta({ id: 'ClusterInput' });

/** Body of `POST /v1/bays`. */
export const baySchema = z
  .strictObject({
    ...shared,
    baymodel_id: text(SHORT),
    bay_create_timeout: timeout(),
    labels: labelMap('text-only'),
  })
  .meta({ id: 'BayInput' });

/** What a new bay shall be; null means "as the baymodel says". */
export interface BayWish {
  readonly name: string;
  /** UUID or name. */
  readonly baymodel: string;
  readonly keypair: string | null;
  readonly nodeCount: number;
  readonly masterCount: number;
  readonly dockerVolumeSize: number | null;
  readonly labels: Labels | null;
  readonly mergeLabels: boolean;
  readonly flavorId: string | null;
  readonly masterFlavorId: string | null;
  readonly createTimeoutMinutes: number | null;
  readonly discoveryUrl: string | null;
  readonly fixedNetwork: string | null;
  readonly fixedSubnet: string | null;
  readonly floatingIpEnabled: boolean | null;
  readonly masterLbEnabled: boolean | null;
  /** What is said of it before anybody could look. */
  readonly healthStatus: HealthStatus | null;
  readonly healthStatusReason: Readonly<Record<string, string>>;
}

function sharedWish(body: Omit<z.output<typeof baySchema>, 'baymodel_id' | 'bay_create_timeout' | 'name'>) {
  return {
    nodeCount: body.node_count,
    masterCount: body.master_count,
    dockerVolumeSize: body.docker_volume_size,
    labels: body.labels,
    flavorId: body.flavor_id,
    masterFlavorId: body.master_flavor_id,
    discoveryUrl: body.discovery_url,
    fixedNetwork: body.fixed_network,
    fixedSubnet: body.fixed_subnet,
    floatingIpEnabled: body.floating_ip_enabled,
    masterLbEnabled: body.master_lb_enabled,
  };
}

export function wishOfCluster(body: z.output<typeof clusterSchema>, name: string): BayWish {
  return {
    ...sharedWish(body),
    name,
    baymodel: body.cluster_template_id,
    keypair: body.keypair,
    mergeLabels: body.merge_labels,
    createTimeoutMinutes: body.create_timeout,
    healthStatus: body.health_status,
    healthStatusReason: body.health_status_reason ?? {},
  };
}

export function wishOfBay(body: z.output<typeof baySchema>, name: string): BayWish {
  return {
    ...sharedWish(body),
    name,
    baymodel: body.baymodel_id,
    keypair: null,
    mergeLabels: false,
    createTimeoutMinutes: body.bay_create_timeout,
    healthStatus: null,
    healthStatusReason: {},
  };
}
