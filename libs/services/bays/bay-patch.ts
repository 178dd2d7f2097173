import { HEALTH_STATUSES, type Bay, type BaykeeperError } from '@baykeeper/domain';
import { z } from 'zod';
import { choice } from '../validation/fields.js';
import { applyPatch, type PatchDocument, type PatchOperation, type PatchRules } from '../validation/json-patch.js';
import { parseBody } from '../validation/parse.js';
import { invalidInput } from '../validation/refuse.js';
import { NODE_COUNT } from './bay.schema.js';

/** Magnum's rules for patches of clusters; bays use the same names in their patches. */
const RULES: PatchRules = {
  internal: new Set(['api_address', 'node_addresses', 'master_addresses', 'stack_id', 'cluster_id']),
  mandatory: new Set(['cluster_template_id']),
  maps: new Set(['labels', 'health_status_reason']),
  integers: new Set(['node_count', 'master_count', 'create_timeout', 'docker_volume_size']),
};

/** What bodies of bays call attributes that a patch knows by their names in clusters. */
const OLDER_NAMES = new Set(['baymodel_id', 'bay_create_timeout']);

/** Bounds of a count as it stands in a patch: a real number, no text. */
const COUNT_ADVICE = `give a whole number from ${NODE_COUNT.min} to ${NODE_COUNT.max}`;

const changeable = z.object({
  node_count: z
    .int({ error: COUNT_ADVICE })
    .min(NODE_COUNT.min, { error: COUNT_ADVICE })
    .max(NODE_COUNT.max, { error: COUNT_ADVICE })
    // Removing it goes back to what a bay gets when nothing is said.
    .default(1),
  /** Whoever watches a bay from outside may say how it is; we ask the engine ourselves, so it is read and not kept. */
  health_status: choice(HEALTH_STATUSES).nullable().default(null),
  health_status_reason: z.record(z.string(), z.string()).nullable().default(null),
});

function documentOf(bay: Bay, nodeCount: number, masterCount: number) {
  return {
    name: bay.name,
    cluster_template_id: bay.baymodelId,
    keypair: bay.keypair,
    node_count: nodeCount,
    master_count: masterCount,
    docker_volume_size: bay.dockerVolumeSize,
    labels: bay.labels,
    flavor_id: bay.flavorId,
    master_flavor_id: bay.masterFlavorId,
    create_timeout: bay.createTimeoutMinutes,
    discovery_url: bay.discoveryUrl,
    fixed_network: bay.fixedNetwork,
    fixed_subnet: bay.fixedSubnet,
    floating_ip_enabled: bay.floatingIpEnabled,
    master_lb_enabled: bay.masterLbEnabled,
    status: bay.status,
    status_reason: bay.statusReason,
    health_status: bay.healthStatus,
    health_status_reason: bay.healthStatusReason,
  } satisfies PatchDocument;
}

/** @returns how many workers the default group shall have. @throws BaykeeperError `invalid-input`. */
export function readBayPatch(
  operations: readonly PatchOperation[],
  bay: Bay,
  nodeCount: number,
  masterCount: number,
): number {
  const [older] = operations.map(({ path }) => path[0] ?? '').filter((name) => OLDER_NAMES.has(name));
  if (older !== undefined) throw unchangeable([older]);
  const before: PatchDocument = documentOf(bay, nodeCount, masterCount);
  const after = applyPatch(before, operations, RULES);
  const fixed = Object.keys(before).filter(
    (name) => !Object.hasOwn(changeable.shape, name) && JSON.stringify(before[name]) !== JSON.stringify(after[name]),
  );
  if (fixed.length > 0) throw unchangeable(fixed);
  return parseBody(changeable, after).node_count;
}

function unchangeable(names: readonly string[]): BaykeeperError {
  return invalidInput(`Can't change cluster attributes ${names.join(', ')}: only node_count can be changed.`);
}
