import type { Labels } from '@baykeeper/domain';
import { checkMergedLabels } from '../validation/fields.js';

/**
 * Labels of a new bay (Magnum): none given inherits all, given replaces all, merging keeps the parent's others.
 * @throws BaykeeperError `invalid-input` when both together are too many
 */
export function inheritLabels(parent: Labels, given: Labels | null, merge: boolean): Labels {
  if (given === null || Object.keys(given).length === 0) return { ...parent };
  return merge ? checkMergedLabels({ ...parent, ...given }) : given;
}

export interface LabelDifference {
  /** Both have it with different values; the value is the parent's. */
  readonly overridden: Labels;
  readonly added: Labels;
  /** Only the parent has it. */
  readonly skipped: Labels;
}

/** How a child's labels differ from its parent's present ones. */
export function compareLabels(parent: Labels, child: Labels): LabelDifference {
  const has = (labels: Labels, key: string): boolean => Object.hasOwn(labels, key);
  const pick = (labels: Labels, wanted: (key: string) => boolean): Labels =>
    Object.fromEntries(Object.entries(labels).filter(([key]) => wanted(key)));
  return {
    overridden: pick(parent, (key) => has(child, key) && child[key] !== parent[key]),
    added: pick(child, (key) => !has(parent, key)),
    skipped: pick(parent, (key) => !has(child, key)),
  };
}
