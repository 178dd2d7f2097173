/** What a client may say about a node group (Magnum v1: NodeGroup), its size, and an upgrade. */
import { z } from 'zod';
import { BaykeeperError, type Labels, type Taint } from '@baykeeper/domain';
import { NODE_COUNT } from '../bays/bay.schema.js';
import { dockerVolumeSize } from '../baymodels/baymodel.schema.js';
import {
  defaultedFlag,
  defaultedWholeNumber,
  labelMap,
  optionalText,
  optionalWholeNumber,
  text,
  wholeNumber,
} from '../validation/fields.js';

const SHORT = { max: 255 };
const TAINT_ADVICE = 'give a list of objects with key, effect and perhaps value';

/** Their contents are checked when the group is known: Magnum answers a wrong one as a conflict. */
const taints = z
  .array(z.record(z.string(), z.unknown(), { error: TAINT_ADVICE }), { error: TAINT_ADVICE })
  .max(64, { error: TAINT_ADVICE })
  .nullable()
  .default(null);

export const nodeGroupSchema = z
  .strictObject({
    name: text(SHORT),
    node_count: defaultedWholeNumber(NODE_COUNT, 1),
    min_node_count: defaultedWholeNumber(NODE_COUNT, 0),
    max_node_count: optionalWholeNumber(NODE_COUNT),
    role: text(SHORT).nullable().default('worker'),
    flavor_id: optionalText(SHORT),
    image_id: optionalText(SHORT),
    docker_volume_size: dockerVolumeSize(),
    labels: labelMap('any-scalar'),
    merge_labels: defaultedFlag(false),
    node_labels: labelMap('text-only'),
    node_taints: taints,
    // Clients send these back to us; they are not used.
    cluster_id: z.string().nullable().optional(),
    status: z.string().nullable().optional(),
    is_default: defaultedFlag(false),
    version: z.string().nullable().optional(),
  })
  .meta({ id: 'NodeGroupInput' });
export type NodeGroupBody = z.output<typeof nodeGroupSchema>;

export const resizeSchema = z
  .strictObject({
    node_count: wholeNumber(NODE_COUNT),
    nodes_to_remove: z
      .array(text(SHORT), { error: 'give a list of ids or names of nodes' })
      .max(NODE_COUNT.max)
      .nullable()
      .default(null),
    nodegroup: optionalText(SHORT),
  })
  .meta({ id: 'Resize' });
export type ResizeBody = z.output<typeof resizeSchema>;

export const upgradeSchema = z
  .strictObject({
    cluster_template: text(SHORT),
    max_batch_size: wholeNumber({ min: 1, max: NODE_COUNT.max }).nullable().default(1),
    nodegroup: optionalText(SHORT),
  })
  .meta({ id: 'Upgrade' });
export type UpgradeBody = z.output<typeof upgradeSchema>;

const EFFECTS: readonly string[] = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] satisfies Taint['effect'][];
const TAINT_FIELDS = new Set(['key', 'effect', 'value']);

/** @returns what is wrong with a taint; null when it is one */
function describeTaintProblem(taint: Readonly<Record<string, unknown>>): string | null {
  const unknown = Object.keys(taint).find((field) => !TAINT_FIELDS.has(field));
  if (unknown !== undefined) return 'A taint has key, effect and perhaps value, and nothing else';
  if (typeof taint['key'] !== 'string' || taint['key'] === '') return 'A taint needs a key';
  if (!EFFECTS.includes(String(taint['effect']))) return `The effect of a taint is one of ${EFFECTS.join(', ')}`;
  if (taint['value'] !== undefined && typeof taint['value'] !== 'string') return 'The value of a taint is text';
  return null;
}

/** @throws BaykeeperError `conflict` with what is wrong (Magnum) */
export function readTaints(given: readonly Readonly<Record<string, unknown>>[]): readonly Taint[] {
  for (const taint of given) {
    const problem = describeTaintProblem(taint);
    if (problem === null) continue;
    throw new BaykeeperError({ code: 'conflict', publicMessage: `${problem}: correct node_taints.` });
  }
  return given as unknown as readonly Taint[];
}

const ALLOWED_LABELS = new Set([
  ...['beta.kubernetes.io/arch', 'beta.kubernetes.io/instance-type', 'beta.kubernetes.io/os'],
  ...['failure-domain.beta.kubernetes.io/region', 'failure-domain.beta.kubernetes.io/zone'],
  ...['kubernetes.io/arch', 'kubernetes.io/hostname', 'kubernetes.io/os'],
  ...['node.kubernetes.io/instance-type', 'node.kubernetes.io/windows-build'],
  ...['topology.kubernetes.io/region', 'topology.kubernetes.io/zone'],
]);
const ALLOWED_PREFIXES = new Set(['kubelet.kubernetes.io', 'node.kubernetes.io']);
/** Kubernetes' own namespaces, which nodes may not give themselves (NodeRestriction admission). */
const RESTRICTED_PREFIX = /(^|\.)(kubernetes|k8s)\.io$/;

/** @returns the first label that a node may not be given; null when there is none */
export function findForbiddenLabel(labels: Labels): string | null {
  const forbidden = Object.keys(labels).find((label) => {
    const prefix = label.includes('/') ? label.slice(0, label.indexOf('/')) : '';
    return RESTRICTED_PREFIX.test(prefix) && !ALLOWED_PREFIXES.has(prefix) && !ALLOWED_LABELS.has(label);
  });
  return forbidden ?? null;
}
