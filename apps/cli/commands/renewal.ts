import type { Command } from 'commander';
import { rotate, showBay, upgradeBay } from '../api/bays.js';
import { listTemplates, pickTemplate } from '../api/templates.js';
import { addWaitOptions, type Beginning, type WaitOptions } from './begin.js';
import { conclude } from './conclude.js';

const ROTATIONS = [
  {
    name: 'rotate-ca',
    what: 'certificates',
    summary: "replace a bay's certificate authority",
    done: 'a new authority',
  },
  {
    name: 'rotate-credentials',
    what: 'credentials',
    summary: "replace a bay's credentials of its cloud",
    done: 'new credentials',
  },
] as const;

/** What makes a bay new without making a new bay. The service says which engines can do it. */
export function registerRenewal(program: Command, beginning: Beginning): void {
  const upgrade = program
    .command('upgrade')
    .summary('move a bay to another template')
    .argument('<bay>', 'name or uuid')
    .requiredOption('-t, --template <template>', 'name (any case, * and ? allowed) or uuid; see: bay templates');
  addWaitOptions(upgrade).action(
    async (ident: string, options: WaitOptions & { readonly template: string }, command: Command) => {
      const { context, session } = await beginning.session(command);
      const before = await showBay(session, ident);
      const template = pickTemplate(await listTemplates(session), options.template);
      await upgradeBay(session, before.uuid, template.uuid);
      const accepted = `Bay "${before.name}" is moving to template ${template.name}. Watch it with: bay wait ${before.name}`;
      await conclude(context, session, { ...before, before, goal: { kind: 'settled' }, accepted }, options);
    },
  );
  for (const { name, what, summary, done } of ROTATIONS) {
    const command = program.command(name).summary(summary).argument('<bay>', 'name or uuid');
    addWaitOptions(command).action(async (ident: string, options: WaitOptions, self: Command) => {
      const { context, session } = await beginning.session(self);
      const before = await showBay(session, ident);
      await rotate(session, what, before.uuid);
      const accepted = `Bay "${before.name}" is getting ${done}. Watch it with: bay wait ${before.name}`;
      await conclude(context, session, { ...before, before, goal: { kind: 'settled' }, accepted }, options);
    });
  }
}
