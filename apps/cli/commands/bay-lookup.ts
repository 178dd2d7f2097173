import { listNodes } from '../api/bays.js';
import { listTemplates } from '../api/templates.js';
import type { BayBody, NodeBody, TemplateBody } from '../api/wire.js';
import { CommandFailure } from '../failure.js';
import type { Session } from '../session/session.js';

/** Templates by uuid, for showing their names. One that a person may not see any more is simply not in it. */
export async function templatesByUuid(session: Session): Promise<ReadonlyMap<string, TemplateBody>> {
  const templates = await listTemplates(session);
  return new Map(templates.map((template) => [template.uuid, template]));
}

/** A bay as `--json` prints it: the wire's fields and its template's name and engine. */
export type BayJson = BayBody & { readonly template_name: string | null; readonly coe: string | null };

export function bayJson(bay: BayBody, templates: ReadonlyMap<string, TemplateBody>): BayJson {
  const template = templates.get(bay.cluster_template_id);
  return { ...bay, template_name: template?.name ?? null, coe: template?.coe ?? null };
}

/** The nodes, or none where the service does not tell them. */
export async function nodesIfTold(session: Session, uuid: string): Promise<readonly NodeBody[]> {
  try {
    return await listNodes(session, uuid);
  } catch (error) {
    if (error instanceof CommandFailure && error.code === 'not-found') return [];
    throw error;
  }
}
