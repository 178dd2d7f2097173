/** The bodies of bays in both families of names (Magnum v1: Cluster, Bay): one resource, thin mappings. */
import { phaseOf, type Bay, type Node } from '@baykeeper/domain';
import { compareLabels, countOf } from '@baykeeper/services';
import type { BayOverview, BaySummary } from '@baykeeper/storage';
import { linksOf } from '../http/links.js';
import { timestamp } from '../http/timestamp.js';

/** From here on bodies say `cluster_id` where they said `stack_id`. */
const CLUSTER_ID_MINOR = 13;

function common({ bay, groups }: BaySummary) {
  return {
    node_count: countOf(groups, 'worker'),
    master_count: countOf(groups, 'master'),
    docker_volume_size: bay.dockerVolumeSize,
    labels: bay.labels,
    master_flavor_id: bay.masterFlavorId,
    flavor_id: bay.flavorId,
  };
}

function stackId(bay: Bay, minor: number) {
  return minor >= CLUSTER_ID_MINOR ? { cluster_id: bay.id } : { stack_id: bay.id };
}

function found({ bay, addresses }: BayOverview) {
  return {
    status_reason: bay.statusReason,
    discovery_url: bay.discoveryUrl,
    api_address: bay.apiAddress,
    coe_version: bay.coeVersion,
    container_version: bay.containerVersion,
    node_addresses: addresses.worker,
    master_addresses: addresses.master,
    fixed_network: bay.fixedNetwork,
    fixed_subnet: bay.fixedSubnet,
    floating_ip_enabled: bay.floatingIpEnabled,
    master_lb_enabled: bay.masterLbEnabled,
    created_at: timestamp(bay.createdAt),
    updated_at: timestamp(bay.updatedAt),
  };
}

/** What lists show of a cluster. */
export function clusterSummary(view: BaySummary, baseUrl: string, minor: number) {
  const { bay } = view;
  return {
    uuid: bay.id,
    name: bay.name,
    cluster_template_id: bay.baymodelId,
    keypair: bay.keypair,
    ...common(view),
    create_timeout: bay.createTimeoutMinutes,
    links: linksOf(baseUrl, 'clusters', bay.id),
    ...stackId(bay, minor),
    status: bay.status,
    health_status: bay.healthStatus,
    merge_labels: false,
  };
}

export function clusterBody(detail: BayOverview, baseUrl: string, minor: number) {
  const { bay } = detail;
  const labels = compareLabels(detail.parentLabels, bay.labels);
  return {
    ...clusterSummary(detail, baseUrl, minor),
    health_status_reason: bay.healthStatusReason,
    project_id: bay.projectId,
    user_id: bay.userId,
    ...found(detail),
    labels_overridden: labels.overridden,
    labels_added: labels.added,
    labels_skipped: labels.skipped,
  };
}

/** What lists show of a bay. */
export function baySummary(view: BaySummary, baseUrl: string) {
  const { bay } = view;
  return {
    uuid: bay.id,
    name: bay.name,
    baymodel_id: bay.baymodelId,
    ...common(view),
    bay_create_timeout: bay.createTimeoutMinutes,
    links: linksOf(baseUrl, 'bays', bay.id),
    stack_id: bay.id,
    status: bay.status,
    floating_ip_enabled: bay.floatingIpEnabled,
  };
}

export function bayBody(detail: BayOverview, baseUrl: string) {
  return { ...baySummary(detail, baseUrl), ...found(detail) };
}

/** Group name to reason, only when the bay failed. */
export function faultsOf({ bay, groups }: BaySummary): Readonly<Record<string, string>> | null {
  if (!bay.status.endsWith('_FAILED')) return null;
  const reason = bay.statusReason ?? '';
  return Object.fromEntries(groups.map((group) => [group.name, reason]));
}

/** When each step happened, in the order in which steps happen. */
const STEPS = [
  ['machine-requested', 'machineRequestedAt'],
  ['machine-created', 'machineCreatedAt'],
  ['booted', 'bootedAt'],
  ['certified', 'certifiedAt'],
  ['join-granted', 'joinGrantedAt'],
  ['joined', 'joinedAt'],
  ['ready', 'readyAt'],
  ['registered', 'registeredAt'],
  ['failed', 'failedAt'],
  ['removal-requested', 'removalRequestedAt'],
  ['deregistered', 'deregisteredAt'],
  ['drained', 'drainedAt'],
  ['left', 'leftAt'],
  ['machine-removed', 'machineRemovedAt'],
] as const satisfies readonly (readonly [string, keyof Node])[];

export function nodeBody(node: Node, groupName: string) {
  return {
    uuid: node.id,
    name: node.name,
    role: node.role,
    nodegroup: groupName,
    phase: phaseOf(node),
    address: node.address,
    created_at: timestamp(node.createdAt),
    ready_at: timestamp(node.readyAt),
    registered: node.registeredAt !== null && node.deregisteredAt === null,
    engine_state: node.engineState,
    failure:
      node.failure === null
        ? null
        : { phase: node.failure.phase, message: node.failure.message, log_tail: node.failure.logTail },
    removal_reason: node.removalReason,
    steps: STEPS.flatMap(([name, key]) => {
      const at = node[key];
      return at === null ? [] : [{ name, at: timestamp(at) }];
    }),
  };
}
