import { z } from 'zod';
import { BAY_STATUSES, type Bay, type NodeGroup } from '@baykeeper/domain';
import { compareLabels, statusOfGroup } from '@baykeeper/services';
import type { NodeGroupView } from '@baykeeper/storage';
import { labelsSchema, linkSchema, timeSchema } from '../http/answers.js';
import { timestamp } from '../http/timestamp.js';

const text = z.string().nullable();
const summary = {
  uuid: z.uuid(),
  name: z.string(),
  flavor_id: text,
  image_id: z.string(),
  node_count: z.int(),
  role: z.string(),
  min_node_count: z.int(),
  max_node_count: z.int().nullable(),
  is_default: z.boolean(),
  stack_id: z.string(),
  status: z.enum(BAY_STATUSES),
  merge_labels: z.literal(false),
};
const taint = z.strictObject({ key: z.string(), effect: z.string(), value: z.string().optional() });

export const nodeGroupsAnswer = z
  .strictObject({ nodegroups: z.array(z.strictObject(summary)), next: z.string().optional() })
  .meta({ id: 'NodeGroups' });
export const nodeGroupAnswer = z
  .strictObject({
    ...summary,
    id: z.int(),
    cluster_id: z.uuid(),
    project_id: z.string(),
    docker_volume_size: z.int().nullable(),
    labels: labelsSchema,
    labels_overridden: labelsSchema,
    labels_added: labelsSchema,
    labels_skipped: labelsSchema,
    links: z.array(linkSchema),
    node_addresses: z.array(z.string()),
    status_reason: text,
    version: z.null(),
    node_labels: labelsSchema,
    node_taints: z.array(taint),
    created_at: timeSchema,
    updated_at: timeSchema.nullable(),
  })
  .meta({ id: 'NodeGroup' });

/** Everything but master is a worker by another name (Magnum). */
export function roleOf({ role, roleName }: Pick<NodeGroup, 'role' | 'roleName'>): string {
  return roleName ?? role;
}

export function nodeGroupSummary(bay: Bay, view: NodeGroupView) {
  const { group } = view;
  return {
    ...{ uuid: group.id, name: group.name, flavor_id: group.flavorId, image_id: group.imageId },
    ...{ node_count: group.nodeCount, role: roleOf(group), is_default: group.isDefault },
    ...{ min_node_count: group.minNodeCount, max_node_count: group.maxNodeCount },
    ...{ stack_id: bay.id, status: statusOfGroup(bay, view).status, merge_labels: false },
  };
}

export function nodeGroupBody(bay: Bay, view: NodeGroupView, baseUrl: string, collection: string) {
  const { group } = view;
  const labels = compareLabels(bay.labels, group.labels);
  const path = `${collection}/${bay.id}/nodegroups/${group.id}`;
  return {
    ...nodeGroupSummary(bay, view),
    ...{ id: view.number, cluster_id: bay.id, project_id: bay.projectId },
    ...{ docker_volume_size: group.dockerVolumeSize ?? bay.dockerVolumeSize, labels: group.labels },
    ...{ labels_overridden: labels.overridden, labels_added: labels.added, labels_skipped: labels.skipped },
    links: [
      { href: `${baseUrl}/v1/${path}`, rel: 'self' },
      { href: `${baseUrl}/${path}`, rel: 'bookmark' },
    ],
    node_addresses: view.addresses,
    status_reason: statusOfGroup(bay, view).statusReason,
    version: null,
    ...{ node_labels: group.nodeLabels, node_taints: group.nodeTaints },
    ...{ created_at: timestamp(group.createdAt), updated_at: timestamp(group.updatedAt) },
  };
}
