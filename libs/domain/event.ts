import type { BayId, NodeId, ProjectId } from './ids.js';

/** Something that happened to a bay, told to its tenant in one sentence. Append only; `sequence` grows. */
export interface BayEvent {
  readonly sequence: number;
  readonly bayId: BayId;
  readonly projectId: ProjectId;
  readonly nodeId: NodeId | null;
  /** A stable word for programs: `node-joined`, `member-registered`, `bay-scaled`. */
  readonly kind: string;
  readonly level: 'info' | 'warning' | 'error';
  readonly message: string;
  readonly at: Date;
}
