import { CommandFailure } from '../failure.js';
import type { Session } from '../session/session.js';
import { listPages } from './bays.js';
import { readTemplate, type TemplateBody } from './wire.js';

/** What a new template may say; names and limits are Magnum's. */
export type NewTemplate = Readonly<Record<string, string | number | boolean | Readonly<Record<string, string>>>>;

export async function listTemplates(session: Session): Promise<readonly TemplateBody[]> {
  return await listPages(session, '/clustertemplates/detail', 'clustertemplates', readTemplate);
}

export async function createTemplate(session: Session, template: NewTemplate): Promise<TemplateBody> {
  const call = { method: 'POST', body: template } as const;
  return await session.callJson('/clustertemplates', (body) => readTemplate(body.whole, 'template'), call);
}

export async function deleteTemplate(session: Session, uuid: string): Promise<void> {
  const answer = await session.call(`/clustertemplates/${encodeURIComponent(uuid)}`, { method: 'DELETE' });
  answer.discard();
}

/**
 * The one template that `wanted` means: a uuid, else the exact name, else the name in any case, else a glob (`*`, `?`)
 * over names in any case. More than one fit is an error that lists them: a bay is not to be made from a guess.
 */
export function pickTemplate(templates: readonly TemplateBody[], wanted: string): TemplateBody {
  const pattern = globOf(wanted);
  const ways: readonly ((template: TemplateBody) => boolean)[] = [
    (template) => template.uuid === wanted.toLowerCase(),
    (template) => template.name === wanted,
    (template) => template.name.toLowerCase() === wanted.toLowerCase(),
    (template) => pattern.test(template.name),
  ];
  for (const fits of ways) {
    const found = templates.filter(fits);
    const [first, ...others] = found;
    if (first === undefined) continue;
    if (others.length === 0) return first;
    const sameName = found.every((each) => each.name === first.name);
    const names = found.map((each) => (sameName ? each.uuid : each.name)).join(', ');
    throw new CommandFailure(
      'refused',
      `"${wanted}" fits ${found.length} templates: ${names}. Name one of them${sameName ? ' by its uuid' : ''}.`,
    );
  }
  const known = templates.length === 0 ? 'There are none yet' : `There are: ${namesOf(templates)}`;
  throw new CommandFailure('not-found', `There is no template "${wanted}". ${known}. See: bay templates`);
}

const NAMES_SHOWN = 8;

function namesOf(templates: readonly TemplateBody[]): string {
  const names = templates.slice(0, NAMES_SHOWN).map((template) => template.name);
  return templates.length > NAMES_SHOWN ? `${names.join(', ')} and others` : names.join(', ');
}

/** A case-blind glob over a whole name. Only `*` and `?` are special, so every name can be written as itself. */
export function globOf(glob: string): RegExp {
  const pattern = glob
    .replaceAll(/[\\^$.|+()[\]{}/-]/g, '\\$&')
    .replaceAll(/\*+/g, '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${pattern}$`, 'is');
}
