import { z } from 'zod';
import type { Bay, NodeGroup } from '@baykeeper/domain';
import type { NodeGroupChange } from '@baykeeper/storage';
import { NODE_COUNT } from '../bays/bay.schema.js';
import { labelMap, optionalWholeNumber, wholeNumber } from '../validation/fields.js';
import { applyPatch, parsePatch, type PatchDocument, type PatchRules } from '../validation/json-patch.js';
import { parseBody } from '../validation/parse.js';
import { parsePythonLiteral, type Literal } from '../validation/python-literal.js';
import { invalidAttribute } from '../validation/refuse.js';
import { readTaints } from './node-group.schema.js';

/** Magnum's: what is decided when the group is made. */
const RULES: PatchRules = {
  internal: new Set([
    ...['name', 'cluster_id', 'docker_volume_size', 'labels', 'flavor_id', 'image_id', 'node_addresses', 'node_count'],
    ...['role', 'is_default', 'stack_id', 'status', 'status_reason', 'version'],
  ]),
  mandatory: new Set(),
  maps: new Set(['node_labels']),
  integers: new Set(['min_node_count', 'max_node_count']),
};

const changeable = z.object({
  min_node_count: wholeNumber(NODE_COUNT).default(0),
  max_node_count: optionalWholeNumber(NODE_COUNT),
  node_labels: labelMap('text-only'),
  node_taints: z.unknown(),
});

/**
 * Reads a patch of a node group in two steps: its form is checked before anything is looked up (Magnum).
 * @returns what it changes of a group; empty when that is nothing
 */
export function readNodeGroupPatch(body: unknown): (bay: Bay, group: NodeGroup) => NodeGroupChange {
  const operations = parsePatch(body);
  return (_bay, group) => {
    const before: PatchDocument = {
      min_node_count: group.minNodeCount,
      max_node_count: group.maxNodeCount,
      node_labels: group.nodeLabels,
      node_taints: group.nodeTaints,
    };
    const after = parseBody(changeable, applyPatch(before, operations, RULES));
    const wanted: NodeGroupChange = {
      minNodeCount: after.min_node_count,
      maxNodeCount: after.max_node_count === 0 ? null : after.max_node_count,
      nodeLabels: after.node_labels ?? {},
      nodeTaints: readTaints(taintsOf(after.node_taints)),
    };
    const changed = Object.entries(wanted).filter(
      ([key, value]) => JSON.stringify(value) !== JSON.stringify(group[key as keyof NodeGroupChange]),
    );
    return Object.fromEntries(changed);
  };
}

/** As they are, or spelled in Python or JSON. */
function taintsOf(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value as Readonly<Record<string, unknown>>[];
  const advice = "give a list as text, like [{'key': 'k', 'effect': 'NoSchedule'}]";
  let literal: Literal;
  try {
    literal = parsePythonLiteral(typeof value === 'string' ? value : '');
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw invalidAttribute('node_taints', advice);
  }
  if (!Array.isArray(literal)) throw invalidAttribute('node_taints', advice);
  return literal.map((item: Literal) => {
    if (!(item instanceof Map)) throw invalidAttribute('node_taints', advice);
    return Object.fromEntries(item as ReadonlyMap<string, unknown>);
  });
}
