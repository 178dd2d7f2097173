import type { Labels } from '@baykeeper/domain';
import type { LabelSelector } from './kubernetes-cluster.js';

/** Whether a selector picks something with these labels (Kubernetes API, LabelSelector). None given picks nothing, an empty one all. */
export function matchesLabels(selector: LabelSelector | undefined, labels: Labels): boolean {
  if (selector === undefined) return false;
  const { matchLabels = {}, matchExpressions = [] } = selector;
  return (
    Object.entries(matchLabels).every(([name, value]) => labels[name] === value) &&
    matchExpressions.every(({ key, operator, values }) => {
      const value = labels[key];
      const isAmong = value !== undefined && (values ?? []).includes(value);
      switch (operator) {
        case 'In':
          return isAmong;
        case 'NotIn':
          return !isAmong;
        case 'Exists':
          return value !== undefined;
        case 'DoesNotExist':
          return value === undefined;
        default:
          return false;
      }
    })
  );
}
