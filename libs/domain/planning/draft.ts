import type { Node } from '../node.js';
import type { LoadBalancerAction, NodeAction, NodeStep, Plan, RecordAction, Wait } from './plan.js';

/** Reading the plan back, a look at least this often keeps a bay that nothing wakes from standing still. */
export const LOOK_AGAIN_MS = 10_000;

/** A plan that is being made: each rule adds its part. */
export class Draft {
  readonly records: RecordAction[] = [];
  readonly loadBalancer: LoadBalancerAction[] = [];
  readonly nodes: NodeAction[] = [];
  readonly waits: Wait[] = [];
  /** Milliseconds; null: nothing is to be heard from the engine. */
  private askEngineInMs: number | null = null;

  askEngineAfter(ms: number): void {
    this.askEngineInMs = Math.min(ms, this.askEngineInMs ?? ms);
  }

  runSteps(node: Node, steps: readonly NodeStep[]): void {
    this.nodes.push({ kind: 'run-steps', id: `${node.id}.${steps.join('.')}`, nodeId: node.id, steps });
  }

  finish(now: Date): Plan {
    const idle = this.records.length + this.loadBalancer.length + this.nodes.length + this.waits.length === 0;
    const ends = this.waits.map((wait) => wait.until.getTime()).filter((end) => end > now.getTime());
    const next = Math.min(now.getTime() + (this.askEngineInMs ?? LOOK_AGAIN_MS), ...ends);
    const { records, loadBalancer, nodes, waits } = this;
    return { records, loadBalancer, nodes, waits, settled: idle, lookAgainAt: idle ? null : new Date(next) };
  }
}
