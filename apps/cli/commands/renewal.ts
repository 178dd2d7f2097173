import type { Command } from 'commander';
import { rotate, showBay, upgradeBay } from '../api/bays.js';
import { listTemplates, pickTemplate } from '../api/templates.js';
import { addWaitOptions, type Beginning, type WaitOptions } from './begin.js';
import { conclude } from './conclude.js';
import { printData, printResult } from '../context.js';

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
  const rotateCa = program
    .command('rotate-ca')
    .summary("replace a bay's certificate authority")
    .argument('<bay>', 'name or uuid');
  addWaitOptions(rotateCa).action(async (ident: string, options: WaitOptions, command: Command) => {
    const { context, session } = await beginning.session(command);
    const before = await showBay(session, ident);
    await rotate(session, 'certificates', before.uuid);
    const accepted = `Bay "${before.name}" is getting a new authority. Watch it with: bay wait ${before.name}`;
    await conclude(context, session, { ...before, before, goal: { kind: 'settled' }, accepted }, options);
  });
  program
    .command('rotate-credentials')
    .summary('replace what lets machines join a bay (of a swarm: its join tokens)')
    .argument('<bay>', 'name or uuid')
    .action(async (ident: string, _options: object, command: Command) => {
      const { context, session } = await beginning.session(command);
      const { uuid, name } = await showBay(session, ident);
      await rotate(session, 'credentials', uuid);
      if (context.structured) printData(context, { uuid, name });
      else
        printResult(context, `Bay "${name}" has new credentials for joining. Nodes that have joined are not affected.`);
    });
}
