/** What each node did and does, as phases with a beginning and an end. */
import { z } from 'zod';
import { timeSchema } from '../http/answers.js';

export const timelineAnswer = z
  .strictObject({
    uuid: z.uuid(),
    nodes: z.array(
      z.strictObject({
        uuid: z.uuid(),
        name: z.string(),
        role: z.enum(['master', 'worker']),
        nodegroup: z.string(),
        phases: z.array(
          z.strictObject({
            name: z.string().describe('What ended it, such as `booted`; of the one that goes on, what the node does'),
            started_at: timeSchema,
            ended_at: timeSchema.nullable(),
            error: z.string().nullable(),
          }),
        ),
        log_tail: z.string().nullable().describe('The end of the log of a node that failed'),
      }),
    ),
    next: z.string().optional(),
  })
  .meta({ id: 'Timeline' });

interface ShownNode {
  readonly uuid: string;
  readonly name: string;
  readonly role: string;
  readonly nodegroup: string;
  readonly phase: string;
  readonly created_at: string | null;
  readonly failure: { readonly message: string; readonly log_tail: string } | null;
  readonly steps: readonly { readonly name: string; readonly at: string | null }[];
}

/** Nodes in these do nothing by themselves any more. */
const RESTING = new Set(['ready', 'failed', 'removed']);

export function timelineOf(node: ShownNode) {
  let since = node.created_at ?? '';
  const phases = node.steps.map(({ name, at }) => {
    const ended = at ?? since;
    // A step that was noticed late begins nothing before the one before it ended.
    const phase = { name, started_at: since < ended ? since : ended, ended_at: at, error: null as string | null };
    if (name === 'failed') phase.error = node.failure?.message ?? null;
    if (ended > since) since = ended;
    return phase;
  });
  const goingOn = RESTING.has(node.phase) ? [] : [{ name: node.phase, started_at: since, ended_at: null, error: null }];
  return {
    ...{ uuid: node.uuid, name: node.name, role: node.role, nodegroup: node.nodegroup },
    phases: [...phases, ...goingOn],
    log_tail: node.failure?.log_tail ?? null,
  };
}
